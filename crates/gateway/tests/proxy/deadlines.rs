//! Nobody is waited for for ever. The deadlines are the shortest that a configuration can set; what
//! they end is waited for, not the time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use http::Request;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::io::AsyncWriteExt;
use tokio::sync::{Notify, mpsc};
use tokio::time::timeout;

use crate::common::app::{App, played, read_head, text};
use crate::common::client::Client;
use crate::common::{PATIENCE, Running};

const GET: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn a_head_that_never_ends_is_given_up() {
    let app = App::plain().await;
    let deadlines = "[deadlines]\nheader = \"1s\"\nidle = \"1h\"";
    let gateway = Running::before(app.address, deadlines, "");
    for before in ["", GET] {
        let mut client = Client::connect(gateway.address()).await;
        if !before.is_empty() {
            assert_eq!(client.ask(before).await.status, 200);
        }
        let begun = Instant::now();
        client.send("GET / HTTP/1.1\r\nHost: a\r\nX: ").await;
        // Each byte is a sign of life, and none of them buys time.
        loop {
            let mut byte = [0];
            let reading = tokio::io::AsyncReadExt::read(&mut client.stream, &mut byte);
            match timeout(Duration::from_millis(50), reading).await {
                Err(_) if begun.elapsed() > PATIENCE => panic!("it is kept for ever"),
                Err(_) => client.send("a").await,
                Ok(Ok(0) | Err(_)) => break,
                Ok(Ok(_)) => {}
            }
        }
        assert!(begun.elapsed() >= SECOND, "given up after {:?}", begun.elapsed());
    }
    assert_eq!(app.requests(), 1);
}

#[tokio::test]
async fn a_connection_that_says_nothing_is_closed() {
    let app = App::plain().await;
    for (name, deadlines, before) in [
        ("after a request", "[deadlines]\nheader = \"1h\"\nidle = \"1s\"", GET),
        ("before any", "[deadlines]\nheader = \"1s\"\nidle = \"1s\"", ""),
    ] {
        let gateway = Running::before(app.address, deadlines, "");
        let mut client = Client::connect(gateway.address()).await;
        let begun = Instant::now();
        if !before.is_empty() {
            assert_eq!(client.ask(before).await.status, 200);
        }
        assert_eq!(client.rest().await, b"", "{name}");
        assert!(begun.elapsed() >= SECOND, "{name}: closed after {:?}", begun.elapsed());
    }
}

#[tokio::test]
async fn a_connection_that_waits_for_the_app_is_not_idle() {
    let go = Arc::new(Notify::new());
    let told = go.clone();
    let app = App::start(move |_: Request<Incoming>| {
        let go = told.clone();
        async move {
            go.notified().await;
            text("late")
        }
    })
    .await;
    let gateway = Running::before(app.address, "[deadlines]\nheader = \"1s\"\nidle = \"1s\"", "");
    let mut busy = Client::connect(gateway.address()).await;
    busy.send(GET).await;
    while app.requests() == 0 {
        tokio::task::yield_now().await;
    }
    // One that began later and says nothing is closed first.
    let mut idle = Client::connect(gateway.address()).await;
    idle.rest().await;
    go.notify_one();
    assert_eq!(busy.answer().await.unwrap().text(), "late");
}

#[tokio::test]
async fn a_body_that_never_comes_is_answered() {
    let (sender, mut whole) = mpsc::unbounded_channel();
    let app = App::start(move |request: Request<Incoming>| {
        let sender = sender.clone();
        async move {
            sender.send(request.into_body().collect().await.is_ok()).unwrap();
            text("ok")
        }
    })
    .await;
    let gateway = Running::before(app.address, "[deadlines]\nbody = \"1s\"", "");
    let form = "Cookie: session=5d1ccc96\r\nContent-Type: application/x-www-form-urlencoded\r\n";
    for (name, fields) in [("streamed", "Origin: http://a\r\n"), ("a held form", form)] {
        let mut client = Client::connect(gateway.address()).await;
        let head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n";
        let answer = client.ask(format!("{head}{fields}\r\nabc")).await;
        assert_eq!(answer.status, 408, "{name}: {answer:?}");
        assert_eq!(client.rest().await, b"", "{name}");
    }
    assert_eq!(timeout(PATIENCE, whole.recv()).await.unwrap(), Some(false));
    assert_eq!(app.requests(), 1, "the held form must not reach the app");
}

#[tokio::test]
async fn a_client_that_takes_nothing_is_given_up() {
    let (sender, mut end) = mpsc::unbounded_channel();
    let (app, _) = played(move |mut stream, _| {
        let sender = sender.clone();
        async move {
            read_head(&mut stream).await;
            stream
                .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\n")
                .await
                .unwrap();
            let piece = vec![b'a'; 64 << 10];
            while stream.write_all(&piece).await.is_ok() {}
            sender.send(()).unwrap();
        }
    })
    .await;
    let gateway = Running::before(app, "[deadlines]\nidle = \"1s\"", "");
    let mut client = Client::connect(gateway.address()).await;
    client.send(GET).await;
    timeout(PATIENCE, end.recv()).await.expect("the app writes for ever").unwrap();
    drop(client);
}

#[tokio::test]
async fn an_app_that_stops_within_its_answer_is_given_up() {
    let hold = Arc::new(Notify::new());
    let held = hold.clone();
    let (app, _) = played(move |mut stream, _| {
        let hold = held.clone();
        async move {
            read_head(&mut stream).await;
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc").await.unwrap();
            hold.notified().await;
        }
    })
    .await;
    let gateway = Running::before(app, "[deadlines]\nstall = \"1s\"", "");
    let mut client = Client::connect(gateway.address()).await;
    client.send(GET).await;
    let why = client.answer().await.unwrap_err();
    assert!(why.starts_with("the connection"), "{why}");
    hold.notify_one();
}
