//! Apps that are down, slow or broken: always an answer, never a request sent twice.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::{Request, Version};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use socket2::{Domain, Socket, Type};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, mpsc};
use tokio::time::timeout;

use crate::common::app::{App, played, read_head, text};
use crate::common::client::Client;
use crate::common::tls::Authority;
use crate::common::{PATIENCE, Running};

const GET: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const POST: &str = "POST / HTTP/1.1\r\nHost: a\r\nOrigin: http://a\r\nContent-Length: 3\r\n\r\nabc";

async fn status(app: SocketAddr, deadlines: &str, request: &str) -> u16 {
    let gateway = Running::before(app, deadlines, "");
    let mut client = Client::connect(gateway.address()).await;
    client.ask(request).await.status
}

#[tokio::test]
async fn an_app_that_is_down_is_a_502() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    for request in [GET, POST] {
        assert_eq!(status(address, "", request).await, 502);
    }
}

#[tokio::test]
async fn an_app_that_takes_no_connection_is_a_504() {
    let listener = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    listener.bind(&"127.0.0.1:0".parse::<SocketAddr>().unwrap().into()).unwrap();
    listener.listen(0).unwrap();
    let address = listener.local_addr().unwrap().as_socket().unwrap();
    // Filled up, the system leaves further ones without an answer.
    let mut waiting = Vec::new();
    while let Ok(stream) = timeout(Duration::from_millis(500), TcpStream::connect(address)).await {
        waiting.push(stream.unwrap());
        assert!(waiting.len() < 100, "this system takes every connection");
    }
    assert_eq!(status(address, "[deadlines]\nconnect = \"1s\"", GET).await, 504);
}

#[tokio::test]
async fn an_app_that_never_answers_is_a_504() {
    let hold = Arc::new(Notify::new());
    let held = hold.clone();
    let app = App::start(move |_: Request<Incoming>| {
        let hold = held.clone();
        async move {
            hold.notified().await;
            text("too late")
        }
    })
    .await;
    for (number, request) in [GET, POST].into_iter().enumerate() {
        assert_eq!(status(app.address, "[deadlines]\nresponse = \"1s\"", request).await, 504);
        assert_eq!(app.requests(), number + 1);
    }
    hold.notify_waiters();
}

