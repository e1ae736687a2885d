//! Rule 1: which origin a request addresses.

use std::fmt;

use super::shown;
use crate::facts::{Facts, Single};
use crate::origin::{Origin, OriginRef};
use crate::policy::Policy;
use crate::verdict::{Reason, Refusal, Rule};
use http::uri::Authority;

/// The addressed origin: what configuration says, else what the request says.
pub(super) struct Target<'a> {
    public: &'a [Origin],
    /// From `Host`, the request target, or a trusted proxy.
    claimed: Option<OriginRef<'a>>,
}

impl Target<'_> {
    /// Whether `seen` is the addressed origin.
    ///
    /// Of several public origins only the addressed one counts, where the request says which.
    pub(super) fn is(&self, seen: OriginRef<'_>) -> bool {
        if self.public.is_empty() {
            return self.claimed.is_some_and(|own| own == seen);
        }
        let mut addressed = false;
        let mut named = false;
        for own in self.public.iter().map(Origin::as_ref) {
            let is_seen = own == seen;
            if self.claimed.is_some_and(|claimed| own.same_authority(&claimed)) {
                if is_seen {
                    return true;
                }
                addressed = true;
            }
            named |= is_seen;
        }
        // Where none is addressed, a proxy rewrote Host to a name of its own.
        named && !addressed
    }

    /// Whether Fetch Metadata speaks of this site. It is relative to the name that the browser
    /// used, which under DNS rebinding is an attacker's.
    pub(super) fn is_public(&self) -> bool {
        self.public.is_empty()
            || self.claimed.is_some_and(|claimed| {
                self.public.iter().any(|own| own.as_ref().same_authority(&claimed))
            })
    }
}

impl Target<'_> {
    /// Whether there is nothing at all to compare an origin with.
    pub(super) const fn is_unknown(&self) -> bool {
        self.public.is_empty() && self.claimed.is_none()
    }

    /// As [`Display`](fmt::Display) writes it; in one piece of memory, since each refusal says it.
    pub(super) fn text(&self) -> String {
        match (self.public, self.claimed) {
            ([], Some(claimed)) => claimed.text(),
            _ => self.to_string(),
        }
    }

    /// Whether a browser reaches the origin over TLS, which may end at a proxy in front.
    pub(super) fn is_https(&self) -> bool {
        self.claimed.is_some_and(|claimed| claimed.is_https())
            || !self.public.is_empty() && self.public.iter().all(|own| own.as_ref().is_https())
    }
}

impl fmt::Display for Target<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.public, self.claimed) {
            ([], None) => f.write_str("no host"),
            ([], Some(claimed)) => claimed.fmt(f),
            (public, _) => {
                let all: Vec<String> = public.iter().map(ToString::to_string).collect();
                f.write_str(&all.join(" or "))
            }
        }
    }
}

pub(super) fn resolve<'a>(facts: &Facts<'a>, policy: &'a Policy) -> Result<Target<'a>, Refusal> {
    let direct = direct(facts)?;
    let claimed = if policy.trusts_proxy(&facts.peer) { forwarded(facts, direct)? } else { direct };
    Ok(Target { public: policy.public_origins(), claimed })
}

fn direct<'a>(facts: &Facts<'a>) -> Result<Option<OriginRef<'a>>, Refusal> {
    let scheme = facts.peer.scheme.as_str();
    let host = match facts.host {
        Single::One(value) => {
            let read = value.to_str().ok().and_then(|host| OriginRef::of_authority(scheme, host));
            Some(read.ok_or_else(|| malformed(value.as_bytes()))?)
        }
        Single::Absent | Single::Many => None,
    };
    let authority = match facts.uri().authority() {
        Some(authority) => {
            let read = OriginRef::of_authority(scheme, authority.as_str());
            Some(read.ok_or_else(|| malformed(authority.as_str().as_bytes()))?)
        }
        None => None,
    };
    match (host, authority) {
        (Some(host), Some(authority)) if host != authority => Err(Refusal {
            reason: Reason::HostContradiction,
            rule: Rule::Ambiguity,
            seen: format!("Host names {host}").into(),
            expected: format!("{authority}, as the request target does").into(),
        }),
        (host, authority) => Ok(host.or(authority)),
    }
}

/// `Forwarded` (RFC 7239) and its forerunners, which must not disagree.
fn forwarded<'a>(
    facts: &Facts<'a>,
    direct: Option<OriginRef<'a>>,
) -> Result<Option<OriginRef<'a>>, Refusal> {
    let mut host = Agreed::default();
    let mut proto = Agreed::default();
    for (header, into) in [(facts.forwarded_host, &mut host), (facts.forwarded_proto, &mut proto)] {
        for value in text(header)?.split(',').map(str::trim).filter(|value| !value.is_empty()) {
            into.add(value);
        }
    }
    for pair in text(facts.forwarded)?.split([',', ';']) {
        let Some((name, value)) = pair.split_once('=') else { continue };
        let value = value.trim().trim_matches('"');
        match name.trim() {
            name if name.eq_ignore_ascii_case("host") => host.add(value),
            name if name.eq_ignore_ascii_case("proto") => proto.add(value),
            _ => {}
        }
    }
    if host.differ || proto.differ {
        return Err(ambiguous());
    }
    let scheme = match proto.value {
        None => facts.peer.scheme.as_str(),
        // Traefik writes `wss` and `ws` for a WebSocket.
        Some(proto) if ["https", "wss"].iter().any(|tls| proto.eq_ignore_ascii_case(tls)) => {
            "https"
        }
        Some(proto) if ["http", "ws"].iter().any(|plain| proto.eq_ignore_ascii_case(plain)) => {
            "http"
        }
        Some(_) => return Err(ambiguous()),
    };
    let own = match facts.host {
        Single::One(value) => value.to_str().ok(),
        // HTTP/2 has `:authority` in its place.
        Single::Absent | Single::Many => facts.uri().authority().map(Authority::as_str),
    };
    match host.value.or(own) {
        Some(host) => match OriginRef::of_authority(scheme, host) {
            Some(origin) => Ok(Some(origin)),
            None => Err(malformed(host.as_bytes())),
        },
        None => Ok(direct),
    }
}

#[derive(Default)]
struct Agreed<'a> {
    value: Option<&'a str>,
    differ: bool,
}

impl<'a> Agreed<'a> {
    fn add(&mut self, value: &'a str) {
        self.differ |= self.value.is_some_and(|own| !own.eq_ignore_ascii_case(value));
        self.value = Some(value);
    }
}

fn text(header: Single<'_>) -> Result<&str, Refusal> {
    match header {
        Single::Absent => Ok(""),
        Single::One(value) => value.to_str().map_err(|_| ambiguous()),
        Single::Many => Err(ambiguous()),
    }
}

fn ambiguous() -> Refusal {
    Refusal {
        reason: Reason::ForwardedAmbiguous,
        rule: Rule::Canonicalise,
        seen: "forwarding headers that name no one host and scheme".into(),
        expected: "one host and http or https, as the nearest proxy saw them".into(),
    }
}

fn malformed(host: &[u8]) -> Refusal {
    Refusal {
        reason: Reason::HostMalformed,
        rule: Rule::Canonicalise,
        seen: shown(host),
        expected: "a host name or address, and a port".into(),
    }
}
