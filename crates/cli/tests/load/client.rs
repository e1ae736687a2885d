//! A client that does one thing after the other over one connection.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use crate::PATIENCE;
use crate::pattern::{PIECE, Seen};

pub(crate) struct Client {
    pub(crate) stream: BufReader<TcpStream>,
    host: String,
}

/// The head of an answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) length: u64,
    fields: Vec<(String, String)>,
}

impl Answer {
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let same = move |(own, _): &&(String, String)| own.eq_ignore_ascii_case(name);
        self.fields.iter().filter(same).map(|(_, value)| value.as_str())
    }
}

impl Client {
    pub(crate) fn connect(address: &str) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        Self { stream: BufReader::with_capacity(PIECE, stream), host: address.to_owned() }
    }

    pub(crate) fn wire(&mut self) -> &mut TcpStream {
        self.stream.get_mut()
    }

    /// Sends a request's head; `fields` end in CRLF each.
    pub(crate) fn ask(&mut self, line: &str, fields: &str) {
        let head = format!("{line} HTTP/1.1\r\nHost: {}\r\n{fields}\r\n", self.host);
        self.wire().write_all(head.as_bytes()).unwrap();
    }

    /// A whole exchange without a body.
    pub(crate) fn get(&mut self, target: &str) -> Answer {
        self.ask(&format!("GET {target}"), "");
        let answer = self.head();
        self.text(&answer);
        answer
    }

    pub(crate) fn head(&mut self) -> Answer {
        let head = read_head(&mut self.stream).expect("an answer");
        let mut fields = [httparse::EMPTY_HEADER; 64];
        let mut response = httparse::Response::new(&mut fields);
        assert!(response.parse(&head).unwrap().is_complete());
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let status = response.code.unwrap();
        let named = response.headers.iter();
        let fields = named.map(|field| (field.name.to_owned(), text(field.value))).collect();
        let mut answer = Answer { status, length: 0, fields };
        let length = answer.all("content-length").next().map(|length| length.parse().unwrap());
        answer.length = length.unwrap_or_default();
        answer
    }

    pub(crate) fn text(&mut self, answer: &Answer) -> String {
        let mut text = vec![0; usize::try_from(answer.length).unwrap()];
        self.stream.read_exact(&mut text).unwrap();
        String::from_utf8(text).unwrap()
    }

    /// Reads and compares `length` bytes of a body.
    pub(crate) fn compare(&mut self, seen: &mut Seen, length: u64) {
        let mut left = length;
        while left > 0 {
            let here = self.stream.fill_buf().unwrap();
            let part = here.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            assert_ne!(part, 0, "the connection ended after {} bytes", seen.bytes);
            seen.take(&here[..part]);
            self.stream.consume(part);
            left -= part as u64;
        }
    }
}

/// The bytes up to the end of a head; none if the connection ends before.
pub(crate) fn read_head(stream: &mut impl BufRead) -> Option<Vec<u8>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if !matches!(stream.read_until(b'\n', &mut head), Ok(1..)) {
            return None;
        }
    }
    Some(head)
}
