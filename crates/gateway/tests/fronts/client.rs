//! A client that sends what it is told, each request on a connection of its own.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use countersign_tower::session_change;
use data_encoding::BASE64;
use http::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, HOST};
use http::{HeaderMap, Request};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper::ext::ReasonPhrase;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

/// How long a healthy answer may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// A request to be sent.
#[derive(Clone)]
pub(crate) struct Call {
    address: SocketAddr,
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: Bytes,
}

impl Call {
    pub(crate) fn new(address: SocketAddr, method: &str, target: &str) -> Self {
        Self {
            address,
            method: method.to_owned(),
            target: target.to_owned(),
            headers: vec![(HOST.to_string(), address.to_string())],
            body: Bytes::new(),
        }
    }

    pub(crate) fn header(mut self, name: impl AsRef<str>, value: &str) -> Self {
        self.headers.push((name.as_ref().to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn cookie(self, cookie: &str) -> Self {
        self.header(COOKIE, cookie)
    }

    pub(crate) fn basic(self, user: &str, password: &str) -> Self {
        let credentials = BASE64.encode(format!("{user}:{password}").as_bytes());
        self.header(AUTHORIZATION, &format!("Basic {credentials}"))
    }

    pub(crate) fn form(self, text: &str) -> Self {
        self.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(text)
    }

    pub(crate) fn json(self, text: &str) -> Self {
        self.header(CONTENT_TYPE, "application/json").body(text)
    }

    fn body(self, text: &str) -> Self {
        Self { body: Bytes::from(text.to_owned()), ..self }
    }

    pub(crate) fn send(self) -> Reply {
        self.send_times(1).pop().unwrap()
    }

    /// Sends it so many times at once.
    pub(crate) fn send_times(self, times: usize) -> Vec<Reply> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut all = tokio::task::JoinSet::new();
            for _ in 0..times {
                all.spawn(tokio::time::timeout(PATIENCE, self.clone().exchange()));
            }
            all.join_all()
                .await
                .into_iter()
                .map(|reply| reply.expect("the gateway hangs"))
                .collect()
        })
    }

    async fn exchange(self) -> Reply {
        let stream = TcpStream::connect(self.address).await.unwrap();
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let mut request = Request::builder().method(self.method.as_str()).uri(self.target);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let request = request.body(Full::new(self.body)).unwrap();
        let (parts, body) = sender.send_request(request).await.unwrap().into_parts();
        let phrase = parts.extensions.get::<ReasonPhrase>();
        let phrase = phrase.map(|phrase| String::from_utf8(phrase.as_bytes().to_vec()).unwrap());
        let body = body.collect().await.unwrap().to_bytes();
        let body = String::from_utf8(body.to_vec()).unwrap();
        Reply { status: parts.status.as_u16(), phrase, headers: parts.headers, body }
    }
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// Where it is not the usual one.
    pub(crate) phrase: Option<String>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Reply {
    /// The header's values, one behind the other; nothing if it is not there.
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let all: Vec<&str> =
            self.headers.get_all(name).iter().map(|value| value.to_str().unwrap()).collect();
        (!all.is_empty()).then(|| all.join(", "))
    }

    pub(crate) fn token(&self, name: &str) -> String {
        self.header(name).unwrap_or_else(|| panic!("no `{name}`: {self:?}"))
    }

    /// The cookie that it sets, as a client sends it back.
    pub(crate) fn sets(&self, name: &str) -> Option<String> {
        let value = session_change(&self.headers, name)??;
        Some(format!("{name}={}", String::from_utf8(value).unwrap()))
    }

    /// Whether it removes the cookie.
    pub(crate) fn removes(&self, name: &str) -> bool {
        session_change(&self.headers, name) == Some(None)
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// The value of the hidden field that a page has.
    pub(crate) fn field(&self, name: &str) -> String {
        let (_, rest) = self
            .body
            .split_once(&format!("name=\"{name}\" value=\""))
            .unwrap_or_else(|| panic!("no field `{name}`: {self:?}"));
        rest.split('"').next().unwrap().to_owned()
    }
}
