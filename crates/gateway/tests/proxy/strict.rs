//! What is not plain HTTP goes no further.

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::{BodyExt, Full};
use hyper::ext::Protocol;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::common::app::{App, Body, full};
use crate::common::client::{Client, http2};
use crate::common::{PATIENCE, Running};

const POST: &str = "POST /transfer HTTP/1.1\r\nHost: app.example\r\nOrigin: http://app.example\r\n";

fn post(fields: &str) -> String {
    format!("{POST}{fields}\r\n")
}

fn chunked(body: &str) -> String {
    post("Transfer-Encoding: chunked\r\n") + body
}

fn get(line: &str, fields: &str) -> String {
    format!("{line}\r\n{fields}\r\n")
}

#[tokio::test]
async fn what_servers_read_in_different_ways_reaches_no_app() {
    let app = App::plain().await;
    let gateway = Running::before(app.address, "", "");
    let host = "Host: app.example\r\n";
    let many: String = (0..120).map(|n| format!("X-{n}: a\r\n")).collect();
    let bad = [
        ("no host", get("GET / HTTP/1.1", "")),
        ("the same host twice", get("GET / HTTP/1.1", &host.repeat(2))),
        ("two hosts", get("GET / HTTP/1.1", "Host: app.example\r\nHost: evil.example\r\n")),
        ("an empty host", get("GET / HTTP/1.1", "Host: \r\n")),
        ("a host with a blank", get("GET / HTTP/1.1", "Host: app.example evil.example\r\n")),
        ("a list of hosts", get("GET / HTTP/1.1", "Host: app.example, evil.example\r\n")),
        ("a host with a path", get("GET / HTTP/1.1", "Host: app.example/x\r\n")),
        ("a host with a user", get("GET / HTTP/1.1", "Host: user@app.example\r\n")),
        ("a port that is none", get("GET / HTTP/1.1", "Host: app.example:http\r\n")),
        ("a URL of another host", get("GET http://evil.example/ HTTP/1.1", host)),
        ("a URL without a host", get("GET http://app.example/ HTTP/1.1", "")),
        ("a target that is no path", get("GET * HTTP/1.1", host)),
        ("an unknown version", get("GET / HTTP/3.1", host)),
        ("a blank before the colon", get("GET / HTTP/1.1", "Host : app.example\r\n")),
        ("a NUL in a value", get("GET / HTTP/1.1", "Host: app.example\r\nX: a\0b\r\n")),
        ("a name that is none", get("GET / HTTP/1.1", "Host: app.example\r\nX(): a\r\n")),
        ("LF behind the request line", format!("GET / HTTP/1.1\n{host}\r\n")),
        ("LF behind a field", get("GET / HTTP/1.1", "Host: app.example\r\nX: a\n")),
        ("LF at the end", format!("GET / HTTP/1.1\r\n{host}\n")),
        ("CR in a value", get("GET / HTTP/1.1", "Host: app.example\r\nX: a\rY: b\r\n")),
        ("a folded field", get("GET / HTTP/1.1", "Host: app.example\r\nX: a\r\n b\r\n")),
        ("a blank before the first field", get("GET / HTTP/1.1", " Host: app.example\r\n")),
        (
            "length, then encoding",
            post("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n") + "0\r\n\r\n",
        ),
        (
            "encoding, then length",
            post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n") + "0\r\n\r\n",
        ),
        ("the same length twice", post("Content-Length: 3\r\nContent-Length: 3\r\n") + "abc"),
        ("two lengths", post("Content-Length: 3\r\nContent-Length: 0\r\n") + "abc"),
        ("a list of lengths", post("Content-Length: 3, 3\r\n") + "abc"),
        ("a length with a sign", post("Content-Length: +3\r\n") + "abc"),
        ("a length below nothing", post("Content-Length: -3\r\n") + "abc"),
        ("a length in hexadecimal", post("Content-Length: 0x3\r\n") + "abc"),
        ("an empty length", post("Content-Length:\r\n")),
        ("a length beyond counting", post("Content-Length: 99999999999999999999\r\n") + "abc"),
        ("a coding besides", post("Transfer-Encoding: gzip, chunked\r\n") + "0\r\n\r\n"),
        ("no coding", post("Transfer-Encoding: identity\r\n")),
        ("a coding like chunked", post("Transfer-Encoding: xchunked\r\n") + "0\r\n\r\n"),
        ("chunked twice", post("Transfer-Encoding: chunked, chunked\r\n") + "0\r\n\r\n"),
        (
            "two encodings",
            post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n") + "0\r\n\r\n",
        ),
        (
            "encoding in HTTP/1.0",
            get("POST / HTTP/1.0", "Host: app.example\r\nTransfer-Encoding: chunked\r\n")
                + "0\r\n\r\n",
        ),
        ("a chunk size that is none", chunked("x\r\nabc\r\n0\r\n\r\n")),
        ("a chunk size with a prefix", chunked("0x3\r\nabc\r\n0\r\n\r\n")),
        ("a chunk size below nothing", chunked("-1\r\nabc\r\n0\r\n\r\n")),
        ("a chunk size beyond counting", chunked("10000000000000003\r\nabc\r\n0\r\n\r\n")),
        ("a chunk without its end", chunked("3\r\nabcd\r\n0\r\n\r\n")),
        ("LF behind a chunk size", chunked("3\nabc\r\n0\r\n\r\n")),
        ("LF behind a chunk", chunked("3\r\nabc\n0\r\n\r\n")),
    ];
    let not_allowed = [
        ("CONNECT", get("CONNECT app.example:443 HTTP/1.1", "Host: app.example:443\r\n")),
        ("TRACE", get("TRACE / HTTP/1.1", host)),
    ];
    let too_large = [
        ("too many fields", get("GET / HTTP/1.1", &(host.to_owned() + &many))),
        (
            "too long a field",
            get("GET / HTTP/1.1", &format!("{host}X: {}\r\n", "a".repeat(70_000))),
        ),
    ];
    let rows = bad.iter().map(|row| (row, 400));
    let rows = rows.chain(not_allowed.iter().map(|row| (row, 405)));
    let rows = rows.chain(too_large.iter().map(|row| (row, 431)));
    let mut wrong = Vec::new();
    for ((name, request), status) in rows {
        let mut client = Client::connect(gateway.address()).await;
        client.send(request).await;
        match client.answer().await {
            Ok(answer) if answer.status == status => {
                let more = client.rest().await;
                if !more.is_empty() {
                    wrong.push(format!("{name}: the connection went on: {more:?}"));
                }
            }
            other => wrong.push(format!("{name}: {status} expected: {other:?}")),
        }
    }
    assert_eq!(wrong, [""; 0]);
    assert_eq!(app.connections(), 0);
}

