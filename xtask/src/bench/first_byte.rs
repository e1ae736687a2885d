//! How long the beginning of a page takes through a proxy, when the rest is not there yet.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::{Duration, Instant};

use super::case::{Case, Request};
use super::credentials::Credentials;
use super::fleet::{Contender, Fleet};
use super::page::{self, FIRST_PIECE_ENDS};
use super::stats::Spread;
use super::{probe, table};
use crate::Result;

/// How long the app takes between the two halves of its page.
const PAUSE: Duration = Duration::from_millis(50);
/// Samples of a round: one is short, and single ones vary.
const SAMPLES: usize = 5;

/// An app that sends the beginning of its page, waits, and sends the rest.
pub(crate) struct SlowApp {
    pub(crate) address: SocketAddr,
    /// When each answer's first piece went out.
    sent: Receiver<Instant>,
}

/// What passed between the app's first piece and the client.
struct Delay {
    /// To the first byte.
    first_byte: Duration,
    /// To the end of that piece.
    whole_piece: Duration,
}

impl SlowApp {
    /// Serves until the program ends.
    pub(crate) fn start() -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let (sender, sent) = mpsc::channel();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // A proxy that hangs up early shows itself on the client's side.
                let _hung_up = answer(stream, &sender);
            }
        });
        Ok(Self { address, sent })
    }
}

/// Measures everybody in turn and says what came out.
pub(crate) fn measure(fleet: &Fleet, credentials: &Credentials, rounds: usize) -> Result<String> {
    let request = Case::FirstByte.request(credentials);
    let contenders = Case::FirstByte.contenders();
    let mut delays: Vec<(Contender, Vec<Delay>)> =
        contenders.iter().map(|contender| (*contender, Vec::new())).collect();
    for round in 0..rounds * SAMPLES {
        delays.rotate_left(round % contenders.len());
        for (contender, delays) in &mut delays {
            delays.push(sample(fleet, *contender, &request)?);
        }
    }
    delays.sort_by_key(|(contender, _)| contenders.iter().position(|other| other == contender));
    let rows = delays.iter().filter_map(|(contender, delays)| {
        let spread = |of: fn(&Delay) -> Duration| {
            Spread::of(delays.iter().map(|delay| of(delay).as_secs_f64() * 1e6))
        };
        Some((*contender, spread(|delay| delay.first_byte)?, spread(|delay| delay.whole_piece)?))
    });
    Ok(table::of_first_bytes(&rows.collect::<Vec<_>>(), PAUSE))
}

fn sample(fleet: &Fleet, contender: Contender, request: &Request) -> Result<Delay> {
    // What an earlier client gave up on must not be taken for this one's.
    while fleet.slow_app.sent.try_recv().is_ok() {}
    let mut response = probe::send(fleet.address(contender), request)?;
    let (mut seen, mut chunk) = (Vec::new(), [0; 16 * 1024]);
    let mut first_byte = None;
    let mut body = response.body_mut().as_reader();
    loop {
        let length = body.read(&mut chunk)?;
        let now = Instant::now();
        seen.extend_from_slice(chunk.get(..length).unwrap_or_default());
        let first_byte = *first_byte.get_or_insert(now);
        if String::from_utf8_lossy(&seen).contains(FIRST_PIECE_ENDS) {
            let sent = fleet.slow_app.sent.recv()?;
            return Ok(Delay { first_byte: first_byte - sent, whole_piece: now - sent });
        }
        if length == 0 {
            return Err(format!(
                "{}: the slow page arrived without its beginning",
                contender.name()
            )
            .into());
        }
    }
}

/// Reads one request's head and answers it in two pieces.
fn answer(mut stream: TcpStream, sent: &Sender<Instant>) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let (mut head, mut chunk) = (Vec::new(), [0; 4096]);
    while !head.windows(4).any(|window| window == b"\r\n\r\n") {
        let length = stream.read(&mut chunk)?;
        if length == 0 {
            return Ok(());
        }
        head.extend_from_slice(chunk.get(..length).unwrap_or_default());
    }
    let page = page::page();
    let (first, rest) = page.split_once(FIRST_PIECE_ENDS).unwrap_or_default();
    let first = format!("{first}{FIRST_PIECE_ENDS}");
    // One write, so that the first piece travels with the head as it would from an app that flushes.
    let beginning = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\
         Connection: close\r\n\r\n{:x}\r\n{first}\r\n",
        first.len()
    );
    let now = Instant::now();
    stream.write_all(beginning.as_bytes())?;
    // Nobody listens any more once the measuring is over.
    let _over = sent.send(now);
    thread::sleep(PAUSE);
    stream.write_all(format!("{:x}\r\n{rest}\r\n0\r\n\r\n", rest.len()).as_bytes())
}
