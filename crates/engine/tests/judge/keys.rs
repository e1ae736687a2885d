//! Keys that change under the tokens that clients still hold.

use std::time::Duration;

use super::{SESSION, ask, policy, token};
use crate::common::{MOMENT, Memory, decide, say};
use crate::text::request;
use countersign::{Engine, Facts, Keyring, Moment, Peer, Policy, Scheme, Timestamp};

const GRACE: u64 = 3600;

fn ring() -> Keyring {
    Keyring::from_random(&[7; 64]).with_grace(Duration::from_secs(GRACE))
}

fn after(seconds: u64) -> Timestamp {
    Timestamp::from_secs(MOMENT.now.as_secs() + seconds)
}

fn at(policy: &Policy, ring: Keyring, text: &str, now: Timestamp) -> String {
    let engine = Engine::new(policy.clone(), ring);
    let request = request(text);
    let facts = Facts::of(&request, Peer::new(None, Scheme::Https));
    let step = engine.judge(&facts, Moment { now, ..MOMENT });
    say(&decide(step, request.body(), &Memory::default()))
}

#[test]
fn a_token_outlives_its_key_by_the_grace() {
    for (dialect, cookie, header, good) in [
        ("genesys", "JSESSIONID={s}", "X-CSRF-TOKEN", "allow token"),
        ("vmanage", "JSESSIONID={s}", "X-XSRF-TOKEN", "allow token"),
        ("voss", "sessionid={s}; csrftoken={t}", "X-CSRFToken", "allow token"),
        ("tao", "tao_session={s}", "X-CSRF-Token", "allow ticket"),
    ] {
        let policy = policy(&format!("dialect = \"{dialect}\""));
        let token = token(&Engine::new(policy.clone(), ring()), SESSION);
        let cookie = cookie.replace("{s}", SESSION).replace("{t}", &token);
        let path = if dialect == "vmanage" { "/dataservice/x" } else { "/x" };
        let text = ask(
            &format!("POST {path}"),
            &[
                "Referer: https://app.example/",
                &format!("Cookie: {cookie}"),
                &format!("{header}: {token}"),
            ],
        );
        let rotated = || ring().rotated(&[8; 32], after(60));
        let read = || Keyring::from_toml(&rotated().to_toml()).unwrap();
        assert_eq!(at(&policy, ring(), &text, MOMENT.now), good, "{dialect}: its key");
        assert_eq!(at(&policy, rotated(), &text, after(61)), good, "{dialect}: rotated");
        assert_eq!(at(&policy, read(), &text, after(61)), good, "{dialect}: read from a file");
        let grace = if dialect == "tao" { "refuse token_expired" } else { good };
        assert_eq!(
            at(&policy, rotated(), &text, after(60 + GRACE)),
            grace,
            "{dialect}: at its end"
        );
        assert_eq!(
            at(&policy, rotated(), &text, after(61 + GRACE)),
            "refuse token_key_retired",
            "{dialect}: after its grace"
        );
        let twice = rotated().rotated(&[9; 32], after(61 + GRACE));
        assert_eq!(
            at(&policy, twice, &text, after(62 + GRACE)),
            "refuse token_key_unknown",
            "{dialect}: dropped from the ring"
        );
        let other = Keyring::from_random(&[6; 64]);
        assert_eq!(
            at(&policy, other, &text, MOMENT.now),
            "refuse token_invalid",
            "{dialect}: another key of the same id"
        );
    }
}

#[test]
fn new_tokens_are_made_with_the_current_key() {
    let policy = policy("dialect = \"genesys\"");
    let old = token(&Engine::new(policy.clone(), ring()), SESSION);
    let new = token(&Engine::new(policy.clone(), ring().rotated(&[8; 32], MOMENT.now)), SESSION);
    assert_ne!(old, new);
    let text = ask(
        "POST /x",
        &[&format!("Cookie: JSESSIONID={SESSION}"), &format!("X-CSRF-TOKEN: {new}")],
    );
    assert_eq!(at(&policy, ring(), &text, MOMENT.now), "refuse token_key_unknown");
}

#[test]
fn sites_under_one_keyring_do_not_share_tokens() {
    let one = policy("dialect = \"genesys\"\nscope = \"one\"");
    let two = policy("dialect = \"genesys\"\nscope = \"two\"");
    let unnamed = policy("dialect = \"genesys\"");
    let good = token(&Engine::new(one.clone(), ring()), SESSION);
    let text = ask(
        "POST /x",
        &[&format!("Cookie: JSESSIONID={SESSION}"), &format!("X-CSRF-TOKEN: {good}")],
    );
    assert_eq!(at(&one, ring(), &text, MOMENT.now), "allow token");
    assert_eq!(at(&two, ring(), &text, MOMENT.now), "refuse token_invalid");
    assert_eq!(at(&unnamed, ring(), &text, MOMENT.now), "refuse token_invalid");
}

#[test]
fn scope_and_session_do_not_run_into_each_other() {
    // Long enough that no buffer holds both.
    let text = "0123456789abcdef".repeat(20);
    let mut tokens: Vec<String> = (1..text.len())
        .map(|at| {
            let (scope, session) = text.split_at(at);
            let policy = policy("dialect = \"genesys\"").with_scope(scope);
            token(&Engine::new(policy, ring()), session)
        })
        .collect();
    tokens.sort();
    tokens.dedup();
    assert_eq!(tokens.len(), text.len() - 1);

    // The byte between them says what the token is bound to; an id that holds it moves nothing.
    let of = |scope: &str, session: &str| {
        let policy = policy("dialect = \"genesys\"").with_scope(scope);
        token(&Engine::new(policy, ring()), session)
    };
    assert_ne!(of("a", "b\u{1}c"), of("a\u{1}b", "c"));
    // A scope of 255 bytes that begins like the length of one of 256.
    let long = "x".repeat(247);
    let one = of(&format!("\0\0\0\0\0\0\u{1}\0{long}"), "aaaaaaa\u{1}\u{b}bbbbbbbbbbb");
    let other = of(&format!("{long}\u{1}\u{14}aaaaaaa"), "bbbbbbbbbbb");
    assert_ne!(one, other);
}

#[test]
fn session_names_outlive_rotation_and_tell_nothing() {
    let name = |ring| Engine::new(policy(""), ring).session_key(SESSION.as_bytes());
    assert_eq!(name(ring()), name(ring().rotated(&[8; 32], MOMENT.now)));
    assert_ne!(name(ring()), name(Keyring::from_random(&[6; 64])));
    assert_ne!(name(ring()), Engine::new(policy(""), ring()).session_key(b"other"));
    let shown = format!("{:?}", name(ring()));
    assert_eq!(shown.len(), 12, "{shown}");
    assert!(!shown.contains(&SESSION[..6]), "{shown}");
}
