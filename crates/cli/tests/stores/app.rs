//! An app that knows nothing of CSRF.

use std::io::{Read, Write};
use std::net::TcpListener;

/// Starts it. Its thread ends with the test's process.
pub(crate) fn start() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            std::thread::spawn(move || {
                let mut head = [0; 8192];
                let length = stream.read(&mut head).unwrap_or_default();
                // What the gateway answers for an app that has no answer of its own.
                let is_config = head[..length].starts_with(b"GET /tao/ClientConfig/config");
                let status = if is_config { "404 Not Found" } else { "200 OK" };
                let _ = write!(
                    stream,
                    "HTTP/1.1 {status}\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi"
                );
            });
        }
    });
    format!("http://{address}")
}
