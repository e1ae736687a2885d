//! A client that writes down what it sends and gets.

use std::fmt::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use cookie::{Cookie, CookieJar};
use http::header::{CONTENT_TYPE, COOKIE, HOST, SET_COOKIE};
use http::{HeaderMap, Method, Request, StatusCode};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use serde::Serialize;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// The services are on this machine: what takes longer has failed.
const DEADLINE: Duration = Duration::from_secs(10);

/// More of a response is not shown.
const MAX_BODY: usize = 64 * 1024;

/// One request and its response, as text.
#[derive(Debug, Serialize)]
pub(super) struct Exchange {
    /// What it is for.
    title: &'static str,
    /// The request.
    request: String,
    /// The response.
    response: String,
}

/// What a service answered.
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: String,
}

/// What went wrong; the scene cannot go on.
#[derive(Debug, thiserror::Error)]
pub(super) enum ClientError {
    #[error("{0}")]
    Io(#[from] std::io::Error),
    #[error("{0}")]
    Http(#[from] http::Error),
    #[error("{0}")]
    Exchange(#[from] hyper::Error),
    #[error("{0}")]
    Body(#[from] axum::Error),
    #[error("{0}")]
    Tls(#[from] rustls::Error),
    #[error("no answer within {} seconds", DEADLINE.as_secs())]
    Late,
    #[error("{0} is missing in the answer")]
    Missing(&'static str),
}

/// A client of one service, with cookies of its own.
pub(super) struct Client {
    address: SocketAddr,
    roots: Option<Arc<RootCertStore>>,
    jar: CookieJar,
    pub(super) exchanges: Vec<Exchange>,
    /// The last request, for explaining what became of it.
    pub(super) last: Option<Request<String>>,
}

impl Client {
    /// A client of the service at `address`; with `roots` over TLS.
    pub(super) fn new(address: SocketAddr, roots: Option<Arc<RootCertStore>>) -> Self {
        Self { address, roots, jar: CookieJar::new(), exchanges: Vec::new(), last: None }
    }

    /// The service's own origin.
    pub(super) fn origin(&self) -> String {
        let scheme = if self.roots.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// Sends one request, on a connection of its own.
    pub(super) async fn send(
        &mut self,
        title: &'static str,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Result<Reply, ClientError> {
        let mut request =
            Request::builder().method(method).uri(path).header(HOST, self.address.to_string());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let cookies: Vec<String> =
            self.jar.iter().map(|one| format!("{}={}", one.name(), one.value())).collect();
        if !cookies.is_empty() {
            request = request.header(COOKIE, cookies.join("; "));
        }
        let request = request.body(body.to_owned())?;
        let reply = tokio::time::timeout(DEADLINE, self.exchange(&request)).await;
        let reply = reply.map_err(|_| ClientError::Late)??;
        for line in reply.headers.get_all(SET_COOKIE) {
            let cookie = line.to_str().ok().and_then(|line| Cookie::parse(line.to_owned()).ok());
            if let Some(cookie) = cookie {
                self.jar.add_original(cookie);
            }
        }
        self.exchanges.push(Exchange {
            title,
            request: request_text(&request),
            response: response_text(&reply),
        });
        self.last = Some(request);
        Ok(reply)
    }

    async fn exchange(&self, request: &Request<String>) -> Result<Reply, ClientError> {
        let tcp = TcpStream::connect(self.address).await?;
        let Some(roots) = &self.roots else { return talk(tcp, request).await };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots.clone())
            .with_no_client_auth();
        let name = ServerName::from(self.address.ip());
        talk(TlsConnector::from(Arc::new(config)).connect(name, tcp).await?, request).await
    }
}

async fn talk<S>(stream: S, request: &Request<String>) -> Result<Reply, ClientError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let request = request.clone().map(Body::from);
    // The connection must be driven while the answer is awaited, and ends with this function.
    let answer = async {
        let (head, body) = sender.send_request(request).await?.into_parts();
        let body = to_bytes(Body::new(body), MAX_BODY).await?;
        Ok::<_, ClientError>((head, body))
    };
    tokio::pin!(answer, connection);
    let (head, body) = tokio::select! {
        answer = &mut answer => answer?,
        ended = &mut connection => {
            ended?;
            answer.await?
        }
    };
    let body = String::from_utf8_lossy(&body).into_owned();
    Ok(Reply { status: head.status, headers: head.headers, body })
}

fn request_text(request: &Request<String>) -> String {
    let mut text = format!("{} {} HTTP/1.1\n", request.method(), request.uri());
    header_lines(&mut text, request.headers());
    push_body(text, request.body(), request.headers())
}

fn response_text(reply: &Reply) -> String {
    let mut text = format!("HTTP/1.1 {}\n", reply.status);
    header_lines(&mut text, &reply.headers);
    push_body(text, &reply.body, &reply.headers)
}

fn header_lines(text: &mut String, headers: &HeaderMap) {
    for (name, value) in headers {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{name}: {}", String::from_utf8_lossy(value.as_bytes()));
    }
}

/// Long pages are cut: what is decided can be seen at their beginning.
fn push_body(mut text: String, body: &str, headers: &HeaderMap) -> String {
    const SHOWN: usize = 600;
    let is_page =
        headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    let shown: String = body.chars().take(if is_page { SHOWN } else { 4 * SHOWN }).collect();
    if !shown.is_empty() {
        text.push('\n');
        text.push_str(&shown);
        if shown.len() < body.len() {
            text.push_str("\n...");
        }
    }
    text
}
