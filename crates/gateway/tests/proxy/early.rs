//! Answers that come before the body's end: the gateway's own, and the app's.

use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Notify, mpsc};
use tokio::time::timeout;

use crate::common::app::{App, played, read_head};
use crate::common::client::Client;
use crate::common::{PATIENCE, Running};

const GET: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const FORGED: &str =
    "POST / HTTP/1.1\r\nHost: a\r\nOrigin: http://evil.example\r\nContent-Length: ";

/// Clients such as Python's send head and body apart, and use the connection again.
#[tokio::test]
async fn a_refusal_leaves_the_connection_open() {
    let app = App::plain().await;
    let gateway = Running::before(app.address, "", "");
    let mut client = Client::connect(gateway.address()).await;
    for _ in 0..3 {
        client.send(format!("{FORGED}10\r\n\r\n")).await;
        let refused = client.ask("0123456789").await;
        assert_eq!(refused.status, 403, "{refused:?}");
        assert_eq!(refused.header("connection"), None);
    }
    assert_eq!(client.ask(GET).await.status, 200);
    assert_eq!(app.requests(), 1);
}

/// It is the missing token that the client hears of, and not that its body was slow as well.
#[tokio::test]
async fn a_refused_body_that_never_comes_is_still_a_403() {
    let app = App::plain().await;
    let gateway = Running::before(app.address, "[deadlines]\nbody = \"1s\"", "");
    let mut client = Client::connect(gateway.address()).await;
    let refused = client.ask(format!("{FORGED}10\r\n\r\n01234")).await;
    assert_eq!(refused.status, 403, "{refused:?}");
    assert_eq!(refused.header("connection"), Some("close"));
    assert_eq!(client.rest().await, b"");
    assert_eq!(app.requests(), 0);
}

/// A socket that is closed while the client still sends is reset, and the reset may overtake the answer.
#[tokio::test]
async fn a_client_that_is_refused_within_an_upload_may_send_to_its_end() {
    const SIZE: usize = 64 << 20;
    let app = App::plain().await;
    let gateway = Running::before(app.address, "", "");
    let mut stream = TcpStream::connect(gateway.address()).await.unwrap();
    stream.write_all(format!("{FORGED}{SIZE}\r\n\r\n").as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("no end").unwrap();
    let answer = String::from_utf8(answer).unwrap().to_ascii_lowercase();
    assert!(answer.starts_with("http/1.1 403 "), "{answer}");
    assert!(answer.contains("\r\nconnection: close\r\n"), "{answer}");
    // More than the system would hold for a reader who has gone.
    let body = vec![b'x'; SIZE];
    timeout(PATIENCE, stream.write_all(&body)).await.expect("nobody takes it").expect("reset");
    assert_eq!(app.requests(), 0);
}

/// An app may answer before it has read what the client sends, and hang up later, with a word or without.
#[tokio::test]
async fn an_answer_before_the_bodys_end_says_that_the_connection_ends() {
    for more in ["", "Connection: close\r\n"] {
        let heard = Arc::new(Notify::new());
        let bell = heard.clone();
        let (app, _) = played(move |mut stream, _| {
            let heard = bell.clone();
            async move {
                read_head(&mut stream).await;
                let head = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n";
                stream.write_all(format!("{head}{more}\r\nno").as_bytes()).await.unwrap();
                // Until then, nothing shows what it is going to do.
                heard.notified().await;
            }
        })
        .await;
        let gateway = Running::before(app, "", "");
        let mut client = Client::connect(gateway.address()).await;
        let head = "POST / HTTP/1.1\r\nHost: a\r\nOrigin: http://a\r\nContent-Length: 10\r\n\r\n";
        let early = client.ask(head).await;
        assert_eq!(early.status, 401, "{more:?}: {early:?}");
        assert_eq!(early.header("connection"), Some("close"), "{more:?}");
        heard.notify_one();
    }
}

/// It may also go on reading what comes after its answer.
#[tokio::test]
async fn a_body_that_ends_after_its_answer_reaches_the_app_whole() {
    let (sender, mut whole) = mpsc::unbounded_channel();
    let (app, _) = played(move |mut stream, _| {
        let sender = sender.clone();
        async move {
            read_head(&mut stream).await;
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await.unwrap();
            let mut body = [0; 10];
            let read = stream.read_exact(&mut body).await;
            sender.send(read.map(|_| body)).unwrap();
        }
    })
    .await;
    let gateway = Running::before(app, "", "");
    let mut client = Client::connect(gateway.address()).await;
    let head = "POST / HTTP/1.1\r\nHost: a\r\nOrigin: http://a\r\nContent-Length: 10\r\n\r\n";
    assert_eq!(client.ask(head).await.text(), "ok");
    client.send("0123456789").await;
    let body = timeout(PATIENCE, whole.recv()).await.unwrap().unwrap();
    assert_eq!(&body.unwrap(), b"0123456789");
}

/// Whoever closes a socket with bytes in it that were not read resets it, and the next write fails.
#[tokio::test]
async fn an_app_that_hangs_up_within_an_upload_is_heard() {
    const SIZE: usize = 4 << 20;
    let (app, _) = played(|mut stream, _| async move {
        read_head(&mut stream).await;
        let answer = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 5\r\n\r\nlogin";
        stream.write_all(answer).await.unwrap();
    })
    .await;
    let gateway = Running::before(app, "", "");
    let head =
        format!("POST / HTTP/1.1\r\nHost: a\r\nOrigin: http://a\r\nContent-Length: {SIZE}\r\n\r\n");
    let upload = [head.as_bytes(), &vec![b'x'; SIZE]].concat();
    // Which of the two comes first is left to chance.
    for _ in 0..20 {
        let mut client = Client::connect(gateway.address()).await;
        let answer = client.ask(&upload).await;
        assert_eq!((answer.status, &*answer.text()), (401, "login"));
    }
}
