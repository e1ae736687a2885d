//! The listener for operators: metrics, whether the gateway lives and serves, and what it guards.
//!
//! It has a thread of its own, so that it answers while requests are drained, and connections of its
//! own, so that it answers when clients have taken all of theirs.

mod page;

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ALLOW, CONTENT_SECURITY_POLICY, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};

use crate::server::Shared;

/// More than any number of monitors.
const MOST_CONNECTIONS: usize = 64;

/// Without a request on a connection; longer than the usual pause between two scrapes.
const IDLE: Duration = Duration::from_secs(90);

const TEXT: &str = "text/plain; charset=utf-8";

/// The listener, which ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Admin {
    address: SocketAddr,
    end: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

impl Admin {
    /// Opens the listener and begins to answer.
    pub(crate) fn start(address: SocketAddr, shared: Arc<Shared>) -> io::Result<Self> {
        let listener = std::net::TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (end, mut ended) = watch::channel(false);
        let thread = std::thread::Builder::new().name("admin".to_owned()).spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    () = accept(listener, shared) => {}
                    _ = ended.wait_for(|ended| *ended) => {}
                }
            });
        })?;
        Ok(Self { address, end, thread: Some(thread) })
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers nobody any more.
    pub(crate) fn finish(mut self) {
        let _ = self.end.send(true);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn accept(listener: std::net::TcpListener, shared: Arc<Shared>) {
    let listener = match TcpListener::from_std(listener) {
        Ok(listener) => listener,
        Err(error) => {
            tracing::error!(target: "countersign", %error, "the admin listener does not work");
            return;
        }
    };
    let slots = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    while let Ok(slot) = slots.clone().acquire_owned().await {
        match listener.accept().await {
            Ok((stream, _)) => {
                let shared = shared.clone();
                tokio::spawn(async move {
                    serve(stream, shared).await;
                    drop(slot);
                });
            }
            Err(error) => {
                tracing::error!(target: "countersign", %error, "cannot accept an operator's connection");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn serve(stream: TcpStream, shared: Arc<Shared>) {
    let service = service_fn(move |request: Request<Incoming>| {
        let response = answer(request.method(), request.uri().path(), &shared);
        async move { Ok::<_, Infallible>(response) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(IDLE)
        .serve_connection(TokioIo::new(stream), service);
    if let Err(error) = connection.await {
        tracing::debug!(target: "countersign", %error, "an operator's connection ended early");
    }
}

fn answer(method: &Method, path: &str, shared: &Shared) -> Response<Full<Bytes>> {
    let is_known = matches!(path, "/" | "/metrics" | "/healthz" | "/readyz");
    if is_known && !matches!(*method, Method::GET | Method::HEAD) {
        let text = "only GET and HEAD are answered here\n";
        let mut response = respond(StatusCode::METHOD_NOT_ALLOWED, TEXT, text);
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        return response;
    }
    let is_draining = *shared.stop.borrow();
    match path {
        "/healthz" => respond(StatusCode::OK, TEXT, "ok\n"),
        "/readyz" if is_draining => respond(StatusCode::SERVICE_UNAVAILABLE, TEXT, "draining\n"),
        "/readyz" => respond(StatusCode::OK, TEXT, "ok\n"),
        "/metrics" => match shared.metrics.text() {
            Ok(text) => respond(
                StatusCode::OK,
                "application/openmetrics-text; version=1.0.0; charset=utf-8",
                text,
            ),
            Err(error) => {
                tracing::error!(target: "countersign", %error, "the metrics cannot be written");
                let text = "the metrics cannot be written; see the log\n";
                respond(StatusCode::INTERNAL_SERVER_ERROR, TEXT, text)
            }
        },
        "/" => {
            let page = page::of(&shared.state.load().config, &shared.metrics, is_draining);
            let mut response = respond(StatusCode::OK, "text/html; charset=utf-8", page);
            let policy = HeaderValue::from_static(
                "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
            );
            response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
            response
        }
        _ => respond(StatusCode::NOT_FOUND, TEXT, "see /, /metrics, /healthz and /readyz\n"),
    }
}

fn respond(
    status: StatusCode,
    content_type: &'static str,
    text: impl Into<Bytes>,
) -> Response<Full<Bytes>> {
    let mut response = crate::site::own(status, content_type, text);
    response.headers_mut().insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
