//! Origins (RFC 6454): scheme, host and port, compared whole and never by prefix or suffix.

use std::fmt;
use std::net::Ipv6Addr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An origin that configuration names: `https://app.example`, `http://[::1]:8080`,
/// `chrome-extension://abcdefgh`.
///
/// Kept in lower case, without the scheme's default port, so that every way to write one origin is
/// one value. A path, a query or a wildcard is refused: such an entry could never match.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Origin {
    scheme: Box<str>,
    host: Box<str>,
    port: Option<u16>,
}

/// Why a text is not an origin.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an origin; write scheme://host or scheme://host:port and nothing after it")]
pub struct NotAnOrigin(String);

impl Origin {
    /// Reads an origin as configuration writes it.
    ///
    /// # Errors
    /// Anything but `scheme://host[:port]`.
    pub fn parse(text: &str) -> Result<Self, NotAnOrigin> {
        let refuse = || NotAnOrigin(text.to_owned());
        let seen = OriginRef::parse(text).ok_or_else(refuse)?;
        if text.contains('@') {
            return Err(refuse());
        }
        Ok(seen.to_owned())
    }

    /// The same origin, borrowed.
    #[must_use]
    pub fn as_ref(&self) -> OriginRef<'_> {
        OriginRef { scheme: &self.scheme, host: &self.host, port: self.port }
    }
}

impl TryFrom<String> for Origin {
    type Error = NotAnOrigin;

    fn try_from(text: String) -> Result<Self, NotAnOrigin> {
        Self::parse(&text)
    }
}

impl From<Origin> for String {
    fn from(origin: Origin) -> Self {
        origin.to_string()
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_ref().fmt(f)
    }
}

/// An origin as a request shows it, borrowed from the header: comparing allocates nothing.
#[derive(Clone, Copy, Debug)]
pub struct OriginRef<'a> {
    scheme: &'a str,
    host: &'a str,
    /// `None` is the scheme's default port.
    port: Option<u16>,
}

impl<'a> OriginRef<'a> {
    /// Reads the value of an `Origin` header. `null` is not an origin and gives `None`.
    #[must_use]
    pub fn parse(text: &'a str) -> Option<Self> {
        let (scheme, authority) = split_scheme(text)?;
        Self::of_authority(scheme, authority)
    }

    /// Reads the origin of an absolute URL, such as a `Referer`.
    #[must_use]
    pub fn of_url(url: &'a str) -> Option<Self> {
        let (scheme, rest) = split_scheme(url)?;
        let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
        Self::of_authority(scheme, rest.get(..end)?)
    }

    /// Joins a scheme with the value of a `Host` header.
    ///
    /// User information before an `@` is skipped, as a browser would skip it: what counts is the
    /// host that was contacted.
    #[must_use]
    pub fn of_authority(scheme: &'a str, authority: &'a str) -> Option<Self> {
        // Nearly all are a name alone, or a name and a port: read in one pass.
        let name = authority.bytes().take_while(|b| is_name_byte(*b)).count();
        let (host, port) = match authority.split_at_checked(name)? {
            ("", _) => split_authority(authority)?,
            (host, "") => (host, None),
            (host, after) => match after.strip_prefix(':').and_then(port_of) {
                Some(port) => (host, port),
                None => split_authority(authority)?,
            },
        };
        let port = port.filter(|port| default_port(scheme) != Some(*port));
        Some(Self { scheme, host, port })
    }

    /// Whether host and port are the same, whatever the scheme. No port on both sides is the same
    /// too: where TLS ends in front of the app, the browser's https has become http.
    #[must_use]
    pub fn same_authority(&self, other: &OriginRef<'_>) -> bool {
        let effective = |own: &OriginRef<'_>| own.port.or(default_port(own.scheme));
        self.host.eq_ignore_ascii_case(other.host)
            && (self.port == other.port || effective(self) == effective(other))
    }

    /// Whether its scheme is https.
    #[must_use]
    pub const fn is_https(&self) -> bool {
        self.scheme.eq_ignore_ascii_case("https")
    }

    /// As [`Display`](fmt::Display) writes it, in one piece of memory.
    pub(crate) fn text(&self) -> String {
        // "://", a colon and five digits.
        let mut text = String::with_capacity(self.scheme.len() + self.host.len() + 9);
        text.extend([self.scheme, "://", self.host]);
        if let Some(port) = self.port {
            text.push(':');
            text.push_str(&port.to_string());
        }
        text
    }

    fn to_owned(self) -> Origin {
        let host = self.host.to_ascii_lowercase();
        let literal = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        let host = match literal.and_then(|text| text.parse::<Ipv6Addr>().ok()) {
            Some(address) => format!("[{address}]"),
            None => host,
        };
        Origin {
            scheme: self.scheme.to_ascii_lowercase().into(),
            host: host.into(),
            port: self.port,
        }
    }
}

impl PartialEq for OriginRef<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.port == other.port && same(self.scheme, other.scheme) && same(self.host, other.host)
    }
}

/// Browsers send lower case: most that are the same have the same bytes.
fn same(one: &str, other: &str) -> bool {
    one == other || one.eq_ignore_ascii_case(other)
}

