//! Holding a body back until its token is found, and handing it on unchanged.

use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use http_body_util::LengthLimitError;

use crate::layer::Deadline;

pub(crate) type BoxError = Box<dyn Error + Send + Sync>;

/// A request body, of which some may have been read already. What was read comes first, and what
/// came of reading on (trailers, or a failure) after it.
pub struct HeldBody<B: Body> {
    held: Bytes,
    trailers: Option<HeaderMap>,
    /// Handed on in its turn: a body that broke off must not look like one that ended.
    failure: Option<BoxError>,
    reading: Reading,
    rest: B,
}

/// How reading the rest has gone so far.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reading {
    Begun,
    /// It was longer than somebody was ready to read, or later than somebody was ready to wait.
    GivenUp,
    /// It has ended, and not every body may be asked again after that.
    Ended,
}

impl<B: Body> HeldBody<B> {
    pub(crate) const fn untouched(rest: B) -> Self {
        Self { held: Bytes::new(), trailers: None, failure: None, reading: Reading::Begun, rest }
    }
}

/// What reading the beginning of a body came to.
pub(crate) enum Held {
    /// All of it, or more than the limit.
    Bytes(Bytes),
    /// The client stopped sending.
    Broken,
    /// It is larger than something around the layer lets bodies be.
    TooLong,
    /// The deadline came first.
    Late,
}

impl<B> HeldBody<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<BoxError>,
{
    /// Reads until the end, or until there are more than `limit` bytes; no longer than until the
    /// deadline.
    pub(crate) async fn hold(&mut self, limit: usize, mut deadline: Option<Deadline>) -> Held {
        // A body that announces more than the limit is read too: the token may come first.
        while self.held.len() <= limit {
            let Some(frame) = self.next(&mut deadline).await else {
                self.reading = Reading::GivenUp;
                return Held::Late;
            };
            match frame.map(|frame| frame.map(Frame::into_data)) {
                None => break,
                Some(Ok(Ok(data))) => self.keep(data),
                Some(Ok(Err(frame))) => self.trailers = frame.into_trailers().ok(),
                Some(Err(failure)) => {
                    let failure = self.failure.insert(failure.into());
                    return if is_length_limit(&**failure) { Held::TooLong } else { Held::Broken };
                }
            }
        }
        if self.held.len() > limit && !self.rest.is_end_stream() {
            self.reading = Reading::GivenUp;
        }
        Held::Bytes(self.held.clone())
    }

    /// Reads on and forgets what comes: until the end, or until it is clear that there are more than
    /// `limit` further bytes; no longer than until the deadline, and not at all where it was given up
    /// on before. Says whether all was read.
    pub(crate) async fn discard(&mut self, limit: usize, mut deadline: Option<Deadline>) -> bool {
        if self.reading == Reading::GivenUp || self.failure.is_some() {
            return false;
        }
        let mut left = limit as u64;
        while self.rest.size_hint().lower() <= left {
            match self.next(&mut deadline).await {
                Some(None) => return true,
                Some(Some(Ok(frame))) => {
                    let length = frame.data_ref().map_or(0, |data| data.len() as u64);
                    let Some(less) = left.checked_sub(length) else { return false };
                    left = less;
                }
                Some(Some(Err(_))) | None => return false,
            }
        }
        false
    }

    /// The next frame, or the end; nothing once the deadline is there.
    async fn next(
        &mut self,
        deadline: &mut Option<Deadline>,
    ) -> Option<Option<Result<Frame<Bytes>, B::Error>>> {
        std::future::poll_fn(|context| {
            // First: pieces without anything in them may come for ever.
            if let Some(deadline) = deadline
                && deadline.as_mut().poll(context).is_ready()
            {
                return Poll::Ready(None);
            }
            self.poll_rest(context).map(Some)
        })
        .await
    }

    fn poll_rest(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        if self.reading == Reading::Ended {
            return Poll::Ready(None);
        }
        let frame = ready!(Pin::new(&mut self.rest).poll_frame(context));
        if frame.is_none() {
            self.reading = Reading::Ended;
        }
        Poll::Ready(frame)
    }

    /// A form usually comes in one frame, and then this copies nothing. Frames are joined and not
    /// queued: a client that sends a byte at a time would make the queue cost many times what it
    /// holds, and empty frames would make it grow for ever.
    fn keep(&mut self, data: Bytes) {
        if self.held.is_empty() {
            self.held = data;
            return;
        }
        let mut joined = std::mem::take(&mut self.held)
            .try_into_mut()
            .unwrap_or_else(|shared| BytesMut::from(&*shared));
        joined.extend_from_slice(&data);
        self.held = joined.freeze();
    }
}

/// Whether a layer such as tower-http's `RequestBodyLimitLayer` cut the body off, however many others
/// have put its error into theirs.
fn is_length_limit(failure: &(dyn Error + 'static)) -> bool {
    let mut cause = Some(failure);
    while let Some(error) = cause {
        if error.is::<LengthLimitError>() {
            return true;
        }
        cause = error.source();
    }
    false
}

/// Nothing in it is pinned but `rest`.
impl<B: Body + Unpin> Unpin for HeldBody<B> {}

impl<B> Body for HeldBody<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if !self.held.is_empty() {
            return Poll::Ready(Some(Ok(Frame::data(std::mem::take(&mut self.held)))));
        }
        if let Some(trailers) = self.trailers.take() {
            return Poll::Ready(Some(Ok(Frame::trailers(trailers))));
        }
        if let Some(failure) = self.failure.take() {
            return Poll::Ready(Some(Err(failure)));
        }
        self.poll_rest(context).map_err(Into::into)
    }

    fn is_end_stream(&self) -> bool {
        self.held.is_empty()
            && self.trailers.is_none()
            && self.failure.is_none()
            && (self.reading == Reading::Ended || self.rest.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        let held = self.held.len() as u64;
        let rest = self.rest.size_hint();
        let mut hint = SizeHint::new();
        hint.set_lower(rest.lower().saturating_add(held));
        if let Some(upper) = rest.upper().and_then(|upper| upper.checked_add(held)) {
            hint.set_upper(upper);
        }
        hint
    }
}

impl<B: Body> fmt::Debug for HeldBody<B> {
    /// What is held may be a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HeldBody").field("held", &self.held.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
