//! Each of the eight rules in each dialect, once for and once against.

use super::usual::{DIALECTS, Dialect};
use super::{ask, judge, judge_with, policy};
use countersign::{Peer, RouteAccess, Scheme};

const OWN: &str = "Origin: https://app.example";

fn verdict(dialect: &Dialect, more: &str, line: &str, headers: &[&str]) -> String {
    let policy = policy(&format!("dialect = \"{}\"\n{more}", dialect.name));
    let peer = Peer::new(None, Scheme::Https);
    judge_with(&policy, &ask(line, headers), peer, |facts| {
        facts.with_access(RouteAccess::Restricted).with_principal(Some("admin"))
    })
}

#[test]
fn rule_1_the_addressed_origin() {
    for own in &DIALECTS {
        let say = |more, origin| {
            verdict(own, more, own.line, &[own.cookie, own.header, &format!("Origin: {origin}")])
        };
        let public = "public_origins = [\"https://public.example\"]";
        assert_eq!(say("", "https://app.example"), own.both, "{}", own.name);
        assert_eq!(say("", "https://public.example"), "refuse origin_mismatch", "{}", own.name);
        assert_eq!(say(public, "https://public.example"), own.both, "{}", own.name);
        assert_eq!(say(public, "https://app.example"), "refuse origin_mismatch", "{}", own.name);
    }
}

#[test]
fn rule_2_which_requests_are_judged() {
    for own in &DIALECTS {
        let foreign = ["Origin: https://evil.example", own.cookie];
        let read = verdict(own, "", "GET /picture.png", &foreign);
        // Redback alone protects every method wherever it leads.
        let expected =
            if own.name == "redback" { "refuse origin_mismatch" } else { "allow safe_method" };
        assert_eq!(read, expected, "{}", own.name);
        assert_eq!(verdict(own, "", "OPTIONS /picture.png", &foreign), "allow safe_method");
        for line in [own.line, "POST /picture.png"] {
            let got = verdict(own, "", line, &foreign);
            assert_eq!(got, "refuse origin_mismatch", "{} {line}", own.name);
        }
    }
}

#[test]
fn rule_3_nothing_that_decides_twice() {
    for own in &DIALECTS {
        let say = |more: &[&str]| {
            let headers = [&[own.cookie, own.header, OWN], more].concat();
            verdict(own, "", own.line, &headers)
        };
        assert_eq!(say(&[]), own.both, "{}", own.name);
        for line in [OWN, "Host: app.example"] {
            assert_eq!(say(&[line]), "refuse header_repeated", "{} {line}", own.name);
        }
        for (line, value) in
            [("Sec-Fetch-Site", "same-origin"), ("Referer", "https://app.example/")]
        {
            let line = format!("{line}: {value}");
            assert_eq!(say(&[&line]), own.both, "{} {line}", own.name);
            assert_eq!(say(&[&line, &line]), "refuse header_repeated", "{} {line}", own.name);
        }
        let looked_at = own.both != "allow provenance";
        let token = if looked_at { "refuse token_repeated" } else { own.both };
        assert_eq!(say(&[own.header]), token, "{}", own.name);
    }
}

#[test]
fn rule_4_exemptions() {
    for own in &DIALECTS {
        let path = own.line.split_once(' ').unwrap().1;
        let exempt = format!(
            "exempt = [{{ path = \"{path}\", methods = [\"GET\", \"POST\"], reason = \"r\" }}]"
        );
        let foreign = ["Origin: https://evil.example", own.cookie];
        assert_eq!(verdict(own, &exempt, own.line, &foreign), "allow exempt", "{}", own.name);
        let beside = format!("{}/x", own.line);
        let beside = verdict(own, &exempt, &beside.replace("GET", "POST"), &foreign);
        assert_eq!(beside, "refuse origin_mismatch", "{}", own.name);
    }
}

