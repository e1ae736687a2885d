//! Listeners: binding with errors that say what to do, serving until told to stop.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::serve::Listener;
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tower::Service;

/// Connections of one listener at a time; further ones wait in the kernel's queue.
const MAX_CONNECTIONS: usize = 1024;

/// What requests under way get to finish after the stop. Long polls need less: they hear of the stop.
const GRACE: Duration = Duration::from_secs(1);

/// Says stop, once, to everybody who holds the [`Stop`].
#[derive(Debug)]
pub(crate) struct Stopper(watch::Sender<bool>);

/// Hears of the stop.
#[derive(Clone, Debug)]
pub(crate) struct Stop(watch::Receiver<bool>);

/// Why a listener could not be opened.
#[derive(Debug, thiserror::Error)]
#[error("`{flag} {address}`: {}", reason(.source))]
pub struct BindError {
    /// The flag that set the address.
    pub flag: &'static str,
    /// The address.
    pub address: SocketAddr,
    /// What the system said.
    pub source: io::Error,
}

impl Stopper {
    /// A pair.
    #[must_use]
    pub(crate) fn new() -> (Self, Stop) {
        let (sender, receiver) = watch::channel(false);
        (Self(sender), Stop(receiver))
    }

    /// Says it.
    pub(crate) fn stop(&self) {
        self.0.send_replace(true);
    }
}

impl Stop {
    /// Waits for the word. A dropped [`Stopper`] counts as the word.
    pub(crate) async fn wait(&self) {
        let _ = self.0.clone().wait_for(|stopped| *stopped).await;
    }
}

/// Opens a listener; `flag` is what the error names.
///
/// # Errors
/// When the address is taken, not of this machine, or not allowed.
pub(crate) async fn bind(
    flag: &'static str,
    address: SocketAddr,
) -> Result<(TcpListener, SocketAddr), BindError> {
    let fail = |source| BindError { flag, address, source };
    let listener = TcpListener::bind(address).await.map_err(fail)?;
    let real = listener.local_addr().map_err(fail)?;
    Ok((listener, real))
}

/// Serves `router` until the stop, and returns when the last connection is closed.
///
/// Handlers find the client's address as [`ConnectInfo<SocketAddr>`].
pub(crate) async fn serve<L>(mut listener: L, router: Router, stop: Stop)
where
    L: Listener<Addr = SocketAddr>,
    L::Io: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            (stream, peer) = listener.accept(), if connections.len() < MAX_CONNECTIONS => {
                connections.spawn(serve_connection(stream, peer, router.clone(), stop.clone()));
            }
            Some(_) = connections.join_next() => {}
            () = stop.wait() => break,
        }
    }
    drop(listener);
    // What is left after the grace is cut off when the set is dropped.
    let _ = tokio::time::timeout(GRACE, async { while connections.join_next().await.is_some() {} })
        .await;
}

async fn serve_connection<S>(stream: S, peer: SocketAddr, router: Router, stop: Stop)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        // An axum router is always ready.
        router.clone().call(request.map(Body::new))
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    tokio::pin!(connection);
    let done = tokio::select! {
        done = connection.as_mut() => done,
        () = stop.wait() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = done {
        tracing::debug!(%peer, %error, "connection ended early");
    }
}

fn reason(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::AddrInUse => {
            "address already in use; give another one, or port 0 for any free port".to_owned()
        }
        ErrorKind::AddrNotAvailable => {
            "this machine has no such address; 127.0.0.1 always works".to_owned()
        }
        ErrorKind::PermissionDenied => {
            "not allowed; give a port from 1024 up, or port 0 for any free port".to_owned()
        }
        _ => format!("{error}; give another address"),
    }
}

#[cfg(test)]
mod tests;
