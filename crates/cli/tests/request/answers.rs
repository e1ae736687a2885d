//! What comes out: status, body, head, file.

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
        (vec!["GET", &url, "--timeout", "0"], "above 0"),
        (vec!["GET", &url, "--timeout", "soon"], "above 0"),
        (vec!["GET", &url, "--cacert", empty.to_str().unwrap()], "no certificate"),
        (vec!["GET", &url, "--login", "user"], "no password on standard input"),
    ] {
        let ran = request(&args);
        assert_eq!(ran.status, 2, "{args:?}: {}", ran.err);
        assert!(ran.err.contains(expected), "{args:?}: {}", ran.err);
    }
    assert!(server.asked().is_empty(), "{:?}", server.lines());
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
}
