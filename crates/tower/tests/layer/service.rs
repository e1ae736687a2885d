//! The layer as a piece of tower: readiness, settings, and connections that are handed over.

use std::convert::Infallible;
use std::future::{Ready, poll_fn, ready};
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request as AxumRequest;
use axum::http::{Request, Response, StatusCode};
use axum::routing::{any, post};
use axum::{Extension, Router};
use countersign::{Peer, Reason, Scheme};
use countersign_tower::axum::CsrfField;
use countersign_tower::{
    Connection, CsrfLayer, HeldBody, Judged, ManualClock, Observer, Rejection,
};
use http_body_util::channel::Channel;
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tower_layer::Layer;
use tower_service::Service;

use crate::common::{Calls, PATIENCE, START, Server, app, layer, policy, protected};

/// Like a concurrency limit: what `poll_ready` promises, it promises to one value and no clone.
struct OneAtATime {
    is_ready: bool,
}

impl Clone for OneAtATime {
    fn clone(&self) -> Self {
        Self { is_ready: false }
    }
}

impl Service<Request<HeldBody<Body>>> for OneAtATime {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.is_ready = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<HeldBody<Body>>) -> Self::Future {
        assert!(std::mem::take(&mut self.is_ready), "called without being ready");
        ready(Ok(Response::new(Body::empty())))
    }
}

#[tokio::test]
async fn the_value_that_said_it_was_ready_is_the_one_that_is_called() {
    let protection = layer(policy("standard"));
    let token = protection.for_session("a").token().await.unwrap();
    let form = "application/x-www-form-urlencoded";
    let mut service = protection.layer(OneAtATime { is_ready: false });
    for (name, content_type, body) in [
        ("decided by the head", "text/plain", String::new()),
        ("after a form was read", form, format!("csrf_token={token}")),
    ] {
        let request = Request::post("/")
            .header("host", "a")
            .header("cookie", "session=a")
            .header("content-type", content_type);
        let request = match name {
            "decided by the head" => request.header("x-csrf-token", &token),
            _ => request,
        };
        poll_fn(|context| service.poll_ready(context)).await.unwrap();
        let answer = service.call(request.body(Body::from(body)).unwrap()).await.unwrap();
        assert_eq!(answer.status(), 200, "{name}");
    }
}

/// Whoever stops in the middle of a form has sent a broken one, not one without a token.
#[tokio::test]
async fn a_form_that_broke_off_is_no_form() {
    let mut service = layer(policy("standard")).layer(OneAtATime { is_ready: false });
    for content_type in ["application/x-www-form-urlencoded", "multipart/form-data; boundary=b"] {
        let (mut frames, body) = Channel::<Bytes, std::io::Error>::new(1);
        frames.send_data(Bytes::from_static(b"a=b&csrf_")).await.unwrap();
        frames.abort(std::io::ErrorKind::ConnectionReset.into());
        let request = Request::post("/")
            .header("host", "a")
            .header("cookie", "session=a")
            .header("content-type", content_type);
        let answer = service.call(request.body(Body::new(body)).unwrap()).await.unwrap();
        let rejection = answer.extensions().get::<Rejection>().expect(content_type);
        assert_eq!(rejection.reason(), Reason::FormMalformed, "{content_type}");
    }
}

#[tokio::test]
async fn code_outside_of_the_layer_can_make_what_a_handler_could() {
    let protection = layer(policy("standard"));
    let field = CsrfField::of(&protection.for_session("a")).await.unwrap();
    let server = Server::start(app(protection, &Calls::default())).await;
    for (cookie, status) in [("session=a", 200), ("session=b", 403)] {
        let form = format!("{}={}", field.name(), field.value());
        let call = server.post("/").cookie(cookie);
        let answer = call.form("application/x-www-form-urlencoded", form).send().await;
        assert_eq!(answer.status(), status, "{cookie}");
    }
}

