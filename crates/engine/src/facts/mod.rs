//! What a request shows, gathered in one walk over its headers.

mod cookies;
mod head;

use std::net::IpAddr;

use http::header::HeaderMap;
use http::{HeaderValue, Method, Uri};

pub use cookies::{Cookie, cookie};
pub use head::Head;

use crate::form::decode;
use crate::path::CanonicalPath;

/// A header that must not be there twice: deciding by "the first of two" has been the bug of
/// several CSRF defences.
#[derive(Clone, Copy, Debug, Default)]
pub enum Single<'r> {
    /// Not sent.
    #[default]
    Absent,
    /// Sent once.
    One(&'r HeaderValue),
    /// Sent more than once.
    Many,
}

impl<'r> Single<'r> {
    fn add(&mut self, value: &'r HeaderValue) {
        *self = match self {
            Self::Absent => Self::One(value),
            Self::One(_) | Self::Many => Self::Many,
        };
    }

    /// All values of the header `name`, as one of the three.
    pub(crate) fn of(headers: &'r HeaderMap, name: &http::HeaderName) -> Self {
        let mut single = Self::Absent;
        for value in headers.get_all(name) {
            single.add(value);
        }
        single
    }
}

/// How the connection that carried the request began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// Plain text.
    Http,
    /// TLS.
    Https,
}

impl Scheme {
    /// As a URL writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}

/// The other end of the connection, as this end sees it.
#[derive(Clone, Copy, Debug)]
pub struct Peer {
    /// Its address; without one, forwarding headers are never believed.
    pub address: Option<IpAddr>,
    /// How it connected.
    pub scheme: Scheme,
    /// Whether it showed a client certificate, which a browser does by itself.
    pub client_certificate: bool,
}

impl Peer {
    /// A peer with an address, without a client certificate.
    #[must_use]
    pub const fn new(address: Option<IpAddr>, scheme: Scheme) -> Self {
        Self { address, scheme, client_certificate: false }
    }
}

/// Which session the request belongs to, when the app has looked it up itself.
#[derive(Clone, Copy, Debug)]
pub enum SessionEvidence<'r> {
    /// The session cookie of the dialect decides.
    Cookie,
    /// The app found this live session.
    Live(&'r str),
    /// The app found that there is no live session, whatever cookie was sent.
    None,
}

/// Who may call a route, as far as it changes what the request must prove.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RouteAccess {
    /// The app says nothing: the dialect's ordinary demand holds.
    Unspecified,
    /// Anybody may call it.
    Unrestricted,
    /// Only some may call it.
    Restricted,
    /// Access must be declared and is not: refused, whoever asks.
    Undeclared,
}

/// What a request shows. Borrowed from the request; making one allocates nothing.
#[derive(Clone, Debug)]
pub struct Facts<'r> {
    pub(crate) head: Head<'r>,
    pub(crate) peer: Peer,
    pub(crate) session: SessionEvidence<'r>,
    pub(crate) principal: Option<&'r str>,
    pub(crate) access: RouteAccess,
    pub(crate) draw: Option<u8>,
    pub(crate) host: Single<'r>,
    pub(crate) origin: Single<'r>,
    pub(crate) referer: Single<'r>,
    pub(crate) sec_fetch_site: Single<'r>,
    pub(crate) authorization: Single<'r>,
    pub(crate) forwarded: Single<'r>,
    pub(crate) forwarded_host: Single<'r>,
    pub(crate) forwarded_proto: Single<'r>,
    pub(crate) cookies: Single<'r>,
    pub(crate) websocket: bool,
    overrides: Overrides<'r>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Overrides<'r> {
    header: Option<&'r HeaderValue>,
    disagree: bool,
}

impl<'r> Facts<'r> {
    /// Reads the head of a request that came from `peer`.
    pub fn of(head: impl Into<Head<'r>>, peer: Peer) -> Self {
        let head = head.into();
        let mut facts = Self {
            head,
            peer,
            session: SessionEvidence::Cookie,
            principal: None,
            access: RouteAccess::Unspecified,
            draw: None,
            host: Single::Absent,
            origin: Single::Absent,
            referer: Single::Absent,
            sec_fetch_site: Single::Absent,
            authorization: Single::Absent,
            forwarded: Single::Absent,
            forwarded_host: Single::Absent,
            forwarded_proto: Single::Absent,
            cookies: Single::Absent,
            // RFC 8441: the extended CONNECT of HTTP/2 opens a WebSocket as well.
            websocket: head.method == Method::CONNECT,
            overrides: Overrides::default(),
        };
        for (name, value) in head.headers {
            facts.take(name.as_str(), value);
        }
        facts
    }

    /// Uses the session that the app looked up, in place of the session cookie's bare value. An
    /// empty id is no session: all who have it would share its tokens.
    #[must_use]
    pub const fn with_session(mut self, session: SessionEvidence<'r>) -> Self {
        self.session = match session {
            SessionEvidence::Live(id) if id.is_empty() => SessionEvidence::None,
            session => session,
        };
        self
    }

