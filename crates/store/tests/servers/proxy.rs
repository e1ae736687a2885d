//! A TCP proxy between store and server that misbehaves on demand. It counts what passes, in whole reads.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What becomes of the server's answers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Fault {
    None,
    /// They come so much later.
    Delay(Duration),
    /// They never come, and nor does anything else: questions are swallowed too.
    BlackHole,
    /// Questions arrive; answers are swallowed.
    Mute,
    /// The connection is reset where an answer should come.
    Reset,
    /// The first half of each read arrives, and then nothing.
    Half,
    /// Of each question that runs a script the last bytes, so many, wait for the next fault to be set.
    HoldEnd(usize),
}

pub(crate) struct Proxy {
    port: u16,
    fault: watch::Sender<Fault>,
    open: Arc<AtomicUsize>,
    accept: JoinHandle<()>,
}

impl Proxy {
    pub(crate) async fn start(server: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let fault = watch::Sender::new(Fault::None);
        let open = Arc::new(AtomicUsize::new(0));
        let (seen, count) = (fault.clone(), open.clone());
        let accept = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (seen, count) = (seen.subscribe(), count.clone());
                count.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(async move {
                    pass(client, server, seen).await;
                    count.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        Self { port, fault, open, accept }
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    pub(crate) fn set(&self, fault: Fault) {
        self.fault.send_replace(fault);
    }

    /// How many connections stand.
    pub(crate) fn open(&self) -> usize {
        self.open.load(Ordering::SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accept.abort();
    }
}

/// Ends when either side does.
async fn pass(client: TcpStream, server: u16, fault: watch::Receiver<Fault>) {
    let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, server)).await else { return };
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    tokio::select! {
        () = questions(from_client, to_server, fault.clone()) => {}
        () = answers(from_server, to_client, fault) => {}
    }
}

async fn questions(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut fault: watch::Receiver<Fault>,
) {
    let mut buffer = [0; 64 * 1024];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        let present = *fault.borrow_and_update();
        let mut rest = &buffer[..count];
        match present {
            Fault::BlackHole => continue,
            Fault::HoldEnd(bytes) if rest.windows(7).any(|word| word == b"EVALSHA") => {
                let first;
                (first, rest) = rest.split_at(count.saturating_sub(bytes));
                if to.write_all(first).await.is_err() || fault.changed().await.is_err() {
                    return;
                }
            }
            _ => {}
        }
        if to.write_all(rest).await.is_err() {
            return;
        }
    }
}

async fn answers(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, fault: watch::Receiver<Fault>) {
    let mut buffer = [0; 64 * 1024];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        let fault = *fault.borrow();
        let passed = match fault {
            Fault::None | Fault::HoldEnd(_) => &buffer[..count],
            Fault::Delay(time) => {
                tokio::time::sleep(time).await;
                &buffer[..count]
            }
            Fault::BlackHole | Fault::Mute => &[],
            Fault::Half => &buffer[..count / 2],
            Fault::Reset => {
                // Closing without lingering sends RST.
                let _ = to.as_ref().set_zero_linger();
                return;
            }
        };
        if to.write_all(passed).await.is_err() {
            return;
        }
    }
}
