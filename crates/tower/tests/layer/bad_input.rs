//! Rubbish on the wire: never a 500, never a panic, never a hang, and never the handler.

use std::fmt::Write;
use std::time::{Duration, Instant};

use countersign::{Mode, Policy};

use crate::common::{Calls, Raw, Server, app, layer, policy};

fn dialects() -> Vec<Policy> {
    let names = ["standard", "genesys", "voss", "redback", "vmanage", "tao"];
    let mut all: Vec<Policy> = names.iter().map(|name| policy(name)).collect();
    all.push(policy("standard").with_trusted_proxy("127.0.0.0/8".parse().unwrap()));
    all.push(policy("redback").with_public_origin("https://app.example").unwrap());
    all
}

fn joined(head: &[u8], value: &[u8], tail: &[u8]) -> Vec<u8> {
    [head, value, tail].concat()
}

/// A client error, or a connection that hyper closes for what it cannot read.
fn is_refused(raw: &Raw) -> bool {
    raw.status().is_none_or(|status| (400..500).contains(&status))
}

#[tokio::test]
async fn odd_header_values() {
    let endless = vec![b'a'; 100 * 1024];
    let values: [(&str, &[u8]); 16] = [
        ("empty", b""),
        ("spaces", b"   \t "),
        ("NUL", b"a\0b"),
        ("escape", b"\x1b[31m"),
        ("DEL", b"\x7f"),
        ("Latin-1", b"caf\xe9"),
        ("UTF-8", "\u{1f980}\u{202e}".as_bytes()),
        ("broken UTF-8", b"\xc3\x28\xa0\xff"),
        ("separators", b";;;===,,,"),
        ("an origin and more", b"http://a:b@[::1]:99999/x?y#z, http://c"),
        ("an open bracket", b"http://[::1"),
        ("a colon", b":"),
        ("percent", b"%%%zz%"),
        ("quotes", b"\"\\\"';<script>"),
        ("null", b"null"),
        ("100 KB", &endless),
    ];
    let names = [
        "Host",
        "Origin",
        "Referer",
        "Sec-Fetch-Site",
        "Cookie",
        "Authorization",
        "Forwarded",
        "X-Forwarded-Host",
        "X-Forwarded-Proto",
        "X-HTTP-Method-Override",
        "Upgrade",
        "Accept",
        "Content-Type",
        "X-CSRF-Token",
        "X-XSRF-TOKEN",
        "X-CSRFToken",
        "User-Agent",
        "Connection",
    ];
    for policy in dialects() {
        let name = policy.dialect().name.clone();
        let calls = Calls::default();
        let server = Server::start(app(layer(policy), &calls)).await;
        for (what, value) in values {
            for header in names {
                // Each also twice, and beside what makes the request look good.
                for times in [1, 2] {
                    let line =
                        joined(format!("{header}: ").as_bytes(), value, b"\r\n").repeat(times);
                    let head = b"POST /dataservice/x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\
                                 Cookie: session=a; JSESSIONID=a; sessionid=a; tao_session=a\r\n\
                                 Content-Type: application/x-www-form-urlencoded\r\n\
                                 Content-Length: 3\r\n";
                    let before = calls.count();
                    let raw = server.raw(joined(head, &line, b"\r\na=b")).await;
                    let status = raw.status();
                    assert!(
                        status.is_none_or(|status| status < 500),
                        "{name} {header}: {what} {raw:?}"
                    );
                    assert_eq!(calls.count() - before, usize::from(status == Some(200)));
                    let evidence = ["Origin", "Sec-Fetch-Site", "Referer", "Authorization"];
                    if !evidence.contains(&header) {
                        assert!(is_refused(&raw), "{name} {header}: {what} {raw:?}");
                    }
                }
            }
        }
        assert!(server.get("/").send().await.status().as_u16() < 500, "{name}: it goes on");
        server.drained().await;
    }
}

