//! A gateway, an app behind it and a client, all on loopback.

use std::convert::Infallible;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use bytes::Bytes;
use countersign_gateway::{Config, Gateway};
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;

/// Only a hang reaches it.
const PATIENCE: Duration = Duration::from_secs(60);

/// An app that answers everything with `ok`, and `/gate` when the gate is open.
pub(crate) struct App {
    pub(crate) address: SocketAddr,
    seen: Arc<AtomicUsize>,
    gate: Arc<Gate>,
}

#[derive(Default)]
struct Gate {
    state: Mutex<(bool, bool)>,
    changed: Condvar,
}

impl App {
    pub(crate) fn start() -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let (seen, gate) = (Arc::new(AtomicUsize::new(0)), Arc::new(Gate::default()));
        let (counted, gated) = (seen.clone(), gate.clone());
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                while let Ok((stream, _)) = listener.accept().await {
                    let (seen, gate) = (counted.clone(), gated.clone());
                    let service = service_fn(move |request: Request<Incoming>| {
                        seen.fetch_add(1, Ordering::SeqCst);
                        answer(request, gate.clone())
                    });
                    let io = TokioIo::new(stream);
                    tokio::spawn(http1::Builder::new().serve_connection(io, service));
                }
            });
        });
        Self { address, seen, gate }
    }

    /// How many requests reached it.
    pub(crate) fn seen(&self) -> usize {
        self.seen.load(Ordering::SeqCst)
    }

    /// Waits until a request stands before the gate.
    pub(crate) fn await_request_at_gate(&self) {
        let state = self.gate.state.lock().unwrap();
        let arrived =
            self.gate.changed.wait_timeout_while(state, PATIENCE, |(arrived, _)| !*arrived);
        assert!(!arrived.unwrap().1.timed_out(), "no request came to the gate");
    }

    pub(crate) fn open_gate(&self) {
        self.gate.state.lock().unwrap().1 = true;
        self.gate.changed.notify_all();
    }
}

async fn answer(
    request: Request<Incoming>,
    gate: Arc<Gate>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    if request.uri().path() == "/gate" {
        let waiting = tokio::task::spawn_blocking(move || {
            let mut state = gate.state.lock().unwrap();
            state.0 = true;
            gate.changed.notify_all();
            drop(gate.changed.wait_timeout_while(state, PATIENCE, |(_, open)| !*open).unwrap());
        });
        waiting.await.unwrap();
    }
    let mut response = Response::new(Full::from("ok"));
    if request.uri().path() == "/missing" {
        *response.status_mut() = http::StatusCode::NOT_FOUND;
    }
    Ok(response)
}

/// Reads a configuration whose paths are relative to `folder`.
pub(crate) fn config(folder: &Path, text: &str) -> Config {
    let find = |name: &str| countersign::builtin(name).ok_or_else(|| format!("no `{name}`"));
    let config = Config::from_toml("gateway.toml", text, folder, find);
    config.unwrap_or_else(|error| panic!("{error}\n{text}"))
}

pub(crate) fn start(folder: &Path, text: &str) -> Gateway {
    Gateway::start(config(folder, text)).unwrap()
}

/// A listener for clients, one for operators, and a site called `bank`.
pub(crate) fn bank(upstream: SocketAddr, top: &str, policy: &str) -> String {
    format!(
        "{top}\n[[listen]]\naddress = \"127.0.0.1:0\"\n[admin]\nlisten = \"127.0.0.1:0\"\n\
         [[site]]\nname = \"bank\"\nhosts = [\"bank.example\"]\nupstream = \"http://{upstream}\"\n\
         [site.policy]\npublic_origins = [\"http://bank.example\"]\n{policy}\n"
    )
}

/// What a server said: status, head and body.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

/// Sends bytes over a connection of their own, and reads until it ends.
pub(crate) fn send(address: SocketAddr, bytes: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(bytes).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let text = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    Answer {
        status: status.unwrap_or_else(|| panic!("no answer: {text:?}")),
        head: head.to_ascii_lowercase(),
        body: body.to_owned(),
    }
}

/// A request for the bank, with more fields.
pub(crate) fn ask(address: SocketAddr, line: &str, fields: &str) -> Answer {
    let text = format!(
        "{line} HTTP/1.1\r\nhost: bank.example\r\ncontent-length: 0\r\nconnection: close\r\n{fields}\r\n"
    );
    send(address, text.as_bytes())
}

/// What a page of somebody else sends.
pub(crate) const FORGED: &str = "origin: http://evil.example\r\ncookie: session=s3cret-session\r\n";

/// A scrape.
pub(crate) fn metrics(gateway: &Gateway) -> String {
    let answer = ask(gateway.addresses().admin.unwrap(), "GET /metrics", "");
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.body
}

/// The value of a series, by its whole name with labels.
#[track_caller]
pub(crate) fn value(text: &str, series: &str) -> u64 {
    let line = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    let value = line.unwrap_or_else(|| panic!("no series `{series}` in\n{text}"));
    value.parse().unwrap()
}
