//! A body on its way, which can be sent again.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use countersign_client::RepeatBody;
use countersign_client::reqwest::Body;
use http_body::{Frame, SizeHint};
use tokio::task::{JoinHandle, yield_now};

use super::source::{CHUNK, Source};

/// Sources, one after the other.
pub(super) fn body(pieces: Vec<Source>) -> RepeatBody {
    let left = pieces.iter().map(Source::len).sum();
    // Goes out together with the head, in one write.
    if left <= CHUNK as u64
        && let Ok(whole) = together(&pieces)
    {
        return RepeatBody::new(move || whole.clone().into());
    }
    let pieces: Arc<[Source]> = pieces.into();
    RepeatBody::new(move || {
        Body::wrap(Upload { pieces: Arc::clone(&pieces), piece: 0, at: 0, left, coming: None })
    })
}

fn together(pieces: &[Source]) -> io::Result<Bytes> {
    // None is longer than a chunk.
    let chunks: io::Result<Vec<Bytes>> = pieces.iter().map(|piece| piece.read(0)).collect();
    Ok(chunks?.concat().into())
}

struct Upload {
    pieces: Arc<[Source]>,
    piece: usize,
    /// Where in the piece.
    at: u64,
    left: u64,
    coming: Option<JoinHandle<io::Result<Bytes>>>,
}

impl Upload {
    /// The source to read from; `None` at the end.
    fn source(&mut self) -> Option<Source> {
        while self.at == self.pieces.get(self.piece)?.len() {
            self.piece += 1;
            self.at = 0;
        }
        self.pieces.get(self.piece).cloned()
    }
}

/// A server that refuses needs only the head for that, and then hangs up. Whoever goes on writing finds
/// a broken pipe and never the refusal. So each chunk is read by a task of its own, which then lets the
/// runtime look what has come in: when the connection gets the chunk, it sees an answer first.
async fn read(source: Source, at: u64) -> io::Result<Bytes> {
    // Nothing else waits in this process while a file is read.
    let chunk = source.read(at);
    yield_now().await;
    chunk
}

impl http_body::Body for Upload {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if self.coming.is_none() {
            let Some(source) = self.source() else { return Poll::Ready(None) };
            self.coming = Some(tokio::spawn(read(source, self.at)));
        }
        let Some(coming) = &mut self.coming else { return Poll::Ready(None) };
        let chunk = ready!(Pin::new(coming).poll(context)).unwrap_or_else(|end| Err(end.into()));
        self.coming = None;
        if let Ok(chunk) = &chunk {
            self.at += chunk.len() as u64;
            self.left -= chunk.len() as u64;
        }
        Poll::Ready(Some(chunk.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    /// Told to the server: many take no file whose length they do not know.
    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use http_body_util::BodyExt;
    use tokio::net::TcpListener;

    use super::*;

    fn upload(length: usize) -> Upload {
        let pieces = [vec![], vec![b'a'; length], vec![], vec![b'b'; 3]];
        let pieces: Vec<Source> = pieces.into_iter().map(Source::from).collect();
        let left = length as u64 + 3;
        Upload { pieces: pieces.into(), piece: 0, at: 0, left, coming: None }
    }

    #[tokio::test]
    async fn all_pieces_come_one_after_the_other_and_the_length_is_known() {
        for length in [0, 1, CHUNK, CHUNK + 1, 3 * CHUNK] {
            let upload = upload(length);
            assert_eq!(http_body::Body::size_hint(&upload).exact(), Some(length as u64 + 3));
            let whole = upload.collect().await.unwrap().to_bytes();
            assert!(whole == [vec![b'a'; length], vec![b'b'; 3]].concat(), "{length}");
        }
    }

    /// Only the runtime, when it looks, makes a socket readable; and it does not look between two tasks
    /// that are ready, as that of a connection is.
    #[tokio::test]
    async fn before_each_chunk_what_has_come_in_is_seen() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut server = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (client, _) = listener.accept().await.unwrap();
        let connection = tokio::spawn(async move {
            let mut upload = upload(3 * CHUNK);
            for chunk in 0..4 {
                assert!(client.try_read(&mut [0; 8]).is_err(), "{chunk}");
                server.write_all(b"answer").unwrap();
                assert!(upload.frame().await.unwrap().is_ok(), "{chunk}");
                assert_eq!(client.try_read(&mut [0; 8]).unwrap(), 6, "{chunk}");
            }
            assert!(upload.frame().await.is_none());
        });
        connection.await.unwrap();
    }
}
