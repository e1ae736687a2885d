//! `playground`: comes up, answers, and ends cleanly when told to.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on must end")]

mod command;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, ExitStatus, Stdio};

use command::run;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

const FREE: [&str; 12] = [
    "--genesys",
    "127.0.0.1:0",
    "--voss",
    "127.0.0.1:0",
    "--redback",
    "127.0.0.1:0",
    "--vmanage",
    "127.0.0.1:0",
    "--tao",
    "127.0.0.1:0",
    "--portal",
    "127.0.0.1:0",
];

/// Ends with the test, however that ends.
struct Running(Child);

impl Running {
    fn end(mut self, signal: Signal) -> ExitStatus {
        kill_process(Pid::from_child(&self.0), signal).unwrap();
        self.0.wait().unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start() -> (Running, Value) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_countersign"))
        .args(["playground", "--json"])
        .args(FREE)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let running = Running(child);
    (running, serde_json::from_str(&line).unwrap())
}

#[test]
fn it_answers_and_ends_on_either_signal() {
    for signal in [Signal::TERM, Signal::INT] {
        let (running, addresses) = start();
        let base = addresses["genesys"].as_str().unwrap();
        let address = base.strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(address).unwrap();
        let request = format!(
            "GET /api/v2/diagnostics/version HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut reply = String::new();
        stream.read_to_string(&mut reply).unwrap();
        assert!(reply.starts_with("HTTP/1.1 200"), "{reply}");
        assert!(reply.to_ascii_lowercase().contains("x-csrf-token: "), "{reply}");
        let status = running.end(signal);
        assert_eq!(status.code(), Some(0), "{signal:?}");
    }
}

#[test]
fn a_taken_port_is_one_clear_line() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let mut args = [&["playground"][..], &FREE].concat();
    args[2] = &address;
    let ran = run(&args, "");
    assert_eq!(ran.status, 1, "{}{}", ran.out, ran.err);
    assert_eq!(ran.err.lines().count(), 1, "{}", ran.err);
    assert!(ran.err.contains("--genesys") && ran.err.contains(&address), "{}", ran.err);
}
