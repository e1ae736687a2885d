//! A page of the app's own in place of the dialect's refusal.
//!
//! `cargo run -p countersign-tower --example own_rejection_page`, then:
//!
//! ```sh
//! curl -i -X POST -b session=demo -H 'Origin: https://evil.example' http://127.0.0.1:3000/
//! ```

use axum::Router;
use axum::middleware::map_response;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::post;
use countersign_tower::{CsrfLayer, NoRandomness, Policy, Rejection};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app()?).await?)
}

pub(crate) fn app() -> Result<Router, NoRandomness> {
    Ok(Router::new()
        .route("/", post(async || "done\n"))
        .layer(CsrfLayer::new(Policy::standard())?)
        .layer(map_response(try_again)))
}

/// The page says what to do. The reason is for the log, which has it already: an attacker would
/// learn from it.
async fn try_again(response: Response) -> Response {
    if response.extensions().get::<Rejection>().is_none() {
        return response;
    }
    let page = "<!doctype html><title>Please try again</title>
<p>Your session may have ended. Go back, reload the page and send it again.</p>\n";
    (response.status(), [("cache-control", "no-store")], Html(page)).into_response()
}
