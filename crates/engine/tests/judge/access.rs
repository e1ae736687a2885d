//! Access that the app declares route by route, as Redback's filter reads it.

use super::{SESSION, judge_with, keyring, policy};
use crate::common::{MOMENT, Memory, Sequence, decide, say};
use crate::text::request;
use countersign::{
    Engine, Facts, Holder, Issue, Moment, Peer, Policy, RouteAccess, Scheme, Timestamp,
};

const OWN: &str = "Origin: https://app.example";
const PEER: Peer = Peer::new(None, Scheme::Https);

fn redback() -> Policy {
    policy("dialect = \"redback\"")
}

/// admin's token, made `hours` ago.
fn token(user: &str, hours: u64) -> String {
    let engine = Engine::new(redback(), keyring());
    let now = Timestamp::from_secs(MOMENT.now.as_secs() - hours * 3600);
    let holder = Holder::User(user.into());
    match engine.issue(&holder, Moment { now, ..MOMENT }, &mut Sequence::from(4)) {
        Issue::Token(text) => text,
        _ => panic!("redback's tokens are ready at once"),
    }
}

fn call(policy: &Policy, access: RouteAccess, user: Option<&str>, lines: &[String]) -> String {
    let text = format!(
        "GET /restServices/redbackServices/x HTTP/1.1\nHost: app.example\n\
         Cookie: JSESSIONID={SESSION}\n{}",
        lines.join("\n")
    );
    let engine = Engine::new(policy.clone(), keyring());
    let request = request(&text);
    let facts = Facts::of(&request, PEER).with_access(access).with_principal(user);
    say(&decide(engine.judge(&facts, MOMENT), request.body(), &Memory::default()))
}

#[test]
fn what_each_kind_of_operation_must_show() {
    let good = format!("X-XSRF-TOKEN: {}", token("admin", 0));
    let other = format!("X-XSRF-TOKEN: {}", token("guest-user", 0));
    let aging = format!("X-XSRF-TOKEN: {}", token("admin", 3));
    let late = format!("X-XSRF-TOKEN: {}", token("admin", 4));
    let bad = "X-XSRF-TOKEN: x".to_owned();
    let own = OWN.to_owned();
    let foreign = "Origin: https://evil.example".to_owned();
    let (open, closed) = (RouteAccess::Unrestricted, RouteAccess::Restricted);
    let admin = Some("admin");
    for (name, access, user, lines, expected) in [
        ("open, own origin", open, None, vec![&own], "allow provenance"),
        ("open, no evidence", open, None, vec![], "refuse provenance_missing"),
        ("open, token alone", open, admin, vec![&good], "refuse provenance_missing"),
        ("open, foreign", open, None, vec![&foreign], "refuse origin_mismatch"),
        ("closed, both", closed, admin, vec![&own, &good], "allow token"),
        ("closed, origin alone", closed, admin, vec![&own], "refuse token_missing"),
        ("closed, token alone", closed, admin, vec![&good], "refuse provenance_missing"),
        ("closed, foreign, token", closed, admin, vec![&foreign, &good], "refuse origin_mismatch"),
        ("closed, another's token", closed, admin, vec![&own, &other], "refuse token_invalid"),
        ("closed, just in time", closed, admin, vec![&own, &aging], "allow token"),
        ("closed, too late", closed, admin, vec![&own, &late], "refuse token_expired"),
        ("closed, no token's text", closed, admin, vec![&own, &bad], "refuse token_malformed"),
        ("closed, nobody", closed, None, vec![&own, &good], "refuse user_missing"),
        ("closed, no name", closed, Some(""), vec![&own, &good], "refuse user_missing"),
        ("unsaid is closed", RouteAccess::Unspecified, admin, vec![&own], "refuse token_missing"),
    ] {
        let lines: Vec<String> = lines.into_iter().cloned().collect();
        assert_eq!(call(&redback(), access, user, &lines), expected, "{name}");
    }
}

