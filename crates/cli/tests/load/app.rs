//! The app behind the gateway. It reads and answers as slowly as a test wants.

use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};

use crate::client::read_head;
use crate::pattern::{self, PIECE, Seen};
use crate::{PATIENCE, STUCK};

/// Its threads end with the test's process.
pub(crate) struct App {
    pub(crate) address: String,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    open: AtomicUsize,
    requests: AtomicUsize,
    pace: Mutex<Pace>,
    changed: Condvar,
}

#[derive(Default)]
struct Pace {
    /// Bytes of a body at `/paced` that the app is willing to read.
    allowed: u64,
    /// Bytes of a response that were sent when nobody took any more.
    stuck_at: Option<u64>,
}

/// What the app has to know of a request.
struct Asked {
    line: (String, String),
    length: u64,
    /// Bytes before and behind the pattern.
    around: (u64, u64),
}

impl App {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let shared = Arc::<Shared>::default();
        let all = shared.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (stream, shared) = (stream.unwrap(), all.clone());
                shared.open.fetch_add(1, Ordering::SeqCst);
                std::thread::spawn(move || {
                    let _ = serve(stream, &shared);
                    shared.open.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        Self { address, shared }
    }

    /// Connections that are open.
    pub(crate) fn open(&self) -> usize {
        self.shared.open.load(Ordering::SeqCst)
    }

    pub(crate) fn requests(&self) -> usize {
        self.shared.requests.load(Ordering::SeqCst)
    }

    /// Lets a request to `/paced` go on, up to so many bytes of its body.
    pub(crate) fn allow(&self, bytes: u64) {
        self.shared.pace.lock().unwrap().allowed = bytes;
        self.shared.changed.notify_all();
    }

    /// Waits until a response finds no reader, and says how much of it was taken before.
    pub(crate) fn stuck_at(&self) -> u64 {
        let pace = self.shared.pace.lock().unwrap();
        let (pace, _) = self
            .shared
            .changed
            .wait_timeout_while(pace, PATIENCE, |pace| pace.stuck_at.is_none())
            .unwrap();
        pace.stuck_at.expect("the response waits for its reader")
    }
}

impl Shared {
    /// Waits until a byte more than `seen` may be read.
    fn wait_for_leave(&self, seen: u64) {
        let pace = self.pace.lock().unwrap();
        drop(self.changed.wait_while(pace, |pace| pace.allowed <= seen).unwrap());
    }
}

fn serve(stream: TcpStream, shared: &Shared) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::with_capacity(PIECE, stream);
    while let Some(head) = read_head(&mut stream) {
        let asked = Asked::read(&head);
        shared.requests.fetch_add(1, Ordering::SeqCst);
        match (asked.line.0.as_str(), asked.line.1.as_str()) {
            // Never answers: the connection's end is what it waits for.
            (_, "/wait") => drop(io::copy(&mut stream, &mut io::sink())?),
            ("GET", target) if target.starts_with("/down/") => {
                let length = target.rsplit('/').next().and_then(|size| size.parse().ok());
                download(stream.get_mut(), length.unwrap_or_default(), shared)?;
            }
            _ => {
                let text = upload(&mut stream, &asked, shared)?;
                let length = text.len();
                let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
                stream.get_mut().write_all(format!("{head}{text}").as_bytes())?;
            }
        }
    }
    Ok(())
}

impl Asked {
    fn read(head: &[u8]) -> Self {
        let mut fields = [httparse::EMPTY_HEADER; 64];
        let mut request = httparse::Request::new(&mut fields);
        assert!(request.parse(head).unwrap().is_complete());
        let number = |name: &str| {
            let field = request.headers.iter().find(|field| field.name.eq_ignore_ascii_case(name));
            field.map_or(0, |field| std::str::from_utf8(field.value).unwrap().parse().unwrap())
        };
        let line = (request.method.unwrap().to_owned(), request.path.unwrap().to_owned());
        let around = (number("x-before"), number("x-behind"));
        Self { line, length: number("content-length"), around }
    }
}

fn download(stream: &mut TcpStream, length: u64, shared: &Shared) -> io::Result<()> {
    write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n")?;
    stream.set_write_timeout(Some(STUCK))?;
    let mut sent = 0;
    while sent < length {
        match stream.write(pattern::piece(sent, pattern::next(length - sent))) {
            Ok(taken) => sent += taken as u64,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                shared.pace.lock().unwrap().stuck_at = Some(sent);
                shared.changed.notify_all();
            }
            Err(error) => return Err(error),
        }
    }
    stream.set_write_timeout(None)
}

/// Reads a body, and says what came: how much of the pattern, and what was around it.
fn upload(stream: &mut BufReader<TcpStream>, asked: &Asked, shared: &Shared) -> io::Result<String> {
    let (before, behind) = asked.around;
    let mut around = String::new();
    stream.by_ref().take(before).read_to_string(&mut around)?;
    let mut seen = Seen::default();
    let mut left = asked.length.saturating_sub(before + behind);
    while left > 0 {
        if asked.line.1 == "/paced" {
            shared.wait_for_leave(seen.bytes);
        }
        let here = stream.fill_buf()?;
        if here.is_empty() {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        let part = here.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        seen.take(&here[..part]);
        stream.consume(part);
        left -= part as u64;
    }
    stream.by_ref().take(behind).read_to_string(&mut around)?;
    Ok(report(&seen, &around))
}

/// The app's word on a body.
pub(crate) fn report(seen: &Seen, around: &str) -> String {
    format!("{seen:?} {around}")
}
