//! Rule 2: a handshake is judged though its method changes nothing, and cannot carry a token.

use super::{ask, dialect, judge, policy};

const OWN: &str = "Origin: https://app.example";
const FOREIGN: &str = "Origin: https://evil.example";
const UPGRADE: &str = "Upgrade: websocket";

#[test]
fn what_opens_a_websocket() {
    let policy = policy("");
    for (line, upgrade, judged) in [
        ("GET /chat", "Upgrade: websocket", true),
        ("GET /chat", "Upgrade: WebSocket", true),
        ("GET /chat", "Upgrade: h2c,websocket", true),
        ("GET /chat", "Upgrade: h2c", false),
        ("GET /chat", "Upgrade: websockets", false),
        ("GET /chat", "Connection: upgrade", false),
        ("HEAD /chat", "Upgrade: websocket", true),
        // RFC 8441
        ("CONNECT /chat", "A: b", true),
    ] {
        let expected = if judged { "refuse origin_mismatch" } else { "allow safe_method" };
        let got = judge(&policy, &ask(line, &[upgrade, FOREIGN]));
        assert_eq!(got, expected, "{line}, {upgrade}");
    }
}

#[test]
fn a_handshake_shows_its_origin_or_brings_a_token() {
    for require in ["provenance", "either", "token", "both"] {
        let policy =
            dialect(&format!("protect = {{ methods = \"unsafe\", require = \"{require}\" }}"));
        for line in ["GET /chat", "CONNECT /chat"] {
            let say = |lines: &[&str]| {
                judge(&policy, &ask(line, &[&[UPGRADE, "Cookie: sid={session}"], lines].concat()))
            };
            for (lines, expected) in [
                (vec![OWN], "allow provenance"),
                (vec![FOREIGN], "refuse origin_mismatch"),
                (vec!["Origin: null"], "refuse origin_null"),
                (vec![], "refuse token_missing"),
                (vec!["X-T: {token}"], "allow token"),
                (vec!["X-T: {token:other}"], "refuse token_invalid"),
                (vec!["X-T: {token}", FOREIGN], "refuse origin_mismatch"),
            ] {
                assert_eq!(say(&lines), expected, "{require}, {line}, {lines:?}");
            }
            let script = judge(&policy, &ask(line, &[UPGRADE]));
            assert_eq!(script, "allow nothing_against", "{require}, {line}, no cookie");
        }
    }
}

#[test]
fn an_upgrade_header_takes_nothing_away_from_other_requests() {
    let policy = dialect("protect = { methods = \"unsafe\", require = \"token\" }");
    for line in ["POST /x", "PUT /x", "GET /x?_method=DELETE", "CONNECT /x?_method=DELETE"] {
        let got = judge(&policy, &ask(line, &[UPGRADE, OWN, "Cookie: sid={session}"]));
        assert_eq!(got, "refuse token_missing", "{line}");
    }
    let every = dialect("protect = { methods = \"all\", require = \"token\" }");
    for line in ["GET /x", "CONNECT /x"] {
        let got = judge(&every, &ask(line, &[UPGRADE, OWN, "Cookie: sid={session}"]));
        assert_eq!(got, "refuse token_missing", "{line}");
    }
}

#[test]
fn another_method_takes_nothing_away_from_a_handshake() {
    let bare = [UPGRADE, "Cookie: sid={session}"];
    for (absent, expected) in [("allow", "token_missing"), ("refuse", "provenance_missing")] {
        let policy = dialect(&format!(
            "protect = {{ methods = \"unsafe\", require = \"provenance\" }}\n\
             provenance.absent = \"{absent}\""
        ));
        for line in ["GET /chat?_method=POST", "POST /chat", "CONNECT /chat?_method=GET"] {
            let got = judge(&policy, &ask(line, &bare));
            assert_eq!(got, format!("refuse {expected}"), "{line}, absent {absent}");
        }
        let got = judge(&policy, &ask("GET /chat", &bare));
        assert_eq!(got, format!("refuse {expected}"), "absent {absent}");
    }
}

#[test]
fn a_route_may_demand_more_of_a_handshake() {
    let policy = dialect(
        "protect = { methods = \"unsafe\", require = \"provenance\" }\n[[route]]\npath = \"/admin/**\"\n\
         methods = [\"*\"]\nrequire = \"token\"",
    );
    let lines = [UPGRADE, OWN, "Cookie: sid={session}"];
    assert_eq!(judge(&policy, &ask("GET /admin/log", &lines)), "refuse token_missing");
    assert_eq!(judge(&policy, &ask("GET /chat", &lines)), "allow provenance");
}
