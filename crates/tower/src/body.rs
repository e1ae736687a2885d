//! Holding a body back until its token is found, and handing it on unchanged.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes};
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};

/// A request body, of which some may have been read already. What was read comes first, frame by
/// frame as it arrived.
#[derive(Debug)]
pub struct HeldBody<B> {
    replay: VecDeque<Bytes>,
    trailers: Option<HeaderMap>,
    rest: B,
}

impl<B> HeldBody<B> {
    pub(crate) const fn untouched(rest: B) -> Self {
        Self { replay: VecDeque::new(), trailers: None, rest }
    }
}

/// What reading the beginning of a body came to.
pub(crate) enum Beginning {
    /// All of it.
    Whole(Bytes),
    /// The limit came first.
    Part(Bytes),
    /// The client stopped sending.
    Broken,
}

impl<B: Body<Data = Bytes> + Unpin> HeldBody<B> {
    /// Reads until the end, or until there are more than `limit` bytes.
    pub(crate) async fn hold(&mut self, limit: usize) -> Beginning {
        let mut held = 0;
        // A body that announces more than the limit is read too: the token may come first.
        while held <= limit {
            let frame =
                std::future::poll_fn(|context| Pin::new(&mut self.rest).poll_frame(context));
            match frame.await.map(|frame| frame.map(Frame::into_data)) {
                None => return Beginning::Whole(self.joined()),
                Some(Ok(Ok(data))) => {
                    held += data.len();
                    self.replay.push_back(data);
                }
                Some(Ok(Err(frame))) => self.trailers = frame.into_trailers().ok(),
                Some(Err(_)) => return Beginning::Broken,
            }
        }
        Beginning::Part(self.joined())
    }

    /// A form usually comes in one frame, and then this copies nothing.
    fn joined(&self) -> Bytes {
        match (self.replay.front(), self.replay.len()) {
            (None, _) => Bytes::new(),
            (Some(only), 1) => only.clone(),
            _ => self.replay.iter().flatten().copied().collect(),
        }
    }
}

impl<B: Body<Data = Bytes> + Unpin> Body for HeldBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        if let Some(data) = self.replay.pop_front() {
            return Poll::Ready(Some(Ok(Frame::data(data))));
        }
        if let Some(trailers) = self.trailers.take() {
            return Poll::Ready(Some(Ok(Frame::trailers(trailers))));
        }
        Pin::new(&mut self.rest).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.replay.is_empty() && self.trailers.is_none() && self.rest.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let held = self.replay.iter().map(|data| data.remaining() as u64).sum::<u64>();
        let rest = self.rest.size_hint();
        let mut hint = SizeHint::new();
        hint.set_lower(rest.lower().saturating_add(held));
        if let Some(upper) = rest.upper().and_then(|upper| upper.checked_add(held)) {
            hint.set_upper(upper);
        }
        hint
    }
}
