//! Hearing an upstream that no longer listens.
//!
//! An app may answer in the middle of an upload and hang up: a 401, say, that needs no more than the head.
//! hyper gives a connection up at the first write that fails, though the answer has come by then and only
//! waits to be read, and the client would be told 502. Here a write that fails counts as done, and reading
//! finds the answer, or the end. Only the first write of a request may fail: it shows that a kept connection
//! was closed, and the request goes out over another one.

use std::io::{self, ErrorKind, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Whether anything of the present request was written: shared by the connection and who lends it.
#[derive(Clone, Debug, Default)]
pub(super) struct Begun(Arc<AtomicBool>);

impl Begun {
    /// The connection waits for its next request.
    pub(super) fn rest(&self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

/// A connection to an upstream.
#[derive(Debug)]
pub(super) struct Hearing<T> {
    io: T,
    begun: Begun,
    /// Nobody takes what is written.
    is_deaf: bool,
}

impl<T> Hearing<T> {
    pub(super) const fn new(io: T, begun: Begun) -> Self {
        Self { io, begun, is_deaf: false }
    }

    /// What came of writing at most so many bytes.
    fn written(&mut self, most: usize, done: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        match &done {
            Poll::Ready(Ok(_)) => self.begun.0.store(true, Ordering::Relaxed),
            Poll::Ready(Err(error)) if is_gone(error) && self.begun.0.load(Ordering::Relaxed) => {
                self.is_deaf = true;
                return Poll::Ready(Ok(most));
            }
            _ => {}
        }
        done
    }
}

fn is_gone(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset)
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Hearing<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.is_deaf {
            return Poll::Ready(Ok(bytes.len()));
        }
        let done = Pin::new(&mut self.io).poll_write(context, bytes);
        self.written(bytes.len(), done)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let most = slices.iter().map(|slice| slice.len()).sum();
        if self.is_deaf {
            return Poll::Ready(Ok(most));
        }
        let done = Pin::new(&mut self.io).poll_write_vectored(context, slices);
        self.written(most, done)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.is_deaf {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.is_deaf {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.io).poll_shutdown(context)
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Hearing<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(context, buffer)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

    use super::*;

    fn pair() -> (Hearing<DuplexStream>, Begun, DuplexStream) {
        let (near, far) = duplex(64);
        let begun = Begun::default();
        (Hearing::new(near, begun.clone()), begun, far)
    }

    #[tokio::test]
    async fn what_came_before_the_end_is_read_though_a_write_has_failed() {
        let (mut near, _, mut far) = pair();
        near.write_all(b"head").await.unwrap();
        far.write_all(b"answer").await.unwrap();
        drop(far);
        for _ in 0..3 {
            near.write_all(b"body").await.expect("counts as done");
            near.flush().await.unwrap();
        }
        let mut read = String::new();
        near.read_to_string(&mut read).await.unwrap();
        assert_eq!(read, "answer");
        near.shutdown().await.unwrap();
    }

    #[tokio::test]
    async fn the_first_write_of_a_request_shows_that_the_connection_was_closed() {
        let (mut near, begun, far) = pair();
        near.write_all(b"a request").await.unwrap();
        begun.rest();
        drop(far);
        let error = near.write_all(b"the next one").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
    }
}
