//! What is checked of every request's head before anybody looks at what it wants: hyper lets pass
//! what servers behind might read in different ways.

use http::header::{HOST, HeaderValue, TRANSFER_ENCODING};
use http::request::Parts;
use http::uri::Authority;
use http::{Method, StatusCode, Version};
use hyper::ext::Protocol;

use crate::wire::Fault;

/// Why a request is no request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BadHead {
    /// `Host` is missing.
    NoHost,
    /// `Host` more than once.
    ManyHosts,
    /// `Host` or `:authority` is not a host and perhaps a port.
    BadHost,
    /// `Host` names another host than the request target.
    Contradiction,
    /// The wire showed something.
    Framing(Fault),
    /// A way to frame bodies that HTTP/2 does not have.
    Encoded,
    /// A proxy request: CONNECT, but for a WebSocket.
    Connect,
    /// TRACE, which would show cookies to scripts.
    Trace,
    /// A request target that is neither a path nor a URL.
    Target,
}

impl BadHead {
    pub(crate) const fn status(self) -> StatusCode {
        match self {
            Self::Connect | Self::Trace => StatusCode::METHOD_NOT_ALLOWED,
            _ => StatusCode::BAD_REQUEST,
        }
    }

    /// The stable code in metrics.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::NoHost => "host_missing",
            Self::ManyHosts => "host_repeated",
            Self::BadHost => "host_malformed",
            Self::Contradiction => "host_contradiction",
            Self::Framing(fault) => fault.code(),
            Self::Encoded => "encoding_in_http2",
            Self::Connect => "connect",
            Self::Trace => "trace",
            Self::Target => "bad_target",
        }
    }

    /// In words, for client and log.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::NoHost => "the request names no host",
            Self::ManyHosts => "the request names its host more than once",
            Self::BadHost => "the request's host is not a name or address",
            Self::Contradiction => "Host and the request target name different hosts",
            Self::Framing(fault) => fault.as_str(),
            Self::Encoded => "Transfer-Encoding in HTTP/2",
            Self::Connect => "this is no forward proxy: CONNECT is for WebSockets only",
            Self::Trace => "TRACE is not answered here",
            Self::Target => "the request target is neither a path nor a URL",
        }
    }
}

/// Whom a request addresses.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Addressed {
    pub(crate) host: String,
    pub(crate) port: Option<u16>,
}

/// Checks the head, and reads the host that it addresses.
pub(crate) fn check(parts: &Parts) -> Result<Addressed, BadHead> {
    if parts.method == Method::CONNECT {
        let websocket = parts.extensions.get::<Protocol>();
        if !websocket.is_some_and(|protocol| protocol.as_str().eq_ignore_ascii_case("websocket")) {
            return Err(BadHead::Connect);
        }
    }
    if parts.method == Method::TRACE {
        return Err(BadHead::Trace);
    }
    if !parts.uri.path().starts_with('/') {
        let asterisk = parts.method == Method::OPTIONS && parts.uri.path() == "*";
        if !asterisk {
            return Err(BadHead::Target);
        }
    }
    if parts.version == Version::HTTP_2 && parts.headers.contains_key(TRANSFER_ENCODING) {
        return Err(BadHead::Encoded);
    }
    let mut named = parts.headers.get_all(HOST).iter();
    let host = named.next();
    if named.next().is_some() {
        return Err(BadHead::ManyHosts);
    }
    match (host, parts.uri.authority()) {
        (None, None) => Err(BadHead::NoHost),
        (Some(host), None) => read(host),
        (None, Some(authority)) if parts.version == Version::HTTP_2 => of(authority),
        (None, Some(_)) => Err(BadHead::NoHost),
        (Some(host), Some(authority)) => {
            let (named, target) = (read(host)?, of(authority)?);
            // One of them may leave out the port that its scheme has anyway.
            let usual = match parts.uri.scheme_str() {
                Some("http") => Some(80),
                Some("https") => Some(443),
                _ => None,
            };
            let same = named.host == target.host && named.port.or(usual) == target.port.or(usual);
            if same { Ok(target) } else { Err(BadHead::Contradiction) }
        }
    }
}

fn read(host: &HeaderValue) -> Result<Addressed, BadHead> {
    let authority = Authority::try_from(host.as_bytes()).map_err(|_| BadHead::BadHost)?;
    of(&authority)
}

fn of(authority: &Authority) -> Result<Addressed, BadHead> {
    let text = authority.as_str();
    let odd = authority.host().is_empty()
        // `http` takes whatever is behind the colon for a port, and forgets it if it is none.
        || (text.len() > authority.host().len() && authority.port_u16().is_none())
        || text.contains('@');
    if odd {
        return Err(BadHead::BadHost);
    }
    let host = authority.host().trim_end_matches('.').to_ascii_lowercase();
    Ok(Addressed { host, port: authority.port_u16() })
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn checked(uri: &str, hosts: &[&'static str], version: Version) -> Result<Addressed, BadHead> {
        let mut request = Request::builder().uri(uri).version(version).body(()).unwrap();
        for host in hosts {
            request.headers_mut().append(HOST, HeaderValue::from_static(host));
        }
        check(&request.into_parts().0)
    }

    fn addressed(host: &str, port: Option<u16>) -> Result<Addressed, BadHead> {
        Ok(Addressed { host: host.to_owned(), port })
    }

    #[test]
    fn a_request_addresses_one_host() {
        let (one, two) = (Version::HTTP_11, Version::HTTP_2);
        for (uri, hosts, version, expected) in [
            ("/", &["App.Example"][..], one, addressed("app.example", None)),
            ("/", &["app.example:8443"], one, addressed("app.example", Some(8443))),
            ("/", &["[::1]:80"], one, addressed("[::1]", Some(80))),
            ("/", &["app.example."], one, addressed("app.example", None)),
            ("http://app.example/", &["app.example"], one, addressed("app.example", None)),
            ("http://app.example/", &[], two, addressed("app.example", None)),
            ("http://app.example/", &["APP.example"], two, addressed("app.example", None)),
            ("/", &[], one, Err(BadHead::NoHost)),
            ("http://app.example/", &[], one, Err(BadHead::NoHost)),
            ("/", &["a", "a"], one, Err(BadHead::ManyHosts)),
            ("/", &["a", "b"], one, Err(BadHead::ManyHosts)),
            ("/", &[""], one, Err(BadHead::BadHost)),
            ("/", &["a b"], one, Err(BadHead::BadHost)),
            ("/", &["a/b"], one, Err(BadHead::BadHost)),
            ("/", &["a:"], one, Err(BadHead::BadHost)),
            ("/", &["a:x"], one, Err(BadHead::BadHost)),
            ("/", &["a:99999"], one, Err(BadHead::BadHost)),
            ("/", &["user@a"], one, Err(BadHead::BadHost)),
            ("http://a/", &["b"], one, Err(BadHead::Contradiction)),
            ("http://a/", &["b"], two, Err(BadHead::Contradiction)),
            ("http://a/", &["a:443"], two, Err(BadHead::Contradiction)),
            ("https://a/", &["a:80"], two, Err(BadHead::Contradiction)),
            ("http://a:80/", &["a"], two, addressed("a", Some(80))),
            ("https://a/", &["a:443"], two, addressed("a", None)),
        ] {
            assert_eq!(checked(uri, hosts, version), expected, "{uri} {hosts:?} {version:?}");
        }
    }
}
