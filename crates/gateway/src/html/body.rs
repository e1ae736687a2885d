//! A response body whose page is rewritten while it passes.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::page::Page;
use super::response::Rewritable;
use super::stream::Stream;

pin_project! {
    /// A body that passes as it is, or with tokens placed in it. Each piece goes on as soon as it
    /// is there; only a tag that is not whole yet waits for its end.
    pub(crate) struct Rewritten<B> {
        #[pin]
        inner: B,
        stream: Option<Box<Stream>>,
        trailers: Option<Frame<Bytes>>,
        ended: bool,
    }
}

impl<B: Body> Rewritten<B> {
    /// A body in which `page` is placed.
    pub(crate) fn new(inner: B, page: Page, kind: Rewritable) -> Self {
        let stream = (!inner.is_end_stream()).then(|| Box::new(Stream::new(page, kind)));
        Self { inner, stream, trailers: None, ended: false }
    }

    /// A body that passes as it is.
    pub(crate) const fn untouched(inner: B) -> Self {
        Self { inner, stream: None, trailers: None, ended: false }
    }
}

impl<B: Body<Data = Bytes>> Body for Rewritten<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let mut this = self.project();
        if let Some(trailers) = this.trailers.take() {
            return Poll::Ready(Some(Ok(trailers)));
        }
        if *this.ended {
            return Poll::Ready(None);
        }
        loop {
            let frame = ready!(this.inner.as_mut().poll_frame(context));
            let Some(stream) = this.stream else { return Poll::Ready(frame) };
            let output = match frame.map(|frame| frame.map(Frame::into_data)) {
                Some(Ok(Ok(data))) => stream.feed(data),
                Some(Ok(Err(trailers))) => {
                    let last = stream.finish();
                    *this.stream = None;
                    if last.is_empty() {
                        return Poll::Ready(Some(Ok(trailers)));
                    }
                    *this.trailers = Some(trailers);
                    last
                }
                // What was held back is not put out: the page must not look complete.
                Some(Err(failure)) => {
                    *this.stream = None;
                    return Poll::Ready(Some(Err(failure)));
                }
                None => {
                    let last = stream.finish();
                    (*this.stream, *this.ended) = (None, true);
                    let last = (!last.is_empty()).then(|| Ok(Frame::data(last)));
                    return Poll::Ready(last);
                }
            };
            if !output.is_empty() {
                return Poll::Ready(Some(Ok(Frame::data(output))));
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.ended
            || (self.stream.is_none() && self.trailers.is_none() && self.inner.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        match self.stream {
            None => self.inner.size_hint(),
            // Fields add, and nothing that is taken away counts.
            Some(_) => SizeHint::default(),
        }
    }
}

impl<B> fmt::Debug for Rewritten<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rewriting = self.stream.is_some();
        f.debug_struct("Rewritten").field("rewriting", &rewriting).finish_non_exhaustive()
    }
}
