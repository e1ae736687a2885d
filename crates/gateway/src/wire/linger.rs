//! The end of a connection whose client is still sending.
//!
//! Whoever is refused in the middle of an upload is answered at once, and goes on sending until the answer has
//! arrived. To a socket that is closed before, the system answers with a reset, and a reset may overtake the
//! answer: the client sees a connection that broke, and no 403. So the gateway ends its own direction, and reads
//! and forgets what still comes, as nginx does (`lingering_close`).

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

/// A client that sends nothing for so long has seen the answer, or never will.
const SILENCE: Duration = Duration::from_secs(5);
/// And one that sends for longer is not going to look.
const LONGEST: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub(super) struct Linger {
    until: Instant,
    timer: Pin<Box<Sleep>>,
}

impl Linger {
    pub(super) fn begin() -> Self {
        Self { until: Instant::now() + LONGEST, timer: Box::pin(sleep(SILENCE)) }
    }

    /// Is ready when the client has closed as well, or has been waited for long enough.
    pub(super) fn poll<T>(&mut self, mut io: Pin<&mut T>, context: &mut Context<'_>) -> Poll<()>
    where
        T: AsyncRead,
    {
        loop {
            if self.timer.as_mut().poll(context).is_ready() {
                return Poll::Ready(());
            }
            let mut room = [0; 4096];
            let mut buffer = ReadBuf::new(&mut room);
            let done = ready!(io.as_mut().poll_read(context, &mut buffer));
            if done.is_err() || buffer.filled().is_empty() {
                return Poll::Ready(());
            }
            self.timer.as_mut().reset(self.until.min(Instant::now() + SILENCE));
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncWriteExt, duplex};

    use super::*;

    /// Lets the client do something, and says for how long the gateway has lingered.
    async fn lingered<F>(client: impl FnOnce(tokio::io::DuplexStream) -> F) -> Duration
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (near, mut far) = duplex(16);
        tokio::spawn(client(near));
        let begun = Instant::now();
        let mut linger = Linger::begin();
        std::future::poll_fn(|context| linger.poll(Pin::new(&mut far), context)).await;
        begun.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_closes_is_waited_for_no_longer() {
        let took = lingered(async |mut stream| {
            stream.write_all(&[0; 10_000]).await.unwrap();
        });
        assert_eq!(took.await, Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_says_nothing_is_left() {
        let took = lingered(async |mut stream| {
            tokio::time::sleep(Duration::from_secs(4)).await;
            stream.write_all(&[0; 10_000]).await.unwrap();
            tokio::time::sleep(Duration::from_secs(3600)).await;
        });
        assert_eq!(took.await.as_secs(), 9);
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_never_stops_is_left() {
        let took = lingered(async |mut stream| {
            while stream.write_all(&[0; 100]).await.is_ok() {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        });
        assert_eq!(took.await.as_secs(), 30);
    }
}
