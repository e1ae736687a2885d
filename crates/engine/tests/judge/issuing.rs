//! What clients are given: whose token, in which headers, with which replies, and masked.

use super::{OTHER, SESSION, ask, dialect, keyring, policy, token};
use crate::common::{MOMENT, Memory, Sequence, decide};
use crate::text::request;
use countersign::{Engine, Facts, Holder, Issue, Peer, Policy, Scheme, SessionEvidence, Verdict};

const PEER: Peer = Peer::new(None, Scheme::Https);

fn built_in(name: &str) -> Engine {
    Engine::new(Policy::builtin(name).unwrap(), keyring())
}

#[test]
fn each_pattern_is_issued_in_its_own_way() {
    let session = Holder::Session(SESSION.into());
    let user = Holder::User("admin".into());
    for (name, holder, ready, tickets) in [
        ("standard", &session, true, false),
        ("genesys", &session, true, false),
        ("vmanage", &session, true, false),
        ("voss", &session, true, false),
        ("redback", &user, true, false),
        ("tao", &session, false, true),
        // A token is never bound to what the dialect does not bind it to.
        ("standard", &user, false, false),
        ("redback", &session, false, false),
        ("tao", &user, false, false),
        // Nor to nobody.
        ("standard", &Holder::Session(vec![]), false, false),
        ("tao", &Holder::Session(vec![]), false, false),
        ("redback", &Holder::User(String::new()), false, false),
    ] {
        let issue = built_in(name).issue(holder, MOMENT, &mut Sequence::from(1));
        assert_eq!(matches!(issue, Issue::Token(_)), ready, "{name} for {holder:?}");
        assert_eq!(matches!(issue, Issue::Tickets(_)), tickets, "{name} for {holder:?}");
    }
    for nobody in [&user, &Holder::Session(vec![])] {
        assert!(built_in("tao").tickets(nobody, 0..3, MOMENT).is_empty(), "{nobody:?}");
    }
}

/// Forms stay as they are while the check is off; and what is handed out holds once it is on again.
#[test]
fn a_policy_that_judges_nothing_owes_nothing_and_hands_out_what_is_asked_for() {
    let holder = Holder::Session(SESSION.into());
    for name in ["standard", "genesys", "vmanage", "voss", "tao"] {
        let off = Engine::new(Policy::builtin(name).unwrap().insecure_disabled(), keyring());
        for line in ["GET /x", "POST /x", "OPTIONS /x"] {
            let request = request(&ask(line, &[]));
            let facts = Facts::of(&request, PEER);
            match decide(off.judge(&facts, MOMENT), &[], &Memory::default()) {
                Verdict::Allow(allow) => assert!(!allow.owes_token(), "{name} {line}"),
                other => panic!("{name} {line}: {other:?}"),
            }
        }
        let (mut one, mut same) = (Sequence::from(1), Sequence::from(1));
        let on = built_in(name);
        match (off.issue(&holder, MOMENT, &mut one), on.issue(&holder, MOMENT, &mut same)) {
            (Issue::Token(off), Issue::Token(on)) => assert_eq!(off, on, "{name}"),
            (Issue::Tickets(off), Issue::Tickets(on)) => assert_eq!(off, on, "{name}"),
            _ => panic!("{name} is handed out"),
        }
    }
}

#[test]
fn tokens_of_a_session_stay_or_change_as_the_pattern_has_it() {
    let holder = Holder::Session(SESSION.into());
    let two = |name: &str| {
        let engine = built_in(name);
        let mut random = Sequence::from(1);
        let mut one = || match engine.issue(&holder, MOMENT, &mut random) {
            Issue::Token(text) => text,
            _ => panic!("{name} is ready at once"),
        };
        (one(), one())
    };
    for name in ["standard", "genesys", "vmanage"] {
        let (first, second) = two(name);
        assert_eq!(first, second, "{name}: constant for the session");
        assert_ne!(first, token(&built_in(name), OTHER), "{name}");
    }
    let (first, second) = two("voss");
    assert_ne!(first, second, "voss: rotates when asked for a new one");
}

#[test]
fn whom_a_response_is_for() {
    let engine = built_in("genesys");
    let session = |id: &str| Some(Holder::Session(id.into()));
    for (name, cookies, evidence, expected) in [
        ("the cookie's", "JSESSIONID=1", SessionEvidence::Cookie, session("1")),
        ("the app's", "JSESSIONID=1", SessionEvidence::Live("2"), session("2")),
        ("the app's, without a cookie", "a=b", SessionEvidence::Live("2"), session("2")),
        ("nobody's", "a=b", SessionEvidence::Cookie, None),
        ("over", "JSESSIONID=1", SessionEvidence::None, None),
        ("the app's, empty", "JSESSIONID=1", SessionEvidence::Live(""), None),
        ("empty", "JSESSIONID=", SessionEvidence::Cookie, None),
        ("two", "JSESSIONID=1; JSESSIONID=2", SessionEvidence::Cookie, None),
        ("two, one of them known", "JSESSIONID=1; JSESSIONID=2", SessionEvidence::Live("1"), None),
    ] {
        let request = request(&ask("GET /x", &[&format!("Cookie: {cookies}")]));
        let facts = Facts::of(&request, PEER).with_session(evidence);
        assert_eq!(engine.holder(&facts), expected, "{name}");
    }
    let request = request(&ask("GET /x", &["Cookie: JSESSIONID=1"]));
    let facts = Facts::of(&request, PEER);
    let redback = built_in("redback");
    assert_eq!(redback.holder(&facts), None);
    assert_eq!(redback.holder(&facts.clone().with_principal(Some(""))), None, "an empty name");
    let facts = facts.with_principal(Some("admin"));
    assert_eq!(redback.holder(&facts), Some(Holder::User("admin".into())));
}