#[test]
fn rule_5_no_ambient_credential() {
    for own in &DIALECTS {
        let bearer = "Authorization: Bearer x";
        let alone = verdict(own, "", own.line, &[bearer, "Origin: https://client.example"]);
        let expected =
            if own.bearer.starts_with("allow") { own.bearer } else { "refuse origin_mismatch" };
        assert_eq!(alone, expected, "{}", own.name);
        assert_eq!(verdict(own, "", own.line, &[bearer]), own.bearer, "{}", own.name);
        let beside = [bearer, own.cookie, "Origin: https://client.example"];
        assert_eq!(verdict(own, "", own.line, &beside), "refuse origin_mismatch", "{}", own.name);
    }
}

#[test]
fn rule_6_provenance() {
    for own in &DIALECTS {
        let say = |line| verdict(own, "", own.line, &[own.cookie, own.header, line]);
        assert_eq!(say(OWN), own.both, "{}", own.name);
        for (line, expected) in [
            ("Origin: https://evil.example", "refuse origin_mismatch"),
            ("Origin: http://app.example", "refuse origin_mismatch"),
            ("Sec-Fetch-Site: cross-site", "refuse cross_site"),
            ("Sec-Fetch-Site: same-site", "refuse same_site"),
            ("Referer: https://evil.example/", "refuse referer_mismatch"),
        ] {
            let got = say(line);
            let django = own.bare == "refuse referer_missing" && line.starts_with("Sec-Fetch-Site");
            let expected = if django { "refuse referer_missing" } else { expected };
            assert_eq!(got, expected, "{}: even beside a valid token, {line}", own.name);
        }
        let trusted = "trusted_origins = [\"https://evil.example\"]";
        let headers = [own.cookie, own.header, "Origin: https://evil.example"];
        assert_eq!(verdict(own, trusted, own.line, &headers), own.both, "{}", own.name);
    }
}

#[test]
fn rule_7_the_token() {
    for own in &DIALECTS {
        let name = own.header.split_once(':').unwrap().0;
        let say = |value: &str| {
            let line = format!("{name}: {value}");
            verdict(own, "", own.line, &[own.cookie, &line, "Referer: https://app.example/"])
        };
        match own.name {
            "standard" | "couchdb" => assert_eq!(say("x"), "allow provenance"),
            "redback" | "transmission" => assert_eq!(say("x"), "refuse token_malformed"),
            "voss" | "django" | "jupyter" | "laravel" => {
                assert_eq!(say("{token}"), own.both);
                assert_eq!(say("{token:other}"), "refuse token_cookie_mismatch");
            }
            _ => {
                assert_eq!(say("{token}"), own.both, "{}", own.name);
                assert_eq!(say("{token:other}"), "refuse token_invalid", "{}", own.name);
            }
        }
    }
}

#[test]
fn rule_8_what_the_dialect_demands() {
    for own in &DIALECTS {
        assert_eq!(verdict(own, "", own.line, &[own.cookie]), own.bare, "{} bare", own.name);
        assert_eq!(verdict(own, "", own.line, &[own.cookie, OWN]), own.own, "{} own", own.name);
        let both = [own.cookie, OWN, own.header];
        assert_eq!(verdict(own, "", own.line, &both), own.both, "{} both", own.name);
    }
}

#[test]
fn every_built_in_dialect_is_in_these_tables() {
    let names: Vec<&str> = DIALECTS.iter().map(|own| own.name).collect();
    assert_eq!(names, countersign::builtin_names().collect::<Vec<_>>());
}

#[test]
fn a_preflight_passes_where_every_route_is_protected() {
    // It cannot carry a token or a cookie; the browser asks whether it may send one.
    for line in ["OPTIONS /dataservice/device", "OPTIONS /logout"] {
        let text =
            ask(line, &["Origin: https://client.example", "Access-Control-Request-Method: POST"]);
        assert_eq!(judge(&policy("dialect = \"vmanage\""), &text), "allow safe_method", "{line}");
    }
}
