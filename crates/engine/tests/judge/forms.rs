//! Rule 7: the token in a form, in the words that the caller resumes the engine with.

use super::{SESSION, ask, judge, keyring, policy, token};
use crate::common::{MOMENT, say};
use crate::text::request;
use countersign::{Engine, Facts, Field, Peer, Scheme, Step, urlencoded_field};

const COOKIE: &str = "Cookie: session=5d1ccc96cbd7e7f290020aaedd64c1b3";
const FORM: &str = "Content-Type: application/x-www-form-urlencoded";

/// What a POST with this content type comes to when the form answers `field`.
fn with_field(content_type: &str, field: Field) -> String {
    let engine = Engine::new(policy("form_limit = 1000"), keyring());
    let request = request(&ask("POST /x", &[COOKIE, content_type]));
    let facts = Facts::of(&request, Peer::new(None, Scheme::Https));
    match engine.judge(&facts, MOMENT) {
        Step::Form(need) => {
            assert_eq!((need.field(), need.limit()), ("csrf_token", 1000));
            match need.resume(field) {
                Step::Decided(verdict) => say(&verdict),
                other => panic!("{other:?}"),
            }
        }
        Step::Decided(verdict) => format!("no form: {}", say(&verdict)),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_a_form_may_hold() {
    let engine = Engine::new(policy(""), keyring());
    let one = |text: &str| Field::One(text.as_bytes().to_vec());
    for (name, field, expected) in [
        ("the token", one(&token(&engine, SESSION)), "allow token"),
        ("another session's", one(&token(&engine, "other")), "refuse token_invalid"),
        ("nothing", one(""), "refuse token_malformed"),
        ("bytes", Field::One(vec![0, 0xff]), "refuse token_malformed"),
        ("no such field", Field::Absent, "refuse token_missing"),
        ("two", Field::Repeated, "refuse token_repeated"),
        ("too long a form", Field::TooLarge, "refuse form_too_large"),
        ("no form", Field::Malformed, "refuse form_malformed"),
    ] {
        assert_eq!(with_field(FORM, field.clone()), expected, "{name}");
        let multipart = "Content-Type: multipart/form-data; boundary=x";
        assert_eq!(with_field(multipart, field), expected, "{name}, multipart");
    }
}

#[test]
fn which_bodies_are_forms() {
    for (content_type, form) in [
        ("application/x-www-form-urlencoded", true),
        ("Application/X-WWW-Form-URLEncoded", true),
        ("application/x-www-form-urlencoded; charset=utf-8", true),
        (" application/x-www-form-urlencoded ;x", true),
        ("multipart/form-data; boundary=x", true),
        ("multipart/form-data", true),
        ("multipart/mixed; boundary=x", false),
        ("text/plain", false),
        ("application/json", false),
        ("application/x-www-form-urlencoded-not", false),
        ("text/plain; application/x-www-form-urlencoded", false),
        ("text/plain, application/x-www-form-urlencoded", false),
        ("", false),
    ] {
        let got = with_field(&format!("Content-Type: {content_type}"), Field::Absent);
        let expected = if form { "refuse token_missing" } else { "no form: refuse token_missing" };
        assert_eq!(got, expected, "`{content_type}`");
    }
    assert_eq!(with_field("A: b", Field::Absent), "no form: refuse token_missing");
    let two = format!("{FORM}\n{FORM}");
    assert_eq!(with_field(&two, Field::Absent), "no form: refuse token_missing");
}

#[test]
fn a_header_is_looked_at_first_and_alone() {
    let policy = policy("");
    let body = "\n\ncsrf_token={token}";
    for (header, expected) in [
        ("A: b", "allow token"),
        ("X-CSRF-Token: {token:other}", "refuse token_invalid"),
        ("X-CSRF-Token: ", "refuse token_malformed"),
    ] {
        let text = format!("{}{body}", ask("POST /x", &[COOKIE, FORM, header]));
        assert_eq!(judge(&policy, &text), expected, "{header}");
    }
}

#[test]
fn a_read_has_no_form() {
    let policy = policy("route = [{ path = \"/x\", methods = [\"GET\"], require = \"token\" }]");
    let text = format!("{}\n\ncsrf_token={{token}}", ask("GET /x", &[COOKIE, FORM]));
    assert_eq!(judge(&policy, &text), "refuse token_missing");
}

#[test]
fn a_dialect_without_a_field_reads_no_form() {
    let policy = policy("dialect = \"genesys\"");
    let cookie = "Cookie: JSESSIONID={session}";
    let text = format!("{}\n\nX-CSRF-TOKEN={{token}}", ask("POST /x", &[cookie, FORM]));
    assert_eq!(judge(&policy, &text), "refuse token_missing");
}

#[test]
fn the_end_of_a_form_within_the_limit_is_its_end() {
    for (limit, expected) in [
        (200, "allow token"),
        (48, "allow token"),
        (43, "refuse form_too_large"),
        (0, "refuse form_too_large"),
    ] {
        let policy = policy(&format!("form_limit = {limit}"));
        // 43 bytes up to the ampersand: an incomplete pair might go on.
        let text = format!("{}\n\ncsrf_token={{token}}&more=1", ask("POST /x", &[COOKIE, FORM]));
        assert_eq!(judge(&policy, &text), expected, "{limit}");
    }
}

#[test]
fn a_field_is_one_or_it_is_repeated() {
    let one = |text: &str| Field::One(text.as_bytes().to_vec());
    for (body, expected) in [
        ("t=1", one("1")),
        ("t=%31", one("1")),
        ("%74=1", one("1")),
        ("t=1;t=2", one("1;t=2")),
        ("t=a+b", one("a b")),
        ("t", one("")),
        ("x=1&t=2", one("2")),
        ("t=1&t=1", Field::Repeated),
        ("t=1&%74=1", Field::Repeated),
        ("t[]=1", Field::Repeated),
        ("t%5B%5D=1", Field::Repeated),
        ("t[0]=1", Field::Repeated),
        ("tt=1", Field::Absent),
        ("T=1", Field::Absent),
        (" t=1", Field::Absent),
        ("", Field::Absent),
    ] {
        assert!(urlencoded_field(body.as_bytes(), "t") == expected, "{body}");
    }
}
