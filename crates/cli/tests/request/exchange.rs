//! `--show-exchange`.

use crate::call::{DOCUMENT, request};
use crate::server::{Server, TOKEN, answer, ok};

fn server() -> Server {
    Server::start(|asked| match asked.header("x-token") {
        Some(TOKEN) => answer(200, &[("x-seen", "yes")], "done"),
        _ => ok("read"),
    })
}

#[test]
fn every_request_and_response_is_shown() {
    let server = server();
    let ran = request(&[
        "--show-exchange",
        "-u",
        "me:s3cr3t",
        "POST",
        &server.at("/x?y=1"),
        "--data",
        "body",
    ]);
    assert_eq!((ran.status, ran.out.as_str()), (0, "done"));
    let firsts: Vec<&str> = ran
        .err
        .lines()
        .filter(|line| line.contains(" HTTP/1.1") || line.contains("HTTP/1.1 "))
        .collect();
    assert_eq!(
        firsts,
        [
            "> GET /.well-known/csrf HTTP/1.1",
            "< HTTP/1.1 200 OK",
            "> GET /token HTTP/1.1",
            "< HTTP/1.1 200 OK",
            "> POST /x?y=1 HTTP/1.1",
            "< HTTP/1.1 200 OK",
        ]
    );
    for line in [
        "> content-length: 4",
        "> authorization: Basic ****",
        "< x-seen: yes",
        "> x-token: t0k3****",
    ] {
        assert!(ran.err.lines().any(|own| own == line), "{line}: {}", ran.err);
    }
}

#[test]
fn what_is_shown_is_what_was_sent() {
    let server = server();
    let ran = request(&["--show-exchange", "POST", &server.at("/x"), "--data", "body"]);
    let sent = server.asked().pop().unwrap();
    let shown: Vec<&str> = ran
        .err
        .split("> POST ")
        .nth(1)
        .unwrap()
        .lines()
        .skip(1)
        .take_while(|line| !line.is_empty())
        .collect();
    let mut names: Vec<&str> = shown
        .iter()
        .map(|line| line.strip_prefix("> ").unwrap().split_once(": ").unwrap().0)
        .collect();
    let mut arrived: Vec<&str> = sent.headers.keys().map(axum::http::HeaderName::as_str).collect();
    names.sort_unstable();
    arrived.sort_unstable();
    assert_eq!(names, arrived);
}

#[test]
fn no_secret_is_shown() {
    let server = server();
    let ran = request(&[
        "--show-exchange",
        "--login",
        "me:s3cr3t",
        "-H",
        "X-Api-Key: k3y",
        "POST",
        &server.at("/x"),
    ]);
    assert_eq!(ran.status, 0, "{}", ran.err);
    for secret in [TOKEN, "s3ss10n-0123456789", "s3cr3t", "k3y"] {
        assert!(!ran.err.contains(secret), "{secret}: {}", ran.err);
    }
    assert!(ran.err.contains("set-cookie: sid=s3ss****; Path=/"), "{}", ran.err);
    assert!(ran.err.contains("> cookie: sid=s3ss****"), "{}", ran.err);
}

#[test]
fn colours_are_for_terminals() {
    let ran = request(&["--show-exchange", "GET", &server().at("/x")]);
    assert!(!ran.err.contains('\u{1b}'), "{}", ran.err);
}

#[test]
fn a_server_cannot_write_to_the_terminal() {
    let server = Server::start(|_| {
        let mut answer = ok("done");
        // CSI, as one character.
        let value = axum::http::HeaderValue::from_bytes("a\u{9b}31mb".as_bytes()).unwrap();
        answer.headers_mut().insert("x-note", value);
        answer
    });
    let ran = request(&["--show-exchange", "GET", &server.at("/x")]);
    assert!(ran.err.contains("x-note: a\u{fffd}31mb"), "{}", ran.err);
    let document = DOCUMENT.replace("X-Token", "\\u001b[31m");
    let server = Server::bare(move |_| ok(&document));
    let ran = request(&["GET", &server.at("/x")]);
    assert_eq!(ran.status, 2);
    assert!(ran.err.contains("[31m") && !ran.err.contains('\u{1b}'), "{:?}", ran.err);
}
