//! What cannot be read gives one clear line and exit status 2: no panic, no hang, no verdict.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must end")]

mod command;

use std::fs;

use command::run;
use tempfile::TempDir;

#[test]
fn requests() {
    let head = "GET / HTTP/1.1\r\nHost: a.example\r\n";
    let bomb = "a: b\r\n".repeat(100_000);
    let long = format!("{head}Cookie: {}\r\n\r\n", "x".repeat(1024 * 1024));
    let folded = format!("{head}{}\r\n", " x\r\n".repeat(200_000));
    let large = format!("{head}\r\n{}", "x".repeat(10 * 1024 * 1024));
    let binary: Vec<u8> = (0..=255).cycle().take(4096).collect();
    for (name, request, says) in [
        ("empty", &b""[..], "the request is empty"),
        ("blank", b"\r\n \n\t\n", "the request is empty"),
        ("binary", &binary, "not a request line"),
        ("no request line", b"Host: a.example\n\n", ":1: this is not a request line"),
        ("words", b"please let me in\n", ":1: this is not a request line"),
        ("a response", b"HTTP/1.1 200 OK\n\n", ":1: "),
        ("a curl line", b"curl https://a.example\n", ":1: "),
        ("no target", b"GET HTTP/1.1\n", ":1: this is not a request line"),
        ("a space in the target", b"GET /a b HTTP/1.1\n\n", ":1: this is not a request line"),
        ("a target that is none", b"GET /\x01 HTTP/1.1\n\n", ":1: "),
        (
            "a target without a path",
            b"GET http:// HTTP/1.1\n\n",
            "`http://` is not a request target",
        ),
        ("no header", b"GET / HTTP/1.1\nwhat is this\n\n", ":2: this is neither a header"),
        ("a nul byte", b"GET / HTTP/1.1\nHost: a\nCookie: a\0b\n\n", ":3: invalid header value"),
        (
            "a space before the colon",
            b"GET / HTTP/1.1\nHost : a\n\n",
            ":2: this is neither a header",
        ),
        ("too many headers", format!("{head}{bomb}\r\n").as_bytes(), "more than 256 headers"),
        ("one endless header", long.as_bytes(), "the head is larger than 256 KiB"),
        ("endless folding", folded.as_bytes(), "the head is larger than 256 KiB"),
        ("10 MiB", large.as_bytes(), "larger than 8 MiB"),
    ] {
        let ran = run(&["explain"], request);
        assert_eq!(ran.status, 2, "{name}: {}{}", ran.out, ran.err);
        assert!(ran.err.starts_with("error: standard input:"), "{name}: {}", ran.err);
        assert!(ran.err.contains(says), "{name}: {}", ran.err);
        assert_eq!(ran.err.lines().count(), 1, "{name}: {}", ran.err);
        assert_eq!(ran.out, "", "{name}");
    }
}

#[test]
fn files_and_flags() {
    let folder = TempDir::new().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let secret = "ab".repeat(32);
    let policy = file("policy.toml", "mode = \"report\"\ntrusted_origins = [\"evil.example\"]\n");
    let named = file("named.toml", "\ndialect = \"nobody\"\n");
    let keyring = file("keyring.toml", &format!("grace = 1\npseudonym = \"{secret}\"\nkey = []\n"));
    let dialect = file("dialect.toml", "name = \"x\"\n");
    let folder_itself = folder.path().to_str().unwrap();
    for (name, flags, says) in [
        ("no such request", &["missing.http"][..], "cannot read `missing.http`"),
        ("a folder", &[folder_itself], "cannot read"),
        (
            "no such dialect",
            &["--dialect", "gensys"],
            "take standard, genesys, voss, redback, vmanage, tao",
        ),
        ("no such dialect file", &["--dialect", "./gensys.toml"], "cannot read `./gensys.toml`"),
        ("a dialect file", &["--dialect", &dialect], "dialect.toml:1: "),
        (
            "an origin that is none",
            &["--policy", &policy],
            "policy.toml:2: `evil.example` is not an origin",
        ),
        ("a policy's dialect", &["--policy", &named], "named.toml:2: there is no dialect `nobody`"),
        ("a keyring", &["--keyring", &keyring], "exactly one key"),
        ("a peer", &["--peer", "localhost"], "--peer"),
        ("a time", &["--now", "tomorrow"], "--now"),
        (
            "both a keyring and an assumption",
            &["--keyring", &keyring, "--assume-token", "valid"],
            "cannot be used with",
        ),
    ] {
        let ran = run(&[&["explain"], flags].concat(), "GET / HTTP/1.1\n\n");
        assert_eq!(ran.status, 2, "{name}: {}{}", ran.out, ran.err);
        assert!(ran.err.contains(says), "{name}: {}", ran.err);
        assert!(!ran.err.contains(&secret), "{name}: a secret is never printed");
    }
}
