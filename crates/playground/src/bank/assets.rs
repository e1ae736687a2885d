//! Style, script and picture: the same for everybody, so that shared caches may keep them.

use axum::Router;
use axum::response::IntoResponse;
use axum::routing::get;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};

/// `/static/..`
pub(super) fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route("/static/bank.css", get(async || css(include_str!("assets/bank.css"))))
        .route("/static/bank.js", get(async || js(include_str!("assets/bank.js"))))
        .route("/static/bank.svg", get(async || svg(include_str!("assets/bank.svg"))))
}

fn css(text: &'static str) -> impl IntoResponse {
    asset("text/css; charset=utf-8", text)
}

fn js(text: &'static str) -> impl IntoResponse {
    asset("text/javascript; charset=utf-8", text)
}

fn svg(text: &'static str) -> impl IntoResponse {
    asset("image/svg+xml", text)
}

fn asset(kind: &'static str, text: &'static str) -> impl IntoResponse {
    ([(CONTENT_TYPE, kind), (CACHE_CONTROL, "public, max-age=3600")], text)
}
