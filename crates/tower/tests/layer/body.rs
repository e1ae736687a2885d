//! Bodies that the layer has no business with flow on as if it were not there.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::routing::post;
use http_body_util::BodyExt;
use http_body_util::channel::{Channel, Sender};
use hyper::Request;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::timeout;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::timeout::RequestBodyTimeoutLayer;

use crate::common::{Calls, PATIENCE, Raw, Server, app, layer, policy, protected};

const MIB: usize = 1024 * 1024;

/// A handler that tells the test of each piece as it comes.
fn listening(pieces: &mpsc::UnboundedSender<Bytes>) -> Router {
    let pieces = pieces.clone();
    let handler = post(async move |mut body: Body| {
        while let Some(Ok(frame)) = body.frame().await {
            if let Ok(data) = frame.into_data() {
                pieces.send(data).expect("the test listens");
            }
        }
        "done"
    });
    protected(layer(policy("genesys")), Router::new().route("/", handler))
}

async fn upload(
    server: &Server,
    version: &str,
    head: hyper::http::request::Builder,
) -> (Sender<Bytes>, tokio::task::JoinHandle<(u16, String)>) {
    let stream = TokioIo::new(TcpStream::connect(server.addr()).await.unwrap());
    let (frames, body) = Channel::<Bytes>::new(1);
    let request = head.body(body).unwrap();
    let version = version.to_owned();
    let answer = tokio::spawn(async move {
        let response = if version == "HTTP/2" {
            let executor = TokioExecutor::new();
            let (mut send, connection) = http2::handshake(executor, stream).await.unwrap();
            tokio::spawn(connection);
            send.send_request(request).await.unwrap()
        } else {
            let (mut send, connection) = http1::handshake(stream).await.unwrap();
            tokio::spawn(connection);
            send.send_request(request).await.unwrap()
        };
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    });
    (frames, answer)
}

#[tokio::test]
async fn a_body_beside_a_header_token_is_not_waited_for() {
    for version in ["HTTP/1.1", "HTTP/2"] {
        let (pieces, mut seen) = mpsc::unbounded_channel();
        let server = Server::start(listening(&pieces)).await;
        let token = server.token("JSESSIONID=a").await;
        let head = Request::post(server.origin() + "/")
            .header("host", server.addr().to_string())
            .header("cookie", "JSESSIONID=a")
            .header("x-csrf-token", token)
            .header("content-type", "application/x-www-form-urlencoded");
        let (mut frames, answer) = upload(&server, version, head).await;
        for piece in ["first", "second", "third"] {
            frames.send_data(Bytes::from(piece)).await.unwrap();
            let heard = timeout(PATIENCE, seen.recv()).await.expect("the handler waits").unwrap();
            assert_eq!(heard, piece, "{version}");
        }
        drop(frames);
        assert_eq!(answer.await.unwrap(), (200, "done".to_owned()), "{version}");
    }
}

/// What the handler does not read yet must wait in the client, not in the layer.
#[tokio::test]
async fn an_upload_is_held_back_by_a_slow_handler() {
    const SIZE: usize = 64 * MIB;
    for (name, content_type, first) in [
        ("header token", "application/octet-stream", ""),
        ("urlencoded", "application/x-www-form-urlencoded", "csrf_token={token}&file="),
        (
            "multipart",
            "multipart/form-data; boundary=b",
            "--b\r\nContent-Disposition: form-data; name=\"csrf_token\"\r\n\r\n{token}\r\n\
             --b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"f\"\r\n\r\n",
        ),
    ] {
        let (count, mut counted) = mpsc::channel(1);
        let (open, opened) = watch::channel(false);
        let slow = post(async move |mut body: Body| {
            let mut opened = opened.clone();
            opened.wait_for(|open| *open).await.unwrap();
            let mut sum = 0;
            while let Some(frame) = body.frame().await {
                sum += frame.unwrap().into_data().unwrap().len();
            }
            count.send(sum).await.unwrap();
        });
        let routes = Router::new().route("/slow", slow);
        let server = Server::start(protected(layer(policy("standard")), routes)).await;
        let token = server.token("session=a").await;
        let head = Request::post("/slow")
            .header("host", server.addr().to_string())
            .header("cookie", "session=a")
            .header("content-type", content_type);
        let head = if first.is_empty() { head.header("x-csrf-token", &token) } else { head };
        let (mut frames, answer) = upload(&server, "HTTP/1.1", head).await;

        let first = Bytes::from(first.replace("{token}", &token));
        let mut sent = first.len();
        if sent > 0 {
            frames.send_data(first).await.unwrap();
        }
        let piece = Bytes::from(vec![b'x'; 64 * 1024]);
        // Until nothing has moved for a while: what is on the way then, sockets hold.
        while sent < SIZE
            && let Ok(sending) =
                timeout(Duration::from_millis(300), frames.send_data(piece.clone())).await
        {
            sending.unwrap();
            sent += piece.len();
        }
        assert!(sent < SIZE / 2, "{name}: {sent} bytes went out before anybody read them");
        open.send(true).unwrap();
        while sent < SIZE {
            frames.send_data(piece.clone()).await.unwrap();
            sent += piece.len();
        }
        drop(frames);
        assert_eq!(timeout(PATIENCE, counted.recv()).await.unwrap(), Some(sent), "{name}");
        assert_eq!(answer.await.unwrap().0, 200, "{name}");
    }
}

