//! `--cookie-jar`: a session between calls.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};

use tempfile::TempDir;

use crate::call::{begin, request};
use crate::server::{Server, TOKEN, answer, ok};

fn place() -> (TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("jar.json").to_str().unwrap().to_owned();
    (folder, file)
}

fn mode(file: &str) -> u32 {
    fs::metadata(file).unwrap().permissions().mode() & 0o777
}

#[test]
fn cookies_and_tokens_are_kept_for_the_next_call() {
    let server = Server::start(|_| ok("done"));
    let (_folder, jar) = place();
    for _ in 0..2 {
        let ran = request(&["--cookie-jar", &jar, "POST", &server.at("/x")]);
        assert_eq!((ran.status, ran.err.as_str()), (0, ""));
    }
    assert_eq!(server.lines(), ["GET /token", "POST /x", "POST /x"]);
    let last = server.asked().pop().unwrap();
    assert_eq!(
        (last.header("x-token"), last.cookie("sid")),
        (Some(TOKEN), Some("s3ss10n-0123456789"))
    );
    assert_eq!(mode(&jar), 0o600);
    assert_eq!(mode(&format!("{jar}.lock")), 0o600);
}

#[test]
fn what_a_failed_call_learned_is_kept_too() {
    let server = Server::start(|_| answer(500, &[("set-cookie", "late=yes; Path=/")], ""));
    let (_folder, jar) = place();
    for _ in 0..2 {
        assert_eq!(request(&["--cookie-jar", &jar, "GET", &server.at("/x")]).status, 5);
    }
    assert_eq!(server.asked().pop().unwrap().cookie("late"), Some("yes"));
}

#[test]
fn tokens_of_one_server_are_not_for_another() {
    let (one, other) = (Server::start(|_| ok("one")), Server::start(|_| ok("other")));
    let (_folder, jar) = place();
    for server in [&one, &other, &one] {
        assert_eq!(request(&["--cookie-jar", &jar, "POST", &server.at("/x")]).status, 0);
    }
    assert_eq!(other.lines(), ["GET /token", "POST /x"]);
    assert_eq!(one.lines(), ["GET /token", "POST /x", "POST /x"]);
}

#[test]
fn after_a_logout_nothing_is_left() {
    let server = Server::start(|_| ok("done"));
    let (_folder, jar) = place();
    let ran = request(&[
        "--cookie-jar",
        &jar,
        "--login",
        "me:s3cr3t",
        "--logout",
        "POST",
        &server.at("/x"),
    ]);
    assert_eq!(ran.status, 0, "{}", ran.err);
    // The session did not turn at the login, but a token of before the login is not used after it.
    let expected = ["GET /token", "POST /login", "GET /token", "POST /x", "POST /logout"];
    assert_eq!(server.lines(), expected);
    let kept = fs::read_to_string(&jar).unwrap();
    for secret in [TOKEN, "s3ss10n", "s3cr3t"] {
        assert!(!kept.contains(secret), "{kept}");
    }
}

