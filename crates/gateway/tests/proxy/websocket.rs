//! WebSockets through the gateway, over HTTP/1.1 and HTTP/2.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use http::{Method, Request};
use http_body_util::Full;
use hyper::ext::Protocol;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::ClientRequestBuilder;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, frame::coding::CloseCode};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, accept_async, client_async};

use crate::common::app::{App, played, read_head};
use crate::common::client::{Client, http2};
use crate::common::tls::Authority;
use crate::common::{PATIENCE, Running};

/// Sends back what comes, and closes when it is told to.
async fn echo() -> (SocketAddr, Arc<AtomicUsize>) {
    played(|stream, _| async {
        let mut socket = accept_async(stream).await.unwrap();
        while let Some(Ok(message)) = socket.next().await {
            match message {
                Message::Text(text) if text == "go" => {
                    let frame = CloseFrame { code: CloseCode::Away, reason: "gone".into() };
                    socket.close(Some(frame)).await.unwrap();
                }
                Message::Text(_) | Message::Binary(_) => socket.send(message).await.unwrap(),
                _ => {}
            }
        }
    })
    .await
}

async fn next<S>(socket: &mut WebSocketStream<S>) -> Option<Message>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    timeout(PATIENCE, socket.next()).await.expect("nothing comes").map(Result::unwrap)
}

async fn talk<S>(mut socket: WebSocketStream<S>, name: &str)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let long = Message::binary(vec![7; 300_000]);
    for message in [Message::text("hello"), long, Message::text("")] {
        socket.send(message.clone()).await.unwrap();
        assert_eq!(next(&mut socket).await, Some(message), "{name}");
    }
    // The app's word for the end reaches the client.
    socket.send(Message::text("go")).await.unwrap();
    match next(&mut socket).await {
        Some(Message::Close(Some(frame))) => assert_eq!(frame.reason, "gone", "{name}"),
        other => panic!("{name}: {other:?}"),
    }
    assert_eq!(next(&mut socket).await, None, "{name}");
}

fn handshake(origin: &str) -> ClientRequestBuilder {
    ClientRequestBuilder::new("ws://app.example/chat".parse().unwrap())
        .with_header("Origin", origin)
        .with_header("Cookie", "session=5d1ccc96")
}

async fn connect(gateway: &Running) -> TcpStream {
    TcpStream::connect(gateway.address()).await.unwrap()
}

fn extended(origin: &str) -> Request<Full<Bytes>> {
    let mut request = Request::builder()
        .method(Method::CONNECT)
        .uri("http://app.example/chat")
        .header("origin", origin)
        .header("cookie", "session=5d1ccc96")
        .header("sec-websocket-version", "13")
        .body(Full::default())
        .unwrap();
    request.extensions_mut().insert(Protocol::from_static("websocket"));
    request
}

#[tokio::test]
async fn both_directions_pass_over_http1() {
    let (app, _) = echo().await;
    let gateway = Running::before(app, "", "");
    let request = handshake("http://app.example");
    let opened = timeout(PATIENCE, client_async(request, connect(&gateway).await)).await.unwrap();
    let (socket, answer) = opened.unwrap();
    assert_eq!(answer.status(), 101);
    talk(socket, "HTTP/1.1").await;
}

#[tokio::test]
async fn both_directions_pass_over_http2() {
    let (app, _) = echo().await;
    let gateway = Running::before(app, "", "");
    let mut client = http2(connect(&gateway).await).await;
    let request = extended("http://app.example");
    let answer = timeout(PATIENCE, client.send_request(request)).await.unwrap().unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers().get("sec-websocket-accept"), None);
    let stream = TokioIo::new(hyper::upgrade::on(answer).await.unwrap());
    talk(WebSocketStream::from_raw_socket(stream, Role::Client, None).await, "HTTP/2").await;
}