/// The token is not in the beginning, so the answer comes while the client still sends.
#[tokio::test]
async fn a_form_is_given_up_at_the_limit() {
    const LIMIT: usize = 64 * 1024;
    for version in ["HTTP/1.1", "HTTP/2"] {
        let calls = Calls::default();
        let server =
            Server::start(app(layer(policy("standard").with_form_limit(LIMIT)), &calls)).await;
        let head = Request::post(server.origin() + "/")
            .header("host", server.addr().to_string())
            .header("cookie", "session=a")
            .header("content-type", "application/x-www-form-urlencoded");
        let (mut frames, answer) = upload(&server, version, head).await;
        frames.send_data(Bytes::from_static(b"file=")).await.unwrap();
        for _ in 0..=LIMIT / 4096 {
            frames.send_data(Bytes::from(vec![b'x'; 4096])).await.unwrap();
        }
        let (status, _) = timeout(PATIENCE, answer).await.expect("no answer yet").unwrap();
        assert_eq!(status, 403, "{version}");
        assert_eq!(calls.count(), 0, "{version}");
    }
}

/// Chunks as no client cuts them, and trailers.
#[tokio::test]
async fn a_form_that_held_the_token_reaches_the_handler_unchanged() {
    let handler = post(async |body: Body| {
        let collected = body.collect().await.expect("a whole body");
        let trailers = collected.trailers().cloned().unwrap_or_default();
        let sum = trailers.get("x-sum").map(|sum| sum.to_str().unwrap().to_owned());
        format!("{} {sum:?}", String::from_utf8(collected.to_bytes().to_vec()).unwrap())
    });
    let routes = Router::new().route("/", handler);
    let server = Server::start(protected(layer(policy("standard")), routes)).await;
    let token = server.token("session=a").await;
    let (one, other) = token.split_at(10);
    let chunks = ["a=%31+&csrf_", "token=", one, other, "&b=&&c", "=\u{e9}"];
    let mut request = "POST / HTTP/1.1\r\nHost: a\r\nCookie: session=a\r\nTrailer: x-sum\r\n\
                       Content-Type: application/x-www-form-urlencoded\r\n\
                       Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
        .to_owned();
    for chunk in chunks {
        request += &format!("{:x}\r\n{chunk}\r\n", chunk.len());
    }
    request += "0\r\nx-sum: 42\r\n\r\n";
    let raw = server.raw(&request).await;
    assert_eq!(raw.status(), Some(200), "{raw:?}");
    assert_eq!(raw.body(), format!("{} Some(\"42\")", chunks.concat()));
}

#[tokio::test]
async fn a_client_that_leaves_in_the_middle_leaves_nothing_behind() {
    let head = "POST / HTTP/1.1\r\nHost: a\r\nCookie: session=a\r\nContent-Length: 1000\r\n";
    for (name, content_type) in [
        ("urlencoded", "application/x-www-form-urlencoded"),
        ("multipart", "multipart/form-data; boundary=b"),
    ] {
        let calls = Calls::default();
        let server = Server::start(app(layer(policy("standard")), &calls)).await;
        for body in ["", "csrf_", "csrf_token=abc&", "--b\r\nContent-Disposition: form-data; name"]
        {
            let mut stream = TcpStream::connect(server.addr()).await.unwrap();
            let request = format!("{head}Content-Type: {content_type}\r\n\r\n{body}");
            stream.write_all(request.as_bytes()).await.unwrap();
            drop(stream);
            // The same, but the client still listens.
            let raw = server.raw_cut_off(&request).await;
            assert!(matches!(raw.status(), None | Some(400 | 403)), "{name} {body} {raw:?}");
        }
        assert_eq!(server.get("/").send().await.status(), 200, "{name}: it goes on");
        assert_eq!(calls.count(), 1, "{name}");
        server.drained().await;
    }
}

/// In report mode the handler decides, and must not take a part for the whole.
#[tokio::test]
async fn a_form_that_broke_off_is_broken_for_the_handler_too() {
    let calls = Calls::default();
    let reporting = policy("standard").with_mode(countersign::Mode::Report);
    let server = Server::start(app(layer(reporting), &calls)).await;
    for framing in ["Content-Length: 1000\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n5\r\n"] {
        let raw = server
            .raw_cut_off(format!(
                "POST / HTTP/1.1\r\nHost: a\r\nCookie: session=a\r\n\
                 Content-Type: application/x-www-form-urlencoded\r\n{framing}a=b&c"
            ))
            .await;
        assert!(matches!(raw.status(), None | Some(400)), "{raw:?}");
    }
    assert_eq!(calls.count(), 0, "the handler waits for the whole body");
}

