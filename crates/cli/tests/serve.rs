//! `serve`: protects an app, takes over a changed file, and ends cleanly when told to.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on must end")]

mod command;
#[path = "running/mod.rs"]
mod running;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::ChildStderr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use command::run;
use running::Running;
use rustix::process::Signal;

/// An app that answers everything, and counts it. Its thread ends with the test's process.
fn app() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let count = Arc::new(AtomicUsize::new(0));
    let counted = count.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut head = [0; 4096];
            if stream.read(&mut head).unwrap_or_default() == 0 {
                continue;
            }
            counted.fetch_add(1, Ordering::SeqCst);
            let _ = stream
                .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi");
        }
    });
    (format!("http://{address}"), count)
}

fn status(address: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    let request = request.replace("HOST", address);
    stream.write_all(request.as_bytes()).unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    reply.split(' ').nth(1).unwrap_or_default().to_owned()
}

const READ: &str = "GET / HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n\r\n";
const FORGED: &str = "POST / HTTP/1.1\r\nHost: HOST\r\nOrigin: http://evil.example\r\n\
                      Content-Length: 0\r\nConnection: close\r\n\r\n";

fn wait_for(log: &mut BufReader<ChildStderr>, text: &str) {
    let mut line = String::new();
    while !line.contains(text) {
        line.clear();
        assert_ne!(log.read_line(&mut line).unwrap(), 0, "the log ended before `{text}`");
    }
}

fn write(file: &Path, upstream: &str, mode: &str) {
    let text = format!(
        "[[listen]]\naddress = \"127.0.0.1:0\"\n[[site]]\nname = \"app\"\nupstream = \"{upstream}\"\n\
         [site.policy]\nmode = \"{mode}\"\n"
    );
    std::fs::write(file, text).unwrap();
}

#[test]
fn flags_alone_protect_an_app_until_either_signal() {
    for signal in [Signal::TERM, Signal::INT] {
        let (upstream, count) = app();
        let (running, addresses) = Running::start(&[
            "serve",
            "--json",
            "--listen",
            "127.0.0.1:0",
            "--upstream",
            &upstream,
        ]);
        let address = addresses["listen"][0].as_str().unwrap();
        assert_eq!(status(address, READ), "200");
        assert_eq!(status(address, FORGED), "403");
        assert_eq!(count.load(Ordering::SeqCst), 1, "the app saw what was refused");
        assert!(running.end(signal).success());
    }
}

#[test]
fn a_changed_file_counts_at_once_and_a_bad_one_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("gateway.toml");
    let (upstream, _) = app();
    write(&file, &upstream, "enforce");
    let (mut running, addresses) =
        Running::start(&["serve", "--json", "--config", file.to_str().unwrap()]);
    let mut log = running.log();
    let address = addresses["listen"][0].as_str().unwrap();
    assert_eq!(status(address, FORGED), "403");

    write(&file, &upstream, "reports");
    running.signal(Signal::HUP);
    wait_for(&mut log, "gateway.toml:");
    assert_eq!(status(address, FORGED), "403");

    // Nobody says anything this time.
    write(&file, &upstream, "report");
    wait_for(&mut log, "was read again");
    assert_eq!(status(address, FORGED), "200");
    assert!(running.end(Signal::TERM).success());
}

#[test]
fn an_address_that_is_taken_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let ran = run(&["serve", "--upstream", "http://127.0.0.1:1", "--listen", &address], "");
    assert_eq!(ran.status, 1, "{}{}", ran.out, ran.err);
    assert!(ran.err.contains(&format!("cannot listen on {address}")), "{}", ran.err);
}

#[test]
fn a_check_says_whether_a_file_can_be_used() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("gateway.toml");
    let good = "keyring = \"keys.toml\"\n[[listen]]\naddress = \"127.0.0.1:9080\"\n[[site]]\n\
                name = \"app\"\nupstream = \"http://127.0.0.1:9000\"\n[site.policy]\n\
                public_origins = [\"http://127.0.0.1:9080\"]\n";
    for (name, text, status, says) in [
        ("a good file", good.to_owned(), 0, "ok"),
        ("no public origins", good.replace("public_origins", "# "), 1, "public_origins"),
        ("an unknown key", format!("lisen = 1\n{good}"), 2, "gateway.toml:1"),
        ("an upstream with a path", good.replace(":9000", ":9000/app"), 2, "gateway.toml:6"),
        ("no site", "[[listen]]\naddress = \"127.0.0.1:9080\"\n".to_owned(), 2, "[[site]]"),
    ] {
        std::fs::write(&file, text).unwrap();
        let ran = run(&["check", file.to_str().unwrap()], "");
        assert_eq!(ran.status, status, "{name}: {}{}", ran.out, ran.err);
        assert!(format!("{}{}", ran.out, ran.err).contains(says), "{name}: {}{}", ran.out, ran.err);
    }
    let ran = run(&["check", "--schema"], "");
    let schema: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert!(schema["properties"]["site"].is_object());
}
