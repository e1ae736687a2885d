//! A server that does what a test says and records what it is asked.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, Method, Response, Uri};
use tokio::runtime::Runtime;

use crate::call::DOCUMENT;

/// A request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Asked {
    pub(crate) fn line(&self) -> String {
        format!("{} {}", self.method, self.uri)
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub(crate) fn cookie(&self, name: &str) -> Option<&str> {
        let pairs = self.header("cookie")?.split("; ").filter_map(|pair| pair.split_once('='));
        pairs.into_iter().find(|(own, _)| *own == name).map(|(_, value)| value)
    }
}

pub(crate) type Answer = Response<Body>;

/// Ends with the value.
pub(crate) struct Server {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
    _runtime: Runtime,
}

impl Server {
    /// Says [`DOCUMENT`] and hands out the token `t0k3n-0123456789`; everything else is for `app`.
    pub(crate) fn start(app: impl Fn(&Asked) -> Answer + Clone + Send + Sync + 'static) -> Self {
        Self::bare(move |asked| match asked.line().as_str() {
            "GET /.well-known/csrf" => answer(200, &[], DOCUMENT),
            "GET /token" => answer(200, &[("set-cookie", "sid=s3ss10n-0123456789; Path=/")], TOKEN),
            _ => app(asked),
        })
    }

    /// Everything is for `app`.
    pub(crate) fn bare(app: impl Fn(&Asked) -> Answer + Clone + Send + Sync + 'static) -> Self {
        let runtime = Runtime::new().unwrap();
        let asked = Arc::<Mutex<Vec<Asked>>>::default();
        let seen = asked.clone();
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().fallback(async move |request: Request| {
            let (parts, body) = request.into_parts();
            let body = to_bytes(body, usize::MAX).await.unwrap();
            let request =
                Asked { method: parts.method, uri: parts.uri, headers: parts.headers, body };
            seen.lock().unwrap_or_else(PoisonError::into_inner).push(request.clone());
            app(&request)
        });
        runtime.spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, asked, _runtime: runtime }
    }

    /// The URL of a path.
    pub(crate) fn at(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Methods and targets of all requests but those for the document, in order.
    pub(crate) fn lines(&self) -> Vec<String> {
        let all = self.asked();
        all.iter().map(Asked::line).filter(|line| !line.contains("well-known")).collect()
    }
}

pub(crate) const TOKEN: &str = "t0k3n-0123456789";

pub(crate) fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Answer {
    let mut builder = Response::builder().status(status);
    for (name, value) in headers {
        builder = builder.header(*name, *value);
    }
    builder.body(Body::from(body.to_owned())).unwrap()
}

pub(crate) fn ok(body: &str) -> Answer {
    answer(200, &[], body)
}
