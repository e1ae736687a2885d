//! What comes out: status, body, head, file.

use std::fs::File;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::{Command, Stdio};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use crate::call::{request, request_with};
use crate::server::{Server, TOKEN, answer, ok};

#[test]
fn the_exit_status_tells_the_class_of_the_answer() {
    for (status, expected) in
        [(200, 0), (204, 0), (302, 0), (400, 4), (403, 4), (404, 4), (500, 5), (503, 5)]
    {
        let server = Server::start(move |_| answer(status, &[("location", "/x")], ""));
        let ran = request(&["GET", &server.at("/x")]);
        assert_eq!(ran.status, expected, "{status}: {}", ran.err);
        assert_eq!(ran.err, "", "{status}");
    }
}

#[test]
fn no_answer_is_one_clear_line_and_status_one() {
    let ran = request(&["--dialect", "genesys", "GET", "http://127.0.0.1:1/x"]);
    assert_eq!((ran.status, ran.err.lines().count()), (1, 1), "{}", ran.err);
    assert!(ran.err.contains("no answer from `http://127.0.0.1:1`"), "{}", ran.err);
    assert!(ran.err.to_lowercase().contains("refused"), "{}", ran.err);
}

#[test]
fn a_slow_server_is_given_up() {
    // Never answered: nobody accepts, but the system has taken the connection.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let ran = request(&["--dialect", "genesys", "--timeout", "0.05", "GET", &url]);
    assert_eq!(ran.status, 1, "{}", ran.err);
    assert!(ran.err.contains("timed out"), "{}", ran.err);
}

#[test]
fn flags_that_cannot_be_used_are_status_two_and_nothing_is_sent() {
    let server = Server::start(|_| ok("done"));
    let url = server.at("/x");
    let with_password = url.replace("http://", "http://user:s3cr3t@");
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty.pem");
    std::fs::write(&empty, "").unwrap();
    for (args, expected) in [
        (vec!["get", &url], "write `GET`"),
        (vec!["GET", "app.example/x"], "with its scheme"),
        (vec!["GET", "ftp://app.example/x"], "with its scheme"),
        (vec!["GET", &with_password], "take `--user`"),
        (vec!["GET"], "required"),
        (vec!["POST", &url, "--data", "a", "--json", "{}"], "cannot be used with"),
        (vec!["POST", &url, "--json", "{"], "not JSON"),
        (vec!["POST", &url, "--form", "a"], "name=value"),
        (vec!["POST", &url, "--data", "@/nowhere/at/all"], "cannot read `/nowhere/at/all`"),
        (vec!["GET", &url, "-H", "no colon"], "Name: value"),
        (vec!["GET", &url, "-H", "a b: s3cr3t"], "no header name"),
        (vec!["GET", &url, "-H", "Authorization s3cr3t"], "Name: value"),
        (vec!["POST", &url, "--form", "s3cr3t"], "name=value"),
        (vec!["GET", &url, "--output", "/nowhere/at/all"], "its folder is not there"),
        (vec!["GET", &url, "--output", "/"], "it is a directory"),
        (vec!["GET", &url, "--timeout", "0"], "above 0"),
        (vec!["GET", &url, "--timeout", "soon"], "above 0"),
        (vec!["GET", &url, "--cacert", empty.to_str().unwrap()], "no certificate"),
        (vec!["GET", &url, "--login", "user"], "no password on standard input"),
    ] {
        let ran = request(&args);
        assert_eq!(ran.status, 2, "{args:?}: {}", ran.err);
        assert!(ran.err.contains(expected), "{args:?}: {}", ran.err);
        assert!(!ran.err.contains("s3cr3t"), "{args:?}: {}", ran.err);
    }
    assert!(server.asked().is_empty(), "{:?}", server.lines());
}

#[test]
fn an_answer_that_cannot_be_written_is_followed_by_the_logout() {
    let server = Server::start(|_| ok("done"));
    // Longer than any file's name may be.
    let file = format!("{}/{}", std::env::temp_dir().display(), "x".repeat(300));
    let ran = request(&["--logout", "-o", &file, "GET", &server.at("/x")]);
    assert_eq!(ran.status, 1, "{}", ran.err);
    assert!(ran.err.contains("cannot write"), "{}", ran.err);
    assert_eq!(server.lines().last().unwrap(), "POST /logout");
}

#[test]
fn an_answer_that_breaks_off_is_handed_over_as_far_as_it_came() {
    let listener = TcpListener::bind("[::1]:0").unwrap();
    let url = format!("http://{}/x", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let mut stream = listener.accept().unwrap().0;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            head.extend(byte);
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf").unwrap();
    });
    let ran = request(&["--dialect", "genesys", "GET", &url]);
    server.join().unwrap();
    assert_eq!((ran.status, ran.out.as_str()), (1, "half"), "{}", ran.err);
    assert!(ran.err.contains("the answer broke off"), "{}", ran.err);
}