#[tokio::test]
async fn odd_targets_methods_and_versions() {
    let long = "x".repeat(20_000);
    let lines = [
        "POST http://app.example/x HTTP/1.1",
        "POST http://user:pw@app.example:80/x HTTP/1.1",
        "POST http:///x HTTP/1.1",
        "POST https://[::1]:8443/x HTTP/1.1",
        "POST //evil.example/x HTTP/1.1",
        "POST /../../x HTTP/1.1",
        "POST /%00/%2e%2e/%ff HTTP/1.1",
        "POST /a\\b;c=d//e HTTP/1.1",
        "POST /% HTTP/1.1",
        "POST ?x HTTP/1.1",
        "POST * HTTP/1.1",
        "POST x HTTP/1.1",
        "POST x:80 HTTP/1.1",
        "POST /\u{e9}\u{1f980} HTTP/1.1",
        "POST /?_method=&_method[]=%00&%5fmethod=GET;_method=X HTTP/1.1",
        "CONNECT evil.example:443 HTTP/1.1",
        "CONNECT / HTTP/1.1",
        "post / HTTP/1.1",
        "QUERY / HTTP/1.1",
        "M-SEARCH * HTTP/1.1",
        "!#$%&'*+-.^_`|~ / HTTP/1.1",
        "PRI * HTTP/2.0",
        "POST / HTTP/1.0",
        "POST / HTTP/1.2",
        "POST / HTTP/3.0",
        "POST /",
        "POST  /  HTTP/1.1",
        " POST / HTTP/1.1",
        "",
        &format!("POST /{long} HTTP/1.1"),
        &format!("{long} / HTTP/1.1"),
    ];
    for policy in dialects() {
        let name = policy.dialect().name.clone();
        let calls = Calls::default();
        let server = Server::start(app(layer(policy), &calls)).await;
        for line in lines {
            for host in ["Host: app.example\r\n", "", "Host: a\r\nHost: b\r\n", "Host: a b\r\n"] {
                let cookies = "session=a; JSESSIONID=a; sessionid=a; tao_session=a";
                let raw = server
                    .raw_cut_off(format!(
                        "{line}\r\n{host}Cookie: {cookies}\r\nConnection: close\r\n\r\n"
                    ))
                    .await;
                // vmanage lets through what shows no origin, outside of the paths it protects.
                let open = name == "vmanage" && raw.status() == Some(200);
                assert!(is_refused(&raw) || open, "{name} {line} {host} {raw:?}");
            }
        }
        assert!(calls.count() == 0 || name == "vmanage");
        server.drained().await;
    }
}