#[test]
fn an_undeclared_operation_is_refused_whatever_it_shows() {
    let good = format!("X-XSRF-TOKEN: {}", token("admin", 0));
    for lines in [vec![], vec![OWN.to_owned(), good]] {
        let got = call(&redback(), RouteAccess::Undeclared, Some("admin"), &lines);
        assert_eq!(got, "refuse access_undeclared");
    }
    // An exemption does not declare access.
    let exempt = policy(
        "dialect = \"redback\"\nexempt = [{ path = \"/**\", methods = [\"*\"], reason = \"r\" }]",
    );
    let got = call(&exempt, RouteAccess::Undeclared, None, &[]);
    assert_eq!(got, "refuse access_undeclared");
    let options = judge_with(&redback(), "OPTIONS /x HTTP/1.1\nHost: a", PEER, |facts| {
        facts.with_access(RouteAccess::Undeclared)
    });
    assert_eq!(options, "refuse access_undeclared");
}

#[test]
fn header_validation_as_redback_documents_it() {
    let open = RouteAccess::Unrestricted;
    for (name, lines, expected) in [
        ("own origin", "Origin: https://app.example", "allow provenance"),
        ("in capitals", "Origin: HTTPS://APP.EXAMPLE", "allow provenance"),
        ("with the default port", "Origin: https://app.example:443", "allow provenance"),
        ("with user information", "Origin: https://u@app.example", "allow provenance"),
        ("with a dot at its end", "Origin: https://app.example.", "refuse origin_mismatch"),
        ("another port", "Origin: https://app.example:8443", "refuse origin_mismatch"),
        ("own Referer", "Referer: https://app.example/x", "allow provenance"),
        ("foreign Referer", "Referer: https://evil.example/", "refuse referer_mismatch"),
        (
            "own origin, foreign Referer",
            "Origin: https://app.example\nReferer: https://evil.example/",
            "refuse referer_mismatch",
        ),
        (
            "foreign origin, own Referer",
            "Origin: https://evil.example\nReferer: https://app.example/",
            "refuse origin_mismatch",
        ),
        ("null counts as absent", "Origin: null", "refuse provenance_missing"),
        ("so does what cannot be read", "Origin: nonsense", "refuse provenance_missing"),
        ("null and own Referer", "Origin: null\nReferer: https://app.example/", "allow provenance"),
        (
            "null and foreign Referer",
            "Origin: null\nReferer: https://evil.example/",
            "refuse referer_mismatch",
        ),
        ("null, cross-site", "Origin: null\nSec-Fetch-Site: cross-site", "refuse cross_site"),
        ("an unreadable Referer", "Referer: nonsense", "refuse referer_mismatch"),
    ] {
        assert_eq!(call(&redback(), open, None, &[lines.to_owned()]), expected, "{name}");
    }
    let literal = "POST /x HTTP/1.1\nHost: [::1]:8081\nOrigin: http://[::1]:8081";
    let peer = Peer::new(None, Scheme::Http);
    let got = judge_with(&redback(), literal, peer, |facts| facts.with_access(open));
    assert_eq!(got, "allow provenance", "IPv6 literals");
}

#[test]
fn the_four_settings_of_redbacks_properties_file() {
    let set = |line: &str| redback().with_properties(line).unwrap();
    let (open, closed) = (RouteAccess::Unrestricted, RouteAccess::Restricted);
    let (own, admin) = ([OWN.to_owned()], Some("admin"));

    let off = set("rest.csrffilter.enabled=false");
    assert_eq!(call(&off, closed, None, &[]), "allow disabled");

    let moved = set("rest.baseUrl=https://other.example/archiva, https://third.example");
    assert_eq!(call(&moved, open, None, &own), "refuse origin_mismatch");
    for origin in ["https://other.example", "https://third.example"] {
        let lines = [format!("Origin: {origin}")];
        assert_eq!(call(&moved, open, None, &lines), "allow provenance", "{origin}");
    }

    let lenient = set("rest.csrffilter.absentorigin.deny=false");
    let good = [format!("X-XSRF-TOKEN: {}", token("admin", 0))];
    assert_eq!(call(&lenient, open, None, &[]), "allow nothing_against");
    assert_eq!(call(&lenient, closed, admin, &[]), "refuse token_missing");
    assert_eq!(call(&lenient, closed, admin, &good), "allow token");
    let foreign = ["Origin: https://evil.example".to_owned()];
    assert_eq!(call(&lenient, open, None, &foreign), "refuse origin_mismatch");

    let tokenless = set("rest.csrffilter.disableTokenValidation=true");
    assert_eq!(call(&tokenless, closed, None, &own), "allow provenance");
    assert_eq!(call(&tokenless, closed, admin, &[]), "refuse provenance_missing");
    assert_eq!(call(&tokenless, closed, admin, &foreign), "refuse origin_mismatch");
}
