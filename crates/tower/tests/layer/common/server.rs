use std::net::SocketAddr;

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::client::Call;
use super::{PATIENCE, Raw};

/// `axum::serve` on a port that the system chose; ends with the value.
pub(crate) struct Server {
    addr: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl Server {
    pub(crate) async fn start(app: Router) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let addr = listener.local_addr().expect("an address");
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(async move {
            let stopped = async {
                let _ = stopped.await;
            };
            axum::serve(listener, app).with_graceful_shutdown(stopped).await.expect("it serves");
        });
        Self { addr, stop: Some(stop), task }
    }

    pub(crate) const fn addr(&self) -> SocketAddr {
        self.addr
    }

    pub(crate) fn origin(&self) -> String {
        format!("http://{}", self.addr)
    }

    pub(crate) fn get(&self, target: &str) -> Call {
        self.call("GET", target)
    }

    pub(crate) fn post(&self, target: &str) -> Call {
        self.call("POST", target)
    }

    pub(crate) fn call(&self, method: &str, target: &str) -> Call {
        Call::new(method, &format!("{}{target}", self.origin()))
    }

    /// The token that `/token` gives this cookie.
    pub(crate) async fn token(&self, cookie: &str) -> String {
        let answer = self.get("/token").header("cookie", cookie).send().await;
        assert_eq!(answer.status(), 200, "{answer:?}");
        answer.into_body()
    }

    /// Sends bytes as they are and reads all that comes back until the server closes, which the
    /// request should ask for.
    pub(crate) async fn raw(&self, request: impl AsRef<[u8]>) -> Raw {
        Raw::exchange(self.addr, request.as_ref(), false).await
    }

    /// The same from a client that stops in the middle.
    pub(crate) async fn raw_cut_off(&self, request: impl AsRef<[u8]>) -> Raw {
        Raw::exchange(self.addr, request.as_ref(), true).await
    }

    /// Waits until every connection is done; fails if one hangs.
    pub(crate) async fn drained(mut self) {
        drop(self.stop.take());
        timeout(PATIENCE, &mut self.task).await.expect("a connection hangs").expect("no panic");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}