#[tokio::test]
async fn a_foreign_page_opens_none() {
    let (app, connections) = echo().await;
    let gateway = Running::before(app, "", "");
    for origin in ["http://evil.example", "null", "https://app.example"] {
        match client_async(handshake(origin), connect(&gateway).await).await {
            Err(Error::Http(answer)) => assert_eq!(answer.status(), 403, "{origin}"),
            other => panic!("{origin}: {other:?}"),
        }
        let mut client = http2(connect(&gateway).await).await;
        let answer = timeout(PATIENCE, client.send_request(extended(origin))).await.unwrap();
        assert_eq!(answer.unwrap().status(), 403, "{origin}");
    }
    assert_eq!(connections.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn an_app_that_opens_none_is_heard() {
    let (app, _) = played(|mut stream, _| async move {
        read_head(&mut stream).await;
        let answer = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 6\r\n\r\nlog in";
        stream.write_all(answer).await.unwrap();
    })
    .await;
    let gateway = Running::before(app, "", "");
    match client_async(handshake("http://app.example"), connect(&gateway).await).await {
        Err(Error::Http(answer)) => assert_eq!(answer.status(), 401),
        other => panic!("{other:?}"),
    }
    let mut client = http2(connect(&gateway).await).await;
    let answer = client.send_request(extended("http://app.example")).await.unwrap();
    assert_eq!(answer.status(), 401);
}

#[tokio::test]
async fn a_client_that_vanishes_ends_the_apps_side() {
    let (ended, mut end) = tokio::sync::mpsc::unbounded_channel();
    let (app, _) = played(move |stream, _| {
        let ended = ended.clone();
        async move {
            let mut socket = accept_async(stream).await.unwrap();
            while let Some(Ok(_)) = socket.next().await {}
            ended.send(()).unwrap();
        }
    })
    .await;
    let gateway = Running::before(app, "", "");
    let request = handshake("http://app.example");
    let (socket, _) = client_async(request, connect(&gateway).await).await.unwrap();
    drop(socket);
    timeout(PATIENCE, end.recv()).await.expect("the app waits for a client that is gone");
}

#[tokio::test]
async fn a_quiet_one_is_left_in_peace() {
    let (app, _) = echo().await;
    let gateway = Running::before(app, "[deadlines]\nheader = \"1s\"\nidle = \"1s\"", "");
    let request = handshake("http://app.example");
    let (mut socket, _) = client_async(request, connect(&gateway).await).await.unwrap();
    for text in ["one", "two", "three"] {
        socket.send(Message::text(text)).await.unwrap();
        assert_eq!(next(&mut socket).await, Some(Message::text(text)));
        // Somebody who begins later and says nothing is closed first.
        Client::over(connect(&gateway).await).rest().await;
    }
}

#[tokio::test]
async fn an_answer_that_opens_none_is_no_success_of_a_connect() {
    let app = App::plain().await;
    let gateway = Running::before(app.address, "", "");
    let mut client = http2(connect(&gateway).await).await;
    let answer = client.send_request(extended("http://app.example")).await.unwrap();
    assert_eq!(answer.status(), 502);
    assert_eq!(app.requests(), 1);

    let gateway = Running::of(&format!(
        "[[listen]]\naddress = \"127.0.0.1:0\"\n[[site]]\nname = \"app\"\nupstream = \"h2c://{}\"\n",
        app.address
    ));
    let mut client = http2(connect(&gateway).await).await;
    let answer = client.send_request(extended("http://app.example")).await.unwrap();
    assert_eq!(answer.status(), 501);
    assert_eq!(app.requests(), 1);
}

#[tokio::test]
async fn an_app_over_https_is_asked_in_http1() {
    let authority = Authority::new();
    let acceptor = authority.acceptor(&["127.0.0.1"], &["h2", "http/1.1"]);
    let (app, _) = played(move |stream, _| {
        let acceptor = acceptor.clone();
        async move {
            let stream = acceptor.accept(stream).await.unwrap();
            assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
            let mut socket = accept_async(stream).await.unwrap();
            socket.send(Message::text("welcome")).await.unwrap();
        }
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("ca.pem"), &authority.pem).unwrap();
    let gateway = Running::within(
        folder,
        &format!(
            "[[listen]]\naddress = \"127.0.0.1:0\"\n[[site]]\nname = \"app\"\n\
             upstream = \"https://{app}\"\nupstream_ca = \"ca.pem\"\n"
        ),
    );
    let request = handshake("http://app.example");
    let (mut socket, _) = client_async(request, connect(&gateway).await).await.unwrap();
    assert_eq!(next(&mut socket).await, Some(Message::text("welcome")));
}