#[test]
fn a_file_that_is_something_else_is_left_as_it_is() {
    let server = Server::start(|_| ok("done"));
    let (_folder, jar) = place();
    let foreign = "# Netscape HTTP Cookie File\n".as_bytes();
    for (content, expected) in [
        (foreign, "no cookie jar"),
        (b"{}", "no cookie jar"),
        (b"[\"s3cr3t\"]", "no cookie jar"),
        (b"\xff\xfe", "no cookie jar"),
        (br#"{"countersign_session": 1}"#, "no cookie jar"),
        (br#"{"countersign_session": 1, "cookies": ["s3cr3t"], "tokens": {}}"#, "no cookie jar"),
        (br#"{"countersign_session": 1, "cookies": [], "tokens": {"#, "no cookie jar"),
        (br#"{"countersign_session": 2, "cookies": [], "tokens": {}}"#, "version 2"),
    ] {
        fs::write(&jar, content).unwrap();
        fs::set_permissions(&jar, fs::Permissions::from_mode(0o600)).unwrap();
        let ran = request(&["--cookie-jar", &jar, "POST", &server.at("/x")]);
        assert_eq!((ran.status, ran.err.lines().count()), (2, 1), "{}", ran.err);
        assert!(ran.err.contains(expected) && ran.err.contains("name another file"), "{}", ran.err);
        assert!(!ran.err.contains("s3cr3t"), "{}", ran.err);
        assert_eq!(fs::read(&jar).unwrap(), content);
    }
    assert!(server.asked().is_empty());
}

#[test]
fn a_place_that_cannot_be_used_is_named() {
    let server = Server::start(|_| ok("done"));
    let folder = tempfile::tempdir().unwrap();
    let nowhere = folder.path().join("no/such/folder/jar").to_str().unwrap().to_owned();
    let ran = request(&["--cookie-jar", &nowhere, "GET", &server.at("/x")]);
    assert_eq!(ran.status, 2, "{}", ran.err);
    assert!(ran.err.contains(&nowhere), "{}", ran.err);
    let ran = request(&["--cookie-jar", folder.path().to_str().unwrap(), "GET", &server.at("/x")]);
    assert_eq!(ran.status, 2, "{}", ran.err);
    assert!(server.asked().is_empty());
}

#[test]
fn an_empty_file_is_an_empty_jar_and_a_link_is_followed() {
    let server = Server::start(|_| ok("done"));
    let (folder, jar) = place();
    fs::write(&jar, "").unwrap();
    let link = folder.path().join("link").to_str().unwrap().to_owned();
    std::os::unix::fs::symlink(&jar, &link).unwrap();
    assert_eq!(request(&["--cookie-jar", &link, "POST", &server.at("/x")]).status, 0);
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert!(fs::read_to_string(&jar).unwrap().contains(TOKEN));
}

#[test]
fn a_jar_that_others_may_read_is_a_warning_and_mended() {
    let server = Server::start(|_| ok("done"));
    let (_folder, jar) = place();
    request(&["--cookie-jar", &jar, "POST", &server.at("/x")]);
    fs::set_permissions(&jar, fs::Permissions::from_mode(0o644)).unwrap();
    let ran = request(&["--cookie-jar", &jar, "POST", &server.at("/x")]);
    assert_eq!(ran.status, 0);
    assert!(ran.err.contains("others may read"), "{}", ran.err);
    assert_eq!(mode(&jar), 0o600);
}

#[test]
fn of_two_calls_at_once_one_waits() {
    let (arrived, arrivals) = channel();
    let (open, gate) = channel::<()>();
    let (arrived, gate) = (Arc::new(Mutex::new(arrived)), Arc::new(Mutex::new(gate)));
    let server = Server::start(move |asked| {
        if asked.uri.path() == "/slow" {
            arrived.lock().unwrap().send(()).unwrap();
            let gate = gate.clone();
            tokio::task::block_in_place(move || gate.lock().unwrap().recv().unwrap());
        }
        ok("done")
    });
    let (_folder, jar) = place();
    let mut first = begin(&["--cookie-jar", &jar, "POST", &server.at("/slow")]);
    arrivals.recv().unwrap();
    let mut second = begin(&["--cookie-jar", &jar, "POST", &server.at("/quick")]);
    let mut log = BufReader::new(second.stderr.take().unwrap());
    let mut line = String::new();
    log.read_line(&mut line).unwrap();
    assert!(line.contains("waiting for another call") && line.contains(&jar), "{line}");
    assert!(!server.lines().contains(&"POST /quick".to_owned()));
    open.send(()).unwrap();
    assert!(first.wait().unwrap().success());
    assert!(second.wait().unwrap().success());
    line.clear();
    log.read_to_string(&mut line).unwrap();
    assert_eq!(line, "");
    // The second one has the first one's token.
    assert_eq!(server.lines(), ["GET /token", "POST /slow", "POST /quick"]);
}
