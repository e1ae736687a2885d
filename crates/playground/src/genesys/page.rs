//! The page at `/`: the document's six buttons, on our own script.

use axum::Router;
use axum::response::{Html, IntoResponse};
use axum::routing::get;
use http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};

use crate::page::page;

/// The page loads its one script and talks to its own service; nothing else.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; img-src data:; \
                      connect-src 'self'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";

/// The page and its script.
pub(super) fn router() -> Router {
    Router::new().route("/", get(show)).route("/page.js", get(script))
}

async fn show() -> impl IntoResponse {
    let html = page("Genesys Web Services", include_str!("page/body.html"));
    ([(CONTENT_SECURITY_POLICY, POLICY)], Html(html))
}

async fn script() -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/javascript; charset=utf-8")], include_str!("page/page.js"))
}
