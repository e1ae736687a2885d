//! Tokens in form fields: where they may stand, and what counts as one.

use axum::Router;
use axum::extract::Multipart;
use axum::routing::post;

use crate::common::{Answer, Calls, Server, app, layer, policy, protected};

const URLENCODED: &str = "application/x-www-form-urlencoded";
const LIMIT: usize = 16 * 1024;

async fn start(calls: &Calls) -> Server {
    Server::start(app(layer(policy("standard").with_form_limit(LIMIT)), calls)).await
}

/// What came of it: the handler's echo, or the reason of the refusal.
fn outcome<'a>(answer: &'a Answer, body: &str) -> &'a str {
    match answer.status().as_u16() {
        200 => {
            assert_eq!(answer.body(), body, "the handler saw another body");
            "passes"
        }
        403 => answer.headers().get("x-reason").unwrap().to_str().unwrap(),
        _ => panic!("{answer:?}"),
    }
}

/// One part of a multipart form with the boundary `b`.
fn part(disposition: &str, value: &str) -> String {
    format!("--b\r\nContent-Disposition: form-data; {disposition}\r\n\r\n{value}\r\n")
}

fn file(size: usize) -> String {
    part(r#"name="file"; filename="f.bin""#, &"x".repeat(size))
}

#[tokio::test]
async fn urlencoded_forms() {
    let calls = Calls::default();
    let server = start(&calls).await;
    let token = server.token("session=a").await;
    let other = server.token("session=b").await;
    let filler = "x".repeat(LIMIT);
    let own = format!("csrf_token={token}");
    for (name, body, expected) in [
        ("alone", own.clone(), "passes"),
        ("first", format!("{own}&a=b"), "passes"),
        ("last", format!("a=b&{own}"), "passes"),
        ("key percent-encoded", format!("a=b&%63srf_token={token}"), "passes"),
        ("first of a long form", format!("{own}&a={filler}"), "passes"),
        ("just within the limit", format!("{}&{own}", &filler[..LIMIT - 100]), "passes"),
        ("across the limit", format!("a={}&{own}", &filler[..LIMIT - 30]), "form_too_large"),
        ("behind the limit", format!("a={filler}&{own}"), "form_too_large"),
        ("empty body", String::new(), "token_missing"),
        ("no such field", "a=b".into(), "token_missing"),
        ("another name", format!("x{own}&csrf_tokens={token}"), "token_missing"),
        ("another case", format!("CSRF_TOKEN={token}"), "token_missing"),
        ("empty value", "csrf_token=".into(), "token_malformed"),
        ("of another session", format!("csrf_token={other}"), "token_invalid"),
        ("twice the same", format!("{own}&{own}"), "token_repeated"),
        ("as a list", format!("csrf_token[]={token}"), "token_repeated"),
        ("and as a list", format!("{own}&csrf_token[]={token}"), "token_repeated"),
        ("and as a map", format!("{own}&csrf_token%5Ba%5D=x"), "token_repeated"),
        ("a text a million long", format!("csrf_token={}", "a".repeat(10_000)), "token_malformed"),
        ("not UTF-8", "csrf_token=%FF%FE".into(), "token_malformed"),
        ("a NUL", format!("csrf_token={token}%00"), "token_malformed"),
    ] {
        let before = calls.count();
        let call = server.post("/").cookie("session=a").form(URLENCODED, body.clone());
        assert_eq!(outcome(&call.send().await, &body), expected, "{name}");
        assert_eq!(calls.count() - before, usize::from(expected == "passes"), "{name}");
    }
}

#[tokio::test]
async fn multipart_forms() {
    let calls = Calls::default();
    let server = start(&calls).await;
    let token = server.token("session=a").await;
    let own = part(r#"name="csrf_token""#, &token);
    let end = "--b--\r\n";
    for (name, body, expected) in [
        ("alone", format!("{own}{end}"), "passes"),
        ("before a file", format!("{own}{}{end}", file(1000)), "passes"),
        ("before a huge file", format!("{own}{}{end}", file(10 * LIMIT)), "passes"),
        ("after a file", format!("{}{own}{end}", file(1000)), "passes"),
        ("after a huge file", format!("{}{own}{end}", file(10 * LIMIT)), "form_too_large"),
        ("with a preamble", format!("preamble\r\n{own}{end}"), "passes"),
        ("unquoted name", format!("{}{end}", part("name=csrf_token", &token)), "passes"),
        ("no end", own.clone(), "form_malformed"),
        ("empty body", String::new(), "form_malformed"),
        ("no parts", end.into(), "token_missing"),
        ("no form at all", "csrf_token=abc".into(), "form_malformed"),
        ("another boundary", format!("{own}{end}").replace("--b", "--c"), "form_malformed"),
        ("no such part", format!("{}{end}", file(10)), "token_missing"),
        (
            "another name",
            format!("{}{end}", part(r#"name="csrf_tokens""#, &token)),
            "token_missing",
        ),
        ("twice", format!("{own}{own}{end}"), "token_repeated"),
        ("as a list", format!("{}{end}", part(r#"name="csrf_token[]""#, &token)), "token_repeated"),
        (
            "and as a list",
            format!("{own}{}{end}", part(r#"name="csrf_token[0]""#, "x")),
            "token_repeated",
        ),
        (
            "a long text",
            format!("{}{end}", part("name=csrf_token", &"a".repeat(9000))),
            "form_malformed",
        ),
        ("in the file's name", file(10).replace("f.bin", &token) + end, "token_missing"),
    ] {
        let before = calls.count();
        let call = server.post("/").cookie("session=a");
        let answer = call.form("multipart/form-data; boundary=b", body.clone()).send().await;
        assert_eq!(outcome(&answer, &body), expected, "{name}");
        assert_eq!(calls.count() - before, usize::from(expected == "passes"), "{name}");
    }
}

#[tokio::test]
async fn a_forms_type_may_be_written_in_many_ways() {
    let calls = Calls::default();
    let server = start(&calls).await;
    let token = server.token("session=a").await;
    let urlencoded = format!("csrf_token={token}");
    let multipart = format!("{}--b--\r\n", part(r#"name="csrf_token""#, &token));
    for (content_type, body, expected) in [
        ("application/x-www-form-urlencoded", &urlencoded, "passes"),
        ("Application/X-WWW-Form-URLEncoded", &urlencoded, "passes"),
        ("application/x-www-form-urlencoded; charset=UTF-8", &urlencoded, "passes"),
        ("application/x-www-form-urlencoded;charset", &urlencoded, "passes"),
        ("application/x-www-form-urlencoded;", &urlencoded, "passes"),
        ("application/x-www-form-urlencoded;,x", &urlencoded, "passes"),
        ("application/x-www-form-urlencoded ; a=\"", &urlencoded, "passes"),
        ("MULTIPART/Form-Data; Boundary=b", &multipart, "passes"),
        ("multipart/form-data; charset=utf-8; boundary=\"b\"", &multipart, "passes"),
        ("multipart/form-data", &multipart, "form_malformed"),
        ("multipart/form-data; boundary=", &multipart, "form_malformed"),
        ("multipart/form-data; boundary=c", &multipart, "form_malformed"),
        ("multipart/mixed; boundary=b", &multipart, "token_missing"),
        ("text/plain", &urlencoded, "token_missing"),
        ("text/plain; application/x-www-form-urlencoded", &urlencoded, "token_missing"),
        ("application/json", &urlencoded, "token_missing"),
        ("application/x-www-form-urlencodedx", &urlencoded, "token_missing"),
        ("application/x-www-form-urlencoded, text/plain", &urlencoded, "token_missing"),
        ("", &urlencoded, "token_missing"),
    ] {
        let call = server.post("/").cookie("session=a").form(content_type, body.clone());
        assert_eq!(outcome(&call.send().await, body), expected, "{content_type}");
    }
    let twice = server.post("/").cookie("session=a").header("content-type", "text/plain");
    let answer = twice.form(URLENCODED, urlencoded.clone()).send().await;
    assert_eq!(outcome(&answer, &urlencoded), "token_missing", "two types");
}

#[tokio::test]
async fn a_header_counts_before_the_form() {
    let server = start(&Calls::default()).await;
    let token = server.token("session=a").await;
    let body = format!("csrf_token={token}");
    let call = server.post("/").cookie("session=a").header("x-csrf-token", "wrong");
    let answer = call.form(URLENCODED, body.clone()).send().await;
    assert_eq!(outcome(&answer, &body), "token_malformed");
}

/// A handler that parses the form itself, as apps do.
#[tokio::test]
async fn axums_own_multipart_reads_what_the_layer_has_read_before() {
    let handler = post(async |mut form: Multipart| {
        let mut seen = String::new();
        while let Some(field) = form.next_field().await.unwrap() {
            let name = field.name().unwrap().to_owned();
            seen += &format!("{name}={} ", field.bytes().await.unwrap().len());
        }
        seen
    });
    let routes = Router::new().route("/", handler);
    let server = Server::start(protected(layer(policy("standard")), routes)).await;
    let token = server.token("session=a").await;
    let body = format!("{}{}--b--\r\n", file(300_000), part("name=csrf_token", &token));
    for (name, body, expected) in [
        ("file first", body, 403),
        (
            "file second",
            format!("{}{}--b--\r\n", part("name=csrf_token", &token), file(300_000)),
            200,
        ),
    ] {
        let call = server.post("/").cookie("session=a");
        let answer = call.form("multipart/form-data; boundary=b", body).send().await;
        assert_eq!(answer.status(), expected, "{name}");
        if expected == 200 {
            assert_eq!(answer.body(), "csrf_token=32 file=300000 ");
        }
    }
}
