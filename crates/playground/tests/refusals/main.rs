//! What each service refuses, through its socket: the documents' own calls, and each way in which such a
//! call can be wrong. The clock is moved by hand.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has failed"
)]

mod actors;
mod call;

use std::time::Duration;

use actors::{Actor, Setup};
use call::{Call, Change};

/// What every dialect refuses, whatever its token.
const ALWAYS_REFUSED: [(&str, Change<'_>); 9] = [
    ("no token", Change::NoToken),
    ("an empty token", Change::Token("")),
    ("an invented token", Change::Token("0123456789abcdef")),
    ("another token of the right shape", Change::LastSymbol),
    ("the token twice", Change::TokenTwice),
    ("the token in the query only", Change::TokenInQuery),
    ("a foreign origin", Change::Header("origin", "https://evil.example")),
    ("two origins", Change::TwoOrigins),
    ("a cross-site fetch", Change::Header("sec-fetch-site", "cross-site")),
];

#[tokio::test]
async fn the_documents_call_passes_and_each_spoiled_one_is_refused() {
    let setup = Setup::start().await;
    for actor in Actor::ALL {
        for (name, change) in ALWAYS_REFUSED {
            let call = actor.prepare(&setup).await;
            let refused = call.with(change).send().await;
            actor.assert_refusal(&refused, name);
            // The refusal came before the ticket was spent, or anything else was done.
            let passed = call.send().await;
            assert_eq!(passed.status, actor.success(), "{actor:?} after {name}: {passed:?}");
        }
    }
}

#[tokio::test]
async fn another_sessions_token_is_refused() {
    let setup = Setup::start().await;
    for actor in Actor::ALL {
        let (mine, other) = (actor.prepare(&setup).await, actor.prepare_other(&setup).await);
        assert_ne!(mine.token(), other.token(), "{actor:?}");
        let refused = mine.with(Change::TokenOf(&other)).send().await;
        actor.assert_refusal(&refused, "another session's token");
    }
}

#[tokio::test]
async fn two_session_cookies_are_refused() {
    let setup = Setup::start().await;
    for actor in [Actor::Genesys, Actor::Voss, Actor::Tao] {
        let call = actor.prepare(&setup).await;
        let refused = call.with(Change::SecondSession).send().await;
        actor.assert_refusal(&refused, "a second session cookie");
    }
}

#[tokio::test]
async fn a_session_that_is_over_takes_its_token_along() {
    let setup = Setup::start().await;
    for actor in [Actor::Genesys, Actor::Voss, Actor::Tao] {
        let call = actor.prepare(&setup).await;
        setup.clock.advance(Duration::from_secs(31 * 60));
        actor.assert_refusal(&call.send().await, "after half an hour without a request");
    }
}

#[tokio::test]
async fn redbacks_token_is_good_for_three_hours_in_a_session_that_is_used() {
    let setup = Setup::start().await;
    let call = Actor::Redback.prepare(&setup).await;
    for _ in 0..9 {
        setup.clock.advance(Duration::from_secs(20 * 60));
        assert_eq!(call.send().await.status, 200);
    }
    setup.clock.advance(Duration::from_secs(1));
    Actor::Redback.assert_refusal(&call.send().await, "after three hours");
}

#[tokio::test]
async fn taos_ticket_is_good_for_24_minutes_in_a_session_that_is_used() {
    let setup = Setup::start().await;
    let old = Actor::Tao.prepare(&setup).await;
    setup.clock.advance(Duration::from_secs(23 * 60));
    let page = old.path("/tao/form").with(Change::NoToken).send().await;
    assert_eq!(page.status, 200, "keeps the session alive");
    setup.clock.advance(Duration::from_secs(61));
    Actor::Tao.assert_refusal(&old.send().await, "an expired ticket");
}

#[tokio::test]
async fn taos_ticket_is_spent_by_its_first_use_even_if_the_handler_fails() {
    let setup = Setup::start().await;
    for path in ["/tao/items", "/tao/items/fail"] {
        let call = Actor::Tao.prepare(&setup).await;
        let call = if path.ends_with("fail") { call.post(path) } else { call };
        let first = call.send().await;
        assert_eq!(first.status, 200, "{path}: {first:?}");
        assert!(first.header("x-csrf-token").is_some(), "{path}: a fresh ticket comes back");
        let again = call.send().await;
        Actor::Tao.assert_refusal(&again, "a spent ticket");
        assert_eq!(again.header("x-csrf-token"), None, "{path}: and none with a refusal");
    }
}

#[tokio::test]
async fn vmanages_logout_needs_the_token_and_ends_it() {
    let setup = Setup::start().await;
    let call = Actor::Vmanage.prepare(&setup).await;
    let logout = call.path("/logout");
    Actor::Vmanage.assert_refusal(&logout.with(Change::NoToken).send().await, "logout, no token");
    assert_eq!(call.send().await.status, 200, "still logged in");
    let left = logout.send().await;
    assert_eq!(left.status, 302);
    assert!(left.header("location").unwrap().starts_with("/welcome.html?nocache="), "{left:?}");
    let after = call.send().await;
    assert!(after.status == 200 && after.body.contains("<html>"), "the login page: {after:?}");
}

#[tokio::test]
async fn genesys_token_is_refused_without_the_cookie() {
    let setup = Setup::start().await;
    let call: Call = Actor::Genesys.prepare(&setup).await;
    let refused = call.with(Change::NoCookie).send().await;
    Actor::Genesys.assert_refusal(&refused, "a client without a cookie store");
}

#[tokio::test]
async fn redback_wants_to_know_where_a_call_comes_from() {
    let setup = Setup::start().await;
    let call = Actor::Redback.prepare(&setup).await;
    let ping = call.path("/restServices/redbackServices/loginService/ping");
    for (name, changed, status) in [
        ("origin", ping.with(Change::NoToken), 200),
        ("neither", ping.with(Change::NoOrigin), 403),
        ("referer only", ping.with(Change::RefererOnly), 200),
        ("foreign referer", ping.with(Change::Header("referer", "https://evil.example/")), 403),
        ("trailing dot", ping.with(Change::Header("origin", "http://127.0.0.1.")), 403),
        ("another port", ping.with(Change::Header("origin", "http://127.0.0.1:1")), 403),
    ] {
        let reply = changed.send().await;
        assert_eq!(reply.status, status, "{name}: {reply:?}");
    }
    let undeclared = call.path("/restServices/redbackServices/userService/exportUsers");
    Actor::Redback.assert_refusal(&undeclared.send().await, "an operation without declared access");
}

#[tokio::test]
async fn redback_tokens_end_with_the_run_and_others_outlive_it() {
    let folder = tempfile::tempdir().unwrap();
    let first = Setup::start_in(folder.path()).await;
    let calls = [
        (Actor::Genesys.prepare(&first).await, 200),
        (Actor::Voss.prepare(&first).await, 302),
        (Actor::Redback.prepare(&first).await, 403),
        (Actor::Vmanage.prepare(&first).await, 200),
        // A memory store may have forgotten what was spent.
        (Actor::Tao.prepare(&first).await, 403),
    ];
    first.stop().await;
    let second = Setup::start_in(folder.path()).await;
    for (actor, (call, status)) in Actor::ALL.into_iter().zip(calls) {
        let reply = call.at(&actor.base(&second)).send().await;
        assert_eq!(reply.status, status, "{actor:?}: {reply:?}");
    }
}
