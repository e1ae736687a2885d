//! A client of both dialects: pools of tickets, and tokens that belong to a session.

use std::io::{Read, Write};
use std::net::TcpStream;

/// What came back.
pub(crate) struct Reply {
    pub(crate) status: u16,
    text: String,
}

impl Reply {
    /// The value of a response header.
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let (head, _) = self.text.split_once("\r\n\r\n")?;
        let values = head.lines().filter_map(|line| line.split_once(": "));
        let mut named = values.filter(|(field, _)| field.eq_ignore_ascii_case(name));
        named.next().map(|(_, value)| value.to_owned())
    }
}

/// Sends a request; `None` where nobody answers.
pub(crate) fn send(address: &str, line: &str, headers: &[(&str, &str)]) -> Option<Reply> {
    let mut stream = TcpStream::connect(address).ok()?;
    let fields: String =
        headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let request = format!(
        "{line} HTTP/1.1\r\nHost: {address}\r\n{fields}Content-Length: 0\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).ok()?;
    let mut text = String::new();
    stream.read_to_string(&mut text).ok()?;
    let status = text.split(' ').nth(1)?.parse().ok()?;
    Some(Reply { status, text })
}

/// The pool that a page of the session loads.
pub(crate) fn pool(address: &str, session: &str) -> Vec<String> {
    let tickets = try_pool(address, session);
    assert_eq!(tickets.len(), 10, "tickets at {address}");
    tickets
}

/// The same, empty where there is none to be had.
pub(crate) fn try_pool(address: &str, session: &str) -> Vec<String> {
    let cookie = format!("tao_session={session}");
    let reply = send(address, "GET /tao/ClientConfig/config", &[("Cookie", &cookie)]).unwrap();
    let is_ticket = |part: &&str| part.len() == 40 && part.bytes().all(|b| b.is_ascii_hexdigit());
    reply.text.split('"').filter(is_ticket).map(str::to_owned).collect()
}

/// Spends a ticket.
pub(crate) fn spend(address: &str, session: &str, ticket: &str) -> Option<Reply> {
    let cookie = format!("tao_session={session}");
    send(address, "POST /tao/items", &[("Cookie", &cookie), ("X-CSRF-Token", ticket)])
}

/// The token of a session, as the Genesys convention hands it out.
pub(crate) fn token(address: &str, session: &str) -> String {
    try_token(address, session).unwrap_or_else(|| panic!("no token at {address}"))
}

/// The same, if there is one to be had.
pub(crate) fn try_token(address: &str, session: &str) -> Option<String> {
    let cookie = format!("JSESSIONID={session}");
    send(address, "GET /api/v2/me", &[("Cookie", &cookie)])?.header("x-csrf-token")
}

/// Uses such a token.
pub(crate) fn act(address: &str, session: &str, token: &str) -> Option<Reply> {
    let cookie = format!("JSESSIONID={session}");
    send(address, "POST /api/v2/me", &[("Cookie", &cookie), ("X-CSRF-TOKEN", token)])
}
