//! A server that does what a test says and records what it is asked.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, Method, Response, Uri};
use axum::response::IntoResponse;
use countersign_client::reqwest::ClientBuilder;
use countersign_client::{ClientDocument, Session, SessionBuilder, parse_document};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

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
}

pub(crate) type Answer = Response<Body>;

/// Ends with the value.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
    task: JoinHandle<()>,
}

impl Server {
    /// Answers with `app`, which is told how many requests came before.
    pub(crate) async fn start(
        app: impl Fn(&Asked, usize) -> Answer + Clone + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::<Mutex<Vec<Asked>>>::default();
        let seen = asked.clone();
        let router = Router::new().fallback(async move |request: Request| {
            let (parts, body) = request.into_parts();
            let body = to_bytes(body, usize::MAX).await.unwrap();
            let request =
                Asked { method: parts.method, uri: parts.uri, headers: parts.headers, body };
            let before = {
                let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
                seen.push(request.clone());
                seen.len() - 1
            };
            app(&request, before)
        });
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, asked, task }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Methods and targets of all requests, in order.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.asked().iter().map(Asked::line).collect()
    }

    /// A session whose document is `changes` on top of [`DOCUMENT`].
    pub(crate) fn builder(&self, changes: &str) -> SessionBuilder {
        builder(&self.url()).document(document(changes))
    }

    pub(crate) async fn session(&self, changes: &str) -> Session {
        self.builder(changes).build().await.unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A token for every unsafe request, from `/token`, in `X-Token`.
const DOCUMENT: &str = r#"{
    "version": 1,
    "dialect": "test",
    "protect": {"methods": "unsafe", "require": "token"},
    "session_cookie": "sid",
    "token": {"header": "X-Token"},
    "obtain": [{"request": "GET /token", "from": "text"}],
    "refusal": {"status": 403, "contains": "csrf"}
}"#;

/// [`DOCUMENT`] with these changes.
pub(crate) fn document(changes: &str) -> ClientDocument {
    let mut document: serde_json::Value = serde_json::from_str(DOCUMENT).unwrap();
    let changes: serde_json::Value = serde_json::from_str(changes).unwrap();
    for (key, value) in changes.as_object().unwrap() {
        document[key] = value.clone();
    }
    parse_document(&document.to_string()).unwrap()
}

/// A session that no proxy of the environment comes between.
pub(crate) fn builder(url: &str) -> SessionBuilder {
    Session::builder(url).http(ClientBuilder::new().no_proxy())
}

pub(crate) fn ok(body: impl Into<String>) -> Answer {
    body.into().into_response()
}

pub(crate) fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Answer {
    let mut builder = Response::builder().status(status);
    for (name, value) in headers {
        builder = builder.header(*name, *value);
    }
    builder.body(Body::from(body.to_owned())).unwrap()
}

/// What a dialect's refusal says.
pub(crate) fn refusal() -> Answer {
    answer(403, &[], "csrf")
}
