//! Bodies on their way through: a client's to the upstream, and an upstream's to the client.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep, sleep};

use super::pool::Lease;
use crate::wire::Watch;

/// Waiting time that each piece of a body earns its client beyond the deadline: a second for so
/// many bytes.
const BYTES_A_SECOND: u64 = 1024;

/// A client's body. It ends with an error if the client is too slow or sends too much, and the
/// upstream then sees a message that breaks off.
pub(crate) struct Inbound {
    incoming: Incoming,
    guard: Option<Box<Guard>>,
}

/// What only a request with a body needs.
struct Guard {
    progress: Arc<Progress>,
    watch: Arc<Watch>,
    /// Bytes that may still come.
    left: u64,
    received: u64,
    patience: Duration,
    waited: Duration,
    waiting: Option<(Instant, Pin<Box<Sleep>>)>,
}

/// What the one who waits for the response knows of the body.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    pieces: AtomicU64,
    fault: AtomicU8,
    is_over: AtomicBool,
}

/// Why a client's body came to no good end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyFault {
    /// The client kept everybody waiting.
    Slow,
    /// More bytes than the limit allows.
    TooLong,
    /// Broken framing, or the client went away.
    Broken,
}

impl BodyFault {
    /// What the client is told, if it still listens.
    pub(crate) const fn status(self) -> StatusCode {
        match self {
            Self::Slow => StatusCode::REQUEST_TIMEOUT,
            Self::TooLong => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Broken => StatusCode::BAD_REQUEST,
        }
    }

    const ALL: [Self; 3] = [Self::Slow, Self::TooLong, Self::Broken];
}

impl fmt::Display for BodyFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Slow => "the request's body came too slowly",
            Self::TooLong => "the request's body is longer than this site accepts",
            Self::Broken => "the request's body broke off",
        })
    }
}

impl std::error::Error for BodyFault {}

impl Progress {
    pub(crate) fn pieces(&self) -> u64 {
        self.pieces.load(Ordering::Relaxed)
    }

    /// Whether nothing of the body will be read any more.
    pub(crate) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }

    pub(crate) fn fault(&self) -> Option<BodyFault> {
        let code = usize::from(self.fault.load(Ordering::Relaxed));
        BodyFault::ALL.get(code.checked_sub(1)?).copied()
    }

    fn set(&self, fault: BodyFault) -> BodyFault {
        let at = BodyFault::ALL.iter().position(|own| *own == fault).unwrap_or_default();
        self.fault.store(u8::try_from(at + 1).unwrap_or(u8::MAX), Ordering::Relaxed);
        fault
    }
}

impl Inbound {
    pub(crate) fn new(
        incoming: Incoming,
        watch: &Arc<Watch>,
        limit: Option<u64>,
        patience: Duration,
    ) -> Self {
        if incoming.is_end_stream() {
            return Self { incoming, guard: None };
        }
        let guard = Guard {
            progress: Arc::default(),
            watch: watch.clone(),
            left: limit.unwrap_or(u64::MAX),
            received: 0,
            patience,
            waited: Duration::ZERO,
            waiting: None,
        };
        Self { incoming, guard: Some(Box::new(guard)) }
    }

    /// How far it has come, for a request that has a body.
    pub(crate) fn progress(&self) -> Option<Arc<Progress>> {
        self.guard.as_ref().map(|guard| guard.progress.clone())
    }
}

impl Guard {
    fn wait(&mut self, context: &mut Context<'_>) -> Result<(), BodyFault> {
        let earned = Duration::from_secs(self.received / BYTES_A_SECOND);
        let left = (self.patience + earned).saturating_sub(self.waited);
        let (_, timer) =
            self.waiting.get_or_insert_with(|| (Instant::now(), Box::pin(sleep(left))));
        match timer.as_mut().poll(context) {
            Poll::Pending => Ok(()),
            Poll::Ready(()) => Err(self.progress.set(BodyFault::Slow)),
        }
    }

