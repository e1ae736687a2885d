//! A server that answers as fast as it can and checks nothing.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::thread;

/// As long as those of `genesys`.
pub(crate) const TOKEN: &str = "7f3c9f0e-54a1-4c3c-8a52-2f1f6f0f9d11";

const BODY: &str = "{\"statusCode\":0}";

/// Starts one on threads that end with the process, and says its origin.
pub(crate) fn start() -> io::Result<String> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let origin = format!("http://{}", listener.local_addr()?);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || answer_all(stream));
        }
    });
    Ok(origin)
}

/// Until the client hangs up.
fn answer_all(stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    loop {
        let (mut first, mut seen, mut length) = (String::new(), "none".to_owned(), 0);
        loop {
            line.clear();
            if stream.read_line(&mut line)? == 0 {
                return Ok(());
            }
            let text = line.trim_end();
            match text.split_once(": ") {
                _ if text.is_empty() => break,
                Some(("x-csrf-token", token)) => token.clone_into(&mut seen),
                Some(("content-length", number)) => length = number.parse().unwrap_or_default(),
                Some(_) => {}
                None => text.clone_into(&mut first),
            }
        }
        io::copy(&mut (&mut stream).take(length), &mut io::sink())?;
        // As `genesys` does: reads bring the token, and begin the session.
        let brings = if first.starts_with("GET ") {
            format!(
                "X-CSRF-HEADER: X-CSRF-TOKEN\r\nX-CSRF-TOKEN: {TOKEN}\r\nSet-Cookie: JSESSIONID=s1; Path=/\r\n"
            )
        } else {
            String::new()
        };
        let length = BODY.len();
        let answer = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{brings}X-Seen: {seen}\r\nContent-Length: {length}\r\n\r\n{BODY}"
        );
        stream.get_mut().write_all(answer.as_bytes())?;
    }
}
