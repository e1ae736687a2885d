//! A JSON API for a page of its own: the page fetches the token once and sends it in a header.
//!
//! `cargo run -p countersign-tower --example axum_json_api`, then:
//!
//! ```sh
//! token=$(curl -s -b session=demo http://127.0.0.1:3000/api/token | jq -r .token)
//! curl -b session=demo -H "X-CSRF-Token: $token" --json '{"to":"bob"}' http://127.0.0.1:3000/api/transfer
//! ```

use axum::routing::{get, post};
use axum::{Json, Router};
use countersign_tower::axum::CsrfToken;
use countersign_tower::{CsrfLayer, NoRandomness, Policy};
use serde_json::{Value, json};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app()?).await?)
}

pub(crate) fn app() -> Result<Router, NoRandomness> {
    Ok(Router::new()
        .route("/api/token", get(token))
        .route("/api/transfer", post(transfer))
        .layer(CsrfLayer::new(Policy::standard())?))
}

/// Only the session's own page can read this: other origins get no CORS headers.
async fn token(CsrfToken(token): CsrfToken) -> Json<Value> {
    Json(json!({ "token": token }))
}

async fn transfer(Json(order): Json<Value>) -> Json<Value> {
    Json(json!({ "sent": order }))
}