#[tokio::test]
async fn what_is_unusual_but_plain_passes() {
    let app = App::start(async |request: http::Request<hyper::body::Incoming>| {
        let collected = request.into_body().collect().await.unwrap();
        let sum = collected.trailers().and_then(|trailers| trailers.get("x-sum")).cloned();
        let sum = sum.map(|sum| sum.to_str().unwrap().to_owned()).unwrap_or_default();
        let body = String::from_utf8(collected.to_bytes().to_vec()).unwrap();
        http::Response::new(full(format!("{body}|{sum}")))
    })
    .await;
    let gateway = Running::before(app.address, "", "");
    let trailing = post("Transfer-Encoding: Chunked\r\nTrailer: X-Sum\r\n");
    for (name, request, target, body) in [
        ("an empty line before", "\r\nGET /a HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(), "/a", "|"),
        ("a URL", "GET http://a/b?c HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(), "/b?c", "|"),
        ("the whole server", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(), "*", "|"),
        ("no body", post("Content-Length: 0\r\n"), "/transfer", "|"),
        ("a body", post("Content-Length: 3\r\n") + "a\nb", "/transfer", "a\nb|"),
        (
            "chunks with extensions, and trailers",
            trailing + "3;a=\"b\"\r\nabc\r\n0A;c\r\n0123456789\r\n0\r\nX-Sum: 13\r\n\r\n",
            "/transfer",
            "abc0123456789|13",
        ),
    ] {
        let mut client = Client::connect(gateway.address()).await;
        let answer = client.ask(request).await;
        assert_eq!((answer.status, answer.text().as_str()), (200, body), "{name}");
        assert_eq!(app.heads().last().unwrap().uri, target, "{name}");
    }
}

#[tokio::test]
async fn a_bad_request_behind_a_good_one_goes_no_further() {
    let good = "GET /good HTTP/1.1\r\nHost: a\r\n\r\n";
    let smuggled = post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n") + "0\r\n\r\n";
    let behind = "GET /behind HTTP/1.1\r\nHost: a\r\n\r\n";
    let app = App::plain().await;
    let gateway = Running::before(app.address, "", "");

    let mut apart = Client::connect(gateway.address()).await;
    assert_eq!(apart.ask(good).await.status, 200);
    assert_eq!(apart.ask(smuggled.clone() + behind).await.status, 400);
    assert_eq!(apart.rest().await, b"");
    assert_eq!(app.requests(), 1);

    // In one piece, the good one may have been under way or not when the fault was seen.
    let mut together = Client::connect(gateway.address()).await;
    together.send(good.to_owned() + &smuggled + behind).await;
    while let Ok(answer) = together.answer().await {
        assert!(matches!(answer.status, 200 | 400), "{answer:?}");
    }
    let targets: Vec<_> = app.heads().into_iter().map(|head| head.uri.to_string()).collect();
    assert!(targets.iter().all(|target| target == "/good"), "{targets:?}");
}

#[tokio::test]
async fn a_chunk_that_turns_bad_makes_no_whole_message() {
    let (sender, mut receiver) = tokio::sync::mpsc::unbounded_channel();
    let app = App::start(move |request: http::Request<hyper::body::Incoming>| {
        let sender = sender.clone();
        async move {
            let whole = request.into_body().collect().await.is_ok();
            sender.send(whole).unwrap();
            crate::common::app::text("ok")
        }
    })
    .await;
    let gateway = Running::before(app.address, "", "");
    let mut client = Client::connect(gateway.address()).await;
    client.send(chunked("3\r\nabc\r\n")).await;
    while app.requests() == 0 {
        tokio::task::yield_now().await;
    }
    client.send("3\nabc\r\n0\r\n\r\n").await;
    assert_eq!(timeout(PATIENCE, receiver.recv()).await.unwrap(), Some(false));
    let answer = client.answer().await.unwrap();
    assert_eq!(answer.status, 400, "{answer:?}");
    assert_eq!(client.rest().await, b"");
}

#[tokio::test]
async fn http2_is_read_as_strictly() {
    let app = App::plain().await;
    let gateway = Running::before(app.address, "", "");
    let request = |uri: &str| Request::builder().uri(uri);
    let bare = |builder: http::request::Builder| builder.body(Full::<Bytes>::default()).unwrap();
    let fields = |count: usize, size: usize| {
        let value = "a".repeat(size);
        (0..count).fold(request("http://app.example/"), |request, n| {
            request.header(format!("x-{n}"), value.as_str())
        })
    };
    let tunnel = |protocol: Option<&'static str>, uri: &str| {
        let mut tunnel = bare(request(uri).method(Method::CONNECT));
        if let Some(name) = protocol {
            tunnel.extensions_mut().insert(Protocol::from_static(name));
        }
        tunnel
    };
    let rows = [
        ("another host", bare(request("http://app.example/").header("host", "evil.example")), 400),
        ("two hosts", bare(request("http://a/").header("host", "a").header("host", "a")), 400),
        ("another port", bare(request("http://a/").header("host", "a:8080")), 400),
        ("a user", bare(request("http://user@app.example/")), 400),
        ("CONNECT", tunnel(None, "app.example:443"), 405),
        ("another tunnel", tunnel(Some("connect-udp"), "http://app.example/"), 405),
        ("too many fields", bare(fields(120, 1)), 431),
        ("a bomb of small fields", bare(fields(4000, 1)), 431),
        ("too long a list", bare(fields(20, 5000)), 431),
    ];
    for (name, request, status) in rows {
        let mut client = http2(TcpStream::connect(gateway.address()).await.unwrap()).await;
        client.ready().await.unwrap();
        let answer = timeout(PATIENCE, client.send_request(request)).await.unwrap();
        assert_eq!(answer.map(|answer| answer.status().as_u16()).ok(), Some(status), "{name}");
        assert_eq!(app.connections(), 0, "{name}");
    }

    for (name, host) in [("no host besides", None), ("the same", Some("APP.example"))] {
        let mut client = http2(TcpStream::connect(gateway.address()).await.unwrap()).await;
        let mut request = bare(request("http://app.example/"));
        if let Some(host) = host {
            request.headers_mut().insert("host", http::HeaderValue::from_static(host));
        }
        let answer = timeout(PATIENCE, client.send_request(request)).await.unwrap().unwrap();
        assert_eq!(answer.status(), 200, "{name}");
        let seen = app.last()["host"].to_str().unwrap().to_ascii_lowercase();
        assert_eq!(seen, "app.example", "{name}");
    }
}

#[tokio::test]
async fn only_who_may_send_is_told_to_continue() {
    let app = App::start(async |request: http::Request<hyper::body::Incoming>| {
        let body = request.into_body().collect().await.unwrap().to_bytes();
        http::Response::<Body>::new(full(body))
    })
    .await;
    let gateway = Running::before(app.address, "", "");
    let head = |origin: &str| {
        format!(
            "POST /transfer HTTP/1.1\r\nHost: app.example\r\nOrigin: {origin}\r\n\
             Expect: 100-continue\r\nContent-Length: 3\r\n\r\n"
        )
    };

    let mut foreign = Client::connect(gateway.address()).await;
    let answer = foreign.ask(head("http://evil.example")).await;
    assert_eq!(answer.status, 403, "{answer:?}");
    assert_eq!(app.connections(), 0);

    let mut own = Client::connect(gateway.address()).await;
    own.send(head("http://app.example")).await;
    assert_eq!(own.head().await.unwrap().status, 100);
    let answer = own.ask("abc").await;
    assert_eq!((answer.status, answer.text().as_str()), (200, "abc"));
    assert_eq!(app.last().get("expect"), None);
}
