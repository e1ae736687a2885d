//! A connection of HTTP/1 to an upstream, driven by whoever waits for what comes over it.
//!
//! As a task of its own, which is how hyper's connections usually run, it would be woken by each
//! request and would wake it again: that costs a tenth of a proxied request.

use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::{TrySendError, http1};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::unconstrained;

use super::pool::Outgoing;
use crate::wire::Joined;

type Driver = Pin<Box<dyn Future<Output = hyper::Result<()>> + Send>>;

/// Does nothing unless it is driven.
pub(super) struct Http1 {
    sender: http1::SendRequest<Outgoing>,
    /// Until it has ended.
    driver: Option<Driver>,
    relay: Arc<Relay>,
    /// The relay's.
    waker: Waker,
}

impl Http1 {
    pub(super) async fn begin<T>(stream: T) -> hyper::Result<Box<Self>>
    where
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (sender, connection) =
            http1::Builder::new().handshake(TokioIo::new(Joined(stream))).await?;
        let driver: Driver = Box::pin(connection.with_upgrades());
        let relay = Arc::new(Relay::default());
        let waker = Waker::from(relay.clone());
        Ok(Box::new(Self { sender, driver: Some(driver), relay, waker }))
    }

    /// Sends a request. What comes back waits for the head of the response.
    pub(super) fn exchange(
        &mut self,
        request: Request<Outgoing>,
    ) -> impl Future<Output = Result<Response<Incoming>, TrySendError<Request<Outgoing>>>> {
        self.relay.mute();
        // It is polled without a waker of its own, so it must not be made to wait for its turn.
        let response = unconstrained(self.sender.try_send_request(request));
        let (driver, relay, waker) = (&mut self.driver, &self.relay, &self.waker);
        async move {
            let mut response = pin!(response);
            std::future::poll_fn(|context| {
                drive(driver, relay, waker, context, |quiet| response.as_mut().poll(quiet))
            })
            .await
        }
    }

    /// Waits for something that only this connection brings about.
    pub(super) fn poll_for<R>(
        &mut self,
        context: &mut Context<'_>,
        wanted: impl FnMut(&mut Context<'_>) -> Poll<R>,
    ) -> Poll<R> {
        drive(&mut self.driver, &self.relay, &self.waker, context, wanted)
    }

    /// Whether another request can be sent over it now.
    pub(super) fn is_ready(&self) -> bool {
        self.driver.is_some() && self.sender.is_ready()
    }

    /// Nobody waits for anything: whoever has this waker hears of the connection.
    pub(super) fn rest(&self, keeper: &Waker) {
        self.relay.mute();
        self.relay.listen(keeper);
    }

    /// Whether it has come to its end while it rested.
    pub(super) fn has_ended(&mut self, keeper: &Waker) -> bool {
        let _ = self.poll_for(&mut Context::from_waker(keeper), |_| Poll::<()>::Pending);
        self.driver.is_none()
    }

    /// Lets it go on by itself until what is under way is done.
    pub(super) fn detach(self) {
        if let Some(driver) = self.driver {
            tokio::spawn(driver);
        }
    }
}

/// Polls a connection, and what is wanted from it before and after. hyper's channels between the two
/// wake whoever polls them, which is nobody but us: so `wanted` gets a waker that does nothing, and
/// the connection one that is mute meanwhile.
fn drive<R>(
    driver: &mut Option<Driver>,
    relay: &Relay,
    waker: &Waker,
    context: &mut Context<'_>,
    mut wanted: impl FnMut(&mut Context<'_>) -> Poll<R>,
) -> Poll<R> {
    relay.mute();
    let quiet = &mut Context::from_waker(Waker::noop());
    let there = wanted(quiet);
    if there.is_ready() {
        return there;
    }
    if let Some(connection) = driver
        && connection.as_mut().poll(&mut Context::from_waker(waker)).is_ready()
    {
        // What it still owed to anybody is now answered with an error.
        *driver = None;
    }
    let there = wanted(quiet);
    if there.is_pending() {
        relay.listen(context.waker());
    }
    there
}

/// Wakes whoever drives a connection at the moment. The connection itself knows one waker all its
/// life, through however many hands it goes.
#[derive(Default)]
struct Relay(Mutex<Listener>);

#[derive(Default)]
struct Listener {
    waker: Option<Waker>,
    /// Whether there was a call while nobody listened.
    was_called: bool,
}

impl Relay {
    fn mute(&self) {
        *self.lock() = Listener::default();
    }

    fn listen(&self, waker: &Waker) {
        let mut listener = self.lock();
        if listener.was_called {
            // The connection wants its turn again, although nothing has happened outside.
            waker.wake_by_ref();
        }
        listener.waker = Some(waker.clone());
    }

    fn lock(&self) -> MutexGuard<'_, Listener> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wake for Relay {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let mut listener = self.lock();
        match &listener.waker {
            Some(waker) => waker.wake_by_ref(),
            None => listener.was_called = true,
        }
    }
}
