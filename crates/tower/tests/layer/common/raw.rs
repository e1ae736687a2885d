use std::fmt;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::PATIENCE;

/// The bytes of a server's answer.
pub(crate) struct Raw(pub(crate) Vec<u8>);

impl Raw {
    /// Sends bytes; with `ends`, and then says that no more will come.
    pub(crate) async fn exchange(addr: SocketAddr, request: &[u8], ends: bool) -> Self {
        let mut stream = TcpStream::connect(addr).await.expect("a connection");
        // A server that has seen enough may close before all is written.
        let _ = stream.write_all(request).await;
        if ends {
            let _ = stream.shutdown().await;
        }
        Self::read(&mut stream).await
    }

    /// Until the server closes, however it closes.
    pub(crate) async fn read(stream: &mut TcpStream) -> Self {
        let mut bytes = Vec::new();
        let reading = stream.read_to_end(&mut bytes);
        let _ = timeout(PATIENCE, reading).await.expect("the server hangs");
        Self(bytes)
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.0).into_owned()
    }

    /// `HTTP/1.1 403 Forbidden`.
    pub(crate) fn status_line(&self) -> String {
        self.text().lines().next().unwrap_or_default().to_owned()
    }

    /// `None` when the server closed without a word.
    pub(crate) fn status(&self) -> Option<u16> {
        let mut headers = [httparse::EMPTY_HEADER; 64];
        let mut head = httparse::Response::new(&mut headers);
        head.parse(&self.0).ok().and(head.code)
    }

    pub(crate) fn body(&self) -> String {
        self.text().split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default()
    }

    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let mut headers = [httparse::EMPTY_HEADER; 64];
        let mut head = httparse::Response::new(&mut headers);
        let _ = head.parse(&self.0).ok()?;
        let found = head.headers.iter().find(|own| own.name.eq_ignore_ascii_case(name))?;
        Some(String::from_utf8_lossy(found.value).into_owned())
    }
}

impl fmt::Debug for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}
