//! HTTP/2 as no library would speak it: requests that are taken back at once, again and again
//! (CVE-2023-44487). A frame costs the client nothing, and must not cost the gateway much.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::app::App;
use crate::client::Client;
use crate::gateway::{Gateway, kept};
use crate::{GROWTH, PATIENCE, mib, until};

const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const END_STREAM_AND_HEADERS: u8 = 0x5;
const CANCEL: [u8; 4] = 8_u32.to_be_bytes();

/// Requests that one attacker makes, unless the gateway stops that.
const STREAMS: u32 = 100_000;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let head = [&length[1..], &[kind, flags], &stream.to_be_bytes()].concat();
    [&head, payload].concat()
}

/// A connection of HTTP/2 on which nothing was asked yet.
pub(crate) fn connect(address: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").unwrap();
    stream.write_all(&frame(SETTINGS, 0, 0, &[])).unwrap();
    stream
}

/// A request for a path that the app is slow to answer.
pub(crate) fn request(stream: u32) -> Vec<u8> {
    // `:method: GET` and `:scheme: http` by number; `:path` and `:authority` as they stand.
    frame(HEADERS, END_STREAM_AND_HEADERS, stream, b"\x82\x86\x04\x05/wait\x01\x01a")
}

/// Asks and takes back. Says how many requests were made when the gateway had enough.
fn reset_rapidly(stream: &mut TcpStream) -> Result<(), (u32, io::Error)> {
    // A hundred at a time, as an attacker would.
    for first in (0..STREAMS).step_by(100) {
        let some: Vec<u8> = (first..first + 100)
            .flat_map(|number| {
                let id = number * 2 + 1;
                [request(id), frame(RST_STREAM, 0, id, &CANCEL)].concat()
            })
            .collect();
        stream.write_all(&some).map_err(|error| (first, error))?;
    }
    Ok(())
}

#[test]
fn requests_taken_back_at_once_harm_nobody_else() {
    let app = App::start();
    let gateway = Gateway::start(&app, "", "");
    gateway.warm_up();
    let (files, memory, before) = (gateway.files(), gateway.memory(), app.requests());
    let done = AtomicBool::new(false);
    let others = std::thread::scope(|scope| {
        let others = scope.spawn(|| {
            let mut regular = Client::connect(gateway.address());
            let mut answered = 0;
            while !done.load(Ordering::SeqCst) {
                assert_eq!(regular.get("/").status, 200);
                assert_eq!(Client::connect(gateway.address()).get("/").status, 200);
                answered += 2;
            }
            answered
        });
        for _ in 0..4 {
            let mut stream = connect(gateway.address());
            match reset_rapidly(&mut stream) {
                Ok(()) => eprintln!("all of {STREAMS} requests were made and taken back"),
                Err((made, error)) => eprintln!("{made} requests, then: {error}"),
            }
            // The gateway ends the connection, or it has nothing left to do on it.
            let _ = stream.shutdown(std::net::Shutdown::Write);
            let end = stream.read_to_end(&mut Vec::new());
            assert!(
                end.as_ref().map_err(io::Error::kind) != Err(io::ErrorKind::WouldBlock),
                "the connection stays as it is: {end:?}"
            );
        }
        done.store(true, Ordering::SeqCst);
        others.join().unwrap()
    });
    assert!(others > 0);
    let seen = app.requests() - before - others;
    let grown = gateway.peak().saturating_sub(memory);
    eprintln!("{others} others were answered; {seen} reached the app; {} more", mib(grown));
    assert!(grown < GROWTH, "{}", mib(grown));
    gateway.lets_go(files);
    gateway.is_well();
}

#[test]
fn requests_taken_back_later_do_not_stay_with_the_app() {
    let app = App::start();
    let gateway = Gateway::start(&app, "", "");
    gateway.warm_up();
    let (files, open) = (gateway.files(), app.open());
    let mut stream = connect(gateway.address());
    let mut id = 1;
    for round in 0..10 {
        let before = app.requests();
        let ids: Vec<u32> = (0..100).map(|number| id + number * 2).collect();
        id += 200;
        let asked: Vec<u8> = ids.iter().flat_map(|id| request(*id)).collect();
        stream.write_all(&asked).unwrap();
        until("the app has all of them", || app.requests() == before + ids.len());
        let taken_back: Vec<u8> =
            ids.iter().flat_map(|id| frame(RST_STREAM, 0, *id, &CANCEL)).collect();
        stream.write_all(&taken_back).unwrap();
        until("the app hears that nobody waits", || app.open() <= open + kept());
        assert_eq!(Client::connect(gateway.address()).get("/").status, 200, "round {round}");
    }
    drop(stream);
    gateway.lets_go(files);
    gateway.is_well();
}
