//! `playground`: comes up, answers, and ends cleanly when told to.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on must end")]

mod command;
#[path = "running/mod.rs"]
#[expect(dead_code, reason = "the log is read by the other test")]
mod running;

use std::io::{BufRead, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;

use command::run;
use running::Running;
use rustix::process::Signal;
use serde_json::Value;

const FREE: [&str; 18] = [
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
    "--bank",
    "127.0.0.1:0",
    "--gateway",
    "127.0.0.1:0",
    "--attacker",
    "127.0.0.1:0",
    "--portal",
    "127.0.0.1:0",
];

fn start() -> (Running, Value) {
    Running::start(&[&["playground", "--json"][..], &FREE].concat())
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
fn each_services_one_line_gets_through() {
    let (_running, out) = Running::heard(&[&["playground"][..], &FREE].concat());
    let guide: Vec<String> = out
        .lines()
        .map(Result::unwrap)
        .take_while(|line| !line.contains("Ctrl-C stops it"))
        .filter(|line| line.contains(" request "))
        .collect();
    assert_eq!(guide.len(), 5, "one for each service: {guide:#?}");
    for line in guide {
        let ran = Command::new("sh").args(["-c", &line]).output().unwrap();
        let said = String::from_utf8_lossy(&ran.stdout).into_owned();
        let complaint = String::from_utf8_lossy(&ran.stderr).into_owned();
        assert_eq!(ran.status.code(), Some(0), "{line}\n{said}{complaint}");
        assert!(said.contains('{') || said.contains('['), "no data: {line}\n{said}");
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