    /// Names the user, for tokens that are bound to one. An empty name is nobody's.
    #[must_use]
    pub const fn with_principal(mut self, principal: Option<&'r str>) -> Self {
        self.principal = match principal {
            Some(name) if name.is_empty() => None,
            principal => principal,
        };
        self
    }

    /// Says who may call the route.
    #[must_use]
    pub const fn with_access(mut self, access: RouteAccess) -> Self {
        self.access = access;
        self
    }

    /// Gives the lot that the caller drew for this request, 0 to 99: refusals are carried out for
    /// lots below the policy's [rollout](crate::Policy::with_rollout). A larger number is no lot;
    /// without one they are carried out unless the rollout is 0.
    #[must_use]
    pub const fn with_draw(mut self, draw: u8) -> Self {
        self.draw = if draw < 100 { Some(draw) } else { None };
        self
    }

    /// The length is compared before the letters: most headers are none of these.
    fn take(&mut self, name: &str, value: &'r HeaderValue) {
        match (name.len(), name) {
            (4, "host") => self.host.add(value),
            (6, "origin") => self.origin.add(value),
            (6, "cookie") => self.cookies.add(value),
            (7, "referer") => self.referer.add(value),
            (7, "upgrade") => self.websocket |= names_websocket(value),
            (9, "forwarded") => self.forwarded.add(value),
            (13, "authorization") => self.authorization.add(value),
            (14, "sec-fetch-site") => self.sec_fetch_site.add(value),
            (16, "x-forwarded-host") => self.forwarded_host.add(value),
            (17, "x-forwarded-proto") => self.forwarded_proto.add(value),
            (13, "x-http-method") | (17, "x-method-override") | (22, "x-http-method-override") => {
                self.overrides.disagree |= self.overrides.header.is_some_and(|h| h != value);
                self.overrides.header = Some(value);
            }
            _ => {}
        }
    }

    /// The head that they were read from.
    #[must_use]
    pub const fn head(&self) -> Head<'r> {
        self.head
    }

    /// The method that the request line names.
    #[must_use]
    pub const fn method(&self) -> &'r Method {
        self.head.method
    }

    /// The other end of the connection that carried it.
    #[must_use]
    pub const fn peer(&self) -> Peer {
        self.peer
    }

    /// The path, read once for all rules.
    #[must_use]
    pub fn path(&self) -> CanonicalPath<'r> {
        CanonicalPath::of(self.head.uri.path())
    }

    pub(crate) const fn headers(&self) -> &'r HeaderMap {
        self.head.headers
    }

    pub(crate) const fn uri(&self) -> &'r Uri {
        self.head.uri
    }

    /// Every method that an app might take the request for: the request line's, and the one that
    /// an override names. None of them may change anything unless the request is shown to be
    /// wanted, so an override can only make a request be judged more strictly.
    pub(crate) fn overridden(&self) -> Option<Override<'r>> {
        if self.overrides.disagree {
            return Some(Override::Unclear);
        }
        let header = self.overrides.header.map(|value| Override::of(value.as_bytes()));
        let query = self.head.uri.query().and_then(method_in_query);
        match (header, query) {
            (None, one) | (one, None) => one,
            (Some(Override::Method(one)), Some(Override::Method(other)))
                if one.eq_ignore_ascii_case(other) =>
            {
                Some(Override::Method(one))
            }
            (Some(_), Some(_)) => Some(Override::Unclear),
        }
    }

    /// The values of the cookie `name` in all `Cookie` headers, compared byte by byte.
    pub(crate) fn cookie(&self, name: &str) -> Cookie<'r> {
        match self.cookies {
            Single::Absent => Cookie::Absent,
            Single::One(header) => cookies::find([header], name),
            Single::Many => cookie(self.head.headers, name),
        }
    }
}

/// What a method override names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Override<'r> {
    Method(&'r str),
    /// Not a method, or two that differ.
    Unclear,
}

impl<'r> Override<'r> {
    fn of(bytes: &'r [u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) if !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphabetic()) => {
                Self::Method(text)
            }
            _ => Self::Unclear,
        }
    }
}

/// `_method=DELETE` in the query, as Rails, Laravel and their kin read it: decoded, after `&` or
/// (Rack of old) `;`. Of several some take the last.
fn method_in_query(query: &str) -> Option<Override<'_>> {
    // Most queries have no sign of it, plain or encoded.
    memchr::memchr2(b'_', b'%', query.as_bytes())?;
    let mut found = None;
    for pair in query.split(['&', ';']) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let key = decode(key.as_bytes());
        let Some(rest) = key.strip_prefix(b"_method") else { continue };
        found = match (rest, found) {
            ([], None) => Some(Override::of(value.as_bytes())),
            ([] | [b'[', ..], _) => Some(Override::Unclear),
            (_, found) => found,
        };
    }
    found
}

fn names_websocket(upgrade: &HeaderValue) -> bool {
    upgrade
        .as_bytes()
        .split(|b| *b == b',')
        .any(|protocol| protocol.trim_ascii().eq_ignore_ascii_case(b"websocket"))
}

#[cfg(test)]
mod tests;
