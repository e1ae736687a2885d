//! What all tests share: a server on a free port, a client that waits for no one for ever, and
//! counters that show whether a handler ran.

mod capture;
mod client;
mod raw;
mod server;
mod store;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::http::HeaderValue;
use axum::response::Response;
use axum::routing::{MethodRouter, any, get};
use axum::{Router, middleware};
use countersign::{Dialect, Keyring, Policy, Timestamp};
use countersign_store::Store;
use countersign_tower::axum::CsrfToken;
use countersign_tower::{CsrfLayer, ManualClock, Rejection};

pub(crate) use capture::Log;
pub(crate) use client::Answer;
pub(crate) use raw::Raw;
pub(crate) use server::Server;
pub(crate) use store::Switched;

pub(crate) const START: Timestamp = Timestamp::from_secs(1_800_000_000);

/// Longer than any test may take; only a hang reaches it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) fn keyring() -> Keyring {
    Keyring::from_random(&[7; 64])
}

pub(crate) fn policy(dialect: &str) -> Policy {
    Policy::builtin(dialect).expect("a built-in dialect")
}

/// A built-in dialect with one piece of its file replaced.
pub(crate) fn altered(dialect: &str, from: &str, to: &str) -> Policy {
    let source = countersign::builtin_source(dialect).expect("a built-in dialect");
    assert!(source.contains(from), "`{from}` is not in {dialect}");
    Policy::new(Dialect::parse(dialect, &source.replace(from, to)).expect("a valid dialect"))
}

/// The standard dialect with a random token that the store keeps, delivered with every answer.
pub(crate) fn stored() -> Policy {
    let pattern = r#"pattern = "synchronizer""#;
    let deliver =
        "[deliver]\non = \"always\"\nheaders = { X-CSRF-Token = \"{token}\" }\n\n[refusal]";
    let source = countersign::builtin_source("standard").expect("it is built in");
    let source = source.replace(pattern, r#"pattern = "stored-synchronizer""#);
    let source = source.replace("[refusal]", deliver).replace("\"either\"", "\"token\"");
    Policy::new(Dialect::parse("stored", &source).expect("a valid dialect"))
}

/// A layer with fixed keys and a clock that stands still.
pub(crate) fn layer(policy: Policy) -> CsrfLayer {
    CsrfLayer::with_keyring(policy, keyring()).clock(ManualClock::at(START))
}

/// Counts how often handlers ran.
#[derive(Clone, Default)]
pub(crate) struct Calls(Arc<AtomicUsize>);

impl Calls {
    pub(crate) fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }

    pub(crate) fn add(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    /// A handler for every method that reads its body, counts and answers with what it read.
    pub(crate) fn echo(&self) -> MethodRouter {
        let calls = self.clone();
        any(async move |body: axum::body::Bytes| {
            calls.add();
            body
        })
    }
}

/// Everything echoes and counts; see [`protected`].
pub(crate) fn app(layer: CsrfLayer, calls: &Calls) -> Router {
    protected(layer, Router::new().fallback_service(calls.echo().with_state::<()>(())))
}

/// These routes behind the layer, and `/token`, which hands out the session's token.
pub(crate) fn protected<St: Store>(layer: CsrfLayer<St>, routes: Router) -> Router {
    routes
        .route("/token", get(async |CsrfToken(token): CsrfToken| token))
        .layer(layer)
        .layer(middleware::map_response(show_reason))
}

/// Shows tests, in a header, what clients are never told.
pub(crate) async fn show_reason(mut response: Response) -> Response {
    if let Some(rejection) = response.extensions().get::<Rejection>() {
        let reason = HeaderValue::from_static(rejection.reason().code());
        response.headers_mut().insert("x-reason", reason);
    }
    response
}