/// What `RequestBodyLimitLayer` does to a body that does not announce its length.
#[tokio::test]
async fn a_form_over_a_limit_around_the_layer_is_too_large() {
    const LIMIT: usize = 100;
    for (name, dialect, size, status, body) in [
        ("standard", "standard", 200, 413, r#"{"error":"csrf"}"#),
        ("voss", "voss", 200, 413, r#"{"detail":"CSRF Failed: CSRF token incorrect."}"#),
        ("within the limit", "standard", 50, 403, r#"{"error":"csrf"}"#),
    ] {
        let calls = Calls::default();
        let limited = app(layer(policy(dialect)), &calls).layer(RequestBodyLimitLayer::new(LIMIT));
        let server = Server::start(limited).await;
        let cookie = format!("{}=a", policy(dialect).dialect().session.cookie);
        let raw = server.raw(chunked(&cookie, size)).await;
        assert_eq!((raw.status(), raw.body().as_str()), (Some(status), body), "{name}");
        let reason = if status == 413 { "form_too_large" } else { "token_missing" };
        assert_eq!(raw.header("x-reason").as_deref(), Some(reason), "{name}");
        assert_eq!(calls.count(), 0, "{name}");
    }
    // Where the layer only reports, the handler finds out by itself.
    let calls = Calls::default();
    let reporting = policy("standard").with_mode(countersign::Mode::Report);
    let limited = app(layer(reporting), &calls).layer(RequestBodyLimitLayer::new(LIMIT));
    let raw = Server::start(limited).await.raw(chunked("session=a", 200)).await;
    assert_eq!((raw.header("x-reason"), calls.count()), (None, 0));
    assert!(matches!(raw.status(), Some(400 | 413)), "what axum makes of it: {raw:?}");
}

fn chunked(cookie: &str, size: usize) -> String {
    format!(
        "POST / HTTP/1.1\r\nHost: a\r\nCookie: {cookie}\r\nAccept: application/json\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nConnection: close\r\n\
         Transfer-Encoding: chunked\r\n\r\n{size:x}\r\n{}\r\n0\r\n\r\n",
        "x".repeat(size)
    )
}

const HALF_A_FORM: &str = "POST / HTTP/1.1\r\nHost: a\r\nCookie: session=a\r\n\
                           Content-Type: application/x-www-form-urlencoded\r\n\
                           Content-Length: 1000\r\nConnection: close\r\n\r\na=b&csrf_";

#[tokio::test]
async fn a_form_that_does_not_come_is_waited_for_until_the_deadline() {
    let calls = Calls::default();
    let (late, waiting) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (bell, door) = (late.clone(), waiting.clone());
    let patient = layer(policy("standard")).hold_deadline(move || {
        let (bell, door) = (bell.clone(), door.clone());
        async move {
            door.notify_one();
            bell.notified().await;
        }
    });
    let server = Server::start(app(patient, &calls)).await;
    let token = server.token("session=a").await;
    let call = server.post("/").cookie("session=a");
    let whole = call.form("application/x-www-form-urlencoded", format!("csrf_token={token}"));
    assert_eq!(whole.send().await.status(), 200, "there is time");
    waiting.notified().await;

    let mut stream = TcpStream::connect(server.addr()).await.unwrap();
    stream.write_all(HALF_A_FORM.as_bytes()).await.unwrap();
    timeout(PATIENCE, waiting.notified()).await.expect("nobody waits for the form");
    late.notify_one();
    let raw = Raw::read(&mut stream).await;
    assert_eq!(raw.status(), Some(408), "{raw:?}");
    assert_eq!(raw.header("x-reason").as_deref(), Some("form_malformed"));
    assert_eq!(calls.count(), 1);
}

/// What other layers do about slow clients ends in a refusal as well.
#[tokio::test]
async fn a_form_that_times_out_around_the_layer_is_refused() {
    let calls = Calls::default();
    let app = app(layer(policy("standard")), &calls);
    let server = Server::start(app.layer(RequestBodyTimeoutLayer::new(Duration::ZERO))).await;
    let mut stream = TcpStream::connect(server.addr()).await.unwrap();
    stream.write_all(HALF_A_FORM.as_bytes()).await.unwrap();
    let raw = Raw::read(&mut stream).await;
    assert_eq!(raw.status(), Some(403), "{raw:?}");
    assert_eq!(raw.header("x-reason").as_deref(), Some("form_malformed"));
    assert_eq!(calls.count(), 0);
}
