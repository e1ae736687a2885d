//! One-time tokens: a pool to begin with, and a fresh token with each answer.
//!
//! `cargo run -p countersign-tower --example axum_one_time`, then:
//!
//! ```sh
//! ticket=$(curl -s -b tao_session=demo http://127.0.0.1:3000/tickets | jq -r '.[0]')
//! curl -i -b tao_session=demo -H "X-CSRF-Token: $ticket" -d '' http://127.0.0.1:3000/tao/items
//! ```
//!
//! The same ticket again is refused; the one in the answer's `X-CSRF-Token` is good.

use axum::routing::{get, post};
use axum::{Json, Router};
use countersign_tower::axum::FreshTickets;
use countersign_tower::{CsrfLayer, Policy};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app()?).await?)
}

pub(crate) fn app() -> Result<Router, Box<dyn std::error::Error>> {
    let policy = Policy::builtin("tao").ok_or("the dialect is built in")?;
    Ok(Router::new()
        .route("/tickets", get(tickets))
        .route("/tao/items", post(async || "created\n"))
        .layer(CsrfLayer::new(policy)?))
}

async fn tickets(FreshTickets(pool): FreshTickets) -> Json<Vec<String>> {
    Json(pool)
}
