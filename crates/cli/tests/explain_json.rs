//! The JSON of `explain`: its keys are promised in the help.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must end")]

mod command;

use std::collections::BTreeSet;

use command::run;
use serde_json::{Value, json};

fn explain(flags: &[&str], request: &str) -> Value {
    let ran = run(&[&["explain", "--json"], flags].concat(), request);
    let document: Value = serde_json::from_str(&ran.out).unwrap();
    let allowed = document.pointer("/verdict").is_some_and(|verdict| verdict == "allowed");
    assert_eq!(ran.status, if allowed { 0 } else { 3 }, "{}{}", ran.out, ran.err);
    document
}

fn keys(value: &Value) -> BTreeSet<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn every_key_is_there_whatever_the_verdict() {
    let allowed = explain(&["--scheme", "http"], "GET /a?b HTTP/1.1\nHost: a.example\n\n");
    let refused = explain(&[], "POST / HTTP/1.1\nHost: a.example\nOrigin: null\n\n");
    let undecided = explain(
        &[],
        "POST / HTTP/1.1\nHost: a.example\nCookie: session=1\nX-CSRF-Token: AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n\n",
    );
    for (name, document, verdict, outcomes) in [
        ("allowed", &allowed, "allowed", 1),
        ("refused", &refused, "refused", 1),
        ("undecided", &undecided, "undecided", 2),
    ] {
        let top = ["verdict", "request", "hangs_on", "notes", "outcomes"];
        assert_eq!(keys(document), BTreeSet::from(top), "{name}");
        assert_eq!(document["verdict"], verdict, "{name}");
        let subject = ["method", "target", "dialect", "mode", "scheme", "peer"];
        assert_eq!(keys(&document["request"]), BTreeSet::from(subject), "{name}");
        let list = document["outcomes"].as_array().unwrap();
        assert_eq!(list.len(), outcomes, "{name}");
        for outcome in list {
            let own = [
                "when",
                "verdict",
                "rule",
                "reason",
                "permit",
                "seen",
                "expected",
                "owes_token",
                "reply",
                "remedy",
                "findings",
            ];
            assert_eq!(keys(outcome), BTreeSet::from(own), "{name}");
            for finding in outcome["findings"].as_array().unwrap() {
                let own = ["rule", "seen", "against", "outcome"];
                assert_eq!(keys(finding), BTreeSet::from(own), "{name}");
                assert_eq!(keys(&finding["rule"]), BTreeSet::from(["number", "name"]), "{name}");
            }
        }
    }
}

#[test]
fn an_allowed_request() {
    let document = explain(&["--scheme", "http"], "GET /a?b HTTP/1.1\nHost: a.example\n\n");
    assert_eq!(
        document["request"],
        json!({
            "method": "GET", "target": "/a?b", "dialect": "standard", "mode": "enforce",
            "scheme": "http", "peer": null,
        })
    );
    let outcome = &document["outcomes"][0];
    assert_eq!(outcome["permit"], "safe_method");
    assert_eq!(outcome["rule"], json!({ "number": 2, "name": "need" }));
    assert_eq!([&outcome["reason"], &outcome["reply"], &outcome["remedy"]], [&Value::Null; 3]);
    assert_eq!(document["notes"], json!([]));
}

#[test]
fn a_refused_request() {
    let request = "POST / HTTP/1.1\nHost: a.example\nOrigin: https://evil.example\n\
                   Accept: application/json\nCookie: session=1\n\n";
    let document = explain(&["--peer", "10.0.0.1"], request);
    let outcome = &document["outcomes"][0];
    assert_eq!(document["request"]["peer"], "10.0.0.1");
    assert_eq!(outcome["reason"], "origin_mismatch");
    assert_eq!(outcome["permit"], Value::Null);
    assert_eq!(outcome["rule"], json!({ "number": 6, "name": "provenance" }));
    assert_eq!(outcome["seen"], "https://evil.example");
    assert_eq!(outcome["expected"], "http://a.example");
    assert_eq!(
        outcome["reply"],
        json!({
            "status": 403, "reason_phrase": null, "content_type": "application/json",
            "body": "{\"error\":\"csrf\"}",
        })
    );
    let last = outcome["findings"].as_array().unwrap().last().unwrap();
    assert_eq!(last["outcome"], "fails");
}
