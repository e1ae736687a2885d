//! The way of a legitimate request through the engine asks the allocator for nothing.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, its helpers too"
)]

mod common;
#[path = "common/text.rs"]
mod text;

use countersign::{Engine, Facts, Holder, Issue, Keyring, Peer, Policy, Scheme};

use common::{MOMENT, Memory, Sequence, decide, say};
use text::request;

const SESSION: &str = "5d1ccc96cbd7e7f290020aaedd64c1b3";

fn engine(dialect: &str) -> Engine {
    Engine::new(Policy::builtin(dialect).unwrap(), Keyring::from_random(&[7; 64]))
}

/// The token of `SESSION`, a ticket where tokens are tickets.
fn token(engine: &Engine) -> String {
    let holder = Holder::Session(SESSION.into());
    match engine.issue(&holder, MOMENT, &mut Sequence::from(1)) {
        Issue::Token(text) => text,
        Issue::Tickets(_) => engine.tickets(&holder, 0..1, MOMENT).remove(0),
        Issue::Store(..) | Issue::None => panic!("no token to give"),
    }
}

#[test]
fn allowed_requests_cost_no_allocation() {
    for (name, dialect, text, expected) in [
        (
            "a safe method",
            "standard",
            "GET /news?page=2 HTTP/1.1\nHost: app.example\nCookie: session={session}",
            "allow safe_method",
        ),
        (
            "the own origin",
            "standard",
            "POST /transfer HTTP/1.1\nHost: app.example\nOrigin: https://app.example\n\
             Sec-Fetch-Site: same-origin\nCookie: session={session}",
            "allow provenance",
        ),
        (
            "the own site by Fetch Metadata",
            "standard",
            "POST /transfer HTTP/1.1\nHost: app.example\nSec-Fetch-Site: same-origin\n\
             Cookie: session={session}",
            "allow provenance",
        ),
        (
            "the own Referer",
            "standard",
            "POST /transfer HTTP/1.1\nHost: app.example\nReferer: https://app.example/form\n\
             Cookie: session={session}",
            "allow provenance",
        ),
        (
            "a base64url token",
            "standard",
            "POST /transfer HTTP/1.1\nHost: app.example\nX-CSRF-Token: {token}\n\
             Cookie: session={session}",
            "allow token",
        ),
        (
            "a call of an API with Bearer",
            "standard",
            "POST /transfer HTTP/1.1\nHost: app.example\nAuthorization: Bearer x",
            "allow no_ambient_credential",
        ),
        (
            "a UUID token",
            "genesys",
            "POST /api/v2/me HTTP/1.1\nHost: app.example\nX-CSRF-TOKEN: {token}\n\
             Cookie: JSESSIONID={session}",
            "allow token",
        ),
        (
            "a hundred hex digits, behind a row of route rules",
            "vmanage",
            "GET /dataservice/device HTTP/1.1\nHost: app.example\nX-XSRF-TOKEN: {token}\n\
             Cookie: JSESSIONID={session}",
            "allow token",
        ),
        (
            "a double submit",
            "voss",
            "POST /relation/User/ HTTP/1.1\nHost: app.example\nOrigin: https://app.example\n\
             X-CSRFToken: {token}\nCookie: sessionid={session}; csrftoken={token}",
            "allow token",
        ),
    ] {
        let engine = engine(dialect);
        let text = text.replace("{session}", SESSION).replace("{token}", &token(&engine));
        let request = request(&text);
        let mut verdict = None;
        let count = allocation_counter::measure(|| {
            let facts = Facts::of(&request, Peer::new(None, Scheme::Https));
            verdict = Some(decide(engine.judge(&facts, MOMENT), &[], &Memory::default()));
        });
        assert_eq!(say(&verdict.unwrap()), expected, "{name}");
        // `Memory` holds an empty map and set, which allocate nothing either.
        assert_eq!(count.count_total, 0, "{name}: {count:?}");
    }
}

#[test]
fn the_counter_counts() {
    let count = allocation_counter::measure(|| drop(Box::new([0u8; 64])));
    assert_eq!(count.count_total, 1);
}
