//! Apps behind the gateway: one of hyper's that keeps what it was asked, and one that a test plays
//! byte by byte.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, Request, Response};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use super::PATIENCE;

pub(crate) type Body = BoxBody<Bytes, std::io::Error>;

/// An app that keeps the head of each request.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) address: SocketAddr,
    seen: Arc<Seen>,
}

#[derive(Default)]
struct Seen {
    heads: Mutex<Vec<Parts>>,
    connections: AtomicUsize,
}

pub(crate) fn full(text: impl Into<Bytes>) -> Body {
    Full::new(text.into()).map_err(|never: Infallible| match never {}).boxed()
}

pub(crate) fn text(text: &str) -> Response<Body> {
    Response::new(full(text.to_owned()))
}

impl App {
    /// One that answers everything with `ok`, when it has read the request's body.
    pub(crate) async fn plain() -> Self {
        Self::start(async |request: Request<Incoming>| {
            let _ = request.into_body().collect().await;
            text("ok")
        })
        .await
    }

    pub(crate) async fn start<H, F>(handler: H) -> Self
    where
        H: Fn(Request<Incoming>) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Response<Body>> + Send + 'static,
    {
        Self::over(None, handler).await
    }

    /// The same over TLS.
    pub(crate) async fn over<H, F>(tls: Option<TlsAcceptor>, handler: H) -> Self
    where
        H: Fn(Request<Incoming>) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Response<Body>> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let app = Self { address: listener.local_addr().unwrap(), seen: Arc::default() };
        let seen = app.seen.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                seen.connections.fetch_add(1, Ordering::SeqCst);
                let (tls, seen, handler) = (tls.clone(), seen.clone(), handler.clone());
                tokio::spawn(async move {
                    match tls {
                        None => serve(stream, seen, handler).await,
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                serve(stream, seen, handler).await;
                            }
                        }
                    }
                });
            }
        });
        app
    }

    /// How many requests began.
    pub(crate) fn requests(&self) -> usize {
        self.seen.heads.lock().unwrap().len()
    }

    /// How many connections were made, whether or not anything came over them.
    pub(crate) fn connections(&self) -> usize {
        self.seen.connections.load(Ordering::SeqCst)
    }

    pub(crate) fn heads(&self) -> Vec<Parts> {
        self.seen.heads.lock().unwrap().clone()
    }

    /// The fields of the request that came last.
    pub(crate) fn last(&self) -> HeaderMap {
        self.seen.heads.lock().unwrap().last().map(|head| head.headers.clone()).unwrap_or_default()
    }
}

async fn serve<T, H, F>(stream: T, seen: Arc<Seen>, handler: H)
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    H: Fn(Request<Incoming>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    let service = service_fn(move |request: Request<Incoming>| {
        let (head, body) = request.into_parts();
        seen.heads.lock().unwrap().push(head.clone());
        let answer = handler(Request::from_parts(head, body));
        async { Ok::<_, Infallible>(answer.await) }
    });
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().max_buf_size(1 << 20);
    let _ = builder.serve_connection_with_upgrades(TokioIo::new(stream), service).await;
}

/// An app that a test plays itself: `play` gets each connection, and its number from 1.
pub(crate) async fn played<P, F>(play: P) -> (SocketAddr, Arc<AtomicUsize>)
where
    P: Fn(TcpStream, usize) -> F + Send + Sync + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let count = Arc::new(AtomicUsize::new(0));
    let counted = count.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let number = counted.fetch_add(1, Ordering::SeqCst) + 1;
            tokio::spawn(play(stream, number));
        }
    });
    (address, count)
}

/// Reads as far as the end of a head, byte by byte, so that nothing behind it is lost. What comes
/// back is short if the connection ended before.
pub(crate) async fn read_head(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut head = Vec::new();
    let reading = async {
        while !head.ends_with(b"\r\n\r\n") {
            match stream.read_u8().await {
                Ok(byte) => head.push(byte),
                Err(_) => return,
            }
        }
    };
    timeout(PATIENCE, reading).await.unwrap();
    String::from_utf8_lossy(&head).into_owned()
}
