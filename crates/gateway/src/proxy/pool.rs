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
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use countersign_tower::HeldBody;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::{interval, timeout};
use tokio_rustls::TlsConnector;

use super::body::{Inbound, Progress};
use super::connection::Http1;
use crate::config::{Protocol, UpstreamUrl};

/// A request's body on its way to an upstream.
pub(crate) type Outgoing = HeldBody<Inbound>;

/// Connections without a request that one thread keeps for one upstream.
const MOST_IDLE: usize = 256;

/// One is kept for so many rounds of its keeper. Upstreams close theirs too, which is noticed at once.
const LONGEST_IDLE: u8 = 5;
const ROUND: Duration = Duration::from_secs(10);

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
    connection: Box<Http1>,
}

struct Idle {
    connection: Box<Http1>,
    rounds_left: u8,
}

/// The connections to one upstream.
struct Shelf {
    id: u64,
    upstream: Weak<Upstream>,
    idle: Vec<Idle>,
    /// Of the task that looks after the idle ones.
    keeper: Waker,
    /// One connection of HTTP/2 serves all requests.
    shared: Option<http2::SendRequest<Outgoing>>,
}

thread_local! {
    static SHELVES: RefCell<Vec<Shelf>> = const { RefCell::new(Vec::new()) };
}

enum Connection {
    Http1(Box<Http1>),
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
                Connection::Http1(mut connection) => {
                    let tried = connection.exchange(request).await;
                    tried.map(|response| (response, self.lease(connection, progress)))
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
        let exchanged = match self.connect(true).await? {
            Connection::Http1(mut connection) => {
                let exchanged = connection.exchange(request).await;
                connection.detach();
                exchanged
            }
            Connection::Http2(mut sender) => sender.try_send_request(request).await,
        };
        exchanged.map_err(|error| ExchangeError::Broken(error.into_error()))
    }

    /// Whoever reads the response drives the connection. But if the response is there before the
    /// request's end, the rest of the request must not wait until somebody reads the response.
    fn lease(
        self: &Arc<Self>,
        connection: Box<Http1>,
        progress: Option<&Progress>,
    ) -> Option<Lease> {
        if progress.is_some_and(|progress| !progress.is_over()) {
            connection.detach();
            return None;
        }
        Some(Lease { upstream: self.clone(), connection })
    }

    fn kept(&self) -> Option<Connection> {
        SHELVES.with_borrow_mut(|shelves| {
            let shelf = shelves.iter_mut().find(|shelf| shelf.id == self.id)?;
            if let Some(shared) = &shelf.shared {
                return Some(Connection::Http2(shared.clone()));
            }
            // The one used last is the one least likely to be closed.
            shelf.idle.pop().map(|idle| Connection::Http1(idle.connection))
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
                let (upstream, keeper) = (Arc::downgrade(self), Waker::noop().clone());
                tokio::spawn(keep(self.id));
                shelves.push(Shelf {
                    id: self.id,
                    upstream,
                    idle: Vec::new(),
                    keeper,
                    shared: None,
                });
                shelves.len() - 1
            });
            if let Some(shelf) = shelves.get_mut(at) {
                change(shelf);
            }
        });
    }
}

/// Lets idle connections go: those that the upstream closes at once, others when nobody needs them
/// for long, and all when a reload has left them behind.
async fn keep(id: u64) {
    let mut rounds = interval(ROUND);
    while poll_fn(|context| {
        with_kept(id, |shelf| shelf.let_ended_go(context));
        rounds.poll_tick(context).map(|_| with_kept(id, Shelf::let_old_go).is_some())
    })
    .await
    {}
}

/// Does something with a shelf whose upstream is still there.
fn with_kept(id: u64, change: impl FnOnce(&mut Shelf)) -> Option<()> {
    SHELVES.with_borrow_mut(|shelves| {
        shelves.retain(|shelf| shelf.id != id || shelf.upstream.strong_count() > 0);
        shelves.iter_mut().find(|shelf| shelf.id == id).map(change)
    })
}

impl Shelf {
    fn let_ended_go(&mut self, context: &mut Context<'_>) {
        self.keeper.clone_from(context.waker());
        self.idle.retain_mut(|idle| !idle.connection.has_ended(&self.keeper));
    }

    fn let_old_go(&mut self) {
        self.idle.retain_mut(|idle| {
            idle.rounds_left = idle.rounds_left.saturating_sub(1);
            idle.rounds_left > 0
        });
    }
}

async fn http1<T>(stream: T) -> Result<Connection, ExchangeError>
where
    T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    Http1::begin(stream).await.map(Connection::Http1).map_err(ExchangeError::Handshake)
}

impl Lease {
    /// Waits for something that the connection brings about.
    pub(super) fn poll_for<R>(
        &mut self,
        context: &mut Context<'_>,
        wanted: impl FnMut(&mut Context<'_>) -> Poll<R>,
    ) -> Poll<R> {
        self.connection.poll_for(context, wanted)
    }

    /// The response is at its end: the connection can take another request.
    pub(super) fn give_back(self) {
        let Self { upstream, connection } = self;
        if !connection.is_ready() {
            return;
        }
        upstream.with_shelf(|shelf| {
            if shelf.idle.len() < MOST_IDLE {
                connection.rest(&shelf.keeper);
                shelf.idle.push(Idle { connection, rounds_left: LONGEST_IDLE });
            }
        });
    }
}
