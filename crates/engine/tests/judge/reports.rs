//! What operators see: report mode, findings, remedies, and the reply that a client gets.

use super::{ask, keyring, policy};
use crate::common::{MOMENT, Memory, decide, say};
use crate::text::request;
use countersign::{
    Engine, Facts, Finding, Mode, Outcome, Peer, Permit, Policy, Reason, Reply, Rule, Scheme,
    Verdict, builtin, policy_schema,
};
use http::HeaderMap;

const PEER: Peer = Peer::new(None, Scheme::Https);

fn judge(policy: &Policy, text: &str) -> Verdict {
    let request = request(text);
    let engine = Engine::new(policy.clone(), keyring());
    let facts = Facts::of(&request, PEER);
    decide(engine.judge(&facts, MOMENT), request.body(), &Memory::default())
}

fn trace(policy: &Policy, text: &str) -> Vec<Finding> {
    let (mut trace, request) = (Vec::new(), request(text));
    let engine = Engine::new(policy.clone(), keyring());
    let facts = Facts::of(&request, PEER);
    let _ =
        decide(engine.judge_traced(&facts, MOMENT, &mut trace), request.body(), &Memory::default());
    trace
}

#[test]
fn report_mode_refuses_nothing_and_says_everything() {
    let report = Policy::standard().with_mode(Mode::Report);
    for lines in [
        vec!["Origin: https://evil.example"],
        vec!["Host: other.example"],
        vec!["Cookie: session=1"],
        vec!["Cookie: session=1", "X-CSRF-Token: x"],
    ] {
        let text = ask("POST /x", &lines);
        let Verdict::Refuse(refused) = judge(&Policy::standard(), &text) else {
            panic!("{lines:?} is refused")
        };
        let Verdict::Report(reported, allow) = judge(&report, &text) else {
            panic!("{lines:?} is reported")
        };
        assert_eq!(reported, refused);
        assert_eq!(*allow.permit(), Permit::ReportOnly);
    }
    let good = ask("POST /x", &["Origin: https://app.example"]);
    assert_eq!(say(&judge(&report, &good)), "allow provenance");
}

#[test]
fn a_reported_request_is_owed_what_an_allowed_one_would_be() {
    for (dialect, line, owes) in
        [("voss", "POST /x", true), ("genesys", "POST /x", false), ("tao", "POST /x", false)]
    {
        let policy = Policy::builtin(dialect).unwrap().with_mode(Mode::Report);
        let Verdict::Report(_, allow) = judge(&policy, &ask(line, &[])) else {
            panic!("{dialect}: reported")
        };
        assert_eq!(allow.owes_token(), owes, "{dialect}");
    }
}

/// The share of requests whose refusals are carried out; those of the others are reported.
#[test]
fn a_rollout_carries_out_the_refusals_of_its_share() {
    let refused = ask("POST /x", &["Origin: https://evil.example"]);
    let allowed = ask("POST /x", &["Origin: https://app.example"]);
    for (share, draw, carried_out) in [
        (100, Some(0), true),
        (100, Some(99), true),
        (100, None, true),
        (25, Some(0), true),
        (25, Some(24), true),
        (25, Some(25), false),
        (25, Some(99), false),
        // Who draws no lot, or one that is none, gets no way through.
        (25, None, true),
        (25, Some(100), true),
        (25, Some(255), true),
        (1, None, true),
        (0, Some(0), false),
        (0, Some(99), false),
        (0, None, false),
        // More than all is all.
        (200, Some(99), true),
    ] {
        let policy = Policy::standard().with_rollout(share);
        let expected = if carried_out { "refuse" } else { "report" };
        let lot = |text: &str, policy: &Policy| {
            let request = request(text);
            let engine = Engine::new(policy.clone(), keyring());
            let facts = Facts::of(&request, PEER);
            let facts = match draw {
                Some(draw) => facts.with_draw(draw),
                None => facts,
            };
            say(&decide(engine.judge(&facts, MOMENT), request.body(), &Memory::default()))
        };
        let name = format!("{share} in a hundred, lot {draw:?}");
        assert_eq!(lot(&refused, &policy), format!("{expected} origin_mismatch"), "{name}");
        assert_eq!(lot(&allowed, &policy), "allow provenance", "{name}");
        let report = policy.with_mode(Mode::Report);
        assert_eq!(lot(&refused, &report), "report origin_mismatch", "{name}, report mode");
    }
    assert_eq!(Policy::standard().with_rollout(200).rollout(), 100);
}

#[test]
fn a_disabled_policy_judges_nothing_and_owes_nothing() {
    let off = policy("dialect = \"voss\"\nenabled = false");
    let Verdict::Allow(allow) = judge(&off, &ask("POST /x", &["Origin: https://evil.example"]))
    else {
        panic!("nothing is refused")
    };
    assert_eq!(*allow.permit(), Permit::Disabled);
    assert!(!allow.owes_token());
}