    fn take(&mut self, data: &Bytes) -> Result<(), BodyFault> {
        if let Some((since, _)) = self.waiting.take() {
            self.waited += since.elapsed();
        }
        self.progress.pieces.fetch_add(1, Ordering::Relaxed);
        let length = data.len() as u64;
        self.received += length;
        self.left =
            self.left.checked_sub(length).ok_or_else(|| self.progress.set(BodyFault::TooLong))?;
        match self.watch.fault() {
            Some(_) => Err(self.progress.set(BodyFault::Broken)),
            None => Ok(()),
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.progress.is_over.store(true, Ordering::Relaxed);
    }
}

impl Body for Inbound {
    type Data = Bytes;
    type Error = BodyFault;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyFault>>> {
        let this = &mut *self;
        let Some(guard) = &mut this.guard else {
            let frame = ready!(Pin::new(&mut this.incoming).poll_frame(context));
            return Poll::Ready(frame.map(|frame| frame.map_err(|_| BodyFault::Broken)));
        };
        if let Some(fault) = guard.progress.fault() {
            return Poll::Ready(Some(Err(fault)));
        }
        match Pin::new(&mut this.incoming).poll_frame(context) {
            Poll::Pending => match guard.wait(context) {
                Ok(()) => Poll::Pending,
                Err(fault) => Poll::Ready(Some(Err(fault))),
            },
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Ready(Some(Err(_))) => {
                Poll::Ready(Some(Err(guard.progress.set(BodyFault::Broken))))
            }
            Poll::Ready(Some(Ok(frame))) => {
                let taken = frame.data_ref().map_or(Ok(()), |data| guard.take(data));
                Poll::Ready(Some(taken.map(|()| frame)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}

/// An upstream's body. At its end the connection goes back to the pool.
pub(crate) struct UpstreamBody {
    incoming: Incoming,
    lease: Option<Lease>,
    stall: Duration,
    timer: Option<Pin<Box<Sleep>>>,
}

/// Why an upstream's body came to no good end.
#[derive(Debug)]
pub(crate) enum UpstreamBodyError {
    /// Nothing came for too long.
    Stalled,
    /// The connection broke.
    Broken(hyper::Error),
}

impl fmt::Display for UpstreamBodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stalled => f.write_str("the upstream stopped within its response"),
            Self::Broken(error) => write!(f, "the upstream's response broke off: {error}"),
        }
    }
}

impl std::error::Error for UpstreamBodyError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Stalled => None,
            Self::Broken(error) => Some(error),
        }
    }
}

impl UpstreamBody {
    pub(crate) fn new(incoming: Incoming, lease: Option<Lease>, stall: Duration) -> Self {
        let mut body = Self { incoming, lease, stall, timer: None };
        body.release_at_end();
        body
    }

    fn release_at_end(&mut self) {
        if self.incoming.is_end_stream()
            && let Some(lease) = self.lease.take()
        {
            lease.give_back();
        }
    }
}

impl Body for UpstreamBody {
    type Data = Bytes;
    type Error = UpstreamBodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, UpstreamBodyError>>> {
        let this = &mut *self;
        match Pin::new(&mut this.incoming).poll_frame(context) {
            Poll::Pending => {
                let stall = this.stall;
                let timer = this.timer.get_or_insert_with(|| Box::pin(sleep(stall)));
                ready!(timer.as_mut().poll(context));
                this.lease = None;
                Poll::Ready(Some(Err(UpstreamBodyError::Stalled)))
            }
            Poll::Ready(Some(Err(error))) => {
                this.lease = None;
                Poll::Ready(Some(Err(UpstreamBodyError::Broken(error))))
            }
            Poll::Ready(frame) => {
                this.timer = None;
                this.release_at_end();
                Poll::Ready(frame.map(|frame| frame.map_err(UpstreamBodyError::Broken)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}
