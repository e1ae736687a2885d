//! Large bodies over HTTP/2, whose windows bound what is on the way.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::app::{App, report};
use crate::gateway::{Gateway, kept};
use crate::pattern::{self, Seen};
use crate::{GROWTH, large, mib, until};

/// Only a hang reaches it.
const WHOLE: Duration = Duration::from_secs(120);

/// Memory for a download that waits: what was read last from the app, and what was to be sent last to
/// the client. hyper lets each grow to about 400 KiB, and they are seldom large at the same time.
const A_DOWNLOAD: u64 = 512 << 10;

/// A body of the pattern that is made while it is sent.
struct Patterned {
    sent: u64,
    length: u64,
}

impl Body for Patterned {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let left = self.length - self.sent;
        if left == 0 {
            return Poll::Ready(None);
        }
        let bytes = pattern::piece(self.sent, pattern::next(left));
        self.sent += bytes.len() as u64;
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(bytes)))))
    }

    fn is_end_stream(&self) -> bool {
        self.sent == self.length
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.length - self.sent)
    }
}

async fn connect(address: &str) -> http2::SendRequest<Patterned> {
    let stream = TcpStream::connect(address).await.unwrap();
    let handshake = http2::handshake(TokioExecutor::new(), TokioIo::new(stream));
    let (sender, connection) = handshake.await.unwrap();
    tokio::spawn(connection);
    sender
}

/// Calls `take` with each piece of a response's body.
async fn read(response: Response<Incoming>, mut take: impl FnMut(&[u8])) {
    let mut body = response.into_body();
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        if let Some(data) = frame.unwrap().data_ref() {
            take(data);
        }
    }
}

async fn upload(address: &str, length: u64) {
    let request = Request::post(format!("http://{address}/up"))
        .header("sec-fetch-site", "same-origin")
        .body(Patterned { sent: 0, length })
        .unwrap();
    let response = connect(address).await.send_request(request).await.unwrap();
    let mut text = Vec::new();
    read(response, |bytes| text.extend_from_slice(bytes)).await;
    assert_eq!(String::from_utf8(text).unwrap(), report(&Seen::all(length), ""));
}

async fn download(address: &str, length: u64) {
    let request = Request::get(format!("http://{address}/down/{length}"))
        .body(Patterned { sent: 0, length: 0 })
        .unwrap();
    let response = connect(address).await.send_request(request).await.unwrap();
    assert_eq!(response.status(), 200);
    let mut seen = Seen::default();
    read(response, |bytes| seen.take(bytes)).await;
    assert_eq!(seen, Seen::all(length));
}

#[tokio::test]
async fn large_bodies_pass_through_http2() {
    let app = App::start();
    let gateway = Gateway::start(&app, "", "");
    gateway.warm_up();
    let (before, length) = (gateway.memory(), large() / 4);
    timeout(WHOLE, upload(gateway.address(), length)).await.expect("the upload ends");
    timeout(WHOLE, download(gateway.address(), length)).await.expect("the download ends");
    let grown = gateway.peak().saturating_sub(before);
    eprintln!("HTTP/2: {} more than {}", mib(grown), mib(before));
    assert!(grown < GROWTH, "{}", mib(grown));
    gateway.is_well();
}

/// A hundred downloads that nobody reads, over one connection: their windows run out, while the wire
/// would take more.
#[tokio::test(flavor = "multi_thread")]
async fn who_takes_no_response_is_no_guest_for_ever() {
    let app = App::start();
    let gateway = Gateway::start(&app, "[deadlines]\nidle = \"2s\"", "");
    gateway.warm_up();
    let (files, before, open) = (gateway.files(), gateway.memory(), app.open());
    let get = |path: &str| {
        let request = Request::get(format!("http://{}{path}", gateway.address()));
        request.body(Patterned { sent: 0, length: 0 }).unwrap()
    };
    // Here it is the app that makes its client wait.
    let mut patient = connect(gateway.address()).await;
    let waiting = tokio::spawn(patient.send_request(get("/wait")));
    let mut sender = connect(gateway.address()).await;
    let mut unread = Vec::new();
    for _ in 0..100 {
        unread.push(sender.send_request(get("/down/100000000")).await.unwrap());
    }
    assert!(app.open() >= 100, "{} connections to the app", app.open());
    app.stuck_at();
    let each = gateway.peak().saturating_sub(before) / 100;
    eprintln!("a download that nobody reads: {each} bytes");
    assert!(each < A_DOWNLOAD, "{each} bytes for a download");
    until("the gateway gives them up", || app.open() <= open + 1 + kept());
    assert!(!waiting.is_finished(), "a client that waits for the app was sent away");
    drop((unread, sender, patient));
    waiting.abort();
    gateway.lets_go(files);
    gateway.is_well();
}