impl fmt::Display for OriginRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.host)?;
        match self.port {
            Some(port) => write!(f, ":{port}"),
            None => Ok(()),
        }
    }
}

fn split_scheme(text: &str) -> Option<(&str, &str)> {
    // What browsers nearly always send.
    if let Some(rest) = text.strip_prefix("https://") {
        return Some(("https", rest));
    }
    let (scheme, rest) = text.split_at_checked(text.bytes().position(|b| b == b':')?)?;
    let rest = rest.strip_prefix("://")?;
    let mut letters = scheme.bytes();
    let starts = letters.next().is_some_and(|first| first.is_ascii_alphabetic());
    let goes_on = letters.all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'));
    (starts && goes_on).then_some((scheme, rest))
}

/// With user information, or an IPv6 address in brackets.
fn split_authority(authority: &str) -> Option<(&str, Option<u16>)> {
    let host_port = authority.rsplit_once('@').map_or(authority, |(_, after)| after);
    let end = if host_port.starts_with('[') {
        host_port.find(']')? + 1
    } else {
        host_port.bytes().take_while(|b| is_name_byte(*b)).count()
    };
    let (host, after) = host_port.split_at_checked(end)?;
    let port = match after.strip_prefix(':') {
        Some(digits) => port_of(digits)?,
        None if after.is_empty() => None,
        None => return None,
    };
    let literal = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let fits = literal.map_or(!host.is_empty(), |text| text.parse::<Ipv6Addr>().is_ok());
    fits.then_some((host, port))
}

/// The digits of a port; none at all is the default port (RFC 3986, section 3.2.3).
#[expect(clippy::option_option, reason = "no port, and not a port")]
fn port_of(digits: &str) -> Option<Option<u16>> {
    // `u16::from_str` takes a leading plus sign, an authority does not.
    match digits {
        "" => Some(None),
        _ if digits.bytes().all(|b| b.is_ascii_digit()) => digits.parse().ok().map(Some),
        _ => None,
    }
}

/// RFC 3986, section 3.2.2, reg-name; without `%`, which no browser sends here, and without `*`,
/// which configuration might mean as a wildcard.
fn is_name_byte(byte: u8) -> bool {
    static TABLE: [bool; 256] = name_bytes();
    TABLE.get(usize::from(byte)).copied().unwrap_or(false)
}

#[expect(clippy::indexing_slicing, reason = "runs at compile time, where it cannot panic")]
const fn name_bytes() -> [bool; 256] {
    let mut table = [false; 256];
    let mut at = 0;
    while at < table.len() {
        let byte = at as u8;
        table[at] = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
        at += 1;
    }
    table
}

fn default_port(scheme: &str) -> Option<u16> {
    if scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("wss") {
        Some(443)
    } else if scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("ws") {
        Some(80)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_origins_compare_equal() {
        for (left, right) in [
            ("https://app.example", "https://app.example:443"),
            ("https://APP.example", "HTTPS://app.EXAMPLE"),
            ("http://app.example:80", "http://app.example"),
            ("http://[::1]:8080", "http://[::1]:8080"),
            ("https://user:pw@app.example", "https://app.example"),
        ] {
            assert_eq!(OriginRef::parse(left), OriginRef::parse(right), "{left} and {right}");
            assert!(OriginRef::parse(left).is_some(), "{left}");
        }
    }

    #[test]
    fn different_origins_stay_apart() {
        let own = OriginRef::parse("https://app.example").unwrap();
        for other in [
            "http://app.example",
            "https://app.example:8443",
            "https://app.example.",
            "https://app.example.evil.com",
            "https://evil-app.example",
            "https://app.example@evil.com",
            "https://sub.app.example",
        ] {
            assert_ne!(OriginRef::parse(other), Some(own), "{other}");
        }
    }

    #[test]
    fn what_is_no_origin_is_refused() {
        for text in [
            "",
            "null",
            "app.example",
            "://app.example",
            "https://",
            "https://a/",
            "https://a?x",
            "https://a b",
            "https://a:port",
            "https://a:99999",
            "https://a:+80",
            "1ttp://a",
            "https://*.example",
            "https://a,https://b",
            "https://[::1",
            "https://[zz]",
            "https://\u{2000}a",
            "https://a:80:80",
            "https://[::1]x",
        ] {
            assert_eq!(OriginRef::parse(text), None, "{text}");
            assert!(Origin::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_referer_gives_its_origin() {
        for (url, origin) in [
            ("https://app.example/a/b?c=https://evil.example", "https://app.example"),
            ("https://app.example?x", "https://app.example"),
            ("https://app.example#x", "https://app.example"),
            ("https://evil.example\\@app.example/", "https://evil.example"),
        ] {
            assert_eq!(OriginRef::of_url(url), OriginRef::parse(origin), "{url}");
        }
    }

    #[test]
    fn configuration_keeps_one_way_of_writing() {
        let written = Origin::parse("HTTPS://[0:0:0:0:0:0:0:1]:443").unwrap();
        assert_eq!(written.to_string(), "https://[::1]");
    }
}
