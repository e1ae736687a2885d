//! Putting a case on a wire.

use std::time::Duration;

use axum::Router;
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::client::conn::http2;
use hyper::ext::Protocol;
use hyper::http::Uri;
use hyper::{Method, Version};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

/// Only a hang reaches it.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) reason: Option<String>,
}

async fn connect(app: Router) -> TcpStream {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(axum::serve(listener, app).into_future());
    TcpStream::connect(address).await.unwrap()
}

/// The text as it stands, with the framing that the corpus leaves to runners.
pub(crate) async fn http1(app: Router, request: &str) -> Result<Answer, String> {
    let request = request.strip_suffix('\n').unwrap_or(request);
    let (head, body) = request.split_once("\n\n").unwrap_or((request, ""));
    let mut wire = head.replace('\n', "\r\n") + "\r\nConnection: close\r\n";
    if !body.is_empty() {
        wire += &format!("Content-Length: {}\r\n", body.len());
    }
    wire += &format!("\r\n{body}");

    let mut stream = connect(app).await;
    stream.write_all(wire.as_bytes()).await.map_err(|error| error.to_string())?;
    let mut answer = Vec::new();
    let reading = timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
    reading.map_err(|_| "the server hangs")?.map_err(|error| error.to_string())?;
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut parsed = httparse::Response::new(&mut headers);
    parsed.parse(&answer).map_err(|error| error.to_string())?;
    let reason = parsed.headers.iter().find(|header| header.name == "x-reason");
    Ok(Answer {
        status: parsed.code.ok_or("the server closed without a word")?,
        reason: reason.map(|header| String::from_utf8_lossy(header.value).into_owned()),
    })
}

/// The same request as HTTP/2 writes it. A CONNECT opens a WebSocket (RFC 8441).
pub(crate) async fn http2(app: Router, text: &str, authority: &str) -> Result<Answer, String> {
    let (head, body) = crate::text::request(text).into_parts();
    let target = head.uri.path_and_query().map_or("/", |target| target.as_str());
    let uri = Uri::builder().scheme("https").authority(authority).path_and_query(target);
    let mut request = hyper::Request::builder()
        .method(head.method.clone())
        .uri(uri.build().unwrap())
        .version(Version::HTTP_2)
        .body(Full::new(Bytes::from(body)))
        .unwrap();
    *request.headers_mut() = head.headers;
    if head.method == Method::CONNECT {
        request.extensions_mut().insert(Protocol::from_static("websocket"));
    }

    let stream = TokioIo::new(connect(app).await);
    let exchange = async {
        let (mut send, connection) = http2::handshake(TokioExecutor::new(), stream).await?;
        tokio::spawn(connection);
        send.ready().await?;
        send.send_request(request).await
    };
    let answer = timeout(PATIENCE, exchange).await.map_err(|_| "the server hangs")?;
    let answer = answer.map_err(|error| format!("{error:?}"))?;
    let reason = answer.headers().get("x-reason").and_then(|reason| reason.to_str().ok());
    Ok(Answer { status: answer.status().as_u16(), reason: reason.map(str::to_owned) })
}