#[tokio::test]
async fn too_much_of_everything() {
    let repeat = |count: usize, line: &dyn Fn(usize) -> String| {
        (0..count).fold(String::new(), |mut all, at| {
            let _ = write!(all, "{}", line(at));
            all
        })
    };
    let head = "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n";
    let form = |content_type: &str, body: &str| {
        format!(
            "{head}Cookie: session=a\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    let parts = |count, line: &dyn Fn(usize) -> String| {
        form("multipart/form-data; boundary=b", &(repeat(count, line) + "--b--\r\n"))
    };
    for (name, request) in [
        ("headers", format!("{head}{}\r\n", repeat(5000, &|at| format!("x-{at}: y\r\n")))),
        (
            "values of one header",
            format!("{head}{}\r\n", repeat(90, &|_| "Origin: null\r\n".into())),
        ),
        (
            "cookies",
            format!("{head}Cookie: {}\r\n\r\n", repeat(20_000, &|at| format!("session={at};"))),
        ),
        (
            "cookie headers",
            format!("{head}{}\r\n", repeat(90, &|at| format!("Cookie: session={at}\r\n"))),
        ),
        ("a cookie", format!("{head}Cookie: session={}\r\n\r\n", "a".repeat(100 * 1024))),
        ("a boundary", form(&format!("multipart/form-data; boundary={}", "b".repeat(5000)), "x")),
        ("a boundary of nothing", form("multipart/form-data; boundary=\"\"", "--\r\n\r\n")),
        ("fields", form("application/x-www-form-urlencoded", &repeat(50_000, &|_| "a=b&".into()))),
        ("ampersands", form("application/x-www-form-urlencoded", &"&".repeat(250_000))),
        ("percent signs", form("application/x-www-form-urlencoded", &"%".repeat(250_000))),
        (
            "tokens",
            form("application/x-www-form-urlencoded", &repeat(15_000, &|_| "csrf_token=x&".into())),
        ),
        (
            "parts",
            parts(4000, &|at| {
                format!("--b\r\nContent-Disposition: form-data; name={at}\r\n\r\n\r\n")
            }),
        ),
        ("parts without a name", parts(10_000, &|_| "--b\r\n\r\n\r\n".into())),
        (
            "headers of a part",
            parts(1, &|_| {
                format!("--b\r\n{}\r\n\r\n", repeat(5000, &|at| format!("x-{at}: y\r\n")))
            }),
        ),
        (
            "a part's name",
            parts(1, &|_| {
                format!(
                    "--b\r\nContent-Disposition: form-data; name=\"{}\"\r\n\r\nx\r\n",
                    "n".repeat(100_000)
                )
            }),
        ),
        ("half boundaries", parts(60_000, &|_| "\r\n--".into())),
    ] {
        for mode in [Mode::Enforce, Mode::Report] {
            let calls = Calls::default();
            let server =
                Server::start(app(layer(policy("standard").with_mode(mode)), &calls)).await;
            let began = Instant::now();
            let raw = server.raw(&request).await;
            assert!(began.elapsed() < Duration::from_secs(5), "{name}: {:?}", began.elapsed());
            let status = raw.status();
            if mode == Mode::Enforce {
                assert!(is_refused(&raw), "{name} {status:?}");
                assert_eq!(calls.count(), 0, "{name}");
            } else {
                assert!(status.is_none_or(|status| status < 500), "{name} {status:?}");
            }
        }
    }
}

#[tokio::test]
async fn bodies_that_are_framed_oddly() {
    for (name, framing) in [
        ("two lengths", "Content-Length: 3\r\nContent-Length: 4\r\n\r\na=bc"),
        (
            "length and chunks",
            "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\na=b\r\n0\r\n\r\n",
        ),
        ("no length", "\r\na=b"),
        ("a length that is none", "Content-Length: -1\r\n\r\n"),
        ("an endless length", "Content-Length: 99999999999999999999\r\n\r\n"),
        ("a chunk size that is none", "Transfer-Encoding: chunked\r\n\r\nzz\r\na=b\r\n0\r\n\r\n"),
        ("a huge chunk size", "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\na=b"),
        ("no last chunk", "Transfer-Encoding: chunked\r\n\r\n3\r\na=b\r\n"),
        (
            "trailers that decide",
            "Transfer-Encoding: chunked\r\n\r\n0\r\nX-CSRF-Token: x\r\nOrigin: null\r\n\r\n",
        ),
        ("another coding", "Transfer-Encoding: gzip\r\n\r\nx"),
        ("waiting to go on", "Expect: 100-continue\r\nContent-Length: 3\r\n\r\na=b"),
    ] {
        let calls = Calls::default();
        let server = Server::start(app(layer(policy("standard")), &calls)).await;
        let raw = server
            .raw_cut_off(format!(
                "POST / HTTP/1.1\r\nHost: a\r\nCookie: session=a\r\nConnection: close\r\n\
                 Content-Type: application/x-www-form-urlencoded\r\n{framing}"
            ))
            .await;
        let refused =
            is_refused(&raw) || raw.text().starts_with("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 403");
        assert!(refused, "{name} {raw:?}");
        assert_eq!(calls.count(), 0, "{name}");
        server.drained().await;
    }
}