#[tokio::test]
async fn what_is_no_answer_is_a_502_and_asked_for_once() {
    let long =
        format!("HTTP/1.1 200 OK\r\nX: {}\r\nContent-Length: 0\r\n\r\n", "a".repeat(2 << 20));
    for (name, answer) in [
        ("nothing", String::new()),
        ("half a head", "HTTP/1.1 200 OK\r\nContent-Le".to_owned()),
        ("another protocol", "220 mail.example ESMTP\r\n".to_owned()),
        ("bytes", "\u{1}\u{2}\u{3}\0\r\n\r\n".to_owned()),
        ("a status that is none", "HTTP/1.1 OK\r\n\r\n".to_owned()),
        (
            "two lengths",
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab".into(),
        ),
        ("a field without end", long),
    ] {
        for request in [GET, POST] {
            let said = answer.clone();
            let (app, connections) = played(move |mut stream, _| {
                let said = said.clone();
                async move {
                    read_head(&mut stream).await;
                    let _ = stream.write_all(said.as_bytes()).await;
                }
            })
            .await;
            assert_eq!(status(app, "", request).await, 502, "{name}");
            assert_eq!(connections.load(Ordering::SeqCst), 1, "{name}: asked again");
        }
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_looks_like_it() {
    for (name, answer) in [
        ("a length", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"),
        ("chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"),
        ("within a chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nabc"),
        ("a bad chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nx\r\n"),
    ] {
        let (app, connections) = played(move |mut stream, _| async move {
            read_head(&mut stream).await;
            let _ = stream.write_all(answer.as_bytes()).await;
        })
        .await;
        let gateway = Running::before(app, "", "");
        let mut client = Client::connect(gateway.address()).await;
        client.send(GET).await;
        let answer = client.answer().await;
        // Broken off before a byte of it went out, it may be a 502 as well.
        assert!(
            answer.as_ref().is_err() || answer.as_ref().is_ok_and(|answer| answer.status == 502),
            "{name}: {answer:?}"
        );
        assert_eq!(connections.load(Ordering::SeqCst), 1, "{name}");
    }
}

#[tokio::test]
async fn long_fields_of_an_answer_pass() {
    for length in [1 << 10, 30 << 10] {
        let value = "v".repeat(length);
        let said = format!("HTTP/1.1 200 OK\r\nX: {value}\r\nContent-Length: 0\r\n\r\n");
        let (app, _) = played(move |mut stream, _| {
            let said = said.clone();
            async move {
                read_head(&mut stream).await;
                stream.write_all(said.as_bytes()).await.unwrap();
            }
        })
        .await;
        let gateway = Running::before(app, "", "");
        let mut client = Client::connect(gateway.address()).await;
        let answer = client.ask(GET).await;
        assert_eq!((answer.status, answer.header("x")), (200, Some(value.as_str())), "{length}");
    }
}

#[tokio::test]
async fn a_connection_that_the_app_closed_is_not_used_again() {
    let (closed, mut close) = mpsc::unbounded_channel();
    let posts = Arc::new(AtomicUsize::new(0));
    let counted = posts.clone();
    let (app, connections) = played(move |mut stream, _| {
        let (closed, posts) = (closed.clone(), counted.clone());
        async move {
            let head = read_head(&mut stream).await;
            if head.starts_with("POST") {
                stream.read_exact(&mut [0; 3]).await.unwrap();
                posts.fetch_add(1, Ordering::SeqCst);
            }
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await.unwrap();
            stream.shutdown().await.unwrap();
            // The gateway has noticed when its side is at its end too.
            let rest = stream.read(&mut [0]).await;
            closed.send(rest.ok() == Some(0)).unwrap();
        }
    })
    .await;
    let gateway = Running::before(app, "", "");
    let mut client = Client::connect(gateway.address()).await;
    for round in 0..20 {
        for request in [GET, POST] {
            let answer = client.ask(request).await;
            assert_eq!((answer.status, answer.text().as_str()), (200, "ok"), "{round}");
            assert_eq!(timeout(PATIENCE, close.recv()).await.unwrap(), Some(true), "{round}");
        }
    }
    assert_eq!(posts.load(Ordering::SeqCst), 20);
    assert_eq!(connections.load(Ordering::SeqCst), 40);
}

#[tokio::test]
async fn a_request_that_may_have_been_read_is_never_sent_again() {
    for request in [GET, POST] {
        let count = Arc::new(AtomicUsize::new(0));
        let counted = count.clone();
        let (app, connections) = played(move |mut stream, _| {
            let count = counted.clone();
            async move {
                read_head(&mut stream).await;
                if count.fetch_add(1, Ordering::SeqCst) > 0 {
                    return;
                }
                if request == POST {
                    stream.read_exact(&mut [0; 3]).await.unwrap();
                }
                stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await.unwrap();
                // The second one over this kept connection is read, and then not answered.
                read_head(&mut stream).await;
                count.fetch_add(1, Ordering::SeqCst);
            }
        })
        .await;
        let gateway = Running::before(app, "", "");
        let mut client = Client::connect(gateway.address()).await;
        assert_eq!(client.ask(request).await.status, 200);
        assert_eq!(client.ask(request).await.status, 502);
        assert_eq!(count.load(Ordering::SeqCst), 2, "{request}");
        assert_eq!(connections.load(Ordering::SeqCst), 1, "{request}");
    }
}

#[tokio::test]
async fn connections_are_kept_for_further_requests() {
    let app = App::plain().await;
    let gateway = Running::before(app.address, "", "");
    let mut client = Client::connect(gateway.address()).await;
    for request in [GET, POST].repeat(10) {
        assert_eq!(client.ask(request).await.status, 200);
    }
    assert_eq!((app.requests(), app.connections()), (20, 1));
}

#[tokio::test]
async fn an_app_may_speak_http2() {
    let app = App::start(async |request: Request<Incoming>| {
        let body = request.into_body().collect().await.unwrap().to_bytes();
        text(&format!("{} bytes", body.len()))
    })
    .await;
    let gateway = Running::of(&format!(
        "[[listen]]\naddress = \"127.0.0.1:0\"\n[[site]]\nname = \"app\"\nupstream = \"h2c://{}\"\n",
        app.address
    ));
    let mut client = Client::connect(gateway.address()).await;
    for (request, body) in [(GET, "0 bytes"), (POST, "3 bytes"), (GET, "0 bytes")] {
        let answer = client.ask(request).await;
        assert_eq!((answer.status, answer.text().as_str()), (200, body));
    }
    for head in app.heads() {
        assert_eq!(head.version, Version::HTTP_2);
        assert_eq!(head.uri.authority().unwrap().as_str(), "a");
        assert_eq!(head.headers.get("host"), None);
    }
    assert_eq!((app.requests(), app.connections()), (3, 1));
}

#[tokio::test]
async fn an_app_over_https_must_show_who_it_is() {
    let (own, foreign) = (Authority::new(), Authority::new());
    for (name, shown, names, alpn, expected) in [
        ("HTTP/1.1", &own, ["127.0.0.1"], "http/1.1", Ok(Version::HTTP_11)),
        ("HTTP/2", &own, ["127.0.0.1"], "h2", Ok(Version::HTTP_2)),
        ("another issuer", &foreign, ["127.0.0.1"], "http/1.1", Err(502)),
        ("another name", &own, ["app.example"], "http/1.1", Err(502)),
    ] {
        let acceptor = shown.acceptor(&names, &[alpn]);
        let app = App::over(Some(acceptor), async |_| text("secret")).await;
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ca.pem"), &own.pem).unwrap();
        let configuration = format!(
            "[[listen]]\naddress = \"127.0.0.1:0\"\n[[site]]\nname = \"app\"\n\
             upstream = \"https://{}\"\nupstream_ca = \"ca.pem\"\n",
            app.address
        );
        let gateway = Running::within(folder, &configuration);
        let mut client = Client::connect(gateway.address()).await;
        let answer = client.ask(GET).await;
        match expected {
            Ok(version) => {
                assert_eq!((answer.status, answer.text().as_str()), (200, "secret"), "{name}");
                assert_eq!(app.heads()[0].version, version, "{name}");
            }
            Err(status) => {
                assert_eq!(answer.status, status, "{name}");
                assert_eq!(app.requests(), 0, "{name}");
            }
        }
    }
}

const UPLOAD: &str =
    "POST / HTTP/1.1\r\nHost: a\r\nOrigin: http://a\r\nContent-Length: 4194304\r\n\r\n";

#[tokio::test]
async fn an_upload_goes_on_while_nobody_reads_the_response_to_it() {
    let (done, mut uploads) = mpsc::unbounded_channel();
    let (jammed, mut jams) = mpsc::unbounded_channel();
    let (app, _) = played(move |mut stream, _| {
        let (done, jammed) = (done.clone(), jammed.clone());
        async move {
            read_head(&mut stream).await;
            let (mut incoming, mut outgoing) = stream.into_split();
            outgoing.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
            let pause = Duration::from_millis(500);
            while timeout(pause, outgoing.write_all(&[b'x'; 65536])).await.is_ok() {}
            jammed.send(()).unwrap();
            let mut body = vec![0; 4 << 20];
            incoming.read_exact(&mut body).await.unwrap();
            done.send(body.len()).unwrap();
        }
    })
    .await;
    let gateway = Running::before(app, "", "");
    let mut client = Client::connect(gateway.address()).await;
    client.send(UPLOAD).await;
    timeout(PATIENCE, jams.recv()).await.unwrap();
    client.send(vec![b'a'; 4 << 20]).await;
    assert_eq!(timeout(PATIENCE, uploads.recv()).await.unwrap(), Some(4 << 20));
}

#[tokio::test]
async fn a_connection_with_an_unfinished_upload_is_not_used_again() {
    let (app, connections) = played(|mut stream, _| async move {
        while !read_head(&mut stream).await.is_empty() {
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await.unwrap();
        }
    })
    .await;
    let gateway = Running::before(app, "", "");
    let mut uploader = Client::connect(gateway.address()).await;
    assert_eq!(uploader.ask(UPLOAD).await.text(), "ok");
    // Each thread keeps connections of its own, and has some of these clients.
    for _ in 0..20 {
        let mut other = Client::connect(gateway.address()).await;
        // The upload would be given up after 30 seconds.
        let answer = timeout(Duration::from_secs(10), other.ask(GET)).await;
        assert_eq!(answer.unwrap().text(), "ok");
    }
    assert!(connections.load(Ordering::SeqCst) > 1);
}

#[tokio::test]
async fn what_a_client_has_left_behind_reaches_no_other() {
    let hold = Arc::new(Notify::new());
    let held = hold.clone();
    let (app, connections) = played(move |mut stream, number| {
        let hold = held.clone();
        async move {
            read_head(&mut stream).await;
            if number > 1 {
                stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nnew").await.unwrap();
                return;
            }
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nold").await.unwrap();
            // The gateway has noticed when its side is at its end.
            assert_eq!(stream.read(&mut [0]).await.unwrap_or(0), 0);
            hold.notify_one();
        }
    })
    .await;
    let gateway = Running::before(app, "", "");
    let mut first = Client::connect(gateway.address()).await;
    first.send(GET).await;
    assert_eq!(first.head().await.unwrap().status, 200);
    drop(first);
    timeout(PATIENCE, hold.notified()).await.unwrap();
    for _ in 0..3 {
        let mut other = Client::connect(gateway.address()).await;
        assert_eq!(other.ask(GET).await.text(), "new");
    }
    assert_eq!(connections.load(Ordering::SeqCst), 4);
}

#[tokio::test]
async fn a_response_that_ends_with_its_connection_passes_whole() {
    for (name, head) in [
        ("no length", "HTTP/1.1 200 OK\r\n\r\n"),
        ("announced", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 200000\r\n\r\n"),
        ("of HTTP/1.0", "HTTP/1.0 200 OK\r\n\r\n"),
    ] {
        let (app, connections) = played(move |mut stream, _| async move {
            read_head(&mut stream).await;
            stream.write_all(head.as_bytes()).await.unwrap();
            stream.write_all(&[b'x'; 200_000]).await.unwrap();
        })
        .await;
        let gateway = Running::before(app, "", "");
        let mut client = Client::connect(gateway.address()).await;
        for number in 1..=3 {
            assert_eq!(client.ask(GET).await.body.len(), 200_000, "{name}");
            assert_eq!(connections.load(Ordering::SeqCst), number, "{name}");
        }
    }
}
