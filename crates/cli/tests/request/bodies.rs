//! What goes in: bodies and headers.

use crate::call::{request, request_with};
use crate::server::{Server, TOKEN, ok};

#[test]
fn each_kind_of_body_arrives_with_its_type() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("body");
    std::fs::write(&file, "{\"from\":\"file\"}\n").unwrap();
    let file = format!("@{}", file.display());
    let (form, json) = ("application/x-www-form-urlencoded", "application/json");
    for (args, kind, body) in [
        (vec!["--data", "a=b&c"], form, "a=b&c"),
        (vec!["--data", &file], form, "{\"from\":\"file\"}\n"),
        (vec!["--data", "@-"], form, "piped"),
        (vec!["--data", "x", "-H", "content-type: text/plain"], "text/plain", "x"),
        (vec!["--json", "{\"a\":1}"], json, "{\"a\":1}"),
        (vec!["--json", &file], json, "{\"from\":\"file\"}\n"),
        (vec!["--form", "a=b c", "--form", "d=&e=f"], form, "a=b+c&d=%26e%3Df"),
    ] {
        let server = Server::start(|_| ok("done"));
        let ran = request_with(&[&args[..], &["POST", &server.at("/x")]].concat(), "piped");
        assert_eq!(ran.status, 0, "{args:?}: {}", ran.err);
        let sent = server.asked().pop().unwrap();
        assert_eq!(sent.headers.get_all("content-type").iter().count(), 1, "{args:?}");
        assert_eq!(sent.header("content-type"), Some(kind), "{args:?}");
        assert_eq!(std::str::from_utf8(&sent.body).unwrap(), body, "{args:?}");
        assert_eq!(sent.header("x-token"), Some(TOKEN), "{args:?}");
    }
}

#[test]
fn headers_are_sent_as_given() {
    let server = Server::start(|_| ok("done"));
    let ran = request(&["POST", &server.at("/x"), "-H", "X-Own:a", "-H", "X-Token: mine"]);
    assert_eq!(ran.status, 0, "{}", ran.err);
    let sent = server.asked().pop().unwrap();
    assert_eq!((sent.header("x-own"), sent.header("x-token")), (Some("a"), Some("mine")));
    // The caller brought a token, so none was fetched.
    assert_eq!(server.lines(), ["POST /x"]);
}
