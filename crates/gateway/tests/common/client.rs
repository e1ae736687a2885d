//! The client's end: HTTP/1.1 as it stands on the wire, and hyper's HTTP/2.

use std::net::SocketAddr;

use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::PATIENCE;

pub(crate) trait Duplex: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Duplex for T {}

/// A connection that speaks HTTP/1.1, and reads as strictly as a browser.
pub(crate) struct Client {
    pub(crate) stream: Box<dyn Duplex>,
    /// What was read and not used yet.
    ahead: Vec<u8>,
}

#[derive(Debug, Default)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) trailers: Vec<(String, String)>,
}

impl Answer {
    /// The value of a field that is there once.
    pub(crate) fn header<'a>(&'a self, name: &'a str) -> Option<&'a str> {
        let mut all = self.all(name);
        let first = all.next();
        assert!(all.next().is_none(), "{name} is there twice: {self:?}");
        first
    }

    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let own = move |field: &&(String, String)| field.0.eq_ignore_ascii_case(name);
        self.headers.iter().filter(own).map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl Client {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        Self::over(TcpStream::connect(address).await.unwrap())
    }

    pub(crate) fn over(stream: impl Duplex + 'static) -> Self {
        Self { stream: Box::new(stream), ahead: Vec::new() }
    }

    /// Writes. That the gateway may have closed already is found out by reading.
    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let writing = async {
            let _ = self.stream.write_all(bytes.as_ref()).await;
            let _ = self.stream.flush().await;
        };
        timeout(PATIENCE, writing).await.expect("nobody takes the request");
    }

    /// Sends a request and reads the whole answer.
    pub(crate) async fn ask(&mut self, request: impl AsRef<[u8]>) -> Answer {
        self.send(request).await;
        self.answer().await.unwrap()
    }

    /// Reads an answer with its body.
    pub(crate) async fn answer(&mut self) -> Result<Answer, String> {
        let mut answer = self.head().await?;
        if answer.status >= 200 && !matches!(answer.status, 204 | 304) {
            while let Some(piece) = self.piece(&mut answer).await? {
                answer.body.extend_from_slice(&piece);
            }
        }
        Ok(answer)
    }

    /// Reads the head of an answer, or of one like `100 Continue` that comes before it.
    pub(crate) async fn head(&mut self) -> Result<Answer, String> {
        loop {
            let mut headers = [httparse::EMPTY_HEADER; 128];
            let mut parsed = httparse::Response::new(&mut headers);
            let status = parsed.parse(&self.ahead).map_err(|error| error.to_string())?;
            if let httparse::Status::Complete(length) = status {
                let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
                let headers = parsed.headers.iter().map(|h| (h.name.to_owned(), text(h.value)));
                let answer = Answer {
                    status: parsed.code.unwrap(),
                    headers: headers.collect(),
                    ..Answer::default()
                };
                self.ahead.drain(..length);
                return Ok(answer);
            }
            self.more().await?;
        }
    }

    /// The next piece of a body: all that is left of one with a length, or the next chunk. A body
    /// that breaks off is an error.
    pub(crate) async fn piece(&mut self, answer: &mut Answer) -> Result<Option<Vec<u8>>, String> {
        if answer.header("transfer-encoding").is_some_and(|coding| coding == "chunked") {
            let line = self.line().await?;
            let size = usize::from_str_radix(&line, 16).map_err(|_| format!("chunk {line:?}"))?;
            if size == 0 {
                loop {
                    let line = self.line().await?;
                    let Some((name, value)) = line.split_once(':') else { break };
                    answer.trailers.push((name.to_owned(), value.trim().to_owned()));
                }
                return Ok(None);
            }
            let chunk = self.take(size).await?;
            let end = self.line().await?;
            return if end.is_empty() {
                Ok(Some(chunk))
            } else {
                Err(format!("chunk end {end:?}"))
            };
        }
        match answer.header("content-length").map(|length| length.parse::<usize>().unwrap()) {
            Some(length) if length > answer.body.len() => {
                let left = length - answer.body.len();
                if self.ahead.is_empty() {
                    self.more().await?;
                }
                self.take(left.min(self.ahead.len())).await.map(Some)
            }
            Some(_) => Ok(None),
            // Up to the end of the connection.
            None => match self.more().await {
                Ok(()) => Ok(Some(std::mem::take(&mut self.ahead))),
                Err(_) if self.ahead.is_empty() => Ok(None),
                Err(_) => Ok(Some(std::mem::take(&mut self.ahead))),
            },
        }
    }

    async fn line(&mut self) -> Result<String, String> {
        loop {
            if let Some(end) = self.ahead.windows(2).position(|pair| pair == b"\r\n") {
                let line: Vec<u8> = self.ahead.drain(..end + 2).collect();
                return Ok(String::from_utf8_lossy(&line[..end]).into_owned());
            }
            self.more().await?;
        }
    }

    async fn take(&mut self, length: usize) -> Result<Vec<u8>, String> {
        while self.ahead.len() < length {
            self.more().await?;
        }
        Ok(self.ahead.drain(..length).collect())
    }

    async fn more(&mut self) -> Result<(), String> {
        let mut buffer = vec![0; 64 << 10];
        let reading = timeout(PATIENCE, self.stream.read(&mut buffer)).await;
        match reading.map_err(|_| "the gateway hangs")? {
            Ok(0) => Err("the connection ended".to_owned()),
            Ok(length) => {
                self.ahead.extend_from_slice(&buffer[..length]);
                Ok(())
            }
            Err(error) => Err(format!("the connection broke: {error}")),
        }
    }

    /// Waits until the gateway has closed the connection, and gives back what came before that.
    pub(crate) async fn rest(&mut self) -> Vec<u8> {
        loop {
            match self.more().await {
                Ok(()) => {}
                Err(why) if why.contains("hangs") => panic!("the gateway keeps the connection"),
                Err(_) => return std::mem::take(&mut self.ahead),
            }
        }
    }
}

pub(crate) type Http2 = http2::SendRequest<Full<Bytes>>;

/// HTTP/2 over a connection, as hyper speaks it.
pub(crate) async fn http2(stream: impl Duplex + 'static) -> Http2 {
    let handshake = http2::handshake(TokioExecutor::new(), TokioIo::new(stream));
    let (sender, connection) = timeout(PATIENCE, handshake).await.unwrap().unwrap();
    tokio::spawn(connection);
    sender
}