/// What a call writes to a terminal, and its exit status.
fn on_a_terminal(args: &[&str]) -> (String, i32) {
    let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&terminal).unwrap();
    unlockpt(&terminal).unwrap();
    let name = ptsname(&terminal, Vec::new()).unwrap().into_string().unwrap();
    let inside = File::options().read(true).write(true).open(name).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_countersign"))
        .arg("request")
        .args(args)
        .stdin(Stdio::null())
        .stderr(inside.try_clone().unwrap())
        .stdout(inside)
        .spawn()
        .unwrap();
    let status = child.wait().unwrap().code().unwrap();
    let mut seen = Vec::new();
    // When the last process that had it open has ended, reading is an error on some systems.
    let _ = File::from(terminal).read_to_end(&mut seen);
    (String::from_utf8(seen).unwrap(), status)
}

#[test]
fn what_is_no_text_does_not_go_to_a_terminal_unasked() {
    let server =
        Server::start(|asked| ok(if asked.uri.path() == "/text" { "text" } else { "a\0b" }));
    let (text, other) = (server.at("/text"), server.at("/other"));
    assert_eq!(on_a_terminal(&["GET", &text]), ("text".to_owned(), 0));
    let (seen, status) = on_a_terminal(&["GET", &other]);
    assert!(status == 1 && !seen.contains('\0') && seen.contains("`--output FILE`"), "{seen:?}");
    assert_eq!(on_a_terminal(&["-o", "-", "GET", &other]), ("a\0b".to_owned(), 0));
}

#[test]
fn the_body_comes_out_as_it_is() {
    let server = Server::start(|_| answer(200, &[("x-kind", "raw")], "\u{1b}[1m\0\r\nend"));
    let ran = request(&["GET", &server.at("/x")]);
    assert_eq!(ran.out, "\u{1b}[1m\0\r\nend");

    let ran = request(&["-i", "GET", &server.at("/x")]);
    let (head, body) = ran.out.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n") && head.contains("\r\nx-kind: raw"), "{head}");
    assert_eq!(body, "\u{1b}[1m\0\r\nend");

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("out");
    let ran = request(&["-o", file.to_str().unwrap(), "GET", &server.at("/x")]);
    assert_eq!((ran.status, ran.out.as_str()), (0, ""));
    assert_eq!(std::fs::read(&file).unwrap(), b"\x1b[1m\0\r\nend");
}

#[test]
fn redirects_are_followed_when_asked_for_and_no_token_goes_along() {
    let stranger = Server::bare(|_| ok("stranger"));
    let away = stranger.at("/trap");
    let server = Server::start(move |_| answer(307, &[("location", &away)], "home"));
    let ran = request(&["POST", &server.at("/x"), "--data", "a"]);
    assert_eq!((ran.status, ran.out.as_str()), (0, "home"));
    assert!(stranger.asked().is_empty());

    let user = ["-u", "user:password", "-H", "X-Own: mine"];
    let ran = request(&[&["-L", "POST", &server.at("/x"), "--data", "a"], &user[..]].concat());
    assert_eq!((ran.status, ran.out.as_str()), (0, "stranger"), "{}", ran.err);
    assert_eq!(server.asked().pop().unwrap().header("x-token"), Some(TOKEN));
    let trapped = stranger.asked().pop().unwrap();
    // Cookies know no ports (RFC 6265, section 8.5), so that one is there.
    for name in ["x-token", "authorization"] {
        assert_eq!(trapped.header(name), None, "{name}");
    }
}

#[test]
fn a_password_comes_from_standard_input_where_that_is_no_terminal() {
    let server = Server::start(|_| ok("done"));
    let url = server.at("/x");
    let ran = request_with(&["-u", "user", "GET", &url], "pass:word\r\n");
    assert_eq!(ran.status, 0, "{}", ran.err);
    let sent = server.asked().pop().unwrap();
    assert_eq!(sent.header("authorization"), Some("Basic dXNlcjpwYXNzOndvcmQ="));

    let ran = request_with(&["--login", "user", "GET", &url], "a&b\n");
    assert_eq!(ran.status, 0, "{}", ran.err);
    let login = server.asked().into_iter().find(|asked| asked.line() == "POST /login").unwrap();
    assert_eq!(&login.body[..], b"p=a%26b&u=user");

    let ran = request_with(&["-u", "user", "POST", &url, "--data", "@-"], "text\n");
    assert_eq!(ran.status, 2);
    assert!(ran.err.contains("both body and password"), "{}", ran.err);
}

#[test]
fn a_refused_login_is_status_four_without_the_password() {
    let server = Server::start(|asked| match asked.uri.path() {
        "/login" => answer(401, &[], ""),
        _ => ok("done"),
    });
    let ran = request(&["--login", "user:s3cr3t", "GET", &server.at("/x")]);
    assert_eq!(ran.status, 4, "{}", ran.err);
    assert!(ran.err.contains("refused to log in") && !ran.err.contains("s3cr3t"), "{}", ran.err);
    assert_eq!(server.lines(), ["GET /token", "POST /login"]);
    // Whoever is logged in with the cookies of a jar stays so.
    let ran = request(&["--login", "user:s3cr3t", "--logout", "GET", &server.at("/x")]);
    assert_eq!(ran.status, 4, "{}", ran.err);
    assert_eq!(server.lines().last().unwrap(), "POST /login");
}
