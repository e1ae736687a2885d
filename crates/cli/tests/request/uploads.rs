//! `--form NAME=@FILE`.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};

use tempfile::TempDir;

use crate::call::{DOCUMENT, request, request_with};
use crate::server::{Asked, Server, TOKEN, answer, ok};

/// What no text is, with what ends a part in it.
fn bytes(length: usize) -> Vec<u8> {
    let cycle = b"\r\n--countersign-\0\xff\r\n\r\n";
    cycle.iter().copied().cycle().take(length).collect()
}

/// A file, and its path.
fn file(name: &str, content: &[u8]) -> (TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, content).unwrap();
    (folder, path.to_str().unwrap().to_owned())
}

/// The parts, each with its head, as an independent reader would cut them.
fn parts(asked: &Asked) -> Vec<(String, Vec<u8>)> {
    let kind = asked.header("content-type").unwrap();
    let boundary = kind.strip_prefix("multipart/form-data; boundary=").unwrap();
    let mut rest = asked.body.strip_prefix(format!("--{boundary}").as_bytes()).unwrap();
    let (between, mut parts) = (format!("\r\n--{boundary}"), Vec::new());
    while rest != b"--\r\n" {
        let at = find(rest, between.as_bytes());
        let head = find(rest, b"\r\n\r\n");
        let head_text = std::str::from_utf8(&rest[2..head]).unwrap().to_owned();
        parts.push((head_text, rest[head + 4..at].to_owned()));
        rest = &rest[at + between.len()..];
    }
    parts
}

fn find(text: &[u8], part: &[u8]) -> usize {
    text.windows(part.len()).position(|own| own == part).unwrap()
}

#[test]
fn fields_and_files_arrive_in_their_order() {
    let server = Server::start(|_| ok("done"));
    let (_folder, path) = file("report \"7\".csv", b"a,b\n");
    let attached = format!("b=@{path}");
    let other = format!("d=@{path};filename=x.bin;type=text/x-own; charset=utf-8");
    let ran = request(&[
        "--form",
        "a=1",
        "--form",
        &attached,
        "--form",
        "c=@@home",
        "--form",
        &other,
        "--form",
        "a=2",
        "POST",
        &server.at("/x"),
    ]);
    assert_eq!((ran.status, ran.err.as_str()), (0, ""));
    let sent = server.asked().pop().unwrap();
    let disposition = "Content-Disposition: form-data; name=";
    let expected = [
        (format!("{disposition}\"a\""), "1"),
        (
            format!(
                "{disposition}\"b\"; filename=\"report %227%22.csv\"\r\nContent-Type: text/csv"
            ),
            "a,b\n",
        ),
        (format!("{disposition}\"c\""), "@home"),
        (
            format!(
                "{disposition}\"d\"; filename=\"x.bin\"\r\nContent-Type: text/x-own; charset=utf-8"
            ),
            "a,b\n",
        ),
        (format!("{disposition}\"a\""), "2"),
    ];
    assert_eq!(parts(&sent), expected.map(|(head, body)| (head, body.as_bytes().to_owned())));
    assert_eq!(sent.header("x-token"), Some(TOKEN));
    assert_eq!(sent.header("content-length"), Some(&*sent.body.len().to_string()));
    assert_eq!(sent.header("transfer-encoding"), None);
}

#[test]
fn every_byte_of_a_file_arrives() {
    for length in [0, 1, 65_535, 65_536, 65_537, 3_000_000] {
        let server = Server::start(|_| ok("done"));
        let (_folder, path) = file("any", &bytes(length));
        for (value, input) in [
            (format!("f=@{path}"), vec![]),
            ("f=@-".to_owned(), bytes(length)),
            // A pipe that has a name, as of `<(command)`.
            ("f=@/dev/stdin".to_owned(), bytes(length)),
        ] {
            let args = ["--form", &value, "POST", &server.at("/x")];
            let ran = request_with(&args, input);
            assert_eq!((ran.status, ran.err.as_str()), (0, ""), "{value} {length}");
            let parts = parts(&server.asked().pop().unwrap());
            assert_eq!(parts.len(), 1, "{value} {length}");
            assert!(parts[0].1 == bytes(length), "{value} {length}");
        }
    }
}

/// Refuses the first token that it hands out.
fn stale_once() -> Server {
    Server::bare(|asked| match asked.line().as_str() {
        "GET /.well-known/csrf" => ok(DOCUMENT),
        // The token that is asked for together with a cookie is the second.
        "GET /token" if asked.cookie("seen").is_none() => {
            answer(200, &[("set-cookie", "seen=yes; Path=/")], "stale")
        }
        "GET /token" => ok(TOKEN),
        _ if asked.header("x-token") == Some(TOKEN) => ok("done"),
        _ => answer(403, &[], "csrf"),
    })
}

#[test]
fn a_file_is_sent_again_after_a_refusal() {
    let (_folder, path) = file("any", &bytes(200_000));
    // The last one is too long to be kept in memory.
    for (value, input) in [
        (format!("f=@{path}"), vec![]),
        ("f=@-".to_owned(), bytes(200_000)),
        ("f=@-".to_owned(), bytes(9 << 20)),
    ] {
        let server = stale_once();
        let ran = request_with(&["--form", &value, "POST", &server.at("/x")], &input);
        assert_eq!((ran.status, ran.out.as_str()), (0, "done"), "{value}: {}", ran.err);
        let lines = ["GET /token", "POST /x", "GET /token", "POST /x"];
        assert_eq!(server.lines(), lines, "{value}");
        let posts: Vec<Asked> =
            server.asked().into_iter().filter(|asked| asked.method == "POST").collect();
        assert!(posts[0].body == posts[1].body, "{value}");
        let expected = if input.is_empty() { bytes(200_000) } else { input };
        assert!(parts(&posts[1])[0].1 == expected, "{value}");
    }
}

