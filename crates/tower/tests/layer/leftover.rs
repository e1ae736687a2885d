//! A refusal leaves the connection in order: the rest of the body is read, or the answer says that the
//! connection ends.

use std::pin::pin;
use std::sync::Arc;

use axum::body::Bytes;
use countersign_tower::CsrfLayer;
use http_body_util::channel::Channel;
use hyper::Request;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::time::timeout;

use crate::common::{Calls, PATIENCE, Raw, Server, app, layer, policy};

/// More than is read for the sake of a connection.
const LONG: usize = 256 * 1024 + 1;
/// A request of its own, if a server loses its place; as long as the hole in [`head`] says.
const INNER: &str = "POST /inner HTTP/1.1\r\nHost: a\r\n\r\n";
const NEXT: &str = "GET /next HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

/// The head of a request that is refused.
fn head(framing: &str) -> String {
    format!("POST / HTTP/1.1\r\nHost: a\r\nCookie: JSESSIONID=a\r\n{framing}\r\n\r\n")
}

fn chunked(body: &str) -> String {
    format!("{:x}\r\n{body}\r\n0\r\nx-sum: 42\r\n\r\n", body.len())
}

/// A layer that says when it begins to wait for a body, and waits until it is told that it is late.
fn listening() -> (CsrfLayer, Arc<Notify>, Arc<Notify>) {
    let (waits, late) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (door, bell) = (waits.clone(), late.clone());
    let layer = layer(policy("genesys")).hold_deadline(move || {
        door.notify_one();
        let bell = bell.clone();
        async move { bell.notified().await }
    });
    (layer, waits, late)
}

/// What a client reads up to the end of an answer's head.
async fn answer(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") {
        let byte = timeout(PATIENCE, stream.read_u8()).await.expect("no answer");
        bytes.push(byte.expect("the server closes without a word"));
    }
    String::from_utf8(bytes).unwrap().to_ascii_lowercase()
}

fn says_close(head: &str) -> bool {
    head.lines().any(|line| line == "connection: close")
}

/// Clients such as Python's send head and body apart.
#[tokio::test]
async fn a_body_that_comes_after_its_head_leaves_the_connection_open() {
    for (name, framing, body) in [
        ("a length", format!("Content-Length: {}", INNER.len()), INNER.to_owned()),
        ("chunks", "Transfer-Encoding: chunked".to_owned(), chunked(INNER)),
    ] {
        let (layer, waits, _) = listening();
        let calls = Calls::default();
        let server = Server::start(app(layer, &calls)).await;
        let mut stream = TcpStream::connect(server.addr()).await.unwrap();
        stream.write_all(head(&framing).as_bytes()).await.unwrap();
        timeout(PATIENCE, waits.notified()).await.expect("nobody waits for the body");
        stream.write_all((body + NEXT).as_bytes()).await.unwrap();
        let raw = Raw::read(&mut stream).await;
        assert_eq!(raw.status(), Some(403), "{name}: {raw:?}");
        assert_eq!(raw.header("connection"), None, "{name}: {raw:?}");
        let answers = raw.text().matches("HTTP/1.1 ").count();
        assert_eq!(answers, 2, "{name}: the next request is answered, and nothing else: {raw:?}");
        assert!(raw.text().contains("HTTP/1.1 200 OK"), "{name}: {raw:?}");
        assert_eq!(calls.count(), 1, "{name}");
    }
}

/// A form of which the layer has seen all it needs in the beginning.
#[tokio::test]
async fn what_follows_a_refused_forms_token_is_read_too() {
    let calls = Calls::default();
    let server = Server::start(app(layer(policy("standard")), &calls)).await;
    let form = format!("csrf_token=wrong&note={}", "x".repeat(50_000));
    let request = format!(
        "POST / HTTP/1.1\r\nHost: a\r\nCookie: session=a\r\nContent-Length: {}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\n\r\n{form}{NEXT}",
        form.len()
    );
    let raw = server.raw(&request).await;
    assert_eq!(raw.status(), Some(403), "{raw:?}");
    assert_eq!(raw.header("connection"), None, "{raw:?}");
    assert_eq!(raw.text().matches("HTTP/1.1 ").count(), 2, "{raw:?}");
    assert_eq!(calls.count(), 1);
}

