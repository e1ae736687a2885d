//! A client's connection: what is wrong with its framing, and how long it may keep silent.

mod joined;
mod linger;
mod scan;

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, Sleep, sleep, sleep_until};

pub(crate) use joined::Joined;
use linger::Linger;
pub(crate) use scan::Fault;
use scan::{Place, Scan};

/// How long a connection may keep others waiting.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// From the first byte of a head to its last.
    pub(crate) header: Duration,
    /// Without a request, and for a client that does not take its response.
    pub(crate) idle: Duration,
}

/// What the two ends of a connection's handling know of each other: the wire below hyper, and the
/// service above it.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    fault: AtomicU8,
    active: AtomicU32,
    /// Of those, how many have a response that goes on as soon as the client has room for it.
    with_client: AtomicU32,
    /// Counts what moves in responses.
    moves: AtomicU32,
    tunnel: AtomicBool,
    /// The connection's place among those that may be open, kept until the last who knows of it goes:
    /// that of a WebSocket until its end.
    #[expect(dead_code, reason = "it counts by being there")]
    slot: Option<OwnedSemaphorePermit>,
}

impl Watch {
    pub(crate) fn holding(slot: OwnedSemaphorePermit) -> Self {
        Self { slot: Some(slot), ..Self::default() }
    }

    /// What was wrong with something that came over this connection. From then on it carries no
    /// request that counts.
    pub(crate) fn fault(&self) -> Option<Fault> {
        let code = usize::from(self.fault.load(Ordering::Relaxed));
        Fault::ALL.get(code.checked_sub(1)?).copied()
    }

    /// Counts a request as under way until the guard is dropped.
    pub(crate) fn begin(self: &Arc<Self>) -> Active {
        self.active.fetch_add(1, Ordering::Relaxed);
        Active { watch: self.clone(), is_with_client: false }
    }

    /// The connection carries no HTTP from now on.
    pub(crate) fn becomes_tunnel(&self) {
        self.tunnel.store(true, Ordering::Relaxed);
    }

    fn set_fault(&self, fault: Fault) {
        let at = Fault::ALL.iter().position(|own| *own == fault).unwrap_or_default();
        self.fault.store(u8::try_from(at + 1).unwrap_or(u8::MAX), Ordering::Relaxed);
    }

    fn is_active(&self) -> bool {
        self.active.load(Ordering::Relaxed) > 0 || self.tunnel.load(Ordering::Relaxed)
    }

    /// Whether every response waits for its client, and none has moved since there were `moves`.
    fn waits_for_client(&self, moves: &mut u32) -> bool {
        let now = self.moves.load(Ordering::Relaxed);
        let has_moved = std::mem::replace(moves, now) != now;
        let all = self.with_client.load(Ordering::Relaxed) >= self.active.load(Ordering::Relaxed);
        all && !has_moved && !self.tunnel.load(Ordering::Relaxed)
    }
}

/// A request under way: its response is not at its end yet.
#[derive(Debug)]
pub(crate) struct Active {
    watch: Arc<Watch>,
    is_with_client: bool,
}

impl Active {
    /// The response moves on: to the client, which gets the next piece when it has room for one, or to
    /// the app, which has none yet.
    pub(crate) fn moves(&mut self, to_client: bool) {
        self.watch.moves.fetch_add(1, Ordering::Relaxed);
        match (std::mem::replace(&mut self.is_with_client, to_client), to_client) {
            (false, true) => self.watch.with_client.fetch_add(1, Ordering::Relaxed),
            (true, false) => self.watch.with_client.fetch_sub(1, Ordering::Relaxed),
            _ => 0,
        };
    }
}

