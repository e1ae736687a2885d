//! What a proxy says of the request that it asks about.
//!
//! A proxy says it in headers that its recipe sets on each question, whatever the client sent under
//! the same names. What is missing or there twice makes the question void: the request that carries
//! the question has a method and a path of its own, and nothing is ever filled in from those.

use std::net::IpAddr;
use std::sync::Arc;

use countersign::{Peer, Scheme};
use http::header::{HOST, HeaderMap, HeaderName, HeaderValue, UPGRADE};
use http::request::Parts;
use http::uri::{PathAndQuery, Uri};
use http::{Method, StatusCode, Version};

use crate::head::{self, Addressed, BadHead};
use crate::site::{Client, Site};
use crate::state::address_header;
use crate::trace::Seen;

/// Which proxy asks, and so where it says what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Caller {
    Nginx,
    Caddy,
    Traefik,
    Haproxy,
    Envoy,
}

/// A request as a proxy describes it.
pub(super) struct Asked {
    /// Without anything that the proxy added.
    pub(super) parts: Parts,
    pub(super) addressed: Addressed,
    pub(super) client: Arc<Client>,
    /// Why it was refused before, when its page is asked for.
    pub(super) reason: Option<HeaderValue>,
}

/// Why a description describes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Undescribed {
    #[error("`{0}` is missing")]
    Missing(&'static str),
    #[error("`{0}` is there twice")]
    Twice(&'static str),
    #[error("`{0}` cannot be read")]
    Unreadable(&'static str),
    #[error("{}", .0.as_str())]
    Head(BadHead),
    #[error(
        "none of the client's own headers is there: let Envoy pass all of them (`allowed_headers`)"
    )]
    Bare,
}

pub(super) const REASON: &str = "x-countersign-reason";
const FORWARDED_HOST: &str = "x-forwarded-host";
const FORWARDED_PROTO: &str = "x-forwarded-proto";
const FORWARDED_FOR: &str = "x-forwarded-for";
const CLIENT_VERIFY: &str = "x-original-client-verify";

/// What proxies add. Whatever else they say or pass on under such names is no part of the request.
const ADDED: [&str; 3] = ["x-original-", "x-forwarded-", "x-countersign-"];

impl Caller {
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "nginx" => Some(Self::Nginx),
            "caddy" => Some(Self::Caddy),
            "traefik" => Some(Self::Traefik),
            "haproxy" => Some(Self::Haproxy),
            "envoy" => Some(Self::Envoy),
            _ => None,
        }
    }

    /// nginx understands 401 and 403 only; anything else becomes a 500.
    pub(super) fn refusal(self, status: StatusCode) -> StatusCode {
        if self == Self::Nginx { StatusCode::FORBIDDEN } else { status }
    }

    /// Reads the request that is asked about; `client` is the proxy's end of the connection.
    pub(super) fn describe(self, parts: Parts, client: &Client) -> Result<Asked, Undescribed> {
        let headers = &parts.headers;
        let (method, target, host) = match self {
            Self::Nginx => described(headers, "x-original-method", "x-original-uri")?,
            Self::Caddy | Self::Traefik | Self::Haproxy => {
                described(headers, "x-forwarded-method", "x-forwarded-uri")?
            }
            Self::Envoy => as_it_is(&parts)?,
        };
        let scheme = scheme(one(headers, FORWARDED_PROTO)?)?;
        let address = match at_most_one(headers, FORWARDED_FOR)? {
            Some(value) => Some(address(value)?),
            None => None,
        };
        let certificate = self == Self::Nginx && showed_certificate(headers)?;
        let peer = Peer { client_certificate: certificate, ..Peer::new(address, scheme) };
        let reason = match self {
            Self::Nginx => at_most_one(headers, REASON)?.cloned(),
            _ => None,
        };
        let asked = Asked::of(restore(parts, method, target, host), peer, client)?;
        Ok(Asked { reason, ..asked })
    }
}

impl Asked {
    /// A request as its client sent it; `proxy` is the proxy's end of the connection.
    pub(super) fn of(parts: Parts, peer: Peer, proxy: &Client) -> Result<Self, Undescribed> {
        let addressed = head::check(&parts).map_err(Undescribed::Head)?;
        // Several hosts that were joined on the way.
        if addressed.host.contains(',') {
            return Err(Undescribed::Head(BadHead::BadHost));
        }
        let address = peer.address.map(address_header);
        let client = Client {
            peer,
            address: address.unwrap_or_else(|| HeaderValue::from_static("unknown")),
            watch: proxy.watch.clone(),
        };
        Ok(Self { parts, addressed, client: Arc::new(client), reason: None })
    }

    /// What its span says of it.
    pub(super) fn seen<'a>(&'a self, site: Option<&'a Arc<Site>>) -> Seen<'a> {
        Seen {
            site: site.map(AsRef::as_ref),
            addressed: Some(&self.addressed),
            client: &self.client,
            parts: &self.parts,
        }
    }
}

