//! Connections to upstreams, kept for further requests.
//!
//! Each thread keeps its own, without a lock: a request is answered by the thread that its client's
//! connection belongs to, from first to last. hyper-util's shared pool costs 6 to 10 per cent of a
//! proxied request.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use countersign_tower::HeldBody;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsConnector;

use super::body::{Inbound, Progress};
use super::hearing::{Begun, Hearing};
use crate::config::{Protocol, UpstreamUrl};
use crate::wire::Joined;

/// A request's body on its way to an upstream.
pub(crate) type Outgoing = HeldBody<Inbound>;

/// Connections without a request that one thread keeps for one upstream.
const MOST_IDLE: usize = 256;

/// How long one is kept. Upstreams close theirs too, which is noticed at once.
const LONGEST_IDLE: Duration = Duration::from_secs(50);

/// An upstream, and how it is connected to.
pub(crate) struct Upstream {
    /// Tells its connections from those to others.
    id: u64,
    url: UpstreamUrl,
    tls: Option<(TlsConnector, ServerName<'static>)>,
    connect: Duration,
}

/// Why an upstream gave no response.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ExchangeError {
    #[error("cannot connect: {0}")]
    Connect(#[source] io::Error),
    #[error("it takes no connection within {0:?}")]
    ConnectTimeout(Duration),
    #[error("cannot begin to speak HTTP: {0}")]
    Handshake(#[source] hyper::Error),
    #[error("{0}")]
    Broken(#[source] hyper::Error),
}

/// A connection in use.
pub(crate) struct Lease {
    upstream: Arc<Upstream>,
    line: Line,
}

struct Idle {
    line: Line,
    since: Instant,
}

/// A connection of HTTP/1.1, on which one request follows the other.
struct Line {
    sender: http1::SendRequest<Outgoing>,
    begun: Begun,
}

/// The connections to one upstream.
struct Shelf {
    id: u64,
    upstream: Weak<Upstream>,
    idle: Vec<Idle>,
    /// One connection of HTTP/2 serves all requests.
    shared: Option<http2::SendRequest<Outgoing>>,
}

thread_local! {
    static SHELVES: RefCell<Vec<Shelf>> = const { RefCell::new(Vec::new()) };
}

enum Connection {
    Http1(Line),
    Http2(http2::SendRequest<Outgoing>),
}

impl Upstream {
    pub(crate) fn new(
        url: UpstreamUrl,
        tls: Option<(TlsConnector, ServerName<'static>)>,
        connect: Duration,
    ) -> Arc<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        Arc::new(Self { id, url, tls, connect })
    }

    pub(crate) const fn url(&self) -> &UpstreamUrl {
        &self.url
    }

    /// Sends a request and waits for the head of the response. `progress` is that of its body.
    ///
    /// A kept connection may turn out to be closed. If the request was not written yet, it goes out
    /// over another one; a request of which anything was written is never sent twice.
    pub(crate) async fn exchange(
        self: &Arc<Self>,
        mut request: Request<Outgoing>,
        progress: Option<&Progress>,
    ) -> Result<(Response<Incoming>, Option<Lease>), ExchangeError> {
        loop {
            let kept = self.kept();
            let is_kept = kept.is_some();
            let connection = match kept {
                Some(connection) => connection,
                // Boxed, because it is rare and needs much room.
                None => Box::pin(self.connect(false)).await?,
            };
            let tried = match connection {
                Connection::Http1(mut line) => {
                    let ready = poll_fn(|context| line.sender.poll_ready(context)).await;
                    if ready.is_err() && is_kept {
                        continue;
                    }
                    let tried = line.sender.try_send_request(request).await;
                    tried.map(|response| (response, self.lease(line, progress)))
                }
                Connection::Http2(mut sender) => {
                    if poll_fn(|context| sender.poll_ready(context)).await.is_err() {
                        self.forget_shared();
                        if is_kept {
                            continue;
                        }
                    }
                    sender.try_send_request(request).await.map(|response| (response, None))
                }
            };
            match tried {
                Ok(answer) => return Ok(answer),
                Err(mut error) => match error.take_message() {
                    Some(unsent) if is_kept => request = unsent,
                    _ => return Err(ExchangeError::Broken(error.into_error())),
                },
            }
        }
    }

    /// Sends a request over a connection of its own, which may become something else than HTTP.
    pub(crate) async fn exchange_upgrade(
        self: &Arc<Self>,
        request: Request<Outgoing>,
    ) -> Result<Response<Incoming>, ExchangeError> {
        match self.connect(true).await? {
            Connection::Http1(mut line) => {
                line.sender.send_request(request).await.map_err(ExchangeError::Broken)
            }
            Connection::Http2(mut sender) => {
                sender.send_request(request).await.map_err(ExchangeError::Broken)
            }
        }
    }

    /// A connection over which the rest of a request still comes when the response is there is not
    /// kept: the next request over it would wait for another client's upload.
    fn lease(self: &Arc<Self>, line: Line, progress: Option<&Progress>) -> Option<Lease> {
        let is_over = progress.is_none_or(Progress::is_over);
        is_over.then(|| Lease { upstream: self.clone(), line })
    }

    fn kept(self: &Arc<Self>) -> Option<Connection> {
        SHELVES.with_borrow_mut(|shelves| {
            let shelf = shelves.iter_mut().find(|shelf| shelf.id == self.id)?;
            if let Some(shared) = &shelf.shared {
                return Some(Connection::Http2(shared.clone()));
            }
            // The one used last is the one least likely to be closed.
            while let Some(Idle { line, since }) = shelf.idle.pop() {
                if !line.sender.is_closed() && since.elapsed() < LONGEST_IDLE {
                    return Some(Connection::Http1(line));
                }
            }
            None
        })
    }

    fn forget_shared(&self) {
        SHELVES.with_borrow_mut(|shelves| {
            if let Some(shelf) = shelves.iter_mut().find(|shelf| shelf.id == self.id) {
                shelf.shared = None;
            }
        });
    }

    /// `upgrades` says that only HTTP/1.1 will do, which can become another protocol.
    async fn connect(self: &Arc<Self>, upgrades: bool) -> Result<Connection, ExchangeError> {
        timeout(self.connect, self.connect_now(upgrades))
            .await
            .unwrap_or(Err(ExchangeError::ConnectTimeout(self.connect)))
    }

    async fn connect_now(self: &Arc<Self>, upgrades: bool) -> Result<Connection, ExchangeError> {
        let address = (self.url.host(), self.url.port());
        let stream = TcpStream::connect(address).await.map_err(ExchangeError::Connect)?;
        stream.set_nodelay(true).map_err(ExchangeError::Connect)?;
        let Some((connector, name)) = &self.tls else {
            return match self.url.protocol() {
                Protocol::H2c => self.http2(stream).await,
                Protocol::Http | Protocol::Https => http1(stream).await,
            };
        };
        let stream = if upgrades {
            let connector = connector.with_alpn(vec![b"http/1.1".to_vec()]);
            connector.connect(name.clone(), stream).await
        } else {
            connector.connect(name.clone(), stream).await
        };
        let stream = stream.map_err(ExchangeError::Connect)?;
        if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
            self.http2(stream).await
        } else {
            http1(stream).await
        }
    }

    async fn http2<T>(self: &Arc<Self>, stream: T) -> Result<Connection, ExchangeError>
    where
        T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
    {
        let (sender, connection) = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .handshake(TokioIo::new(stream))
            .await
            .map_err(ExchangeError::Handshake)?;
        tokio::spawn(connection);
        self.with_shelf(|shelf| shelf.shared = Some(sender.clone()));
        Ok(Connection::Http2(sender))
    }

    fn with_shelf(self: &Arc<Self>, change: impl FnOnce(&mut Shelf)) {
        SHELVES.with_borrow_mut(|shelves| {
            let at = shelves.iter().position(|shelf| shelf.id == self.id).unwrap_or_else(|| {
                // A reload may have left connections behind that nobody will ask for again.
                shelves.retain(|shelf| shelf.upstream.strong_count() > 0);
                let upstream = Arc::downgrade(self);
                shelves.push(Shelf { id: self.id, upstream, idle: Vec::new(), shared: None });
                shelves.len() - 1
            });
            if let Some(shelf) = shelves.get_mut(at) {
                change(shelf);
            }
        });
    }
}

async fn http1<T>(stream: T) -> Result<Connection, ExchangeError>
where
    T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    let begun = Begun::default();
    let stream = Joined(Hearing::new(stream, begun.clone()));
    let (sender, connection) = http1::Builder::new()
        .handshake(TokioIo::new(stream))
        .await
        .map_err(ExchangeError::Handshake)?;
    tokio::spawn(connection.with_upgrades());
    Ok(Connection::Http1(Line { sender, begun }))
}

impl Lease {
    /// The response is at its end: the connection can take another request.
    pub(super) fn give_back(self) {
        let Self { upstream, line } = self;
        if line.sender.is_closed() {
            return;
        }
        line.begun.rest();
        upstream.with_shelf(|shelf| {
            if shelf.idle.len() < MOST_IDLE {
                shelf.idle.push(Idle { line, since: Instant::now() });
            }
        });
    }
}