#[test]
fn a_file_follows_a_redirect_that_keeps_the_body() {
    let server = Server::start(|asked| match asked.uri.path() {
        "/x" => answer(307, &[("location", "/y")], ""),
        _ => ok("done"),
    });
    let (_folder, path) = file("any", &bytes(1000));
    let ran = request(&["-L", "--form", &format!("f=@{path}"), "POST", &server.at("/x")]);
    assert_eq!((ran.status, ran.out.as_str()), (0, "done"), "{}", ran.err);
    let asked = server.asked();
    let [.., before, last] = &asked[..] else { panic!("{:?}", server.lines()) };
    assert_eq!((before.line().as_str(), last.line().as_str()), ("POST /x", "POST /y"));
    assert!(parts(last)[0].1 == bytes(1000) && before.body == last.body);
}

/// Reads the head of a request.
fn head(stream: &mut BufReader<TcpStream>) -> String {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert_ne!(stream.read_line(&mut head).unwrap(), 0, "{head}");
    }
    head
}

/// As servers do that judge before they read: nobody takes the rest of the body.
#[test]
fn a_refusal_in_the_middle_of_a_long_body_is_heard() {
    const LENGTH: usize = 20 << 20;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/x", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let (mut refused, mut open) = (0, Vec::new());
        for stream in listener.incoming() {
            let mut stream = BufReader::new(stream.unwrap());
            let head = head(&mut stream);
            let (status, body) = match head.split("\r\n").next().unwrap() {
                "GET /.well-known/csrf HTTP/1.1" => ("200 OK", DOCUMENT),
                "GET /token HTTP/1.1" if refused == 0 => ("200 OK", "stale"),
                "GET /token HTTP/1.1" => ("200 OK", TOKEN),
                _ if !head.contains(TOKEN) => {
                    refused += 1;
                    ("403 Forbidden", "csrf")
                }
                _ => {
                    let length = head.split("content-length: ").nth(1).unwrap();
                    let length: u64 = length.split("\r\n").next().unwrap().parse().unwrap();
                    let read = std::io::copy(&mut (&mut stream).take(length), &mut std::io::sink());
                    assert_eq!(read.unwrap(), length);
                    ("200 OK", "done")
                }
            };
            let length = body.len();
            let head =
                format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close");
            write!(stream.get_mut(), "{head}\r\n\r\n{body}").unwrap();
            if body == "done" {
                return refused;
            }
            open.push(stream);
        }
        unreachable!("a listener does not end")
    });
    let (_folder, path) = file("any", &bytes(LENGTH));
    let ran = request(&["--form", &format!("f=@{path}"), "POST", &url]);
    assert_eq!((ran.status, ran.out.as_str()), (0, "done"), "{}", ran.err);
    assert_eq!(server.join().unwrap(), 1);
}

#[test]
fn forms_that_cannot_be_sent_are_status_two_and_nothing_is_sent() {
    let server = Server::start(|_| ok("done"));
    let url = server.at("/x");
    let (folder, path) = file("any", b"any");
    let folder = format!("a=@{}", folder.path().display());
    let path = format!("a=@{path}");
    for (form, expected) in [
        (vec!["a=@/nowhere/at/all"], "cannot read `/nowhere/at/all`"),
        (vec![&folder], "is a directory; name a file in it"),
        (vec!["a=@"], "name a file after the `@`"),
        (vec!["a@/etc/passwd"], "`name=@file`"),
        (vec!["a=@-", "b=@-"], "standard input can be sent once"),
        (vec!["a=@-", "--login", "user"], "both body and password"),
        (vec![&path, "-H", "Content-Type: multipart/form-data"], "leave that header out"),
        (vec![&path, "--data", "a"], "cannot be used with"),
    ] {
        let mut args = vec!["POST", &url];
        for part in &form {
            if part.contains('=') || part.contains("a@") {
                args.push("--form");
            }
            args.push(part);
        }
        let ran = request_with(&args, "input");
        assert_eq!(ran.status, 2, "{form:?}: {}", ran.err);
        assert!(ran.err.contains(expected), "{form:?}: {}", ran.err);
    }
    assert!(server.asked().is_empty(), "{:?}", server.lines());
}

#[test]
fn what_is_in_a_form_is_not_shown() {
    let server = Server::start(|_| ok("done"));
    let (_folder, path) = file("any", b"of-the-file");
    let file = format!("f=@{path}");
    for form in [vec!["--form", "token=s3cr3t"], vec!["--form", "token=s3cr3t", "--form", &file]] {
        let url = server.at("/x");
        let ran = request(&[&["--show-exchange", "POST", &url], &form[..]].concat());
        assert_eq!(ran.status, 0, "{}", ran.err);
        assert!(ran.err.contains("> content-length: "), "{}", ran.err);
        assert!(!ran.err.contains("s3cr3t") && !ran.err.contains("of-the-file"), "{}", ran.err);
    }
}