#[test]
fn a_double_submit_token_that_is_good_is_kept() {
    let engine = built_in("voss");
    let (mine, other) = (token(&engine, SESSION), token(&engine, OTHER));
    for (name, cookies, kept) in [
        ("good", format!("sessionid={SESSION}; csrftoken={mine}"), true),
        ("of another session", format!("sessionid={SESSION}; csrftoken={other}"), false),
        ("without a session", format!("csrftoken={mine}"), false),
        ("none", format!("sessionid={SESSION}"), false),
        ("two", format!("sessionid={SESSION}; csrftoken={mine}; csrftoken={other}"), false),
        ("invented", format!("sessionid={SESSION}; csrftoken=x"), false),
    ] {
        let request = request(&ask("GET /x", &[&format!("Cookie: {cookies}")]));
        let got = engine.kept_token(&Facts::of(&request, PEER), MOMENT);
        assert_eq!(got, kept.then(|| mine.clone()), "{name}");
    }
}

#[test]
fn delivery_is_as_the_dialects_write_it() {
    let headers = |engine: &Engine| -> Vec<String> {
        let lines = engine.delivery("T").into_iter();
        lines.map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect()
    };
    assert_eq!(headers(&built_in("genesys")), ["x-csrf-header: X-CSRF-TOKEN", "x-csrf-token: T"]);
    assert_eq!(
        headers(&built_in("voss")),
        ["x-csrftoken: T", "set-cookie: csrftoken=T; SameSite=Lax; HttpOnly; Path=/"]
    );
    assert_eq!(headers(&built_in("tao")), ["x-csrf-token: T"]);
    for name in ["standard", "redback", "vmanage"] {
        assert!(headers(&built_in(name)).is_empty(), "{name}");
    }
    let renamed = policy("dialect = \"genesys\"\ntoken_header = \"X-Renamed\"");
    let renamed = Engine::new(renamed, keyring());
    assert_eq!(headers(&renamed), ["x-csrf-header: X-Renamed", "x-csrf-token: T"]);
    let broken = built_in("genesys").delivery("a\r\nb");
    assert_eq!(broken.len(), 1, "a text that is no header value is not sent");
}

#[test]
fn which_responses_owe_a_token() {
    for (name, line, headers, owes) in [
        ("genesys", "GET /x", vec![], true),
        ("genesys", "OPTIONS /x", vec![], true),
        (
            "genesys",
            "POST /x",
            vec!["Cookie: JSESSIONID={session}", "X-CSRF-TOKEN: {token}"],
            false,
        ),
        ("voss", "GET /x", vec![], true),
        ("voss", "POST /noninteractivelogin/", vec![], true),
        ("standard", "GET /x", vec![], false),
        ("vmanage", "GET /x", vec![], false),
        ("tao", "GET /x", vec![], false),
    ] {
        let engine = built_in(name);
        let text = ask(line, &headers).replace("{session}", SESSION);
        let text = text.replace("{token}", &if owes { String::new() } else { any(&engine) });
        let request = request(&text);
        let facts = Facts::of(&request, PEER);
        match decide(engine.judge(&facts, MOMENT), &[], &Memory::default()) {
            Verdict::Allow(allow) => assert_eq!(allow.owes_token(), owes, "{name} {line}"),
            other => panic!("{name} {line}: {other:?}"),
        }
    }
}

fn any(engine: &Engine) -> String {
    token(engine, SESSION)
}

#[test]
fn a_page_never_shows_the_same_text_twice() {
    for name in ["standard", "vmanage", "voss"] {
        let engine = built_in(name);
        let plain = token(&engine, SESSION);
        let mut random = Sequence::from(5);
        let one = engine.masked(&plain, &mut random);
        let two = engine.masked(&plain, &mut random);
        assert_ne!(one, two, "{name}");
        assert_eq!(one.len(), 2 * plain.len(), "{name}");
        assert!(!one.contains(&plain) && !two.contains(&plain), "{name}");
        // Masking what is masked already masks the token, not the text.
        assert_eq!(engine.masked(&one, &mut random).len(), one.len(), "{name}");
    }
    for name in ["genesys", "tao"] {
        let engine = built_in(name);
        let plain = token(&engine, SESSION);
        assert_eq!(engine.masked(&plain, &mut Sequence::from(5)), plain, "{name}: no masked form");
    }
    assert_eq!(built_in("standard").masked("no token", &mut Sequence::from(5)), "no token");
}

#[test]
fn an_engine_that_assumes_tokens_issues_none() {
    let policy = dialect("protect = { methods = \"unsafe\", require = \"token\" }");
    for (valid, expected) in [(true, "allow token"), (false, "refuse token_invalid")] {
        let engine = Engine::danger_assuming_tokens(policy.clone(), valid);
        let request = request(&ask("POST /x", &["X-T: anything"]));
        let facts = Facts::of(&request, PEER);
        let verdict = decide(engine.judge(&facts, MOMENT), &[], &Memory::default());
        assert_eq!(crate::common::say(&verdict), expected);
        let holder = Holder::Session(SESSION.into());
        assert!(matches!(engine.issue(&holder, MOMENT, &mut Sequence::from(1)), Issue::None));
        assert!(engine.tickets(&holder, 0..3, MOMENT).is_empty());
        let missing = crate::text::request(&ask("POST /x", &[]));
        let facts = Facts::of(&missing, PEER);
        let verdict = decide(engine.judge(&facts, MOMENT), &[], &Memory::default());
        assert_eq!(crate::common::say(&verdict), "refuse token_missing");
    }
}
