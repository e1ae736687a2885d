//! Where an app is.

use std::fmt;

use http::HeaderValue;
use http::uri::{Authority, Uri};

/// How an upstream is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// `http://`: HTTP/1.1.
    Http,
    /// `https://`: HTTP/1.1 or HTTP/2 over TLS, as the upstream chooses.
    Https,
    /// `h2c://`: HTTP/2 without TLS, as gRPC servers speak it.
    H2c,
}

/// The URL of an upstream: scheme, host and port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpstreamUrl {
    protocol: Protocol,
    authority: Authority,
    /// As a `Host` header.
    host: HeaderValue,
}

impl UpstreamUrl {
    /// Reads a URL such as `http://127.0.0.1:9000`.
    ///
    /// # Errors
    /// In words, what to write instead.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = |what: &str| {
            format!("`{text}` is not an upstream: {what}; write it like `http://127.0.0.1:9000`")
        };
        let uri: Uri = text.parse().map_err(|_| wrong("it is no URL"))?;
        let protocol = match uri.scheme_str() {
            Some("http") => Protocol::Http,
            Some("https") => Protocol::Https,
            Some("h2c") => Protocol::H2c,
            _ => return Err(wrong("its scheme is not http, https or h2c")),
        };
        let authority = uri.authority().ok_or_else(|| wrong("it has no host"))?;
        if authority.as_str().contains('@') {
            return Err(wrong("it must not hold a user's name"));
        }
        if !matches!(uri.path_and_query().map(http::uri::PathAndQuery::as_str), None | Some("/")) {
            return Err(wrong("it must not have a path, since requests keep their own"));
        }
        let host = HeaderValue::from_str(authority.as_str()).map_err(|_| wrong("its host"))?;
        Ok(Self { protocol, authority: authority.clone(), host })
    }

    /// How it is spoken to.
    #[must_use]
    pub const fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// Its host's name or address, an IPv6 one without brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        self.authority.host().trim_start_matches('[').trim_end_matches(']')
    }

    /// Its port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.authority.port_u16().unwrap_or(match self.protocol {
            Protocol::Http | Protocol::H2c => 80,
            Protocol::Https => 443,
        })
    }

    pub(crate) const fn host_header(&self) -> &HeaderValue {
        &self.host
    }
}

impl fmt::Display for UpstreamUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.protocol {
            Protocol::Http => "http",
            Protocol::Https => "https",
            Protocol::H2c => "h2c",
        };
        write!(f, "{scheme}://{}", self.authority)
    }
}
