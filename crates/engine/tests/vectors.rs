//! What `vectors/needs.json` has clients do is what the engine demands.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must end")]

use std::fs;
use std::path::PathBuf;

use countersign::{
    Engine, Facts, Incarnation, Keyring, Moment, Peer, Policy, Scheme, Step, Timestamp, Verdict,
};
use serde::Deserialize;

#[derive(Deserialize)]
struct Row {
    name: String,
    dialect: String,
    method: String,
    path: String,
    need: Need,
}

#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Need {
    Token,
    Either,
    None,
}

#[test]
fn a_request_needs_a_token_exactly_when_the_vectors_say_so() {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../vectors/needs.json");
    let rows: Vec<Row> = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    assert!(!rows.is_empty());
    for row in rows {
        // A page's own request, and one that says nothing of where it comes from.
        let needed = match (is_allowed(&row, true), is_allowed(&row, false)) {
            (false, _) => Need::Token,
            (true, false) if row.need == Need::Either => Need::Either,
            (true, _) => Need::None,
        };
        assert_eq!(needed, row.need, "{}", row.name);
    }
}

/// Whether the engine lets such a request of a session in without a token.
fn is_allowed(row: &Row, says_origin: bool) -> bool {
    let policy = Policy::builtin(&row.dialect).unwrap();
    let cookie = format!("{}=5d1ccc96", policy.dialect().session.cookie);
    let engine = Engine::new(policy, Keyring::from_random(&[42; 64]));
    let moment = Moment {
        now: Timestamp::from_secs(1_800_000_000),
        incarnation: Incarnation::from_random(1),
    };
    let mut request = http::Request::builder()
        .method(row.method.as_str())
        .uri(&row.path)
        .header("host", "app.example")
        .header("cookie", cookie);
    if says_origin {
        request = request.header("origin", "https://app.example");
    }
    let request = request.body(()).unwrap();
    let facts = Facts::of(&request, Peer::new(None, Scheme::Https));
    match engine.judge(&facts, moment) {
        Step::Decided(verdict) => matches!(verdict, Verdict::Allow(_)),
        Step::Form(_) | Step::Session(_) | Step::Spend(_) => false,
    }
}
