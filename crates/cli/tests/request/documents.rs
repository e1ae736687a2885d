//! Where the dialect comes from.

use countersign::builtin_source;

use crate::call::{DOCUMENT, request};
use crate::server::{Server, TOKEN, answer, ok};

#[test]
fn a_server_without_a_document_is_an_error_that_says_what_to_do() {
    let server = Server::bare(|_| answer(404, &[], ""));
    let ran = request(&["GET", &server.at("/x")]);
    assert_eq!((ran.status, ran.err.lines().count()), (2, 1), "{}", ran.err);
    for words in ["says no dialect at /.well-known/csrf", "404", "`--dialect`", "vmanage"] {
        assert!(ran.err.contains(words), "{words}: {}", ran.err);
    }
    assert_eq!(server.asked().len(), 1);
}

#[test]
fn a_page_in_place_of_a_document_is_an_error_that_says_what_to_do() {
    let server = Server::bare(|_| answer(200, &[("content-type", "text/html")], "<html>"));
    let ran = request(&["GET", &server.at("/x")]);
    assert_eq!((ran.status, ran.err.lines().count()), (2, 1), "{}", ran.err);
    for words in ["not a client document", "`--dialect`", "vmanage"] {
        assert!(ran.err.contains(words), "{words}: {}", ran.err);
    }
}

#[test]
fn a_dialect_is_a_name_a_file_or_a_document() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(path("own.json"), DOCUMENT).unwrap();
    let dialect = builtin_source("standard").unwrap().replace("X-CSRF-Token", "X-Own-Token");
    std::fs::write(path("own.toml"), dialect).unwrap();
    for (dialect, header) in [
        (path("own.json"), "x-token"),
        (path("own.toml"), "x-own-token"),
        ("standard".to_owned(), "x-csrf-token"),
    ] {
        let server = Server::bare(|asked| match asked.uri.path() {
            "/token" => ok(TOKEN),
            "/.countersign/token" => ok(&format!(r#"{{"token": "{TOKEN}"}}"#)),
            _ => ok("done"),
        });
        let ran = request(&["--dialect", &dialect, "POST", &server.at("/x")]);
        assert_eq!(ran.status, 0, "{dialect}: {}", ran.err);
        assert_eq!(server.asked().pop().unwrap().header(header), Some(TOKEN), "{dialect}");
        assert_eq!(server.asked().len(), 2, "{dialect}");
    }
}

#[test]
fn a_dialect_that_cannot_be_used_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(path("later.json"), DOCUMENT.replace("\"version\": 1", "\"version\": 2"))
        .unwrap();
    std::fs::write(path("broken.toml"), "name =").unwrap();
    for (dialect, expected) in [
        ("nonesuch".to_owned(), "there is no dialect `nonesuch`"),
        (path("missing.toml"), "cannot read"),
        (path("broken.toml"), "broken.toml:1"),
        (path("later.json"), "update the client"),
    ] {
        let ran = request(&["--dialect", &dialect, "GET", "http://127.0.0.1:1/"]);
        assert_eq!((ran.status, ran.err.lines().count()), (2, 1), "{dialect}: {}", ran.err);
        assert!(ran.err.contains(expected), "{dialect}: {}", ran.err);
    }
}

#[test]
fn a_dialect_without_login_or_logout_is_told_before_anything_is_sent() {
    for flag in [&["--login", "a:b"][..], &["--logout"]] {
        let server = Server::bare(|_| ok("done"));
        let ran = request(&[&["--dialect", "tao", "GET", &server.at("/x")], flag].concat());
        assert_eq!(ran.status, 2, "{}", ran.err);
        assert!(ran.err.contains(flag[0]) && ran.err.contains("`tao`"), "{}", ran.err);
        assert!(server.asked().is_empty());
    }
}
