//! The bypass corpus through the layer and real sockets: the verdict of the engine, and no handler
//! that runs on a refusal. Format, placeholders and expectations are the engine's own.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, its helpers too"
)]

#[path = "../../../engine/tests/common/mod.rs"]
#[expect(dead_code, reason = "the engine's runner answers steps; here the layer does")]
mod common;
#[path = "../../../engine/tests/corpus/format.rs"]
#[expect(dead_code, reason = "the engine's runner looks at the files as well")]
mod format;
#[path = "../../../engine/tests/corpus/placeholders.rs"]
#[expect(dead_code, reason = "the engine's runner looks for secrets")]
mod placeholders;
mod send;
#[path = "../layer/common/store.rs"]
mod store;
#[path = "../../../engine/tests/common/text.rs"]
mod text;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::http::HeaderValue;
use axum::response::Response;
use axum::{Extension, Router, middleware};
use countersign::Ticket;
use countersign_store::{Reserved, Store};
use countersign_tower::{Connection, CsrfLayer, ManualClock, Principal, Rejection, SessionBinding};

use common::{MOMENT, NOW};
use format::{Entry, Expect, Over, load};
use placeholders::Placeholders;
use store::Switched;

/// Requests that no client can put on a wire: `file row case`, and why.
const LEFT_OUT: [(&str, &str); 0] = [];

#[tokio::test]
async fn every_case_gets_its_verdict() {
    let (mut ran, mut left_out, mut written, mut failures) = (0, 0, 0, Vec::new());
    for file in load(&PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../corpus")) {
        written += file.text.matches("[[row.case]]").count();
        for row in &file.rows {
            for entry in row.entries() {
                let place = format!("{} row {}: {}", file.name, row.number, entry.case.name);
                if let Some((_, why)) = LEFT_OUT.iter().find(|(name, _)| *name == place) {
                    println!("left out: {place}: {why}");
                    left_out += 1;
                    continue;
                }
                ran += 1;
                failures.extend(run(&entry).await.err().map(|fault| format!("{place}: {fault}")));
            }
        }
    }
    println!("{ran} cases, {left_out} left out");
    assert_eq!(left_out, LEFT_OUT.len(), "a name in the list is no case");
    assert_eq!(ran + left_out, written, "a case of the files did not run");
    assert!(ran > 200, "only {ran} cases");
    assert!(failures.is_empty(), "{} of {ran} cases:\n{}", failures.len(), failures.join("\n"));
}

async fn run(entry: &Entry<'_>) -> Result<(), String> {
    let mut placeholders = Placeholders::of(&entry.policy, entry.app.user.as_deref());
    let request = placeholders.fill(&entry.case.request);
    let calls = Arc::new(AtomicUsize::new(0));
    let store = stocked(entry, &placeholders).await;
    let app = app(entry, store, &calls);
    let answer = match &entry.connection.authority {
        None => send::http1(app, &request).await?,
        Some(authority) => send::http2(app, &request, authority).await?,
    };
    let ran = calls.load(Ordering::SeqCst);
    let (status, reason, runs) = match &entry.case.expect {
        Expect::Allow(_) | Expect::Report(_) => (200, None, 1),
        Expect::Refuse(reason) => (403, Some(reason.code()), 0),
    };
    if (answer.status, answer.reason.as_deref(), ran) == (status, reason, runs) {
        Ok(())
    } else {
        Err(format!("{} {:?}, {ran} calls of the handler", answer.status, answer.reason))
    }
}

fn app(entry: &Entry<'_>, store: Switched, calls: &Arc<AtomicUsize>) -> Router {
    let calls = calls.clone();
    let handler = async move || {
        calls.fetch_add(1, Ordering::SeqCst);
    };
    let layer = CsrfLayer::with_engine(placeholders::engine(entry.policy.clone()), store)
        .clock(ManualClock::at(NOW))
        .access(entry.app.access());
    let mut app = Router::new()
        .fallback(handler)
        .layer(layer)
        .layer(Extension(Connection(entry.connection.peer())))
        .layer(middleware::map_response(show_reason));
    if let Some(Over::Over) = entry.app.session {
        app = app.layer(Extension(SessionBinding::none()));
    }
    if let Some(user) = &entry.app.user {
        app = app.layer(Extension(Principal::new(user, [""; 0])));
    }
    app
}

async fn show_reason(mut response: Response) -> Response {
    if let Some(rejection) = response.extensions().get::<Rejection>() {
        let reason = HeaderValue::from_static(rejection.reason().code());
        response.headers_mut().insert("x-reason", reason);
    }
    response
}

/// A store that knows the tickets which the placeholders stand for.
async fn stocked(entry: &Entry<'_>, placeholders: &Placeholders<'_>) -> Switched {
    let store = Switched::new(0x0c07, false);
    assert_eq!(store.incarnation(), MOMENT.incarnation);
    let until = NOW.plus(Duration::from_secs(3600));
    for id in ["{session}", "{session:other}"] {
        let id = Placeholders::of(&entry.policy, None).fill(id);
        let session = placeholders::engine(entry.policy.clone()).session_key(id.as_bytes());
        let Reserved { incarnation, .. } = store.reserve(session, 16, until, NOW).await.unwrap();
        for serial in &placeholders.spent {
            let ticket = Ticket { session, serial: *serial, incarnation, expires: until };
            let _ = store.spend(ticket, 0, until, NOW).await;
        }
    }
    store.set_down(entry.store.is_some());
    store
}
