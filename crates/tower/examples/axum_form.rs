//! A form with a hidden token.
//!
//! `cargo run -p countersign-tower --example axum_form`, then open <http://127.0.0.1:3000/login>.

use axum::response::{Html, IntoResponse, Redirect};
use axum::routing::get;
use axum::{Form, Router};
use countersign_tower::axum::CsrfField;
use countersign_tower::{CsrfLayer, NoRandomness, Policy};
use serde::Deserialize;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app()?).await?)
}

pub(crate) fn app() -> Result<Router, NoRandomness> {
    Ok(Router::new()
        .route("/login", get(login))
        .route("/", get(page).post(send))
        .layer(CsrfLayer::new(Policy::standard())?))
}

/// Begins a session; the standard dialect looks for it in the cookie `session`.
async fn login() -> impl IntoResponse {
    let id: u128 = rand::random();
    let cookie = format!("session={id:032x}; HttpOnly; SameSite=Lax; Path=/");
    ([("set-cookie", cookie)], Redirect::to("/"))
}

/// The field belongs to the session; without one the extractor answers 403.
async fn page(field: CsrfField) -> Html<String> {
    Html(format!(
        r#"<!doctype html>
<form method="post">
{field}
<label>To <input name="to"></label>
<button>Send</button>
</form>"#
    ))
}

#[derive(Deserialize)]
struct Transfer {
    to: String,
}

/// Runs only for requests that were meant.
async fn send(Form(transfer): Form<Transfer>) -> String {
    format!("sent to {}\n", transfer.to)
}
