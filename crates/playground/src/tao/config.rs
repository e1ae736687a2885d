//! The configuration that a page loads first, with its pool of tickets.

use axum::response::IntoResponse;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use serde_json::json;

use super::SESSION;
use crate::csrf::FreshTickets;

/// Where a page finds it.
pub(super) const PATH: &str = "/tao/ClientConfig/config";

/// A script for requirejs. Each load brings tickets of its own: those of another tab stay good.
pub(super) async fn config(FreshTickets(tickets): FreshTickets) -> impl IntoResponse {
    let config = json!({ "config": {
        "context": {
            "root_url": "/",
            "base_url": "/tao/",
            "taobase_www": "/tao/",
            "base_lang": "en",
            "locale": "en-US",
            "extension": "tao",
            "module": "Main",
            "action": "index",
            "timeout": 30,
        },
        "core/tokenHandler": {
            "tokenTimeLimit": SESSION.as_millis() as u64,
            "maxSize": tickets.len(),
            "tokens": tickets,
            "validateTokens": true,
            "store": "memory",
        },
    }});
    (
        [(CONTENT_TYPE, "application/javascript"), (CACHE_CONTROL, "no-store")],
        format!("require.config({config});\n"),
    )
}