/// A clone goes its own way; the store is everybody's.
#[tokio::test]
async fn settings_hold_for_the_value_they_are_made_on_whenever_they_are_made() {
    const DAY: Duration = Duration::from_secs(24 * 3600);
    struct Count(Arc<AtomicUsize>);
    impl Observer for Count {
        fn judged(&self, _: &Judged<'_>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
    let told = Arc::new(AtomicUsize::new(0));
    let first = layer(policy("tao"));
    let in_use = first.layer(Router::<()>::new());
    let tomorrow = ManualClock::at(START);
    tomorrow.advance(DAY);
    let second = first.clone().https().observer(Count(told.clone()));
    let late = first.clone().clock(tomorrow);
    let bare = first.clone().without_handle();
    drop(in_use);

    let ticket = async |layer: &CsrfLayer| layer.for_session("a").token().await.unwrap();
    for (name, layer, ticket, origin, status) in [
        ("the first", &first, ticket(&first).await, "http://a", 200),
        ("the first knows no https", &first, ticket(&first).await, "https://a", 403),
        ("the second does", &second, ticket(&second).await, "https://a", 200),
        ("one store", &second, ticket(&first).await, "https://a", 200),
        ("the third's clock is ahead", &late, ticket(&first).await, "http://a", 403),
        ("and gives out what holds there", &late, ticket(&late).await, "http://a", 200),
    ] {
        let mut app = app(layer.clone(), &Calls::default());
        let request = Request::post("/")
            .header("host", "a")
            .header("origin", origin)
            .header("cookie", "tao_session=a")
            .header("x-csrf-token", ticket);
        let answer = app.call(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(answer.status(), status, "{name}");
    }
    assert_eq!(told.load(Ordering::SeqCst), 2);
    for (layer, status) in [(first, 200), (bare, 500)] {
        let request = Request::get("/token").header("host", "a").header("cookie", "tao_session=a");
        let mut app = app(layer, &Calls::default());
        let answer = app.call(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(answer.status(), status);
    }
}

#[tokio::test]
async fn the_scheme_is_what_the_layer_or_the_connection_says() {
    let plain = || CsrfLayer::new(policy("standard")).unwrap();
    let proxied = || policy("standard").with_trusted_proxy("127.0.0.0/8".parse().unwrap());
    let from =
        |address: Ipv4Addr, scheme| Some(Connection(Peer::new(Some(address.into()), scheme)));
    let proxy = from(Ipv4Addr::LOCALHOST, Scheme::Http);
    let stranger = from(Ipv4Addr::new(203, 0, 113, 9), Scheme::Http);
    for (name, layer, connection, forwarded, origin, status) in [
        ("plain", plain(), None, false, "http://app.example", 200),
        ("plain", plain(), None, false, "https://app.example", 403),
        ("https", plain().https(), None, false, "https://app.example", 200),
        ("https", plain().https(), None, false, "http://app.example", 403),
        (
            "a TLS connection among plain ones",
            plain(),
            from(Ipv4Addr::LOCALHOST, Scheme::Https),
            false,
            "https://app.example",
            200,
        ),
        ("a trusted proxy", layer(proxied()), proxy, true, "https://app.example", 200),
        ("nobody is trusted", plain(), proxy, true, "https://app.example", 403),
        ("not from the proxy", layer(proxied()), stranger, true, "https://app.example", 403),
        ("from nobody knows where", layer(proxied()), None, true, "https://app.example", 403),
    ] {
        let mut app = app(layer, &Calls::default());
        if let Some(connection) = connection {
            app = app.layer(Extension(connection));
        }
        let server = Server::start(app).await;
        let forwarded = if forwarded { "X-Forwarded-Proto: https\r\n" } else { "" };
        let raw = server
            .raw(format!(
                "POST / HTTP/1.1\r\nHost: app.example\r\nCookie: session=a\r\nOrigin: {origin}\r\n\
                 {forwarded}Connection: close\r\n\r\n"
            ))
            .await;
        assert_eq!(raw.status(), Some(status), "{name}: {origin}");
    }
}

/// HTTP/2 has no reason phrase, and must not stumble over one.
#[tokio::test]
async fn http2_answers_are_the_same_but_for_the_reason_phrase() {
    let calls = Calls::default();
    let server = Server::start(app(layer(policy("tao")), &calls)).await;
    let stream = TokioIo::new(TcpStream::connect(server.addr()).await.unwrap());
    let (mut send, connection) = http2::handshake(TokioExecutor::new(), stream).await.unwrap();
    tokio::spawn(connection);
    let token = server.token("tao_session=a").await;
    for (name, token, status) in
        [("no ticket", "x", 403), ("a ticket", &token, 200), ("again", &token, 403)]
    {
        let request = Request::post(format!("{}/tao/items/1", server.origin()))
            .header("cookie", "tao_session=a")
            .header("x-csrf-token", token)
            .body(Full::new(Bytes::from("body")))
            .unwrap();
        let answer = send.send_request(request).await.unwrap();
        assert_eq!(answer.status(), status, "{name}");
        assert_eq!(answer.headers().contains_key("x-csrf-token"), status == 200, "{name}");
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(body, if status == 200 { "body" } else { "" }, "{name}");
    }
    assert_eq!(calls.count(), 1);
}

/// What was allowed to open a WebSocket gets the connection itself.
#[tokio::test]
async fn a_connection_that_is_handed_over_goes_through() {
    let chat = any(async |mut request: AxumRequest| {
        tokio::spawn(async move {
            let mut connection = TokioIo::new(hyper::upgrade::on(&mut request).await.unwrap());
            let mut heard = [0; 5];
            connection.read_exact(&mut heard).await.unwrap();
            heard.reverse();
            connection.write_all(&heard).await.unwrap();
        });
        (StatusCode::SWITCHING_PROTOCOLS, [("connection", "upgrade"), ("upgrade", "websocket")])
    });
    let routes = Router::new().route("/chat", chat).route("/", post(async || ""));
    let server = Server::start(protected(layer(policy("standard")), routes)).await;
    for (origin, status) in [(server.origin(), "101"), ("https://evil.example".to_owned(), "403")] {
        let mut stream = TcpStream::connect(server.addr()).await.unwrap();
        let handshake = format!(
            "GET /chat HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Cookie: session=a\r\nOrigin: {origin}\r\n\r\n",
            server.addr()
        );
        stream.write_all(handshake.as_bytes()).await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let byte = timeout(PATIENCE, stream.read_u8()).await.expect("no answer").unwrap();
            head.push(byte);
        }
        assert_eq!(&head[9..12], status.as_bytes(), "{origin}");
        if status == "101" {
            stream.write_all(b"hello").await.unwrap();
            let mut answer = [0; 5];
            timeout(PATIENCE, stream.read_exact(&mut answer)).await.expect("no echo").unwrap();
            assert_eq!(&answer, b"olleh");
        }
    }
}