#[tokio::test]
async fn a_body_that_is_announced_as_long_is_not_waited_for() {
    let calls = Calls::default();
    let server = Server::start(app(layer(policy("genesys")), &calls)).await;
    let mut stream = TcpStream::connect(server.addr()).await.unwrap();
    let request = head(&format!("Content-Length: {LONG}"));
    stream.write_all(request.as_bytes()).await.unwrap();
    let head = answer(&mut stream).await;
    assert!(head.starts_with("http/1.1 403 "), "{head}");
    assert!(says_close(&head), "{head}");
    Raw::read(&mut stream).await;
    assert_eq!(calls.count(), 0);
}

#[tokio::test]
async fn chunks_are_read_up_to_a_limit() {
    let calls = Calls::default();
    let server = Server::start(app(layer(policy("genesys")), &calls)).await;
    let mut stream = TcpStream::connect(server.addr()).await.unwrap();
    let request = head("Transfer-Encoding: chunked");
    stream.write_all(request.as_bytes()).await.unwrap();
    // It never ends.
    let chunk = format!("{LONG:x}\r\n{}", "x".repeat(LONG));
    stream.write_all(chunk.as_bytes()).await.unwrap();
    let head = answer(&mut stream).await;
    assert!(head.starts_with("http/1.1 403 "), "{head}");
    assert!(says_close(&head), "{head}");
    assert_eq!(calls.count(), 0);
}

/// RFC 9110, section 10.1.1: whoever asks first need not be told to go on, only to be refused.
#[tokio::test]
async fn a_client_that_waits_to_be_told_is_not_asked_for_its_body() {
    let calls = Calls::default();
    let server = Server::start(app(layer(policy("genesys")), &calls)).await;
    let mut stream = TcpStream::connect(server.addr()).await.unwrap();
    let request = head("Content-Length: 5\r\nExpect: 100-continue");
    stream.write_all(request.as_bytes()).await.unwrap();
    let head = answer(&mut stream).await;
    assert!(head.starts_with("http/1.1 403 "), "{head}");
    assert!(says_close(&head), "{head}");
    assert_eq!(calls.count(), 0);
}

#[tokio::test]
async fn a_body_that_does_not_come_is_waited_for_until_the_deadline() {
    let (layer, waits, late) = listening();
    let calls = Calls::default();
    let server = Server::start(app(layer, &calls)).await;
    let mut stream = TcpStream::connect(server.addr()).await.unwrap();
    stream.write_all((head("Content-Length: 5") + "1234").as_bytes()).await.unwrap();
    timeout(PATIENCE, waits.notified()).await.expect("nobody waits for the body");
    late.notify_one();
    let head = answer(&mut stream).await;
    assert!(head.starts_with("http/1.1 403 "), "the refusal's own status: {head}");
    assert!(says_close(&head), "{head}");
    assert_eq!(calls.count(), 0);
}

#[tokio::test]
async fn a_client_that_leaves_within_a_refused_body_leaves_nothing_behind() {
    let calls = Calls::default();
    let server = Server::start(app(layer(policy("genesys")), &calls)).await;
    let raw = server.raw_cut_off(head("Content-Length: 5") + "1234").await;
    assert!(matches!(raw.status(), None | Some(403)), "{raw:?}");
    assert_eq!(calls.count(), 0);
    server.drained().await;
}

/// There each request is a stream of its own.
#[tokio::test]
async fn nothing_is_waited_for_over_http_2() {
    let calls = Calls::default();
    let server = Server::start(app(layer(policy("genesys")), &calls)).await;
    let stream = TokioIo::new(TcpStream::connect(server.addr()).await.unwrap());
    let (mut send, connection) = http2::handshake(TokioExecutor::new(), stream).await.unwrap();
    tokio::spawn(connection);
    let (frames, body) = Channel::<Bytes>::new(1);
    let request = Request::post(server.origin() + "/").header("cookie", "JSESSIONID=a");
    let answer = pin!(send.send_request(request.body(body).unwrap()));
    let answer = timeout(PATIENCE, answer).await.expect("the body is waited for").unwrap();
    assert_eq!(answer.status(), 403);
    assert_eq!(answer.headers().get("connection"), None);
    drop(frames);
    let (_, body) = Channel::<Bytes>::new(1);
    let next = Request::get(server.origin() + "/").body(body).unwrap();
    assert_eq!(send.send_request(next).await.unwrap().status(), 200, "it goes on");
}