fn described(
    headers: &HeaderMap,
    method: &'static str,
    target: &'static str,
) -> Result<(Method, Uri, HeaderValue), Undescribed> {
    let parsed = Method::from_bytes(one(headers, method)?.as_bytes())
        .map_err(|_| Undescribed::Unreadable(method))?;
    let uri = read_target(one(headers, target)?).ok_or(Undescribed::Unreadable(target))?;
    Ok((parsed, uri, one(headers, FORWARDED_HOST)?.clone()))
}

/// Envoy repeats the request itself, behind a prefix.
fn as_it_is(parts: &Parts) -> Result<(Method, Uri, HeaderValue), Undescribed> {
    // Of the client's headers Envoy passes on `Authorization` alone unless it is told otherwise, and
    // a request without cookies and origin looks harmless.
    let from_client = |name: &HeaderName| {
        let name = name.as_str();
        let adds = ["host", "authorization", "content-length", "te", "transfer-encoding"];
        let traces = ["x-envoy-", "x-request-id", "traceparent", "tracestate", "x-b3-"];
        !adds.contains(&name)
            && !ADDED.into_iter().chain(traces).any(|prefix| name.starts_with(prefix))
    };
    if !parts.headers.keys().any(from_client) {
        return Err(Undescribed::Bare);
    }
    let whole = parts.uri.path_and_query().map_or("", PathAndQuery::as_str);
    let mut steps = whole.splitn(4, '/').skip(3);
    let target = HeaderValue::try_from(format!("/{}", steps.next().unwrap_or_default()));
    let target = target.ok().and_then(|target| read_target(&target));
    let host = match parts.uri.authority() {
        Some(authority) => HeaderValue::from_str(authority.as_str()).ok(),
        None => parts.headers.get(HOST).cloned(),
    };
    Ok((
        parts.method.clone(),
        target.ok_or(Undescribed::Unreadable("the path behind the prefix"))?,
        host.ok_or(Undescribed::Missing("host"))?,
    ))
}

/// The request as the client sent it, as far as the proxy told.
pub(super) fn restore(mut parts: Parts, method: Method, target: Uri, host: HeaderValue) -> Parts {
    parts.method = method;
    parts.uri = target;
    parts.version = Version::HTTP_11;
    let is_added =
        |name: &&HeaderName| ADDED.iter().any(|prefix| name.as_str().starts_with(prefix));
    let added: Vec<HeaderName> = parts.headers.keys().filter(is_added).cloned().collect();
    for name in added {
        parts.headers.remove(name);
    }
    parts.headers.insert(HOST, host);
    // Proxies take `Upgrade` out of what they ask, and without it the opening of a WebSocket looks
    // like any GET.
    let opens_websocket = ["sec-websocket-key", "sec-websocket-version"]
        .iter()
        .any(|name| parts.headers.contains_key(*name));
    if opens_websocket && !parts.headers.contains_key(UPGRADE) {
        parts.headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    }
    parts
}

fn at_most_one<'h>(
    headers: &'h HeaderMap,
    name: &'static str,
) -> Result<Option<&'h HeaderValue>, Undescribed> {
    let mut all = headers.get_all(name).iter();
    match (all.next(), all.next()) {
        (_, Some(_)) => Err(Undescribed::Twice(name)),
        (first, None) => Ok(first),
    }
}

fn one<'h>(headers: &'h HeaderMap, name: &'static str) -> Result<&'h HeaderValue, Undescribed> {
    at_most_one(headers, name)?.filter(|value| !value.is_empty()).ok_or(Undescribed::Missing(name))
}

/// The target of a request line: a path, or the `*` of OPTIONS. A fragment has no place in one, and
/// would be cut off unseen.
pub(super) fn read_target(value: &HeaderValue) -> Option<Uri> {
    let bytes = value.as_bytes();
    let is_one = bytes.starts_with(b"/") || bytes == b"*";
    let target = PathAndQuery::try_from(bytes).ok()?;
    (is_one && !bytes.contains(&b'#')).then(|| Uri::from(target))
}

fn scheme(value: &HeaderValue) -> Result<Scheme, Undescribed> {
    let is = |name: &str| value.as_bytes().eq_ignore_ascii_case(name.as_bytes());
    // Traefik writes `wss` and `ws` for a WebSocket.
    match () {
        () if is("https") || is("wss") => Ok(Scheme::Https),
        () if is("http") || is("ws") => Ok(Scheme::Http),
        () => Err(Undescribed::Unreadable(FORWARDED_PROTO)),
    }
}

/// The last of the addresses: the client that the proxy itself saw.
fn address(value: &HeaderValue) -> Result<IpAddr, Undescribed> {
    let text = value.to_str().ok().and_then(|text| text.rsplit(',').next());
    let parsed = text.and_then(|text| text.trim().parse().ok());
    parsed.ok_or(Undescribed::Unreadable(FORWARDED_FOR))
}

/// nginx's `$ssl_client_verify`: `NONE`, or that there was a certificate.
fn showed_certificate(headers: &HeaderMap) -> Result<bool, Undescribed> {
    let verify = at_most_one(headers, CLIENT_VERIFY)?;
    Ok(verify.is_some_and(|verify| !verify.is_empty() && verify != "NONE"))
}

#[cfg(test)]
mod tests;