impl Drop for Active {
    fn drop(&mut self) {
        if self.is_with_client {
            self.watch.with_client.fetch_sub(1, Ordering::Relaxed);
        }
        self.watch.active.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The client's connection as hyper gets it.
#[derive(Debug)]
pub(crate) struct Wire<T> {
    io: T,
    watch: Arc<Watch>,
    scan: Scan,
    patience: Patience,
    /// Since when the present head, or the present silence, lasts.
    since: Instant,
    place: Place,
    /// What had moved in responses at the last look.
    moves: u32,
    /// One timer for all deadlines. It is set anew only when it runs out or a nearer deadline begins,
    /// so that a busy connection never touches it.
    timer: Pin<Box<Sleep>>,
    /// Runs while the client does not take what it is sent.
    blocked: Option<Pin<Box<Sleep>>>,
    /// Once nothing more is sent, for a client that does not know it yet.
    linger: Option<Linger>,
}

impl<T> Wire<T> {
    pub(crate) fn new(io: T, watch: Arc<Watch>, patience: Patience) -> Self {
        let since = Instant::now();
        let timer = Box::pin(sleep_until(since + patience.header));
        let (scan, place) = (Scan::new(), Place::Between);
        let (moves, blocked, linger) = (0, None, None);
        Self { io, watch, scan, patience, since, place, moves, timer, blocked, linger }
    }

    fn look(&mut self, bytes: &[u8]) {
        if self.watch.tunnel.load(Ordering::Relaxed) {
            // They are no HTTP any more: taken for a head, a quiet WebSocket would run out of time.
            self.scan.switch_off();
        }
        if let Err(fault) = self.scan.read(bytes) {
            self.watch.set_fault(fault);
            self.scan.switch_off();
        }
        let place = self.scan.place();
        // Where no end of a request is seen, each sign of life counts.
        if place != self.place || place != Place::Head {
            self.since = Instant::now();
            self.place = place;
        }
    }

    /// The connection waits for its client: fails if it has waited for too long.
    fn wait(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        let patience = match self.place {
            Place::Head => self.patience.header,
            // The body's reader has a deadline of its own.
            Place::Body => return Ok(()),
            Place::Between | Place::Off => self.patience.idle,
        };
        loop {
            // A client of HTTP/2 need not block the wire in order not to take its responses: it lets its
            // windows run out.
            let stuck = self.place == Place::Off && self.watch.waits_for_client(&mut self.moves);
            let active = self.place != Place::Head && self.watch.is_active() && !stuck;
            let now = Instant::now();
            if active {
                self.since = now;
            }
            let deadline = self.since + patience;
            if now >= deadline {
                return Err(io::ErrorKind::TimedOut.into());
            }
            if self.timer.deadline() > deadline || self.timer.is_elapsed() {
                self.timer.as_mut().reset(deadline);
            }
            if self.timer.as_mut().poll(context).is_pending() {
                return Ok(());
            }
        }
    }
}

impl<T> Wire<T> {
    /// What came of writing: a client that takes nothing is waited for, but not for ever.
    fn written<N>(
        &mut self,
        context: &mut Context<'_>,
        done: Poll<io::Result<N>>,
    ) -> Poll<io::Result<N>> {
        if done.is_ready() {
            self.blocked = None;
            return done;
        }
        let idle = self.patience.idle;
        let timer = self.blocked.get_or_insert_with(|| Box::pin(sleep(idle)));
        ready!(timer.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Wire<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        match Pin::new(&mut self.io).poll_read(context, buffer) {
            Poll::Pending => match self.wait(context) {
                Ok(()) => Poll::Pending,
                Err(timeout) => Poll::Ready(Err(timeout)),
            },
            Poll::Ready(done) => {
                done?;
                self.look(buffer.filled().get(before..).unwrap_or_default());
                Poll::Ready(Ok(()))
            }
        }
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Wire<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let done = Pin::new(&mut self.io).poll_write(context, bytes);
        self.written(context, done)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let done = Pin::new(&mut self.io).poll_write_vectored(context, slices);
        self.written(context, done)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let done = Pin::new(&mut self.io).poll_flush(context);
        self.written(context, done)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.linger.is_none() {
            let done = Pin::new(&mut this.io).poll_shutdown(context);
            ready!(this.written(context, done))?;
            if this.place != Place::Body {
                return Poll::Ready(Ok(()));
            }
        }
        let linger = this.linger.get_or_insert_with(Linger::begin);
        linger.poll(Pin::new(&mut this.io), context).map(Ok)
    }
}
