use axum::body::Bytes;
use axum::http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use tokio::time::timeout;

use super::PATIENCE;

pub(crate) type Answer = Response<String>;

/// One request of a well-behaved HTTP/1.1 client.
pub(crate) struct Call {
    request: axum::http::request::Builder,
    body: Bytes,
}

impl Call {
    pub(crate) fn new(method: &str, url: &str) -> Self {
        Self { request: Request::builder().method(method).uri(url), body: Bytes::new() }
    }

    pub(crate) fn header(self, name: &str, value: &str) -> Self {
        Self { request: self.request.header(name, value), ..self }
    }

    pub(crate) fn cookie(self, cookie: &str) -> Self {
        self.header("cookie", cookie)
    }

    /// Adds several, each written `name: value`.
    pub(crate) fn headers(self, headers: &[&str]) -> Self {
        headers.iter().fold(self, |call, header| {
            let (name, value) = header.split_once(": ").expect("name: value");
            call.header(name, value)
        })
    }

    pub(crate) fn body(self, body: impl Into<Bytes>) -> Self {
        Self { body: body.into(), ..self }
    }

    /// A body with its type.
    pub(crate) fn form(self, content_type: &str, body: impl Into<Bytes>) -> Self {
        self.header("content-type", content_type).body(body)
    }

    /// Sends it on a connection of its own.
    pub(crate) async fn send(self) -> Answer {
        let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
        let request = self.request.body(Full::new(self.body)).expect("a request");
        let exchange = async {
            let (head, body) = client.request(request).await.expect("an answer").into_parts();
            let body = body.collect().await.expect("a whole body").to_bytes();
            Response::from_parts(head, String::from_utf8(body.to_vec()).expect("text"))
        };
        timeout(PATIENCE, exchange).await.expect("the server hangs")
    }
}
