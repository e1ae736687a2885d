//! Bodies on their way: streamed, bounded, and framed as they were.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response};
use http_body::Frame;
use http_body_util::BodyExt;
use http_body_util::channel::Channel;
use hyper::body::Incoming;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::{Notify, mpsc};
use tokio::time::timeout;

use crate::common::app::{App, full, played, read_head, text};
use crate::common::client::Client;
use crate::common::{PATIENCE, Running};

const GET: &str = "GET / HTTP/1.1\r\nHost: app.example\r\n\r\n";

#[tokio::test]
async fn trailers_reach_the_client() {
    let app = App::start(async |_| {
        let (mut sender, body) = Channel::<Bytes, std::io::Error>::new(4);
        tokio::spawn(async move {
            sender.send_data(Bytes::from_static(b"abc")).await.unwrap();
            let mut trailers = HeaderMap::new();
            trailers.insert("x-sum", HeaderValue::from_static("3"));
            sender.send(Frame::trailers(trailers)).await.unwrap();
        });
        Response::builder().header("trailer", "x-sum").body(body.boxed()).unwrap()
    })
    .await;
    let gateway = Running::before(app.address, "", "");
    let mut client = Client::connect(gateway.address()).await;
    let answer = client.ask("GET / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\n\r\n").await;
    assert_eq!(answer.text(), "abc");
    assert_eq!(answer.trailers, [("x-sum".to_owned(), "3".to_owned())]);
    assert_eq!(answer.header("trailer"), Some("x-sum"));
}

