//! Writing several short pieces as one.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// As much as the head and the body of a short message have together.
const SHORT: usize = 1024;

/// A connection over which short messages go in one piece: the system takes it sooner than a list of
/// pieces, and the copy costs less than the difference.
#[derive(Debug)]
pub(crate) struct Joined<T>(pub(crate) T);

impl<T: AsyncWrite + Unpin> AsyncWrite for Joined<T> {
    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let io = Pin::new(&mut self.0);
        if let [only] = slices {
            return io.poll_write(context, only);
        }
        let mut room = [0; SHORT];
        let mut end = 0;
        for slice in slices {
            let Some(place) = room.get_mut(end..end + slice.len()) else {
                return io.poll_write_vectored(context, slices);
            };
            place.copy_from_slice(slice);
            end += slice.len();
        }
        io.poll_write(context, room.get(..end).unwrap_or_default())
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }

    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Joined<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}
