//! Whose session it is: what the cookie says, and what the app knows better.

use super::{OTHER, SESSION, ask, keyring, policy, token};
use crate::common::{MOMENT, Memory, Sequence, decide, say};
use crate::text::request;
use countersign::{
    Dialect, Engine, Facts, Holder, Issue, Peer, Policy, Scheme, SessionEvidence, Step, StoredToken,
};

const PEER: Peer = Peer::new(None, Scheme::Https);

#[test]
fn the_app_may_know_the_session_better_than_its_cookie() {
    let policy = policy("dialect = \"genesys\"");
    let engine = Engine::new(policy, keyring());
    let mine = token(&engine, SESSION);
    let app = token(&engine, "row 17");
    let (cookie, live) = (SessionEvidence::Cookie, SessionEvidence::Live("row 17"));
    let none = SessionEvidence::None;
    let sid = format!("JSESSIONID={SESSION}");
    let two = format!("JSESSIONID={SESSION}; JSESSIONID={OTHER}");
    for (name, evidence, cookies, token, expected) in [
        ("the cookie's own", cookie, sid.as_str(), &mine, "allow token"),
        ("the app's id", live, &sid, &app, "allow token"),
        ("the cookie's token, the app's id", live, &sid, &mine, "refuse token_invalid"),
        ("the app's token, the cookie's id", cookie, &sid, &app, "refuse token_invalid"),
        // It knows it by something else, such as a header of its own.
        ("the app's id without a cookie", live, "theme=dark", &app, "allow token"),
        ("the session is over", none, &sid, &mine, "refuse session_missing"),
        ("no session, no cookie", none, "theme=dark", &mine, "refuse session_missing"),
        ("no cookie", cookie, "theme=dark", &mine, "refuse session_missing"),
        ("the app's id is empty", SessionEvidence::Live(""), &sid, &mine, "refuse session_missing"),
        ("an empty cookie", cookie, "JSESSIONID=", &mine, "refuse session_missing"),
        ("two cookies", cookie, &two, &mine, "refuse session_ambiguous"),
        ("two cookies, whatever the app says", live, &two, &app, "refuse session_ambiguous"),
        ("two cookies, and over", none, &two, &mine, "refuse session_ambiguous"),
    ] {
        let lines = [format!("Cookie: {cookies}"), format!("X-CSRF-TOKEN: {token}")];
        let request = request(&ask("POST /x", &[&lines[0], &lines[1]]));
        let facts = Facts::of(&request, PEER).with_session(evidence);
        let verdict = decide(engine.judge(&facts, MOMENT), request.body(), &Memory::default());
        assert_eq!(say(&verdict), expected, "{name}");
    }
}

#[test]
fn a_session_that_is_over_is_none_for_scripts_with_basic() {
    let policy = policy("dialect = \"voss\"");
    let engine = Engine::new(policy, keyring());
    let text = ask(
        "POST /x",
        &["Authorization: Basic eDp5", "Referer: https://app.example/", "Cookie: sessionid=1"],
    );
    let request = request(&text);
    for (evidence, expected) in [
        (SessionEvidence::None, "allow provenance"),
        (SessionEvidence::Live(""), "allow provenance"),
        (SessionEvidence::Cookie, "refuse token_missing"),
        (SessionEvidence::Live("1"), "refuse token_missing"),
    ] {
        let facts = Facts::of(&request, PEER).with_session(evidence);
        let verdict = decide(engine.judge(&facts, MOMENT), &[], &Memory::default());
        assert_eq!(say(&verdict), expected, "{evidence:?}");
    }
}

/// A token of the empty id would be good for everybody whose app has no better one.
#[test]
fn an_empty_session_or_user_binds_nothing() {
    for (dialect, header) in [("genesys", "X-CSRF-TOKEN"), ("redback", "X-XSRF-TOKEN")] {
        let engine = Engine::new(policy(&format!("dialect = \"{dialect}\"")), keyring());
        let text = ask("POST /x", &["Origin: https://app.example", &format!("{header}: x")]);
        let request = request(&text);
        let facts = Facts::of(&request, PEER);
        let facts = facts.with_session(SessionEvidence::Live("")).with_principal(Some(""));
        assert_eq!(engine.holder(&facts), None, "{dialect}");
        let verdict = decide(engine.judge(&facts, MOMENT), &[], &Memory::default());
        let expected = if dialect == "redback" { "user_missing" } else { "session_missing" };
        assert_eq!(say(&verdict), format!("refuse {expected}"), "{dialect}");
    }
}

fn stored() -> Policy {
    let text = "name = \"stored\"\ntitle = \"\"\nsummary = \"\"\nsession.cookie = \"sid\"\n\
                protect = { methods = \"unsafe\", require = \"token\" }\n\
                token = { pattern = \"stored-synchronizer\", shape = { base64url = 43 }, header = \"X-T\" }";
    Policy::new(Dialect::parse("stored.toml", text).unwrap())
}

#[test]
fn a_stored_token_is_what_the_store_says() {
    let engine = Engine::new(stored(), keyring());
    let mut memory = Memory::default();
    let mut keep = |session: &str| {
        let holder = Holder::Session(session.into());
        match engine.issue(&holder, MOMENT, &mut Sequence::from(session.len() as u64)) {
            Issue::Store(key, token) => {
                let text = token.as_str().to_owned();
                memory.stored.insert(key, token);
                text
            }
            _ => panic!("this pattern stores its tokens"),
        }
    };
    let (mine, other) = (keep(SESSION), keep(OTHER));
    assert_ne!(mine, other);
    let masked = engine.masked(&mine, &mut Sequence::from(9));
    let down = Memory { down: true, ..Memory::default() };
    for (name, token, memory, expected) in [
        ("the stored one", mine.as_str(), &memory, "allow token"),
        ("masked", &masked, &memory, "allow token"),
        ("another session's", &other, &memory, "refuse token_invalid"),
        ("cut off", &mine[1..], &memory, "refuse token_malformed"),
        ("none is stored", &mine, &Memory::default(), "refuse token_invalid"),
        ("no answer", &mine, &down, "refuse store_unavailable"),
    ] {
        let lines = [format!("Cookie: sid={SESSION}"), format!("X-T: {token}")];
        let request = request(&ask("POST /x", &[&lines[0], &lines[1]]));
        let facts = Facts::of(&request, PEER);
        let verdict = decide(engine.judge(&facts, MOMENT), &[], memory);
        assert_eq!(say(&verdict), expected, "{name}");
    }
}

#[test]
fn the_store_is_asked_for_this_session_by_its_hashed_name() {
    let engine = Engine::new(stored(), keyring());
    let lines = [format!("Cookie: sid={SESSION}"), format!("X-T: {}", "A".repeat(43))];
    let request = request(&ask("POST /x", &[&lines[0], &lines[1]]));
    let facts = Facts::of(&request, PEER);
    let Step::Session(need) = engine.judge(&facts, MOMENT) else { panic!("the store decides") };
    assert_eq!(need.session(), engine.session_key(SESSION.as_bytes()));
    let Step::Decided(verdict) = need.resume(&StoredToken::Missing) else { panic!("decided") };
    assert_eq!(say(&verdict), "refuse token_invalid");
}
