//! Rule 4: exemptions, by what they match and above all by what they do not.

use super::{ask, judge, policy};
use crate::common::{MOMENT, NOW};
use crate::text::request;
use countersign::{
    Engine, Exemption, Facts, MethodName, Moment, PathPattern, Peer, Permit, Policy, Scheme, Step,
    Timestamp, Verdict,
};

const FOREIGN: &str = "Origin: https://evil.example";

fn exempt(path: &str, methods: &str, more: &str) -> Policy {
    policy(&format!(
        "exempt = [{{ path = \"{path}\", methods = [\"{methods}\"], reason = \"signed\"{more} }}]"
    ))
}

#[test]
fn an_exemption_matches_its_path_letter_for_letter() {
    for (path, line, expected) in [
        ("/hook", "POST /hook", true),
        ("/hook", "POST /hook?a=b", true),
        ("/hook", "POST /h%6fok", true),
        ("/hook", "POST /hook/", false),
        ("/hook", "POST /HOOK", false),
        ("/hook", "POST //hook", false),
        ("/hook", "POST /./hook", false),
        ("/hook", "POST /a/../hook", false),
        ("/hook", "POST /hook;a", false),
        ("/hook", "POST /hook%3Ba", false),
        ("/hook", "POST /hook%3f", false),
        ("/hook", "POST /hook%23", false),
        ("/hook", "POST /hook%00", false),
        ("/hook", "POST /hook%20", false),
        ("/hook", "POST /%2568ook", false),
        ("/hook", "POST /hook%zz", false),
        // Some servers decode these before they look for a handler, some never.
        ("/hook/*", "POST /hook%2fa", false),
        ("/hook.json", "POST /hook%2ejson", false),
        ("/hook", "POST /hooks", false),
        ("/hook/**", "POST /hook/a", true),
        ("/hook/**", "POST /hook/a/b.c", true),
        ("/hook/**", "POST /hook/", true),
        ("/hook/**", "POST /hook", false),
        ("/hook/**", "POST /hook/../admin", false),
        ("/hook/**", "POST /hook/..%2fadmin", false),
        ("/hook/**", "POST /hook/%2E%2E/admin", false),
        ("/hook/**", "POST /hook/.%2e/admin", false),
        ("/hook/**", "POST /hook/..%5cadmin", false),
        ("/hook/**", "POST /hook/a//b", false),
        ("/hook/*", "POST /hook/a", true),
        ("/hook/*", "POST /hook/a/b", false),
        ("/hook/*", "POST /hook/..%3fx", false),
        ("/caf\u{e9}", "POST /caf%C3%A9", true),
        ("/caf\u{e9}", "POST /caf%E9", false),
    ] {
        let got = judge(&exempt(path, "POST", ""), &ask(line, &[FOREIGN]));
        let expected = if expected { "allow exempt" } else { "refuse origin_mismatch" };
        assert_eq!(got, expected, "{path} on {line}");
    }
}

#[test]
fn an_exemption_matches_its_methods_alone() {
    let policy = exempt("/hook", "POST", "");
    for method in ["PUT", "DELETE", "PATCH", "QUERY", "FROB"] {
        let got = judge(&policy, &ask(&format!("{method} /hook"), &[FOREIGN]));
        assert_eq!(got, "refuse origin_mismatch", "{method}");
    }
}

#[test]
fn an_exemption_for_an_origin_needs_exactly_that_one() {
    let policy = exempt("/acs", "POST", ", origin = \"https://idp.example\"");
    for (origin, expected) in [
        ("Origin: https://idp.example", "allow exempt"),
        ("Origin: https://idp.example:443", "allow exempt"),
        ("Origin: http://idp.example", "refuse origin_mismatch"),
        ("Origin: https://idp.example:444", "refuse origin_mismatch"),
        ("Origin: https://idp.example.evil.com", "refuse origin_mismatch"),
        ("Origin: https://idp.example@evil.com", "refuse origin_mismatch"),
        ("Origin: null", "refuse origin_null"),
        ("Referer: https://idp.example/", "refuse referer_mismatch"),
        ("Sec-Fetch-Site: cross-site", "refuse cross_site"),
    ] {
        assert_eq!(judge(&policy, &ask("POST /acs", &[origin])), expected, "{origin}");
    }
    let twice = ask("POST /acs", &["Origin: https://idp.example", FOREIGN]);
    assert_eq!(judge(&policy, &twice), "refuse header_repeated");
}

#[test]
fn an_exemption_ends_with_the_moment_that_it_names() {
    let engine = |expires| {
        let exemption = Exemption {
            path: PathPattern::parse("/hook").unwrap(),
            methods: vec![MethodName::Any],
            origin: None,
            reason: "until the move".into(),
            expires,
        };
        Engine::new(Policy::standard().with_exemption(exemption), super::keyring())
    };
    let request = request(&ask("POST /hook", &[FOREIGN]));
    for (name, expires, now, expected) in [
        ("no end", None, Timestamp::from_secs(u64::MAX), true),
        ("the last second", Some(NOW), Timestamp::from_secs(NOW.as_secs() - 1), true),
        ("the moment itself", Some(NOW), NOW, false),
        ("after", Some(NOW), Timestamp::from_secs(NOW.as_secs() + 1), false),
    ] {
        let engine = engine(expires);
        let facts = Facts::of(&request, Peer::new(None, Scheme::Https));
        let Step::Decided(verdict) = engine.judge(&facts, Moment { now, ..MOMENT }) else {
            panic!("{name}: no token is asked for")
        };
        match (verdict, expected) {
            (Verdict::Allow(allow), true) => {
                assert_eq!(*allow.permit(), Permit::Exempt("until the move".into()), "{name}");
            }
            (Verdict::Refuse(_), false) => {}
            (other, _) => panic!("{name}: {other:?}"),
        }
    }
}

#[test]
fn a_date_in_a_policy_file_ends_at_its_midnight() {
    // NOW is 2027-01-15 08:00:00 UTC.
    for (date, expected) in
        [("2027-01-15", "refuse origin_mismatch"), ("2027-01-16", "allow exempt")]
    {
        let policy = exempt("/hook", "POST", &format!(", expires = {date}"));
        assert_eq!(judge(&policy, &ask("POST /hook", &[FOREIGN])), expected, "{date}");
    }
}

#[test]
fn ambiguity_comes_before_every_exemption() {
    let policy = exempt("/**", "*", "");
    let twice = ask("POST /x", &["Origin: https://app.example", FOREIGN]);
    assert_eq!(judge(&policy, &twice), "refuse header_repeated");
    let text = "POST /x HTTP/1.1\nHost: a b";
    assert_eq!(judge(&policy, text), "refuse host_malformed");
}
