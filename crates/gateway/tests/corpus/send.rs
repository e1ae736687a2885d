//! Putting a case on a wire.

use std::net::{IpAddr, SocketAddr};

use bytes::Bytes;
use http::{Method, Request, Uri, Version};
use http_body_util::{BodyExt, Full};
use hyper::ext::Protocol;
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::gateway::PATIENCE;
use crate::gateway::client::{Client, Duplex, http2};
use crate::gateway::tls::shake_hands;

/// How a case reaches the gateway.
pub(crate) struct Line<F> {
    pub(crate) from: IpAddr,
    pub(crate) to: SocketAddr,
    /// Makes a client for a protocol; nothing for plain connections.
    pub(crate) tls: Option<F>,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) text: String,
}

impl<F: Fn(&str) -> TlsConnector> Line<F> {
    async fn connect(&self, alpn: &str) -> Box<dyn Duplex> {
        let socket = match self.from {
            IpAddr::V4(_) => TcpSocket::new_v4(),
            IpAddr::V6(_) => TcpSocket::new_v6(),
        };
        let socket = socket.unwrap();
        socket.bind((self.from, 0).into()).unwrap();
        let stream: TcpStream = socket.connect(self.to).await.unwrap();
        match &self.tls {
            None => Box::new(stream),
            Some(tls) => Box::new(shake_hands(&tls(alpn), "app.example", stream).await.unwrap()),
        }
    }

    /// The text as it stands, with the framing that the corpus leaves to runners.
    pub(crate) async fn http1(&self, request: &str) -> Result<Answer, String> {
        let request = request.strip_suffix('\n').unwrap_or(request);
        let (head, body) = request.split_once("\n\n").unwrap_or((request, ""));
        let mut wire = head.replace('\n', "\r\n") + "\r\n";
        if !body.is_empty() {
            wire += &format!("Content-Length: {}\r\n", body.len());
        }
        wire += &format!("\r\n{body}");
        let mut client = Client::over(self.connect("http/1.1").await);
        client.send(wire).await;
        let is_head = head.starts_with("HEAD ");
        let mut answer = if is_head { client.head().await? } else { client.answer().await? };
        while answer.status == 100 {
            answer = client.answer().await?;
        }
        Ok(Answer { status: answer.status, text: answer.text() })
    }

    /// The same request as HTTP/2 writes it. A CONNECT opens a WebSocket (RFC 8441).
    pub(crate) async fn http2(&self, text: &str, authority: &str) -> Result<Answer, String> {
        let (head, body) = crate::text::request(text).into_parts();
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        let target = head.uri.path_and_query().map_or("/", |target| target.as_str());
        let uri = Uri::builder().scheme(scheme).authority(authority).path_and_query(target);
        let mut request = Request::builder()
            .method(head.method.clone())
            .uri(uri.build().unwrap())
            .version(Version::HTTP_2)
            .body(Full::new(Bytes::from(body)))
            .unwrap();
        *request.headers_mut() = head.headers;
        if head.method == Method::CONNECT {
            request.extensions_mut().insert(Protocol::from_static("websocket"));
        }
        let mut sender = http2(self.connect("h2").await).await;
        let exchange = async {
            sender.ready().await?;
            let response = sender.send_request(request).await?;
            let status = response.status().as_u16();
            let body = response.into_body().collect().await?.to_bytes();
            Ok::<_, hyper::Error>((status, body))
        };
        let answer = timeout(PATIENCE, exchange).await.map_err(|_| "the gateway hangs")?;
        let (status, body) = answer.map_err(|error| format!("{error:?}"))?;
        Ok(Answer { status, text: String::from_utf8_lossy(&body).into_owned() })
    }
}