#[tokio::test]
async fn answers_without_a_body_end_where_they_end() {
    let answers = [
        ("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", 200, Some("5")),
        ("GET", "HTTP/1.1 204 No Content\r\n\r\n", 204, None),
        ("GET", "HTTP/1.1 304 Not Modified\r\nETag: \"a\"\r\n\r\n", 304, None),
        ("GET", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200, Some("0")),
        (
            "GET",
            "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
            204,
            None,
        ),
        ("GET", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n", 204, None),
    ];
    let (app, connections) = played(move |mut stream, _| async move {
        loop {
            let head = read_head(&mut stream).await;
            let Some(number) = head.split(['/', ' ']).nth(2) else { return };
            let Ok(number) = number.parse::<usize>() else { return };
            stream.write_all(answers[number].1.as_bytes()).await.unwrap();
        }
    })
    .await;
    let gateway = Running::before(app, "", "");
    // All over one connection: an answer that ended elsewhere would spoil the next.
    let mut client = Client::connect(gateway.address()).await;
    for (number, (method, name, status, length)) in answers.iter().enumerate() {
        client.send(format!("{method} /{number} HTTP/1.1\r\nHost: a\r\n\r\n")).await;
        let mut answer = client.head().await.unwrap();
        // Hints may be passed on or kept back.
        while answer.status < 200 {
            answer = client.head().await.unwrap();
        }
        assert_eq!(answer.status, *status, "{name}");
        assert_eq!(answer.header("content-length"), *length, "{name}");
        assert_eq!(answer.header("transfer-encoding"), None, "{name}");
    }
    assert_eq!(connections.load(std::sync::atomic::Ordering::SeqCst), 1);
}

#[tokio::test]
async fn an_event_arrives_while_the_stream_is_open() {
    let go = Arc::new(Notify::new());
    let told = go.clone();
    let app = App::start(move |_| {
        let go = told.clone();
        async move {
            let (mut sender, body) = Channel::<Bytes, std::io::Error>::new(1);
            tokio::spawn(async move {
                sender.send_data(Bytes::from_static(b"data: 1\n\n")).await.unwrap();
                go.notified().await;
                sender.send_data(Bytes::from_static(b"data: 2\n\n")).await.unwrap();
            });
            let answer = Response::builder().header("content-type", "text/event-stream");
            answer.body(body.boxed()).unwrap()
        }
    })
    .await;
    for (name, site) in [("plain", ""), ("before pages", "html = {}")] {
        let gateway = Running::before(app.address, "", site);
        let mut client = Client::connect(gateway.address()).await;
        client.send("GET / HTTP/1.1\r\nHost: a\r\nAccept: text/html, */*\r\n\r\n").await;
        let mut answer = client.head().await.unwrap();
        assert_eq!(client.piece(&mut answer).await.unwrap().unwrap(), b"data: 1\n\n", "{name}");
        go.notify_one();
        assert_eq!(client.piece(&mut answer).await.unwrap().unwrap(), b"data: 2\n\n", "{name}");
        assert_eq!(client.piece(&mut answer).await.unwrap(), None, "{name}");
    }
}

const SIZE: usize = 64 << 20;

/// What sockets may hold on the way, of two connections, with whatever the gateway keeps.
const ON_THE_WAY: usize = 32 << 20;

/// Longer than any piece takes that somebody waits for.
const STUCK: Duration = Duration::from_secs(2);

#[tokio::test]
async fn a_large_upload_waits_for_the_app() {
    let go = Arc::new(Notify::new());
    let told = go.clone();
    let app = App::start(move |request: Request<Incoming>| {
        let go = told.clone();
        async move {
            go.notified().await;
            let (mut body, mut length) = (request.into_body(), 0);
            while let Some(frame) = body.frame().await {
                length += frame.unwrap().data_ref().map_or(0, Bytes::len);
            }
            text(&length.to_string())
        }
    })
    .await;
    let gateway = Running::before(app.address, "", "");
    let mut client = Client::connect(gateway.address()).await;
    let head = format!(
        "POST /up HTTP/1.1\r\nHost: a\r\nOrigin: http://a\r\nContent-Length: {SIZE}\r\n\r\n"
    );
    client.send(head).await;
    let piece = vec![b'a'; 64 << 10];
    let mut sent = 0;
    while sent < SIZE {
        match timeout(STUCK, client.stream.write(&piece[..piece.len().min(SIZE - sent)])).await {
            Ok(taken) => sent += taken.unwrap(),
            Err(_) => break,
        }
    }
    assert!(sent < ON_THE_WAY, "the gateway took {sent} bytes that nobody wanted");
    go.notify_one();
    while sent < SIZE {
        let writing = client.stream.write(&piece[..piece.len().min(SIZE - sent)]);
        sent += timeout(PATIENCE, writing).await.unwrap().unwrap();
    }
    let answer = client.answer().await.unwrap();
    assert_eq!((answer.status, answer.text()), (200, SIZE.to_string()));
}

#[tokio::test]
async fn a_large_download_waits_for_the_client() {
    let (stuck, mut at) = mpsc::unbounded_channel();
    let (app, _) = played(move |mut stream, _| {
        let stuck = stuck.clone();
        async move {
            read_head(&mut stream).await;
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {SIZE}\r\n\r\n");
            stream.write_all(head.as_bytes()).await.unwrap();
            let piece = vec![b'a'; 64 << 10];
            let mut sent = 0;
            while sent < SIZE {
                let part = &piece[..piece.len().min(SIZE - sent)];
                match timeout(STUCK, stream.write(part)).await {
                    Ok(taken) => sent += taken.unwrap(),
                    Err(_) => {
                        let _ = stuck.send(sent);
                    }
                }
            }
            let _ = stuck.send(sent);
        }
    })
    .await;
    let gateway = Running::before(app, "", "");
    let mut client = Client::connect(gateway.address()).await;
    client.send(GET).await;
    let sent = timeout(PATIENCE, at.recv()).await.unwrap().unwrap();
    assert!(sent < ON_THE_WAY, "the gateway took {sent} bytes that nobody wanted");
    let answer = client.answer().await.unwrap();
    assert_eq!(answer.body.len(), SIZE);
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused() {
    let (sender, mut whole) = mpsc::unbounded_channel();
    let app = App::start(move |request: Request<Incoming>| {
        let sender = sender.clone();
        async move {
            let method = request.method().clone();
            sender.send((method, request.into_body().collect().await.is_ok())).unwrap();
            text("ok")
        }
    })
    .await;
    let gateway = Running::before(app.address, "[limits]\nbody = 1000", "");
    let head = "POST / HTTP/1.1\r\nHost: a\r\n";
    let own = "Origin: http://a\r\n";
    let form = "Cookie: session=5d1ccc96\r\nContent-Type: application/x-www-form-urlencoded\r\n";
    for (name, fields, length, status) in [
        ("streamed, within", format!("{own}Content-Length: 1000\r\n"), 1000, 200),
        ("streamed, over", format!("{own}Content-Length: 1001\r\n"), 1001, 413),
        ("in chunks, within", format!("{own}Transfer-Encoding: chunked\r\n"), 1000, 200),
        ("in chunks, over", format!("{own}Transfer-Encoding: chunked\r\n"), 1001, 413),
        ("a held form, over", format!("{form}Content-Length: 1001\r\n"), 1001, 413),
        ("a held form, within", format!("{form}Content-Length: 1000\r\n"), 1000, 403),
    ] {
        let body = "a".repeat(length);
        let body = match fields.contains("chunked") {
            true => format!("{length:x}\r\n{body}\r\n0\r\n\r\n"),
            false => body,
        };
        let mut client = Client::connect(gateway.address()).await;
        let answer = client.ask(format!("{head}{fields}\r\n{body}")).await;
        assert_eq!(answer.status, status, "{name}: {answer:?}");
        if status == 413 {
            // Either there is no further request, or it is read where it begins.
            client.send(GET).await;
            let next = client.answer().await;
            assert!(
                next.as_ref().is_ok_and(|next| next.status == 200) || next.is_err(),
                "{next:?}"
            );
        }
    }
    drop(gateway);
    let mut seen = Vec::new();
    while let Ok(one) = whole.try_recv() {
        seen.push(one);
    }
    let posts = seen.iter().filter(|(method, whole)| *method == Method::POST && *whole);
    assert_eq!(posts.count(), 2, "{seen:?}");
}

#[tokio::test]
async fn a_forms_body_is_whole_behind_its_verdict() {
    let app = App::start(async |request: Request<Incoming>| {
        let body = request.into_body().collect().await.unwrap().to_bytes();
        Response::new(full(body))
    })
    .await;
    let gateway = Running::before(app.address, "", "[site.policy]\ndialect = \"voss\"");
    let mut client = Client::connect(gateway.address()).await;
    let begun = client.ask("GET /login/ HTTP/1.1\r\nHost: a\r\n\r\n").await;
    let token = begun.header("x-csrftoken").unwrap().to_owned();
    let cookies: Vec<&str> =
        begun.all("set-cookie").map(|cookie| cookie.split(';').next().unwrap()).collect();
    // The field may come late: what is held is passed on, and what comes behind it as well.
    for padding in [0, 10, 40_000] {
        let form = format!("a={}&csrfmiddlewaretoken={token}&b=%20", "x".repeat(padding));
        let request = format!(
            "POST /login/ HTTP/1.1\r\nHost: a\r\nOrigin: http://a\r\nCookie: {}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
            cookies.join("; "),
            form.len(),
        );
        let answer = client.ask(request).await;
        assert_eq!(answer.status, 200, "{padding}: {answer:?}");
        assert_eq!(answer.text(), form, "{padding}");
    }
}

#[tokio::test]
async fn a_body_that_ends_with_the_connection_is_passed_on() {
    let (app, _) = played(|mut stream, _| async move {
        read_head(&mut stream).await;
        stream.write_all(b"HTTP/1.0 200 OK\r\n\r\nto the end").await.unwrap();
    })
    .await;
    let gateway = Running::before(app, "", "");
    let mut client = Client::connect(gateway.address()).await;
    let answer = client.ask(GET).await;
    assert_eq!((answer.status, answer.text().as_str()), (200, "to the end"));
}

#[tokio::test]
async fn an_upload_that_breaks_off_is_no_whole_message() {
    let (sender, mut end) = mpsc::unbounded_channel();
    let (app, _) = played(move |mut stream, _| {
        let sender = sender.clone();
        async move {
            read_head(&mut stream).await;
            let mut body = Vec::new();
            let _ = stream.read_to_end(&mut body).await;
            sender.send(body).unwrap();
        }
    })
    .await;
    let gateway = Running::before(app, "", "");
    let mut client = Client::connect(gateway.address()).await;
    let head =
        "POST / HTTP/1.1\r\nHost: a\r\nOrigin: http://a\r\nTransfer-Encoding: chunked\r\n\r\n";
    client.send(format!("{head}3\r\nabc\r\n")).await;
    drop(client);
    let body = timeout(PATIENCE, end.recv()).await.expect("the app is left waiting").unwrap();
    assert!(!body.ends_with(b"0\r\n\r\n"), "{body:?}");
}