#[test]
fn findings_tell_the_rules_in_the_order_they_were_looked_at() {
    let rules = |policy: &Policy, text: &str| -> Vec<(u8, Outcome)> {
        trace(policy, text).iter().map(|found| (found.rule.number(), found.outcome)).collect()
    };
    let (passes, fails, neutral) = (Outcome::Passes, Outcome::Fails, Outcome::Neutral);
    let standard = Policy::standard();
    assert_eq!(rules(&standard, &ask("GET /x", &[])), [(2, passes)]);
    assert_eq!(
        rules(&standard, &ask("POST /x", &["Origin: https://app.example"])),
        [(2, neutral), (1, neutral), (5, neutral), (6, passes)]
    );
    assert_eq!(
        rules(&standard, &ask("POST /x", &["Authorization: Bearer x"])),
        [(2, neutral), (1, neutral), (5, passes)]
    );
    assert_eq!(
        rules(&standard, &ask("POST /x", &["Origin: https://evil.example"])),
        [(2, neutral), (1, neutral), (5, neutral), (6, fails)]
    );
    assert_eq!(
        rules(&standard, &ask("POST /x", &["Cookie: session=1"])),
        [(2, neutral), (1, neutral), (5, neutral), (6, neutral), (7, fails)]
    );
    let twice = ask("POST /x", &["Origin: https://a.example", "Origin: https://a.example"]);
    assert_eq!(rules(&standard, &twice), [(2, neutral), (3, fails)]);
    let exempt = policy("exempt = [{ path = \"/x\", methods = [\"POST\"], reason = \"signed\" }]");
    let found = trace(&exempt, &ask("POST /x", &[]));
    assert_eq!(found.last().unwrap().rule, Rule::Exemption);
    assert!(found.last().unwrap().against.contains("signed"));
}

#[test]
fn a_refusal_shows_what_was_seen_and_with_what_it_was_compared() {
    for (name, lines, seen, expected) in [
        ("origin", "Origin: https://evil.example", "https://evil.example", "https://app.example"),
        ("fetch", "Sec-Fetch-Site: cross-site", "cross-site", "https://app.example"),
        // The rest of a Referer may hold another site's secrets.
        (
            "referer",
            "Referer: https://evil.example/reset?key=s3cret",
            "https://evil.example",
            "https://app.example",
        ),
    ] {
        let Verdict::Refuse(refusal) = judge(&Policy::standard(), &ask("POST /x", &[lines])) else {
            panic!("{name}")
        };
        assert_eq!((&*refusal.seen, &*refusal.expected), (seen, expected), "{name}");
    }
}

#[test]
fn every_reason_has_a_remedy_and_its_settings_exist() {
    let schema = policy_schema();
    let settings = schema["properties"].as_object().unwrap();
    let refused = judge(&Policy::standard(), &ask("POST /x", &["Origin: https://evil.example"]));
    let Verdict::Refuse(refusal) = refused else { panic!("refused") };
    for reason in Reason::ALL {
        let mut refusal = refusal.clone();
        refusal.reason = reason;
        let remedy = refusal.remedy(&Policy::standard());
        assert!(remedy.len() > 10 && !remedy.ends_with('.'), "{reason}: {remedy}");
        for quoted in remedy.split('`').skip(1).step_by(2) {
            let name = quoted.split(' ').next().unwrap();
            let names_a_key =
                name.contains('_') && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
            assert!(!names_a_key || settings.contains_key(name), "{reason}: there is no `{name}`");
        }
    }
}

#[test]
fn codes_are_stable_names() {
    for reason in Reason::ALL {
        let code = reason.code();
        assert!(code.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{code}");
        assert_eq!(serde_json::to_value(reason).unwrap(), code);
        assert_eq!(serde_json::from_value::<Reason>(code.into()).unwrap(), reason);
    }
    let mut codes: Vec<&str> = Reason::ALL.iter().map(|reason| reason.code()).collect();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), Reason::ALL.len());
}

fn reply(dialect: &str, accept: Option<&str>, reason: Reason) -> Reply {
    let mut headers = HeaderMap::new();
    if let Some(accept) = accept {
        headers.insert("accept", accept.parse().unwrap());
    }
    builtin(dialect).unwrap().reply(reason, &headers)
}

#[test]
fn clients_are_told_what_their_product_tells_them() {
    let missing = Reason::TokenMissing;
    let genesys = reply("genesys", None, missing);
    assert_eq!(genesys.status, 403);
    let (content_type, text) = genesys.body.unwrap();
    assert_eq!(content_type, "application/json");
    assert_eq!(text, r#"{"statusCode":5,"statusMessage":"Missing or invalid Csrf token"}"#);
    assert_eq!(reply("genesys", None, Reason::TokenInvalid).body.unwrap().1, text, "one for all");

    let redback = reply("redback", None, Reason::OriginMismatch);
    assert_eq!((redback.status, redback.body), (403, None));

    let tao = reply("tao", None, Reason::TokenSpent);
    assert_eq!(tao.reason_phrase.as_deref(), Some("Unable to process your request"));
    assert_eq!((tao.status, tao.body), (403, None));

    let (content_type, text) = reply("vmanage", None, missing).body.unwrap();
    assert!(content_type.starts_with("text/html"));
    assert!(text.contains(
        "SessionTokenFilter: Token provided via HTTP Header does not match the token generated by \
         the server."
    ));
}

#[test]
fn a_reply_takes_the_form_that_the_client_names() {
    let origin = Reason::OriginMismatch;
    let json = r#"{"detail":"CSRF Failed: Origin checking failed."}"#;
    for (accept, is_json) in [
        (Some("application/json"), true),
        (Some("Application/JSON; q=0.9"), true),
        (Some("text/plain, application/json"), true),
        (Some("text/html"), false),
        (Some("*/*"), false),
        (Some("application/*"), false),
        (Some("application/json-seq"), false),
        (None, false),
    ] {
        let (content_type, text) = reply("voss", accept, origin).body.unwrap();
        assert_eq!(content_type == "application/json", is_json, "{accept:?}");
        assert_eq!(text == json, is_json, "{accept:?}");
        assert!(text.contains("Origin checking failed."), "{accept:?}");
    }
    let other = reply("voss", Some("application/json"), Reason::StoreUnavailable).body.unwrap().1;
    assert_eq!(other, r#"{"detail":"CSRF Failed: CSRF token incorrect."}"#);
}
