//! Header fields that change on the way (RFC 9110, section 7.6).

use http::header::{
    CONNECTION, COOKIE, FORWARDED, HOST, HeaderMap, HeaderName, HeaderValue, PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
};

const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
const PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// What is between two neighbours only.
fn is_hop_by_hop(name: &HeaderName) -> bool {
    // Told apart by length first: most fields are none of these.
    match name.as_str().len() {
        2 => *name == TE,
        7 => *name == UPGRADE,
        10 => *name == CONNECTION || *name == KEEP_ALIVE,
        16 => *name == PROXY_CONNECTION,
        17 => *name == TRANSFER_ENCODING,
        18 => *name == PROXY_AUTHENTICATE,
        19 => *name == PROXY_AUTHORIZATION,
        _ => false,
    }
}

/// Removes what is between two neighbours only, with all that `Connection` names.
pub(crate) fn strip_hop_by_hop(headers: &mut HeaderMap) {
    let mut named: Vec<HeaderName> = Vec::new();
    for value in headers.get_all(CONNECTION) {
        let tokens = value.as_bytes().split(|b| *b == b',').map(<[u8]>::trim_ascii);
        let names = tokens.filter_map(|token| HeaderName::from_bytes(token).ok());
        // What says whose request it is, or where it goes, is not for the neighbour to remove.
        named.extend(names.filter(|name| *name != HOST && *name != COOKIE && *name != TRAILER));
    }
    named.extend(headers.keys().filter(|name| is_hop_by_hop(name)).cloned());
    for name in named {
        headers.remove(name);
    }
}

/// Whether the client takes trailers, which gRPC wants to know.
pub(crate) fn takes_trailers(headers: &HeaderMap) -> bool {
    headers.get_all(TE).iter().any(|value| {
        value.as_bytes().split(|b| *b == b',').any(|coding| {
            let name = coding.split(|b| *b == b';').next().unwrap_or_default();
            name.trim_ascii().eq_ignore_ascii_case(b"trailers")
        })
    })
}

/// Who asked, by which name and over what, as the next server is told.
pub(crate) struct Asker<'a> {
    /// The address of the client's end of the connection.
    pub(crate) address: &'a HeaderValue,
    /// How it reached the gateway: `http` or `https`.
    pub(crate) scheme: &'static str,
    /// The name that it used.
    pub(crate) host: HeaderValue,
    /// Whether the client is a proxy whose word about the one before it counts.
    pub(crate) is_trusted: bool,
}

/// Says who asked in `X-Forwarded-*`. What somebody untrusted said goes.
pub(crate) fn set_x_forwarded(headers: &mut HeaderMap, asker: &Asker<'_>) {
    if !asker.is_trusted {
        strip_x_forwarded(headers);
    }
    append_address(headers, asker);
    if !headers.contains_key(FORWARDED_HOST) {
        headers.insert(FORWARDED_HOST, asker.host.clone());
    }
    if !headers.contains_key(FORWARDED_PROTO) {
        headers.insert(FORWARDED_PROTO, HeaderValue::from_static(asker.scheme));
    }
}

fn append_address(headers: &mut HeaderMap, asker: &Asker<'_>) {
    if !asker.is_trusted || !headers.contains_key(FORWARDED_FOR) {
        headers.insert(FORWARDED_FOR, asker.address.clone());
        return;
    }
    let mut joined = Vec::new();
    for value in headers.get_all(FORWARDED_FOR) {
        joined.extend_from_slice(value.as_bytes());
        joined.extend_from_slice(b", ");
    }
    joined.extend_from_slice(asker.address.as_bytes());
    if let Ok(value) = HeaderValue::from_bytes(&joined) {
        headers.insert(FORWARDED_FOR, value);
    }
}

/// Removes every `X-Forwarded-` field, those that only some servers read among them.
pub(crate) fn strip_x_forwarded(headers: &mut HeaderMap) {
    let is_one = |name: &&HeaderName| name.as_str().starts_with("x-forwarded-");
    if headers.keys().any(|name| is_one(&name)) {
        let named: Vec<HeaderName> = headers.keys().filter(is_one).cloned().collect();
        for name in named {
            headers.remove(name);
        }
    }
}

/// Says who asked in `Forwarded` (RFC 7239).
pub(crate) fn set_forwarded(headers: &mut HeaderMap, asker: &Asker<'_>) {
    let mut joined = Vec::new();
    if asker.is_trusted {
        for value in headers.get_all(FORWARDED) {
            joined.extend_from_slice(value.as_bytes());
            joined.extend_from_slice(b", ");
        }
    }
    let quoted = asker.address.as_bytes().contains(&b':');
    joined.extend_from_slice(if quoted { b"for=\"[" } else { b"for=" });
    joined.extend_from_slice(asker.address.as_bytes());
    joined.extend_from_slice(if quoted { b"]\";host=\"" } else { b";host=\"" });
    joined.extend_from_slice(asker.host.as_bytes());
    joined.extend_from_slice(b"\";proto=");
    joined.extend_from_slice(asker.scheme.as_bytes());
    match HeaderValue::from_bytes(&joined) {
        Ok(value) => headers.insert(FORWARDED, value),
        Err(_) => headers.remove(FORWARDED),
    };
}

/// HTTP/2 may cut `Cookie` into several fields; HTTP/1.1 knows one (RFC 9113, section 8.2.3).
pub(crate) fn join_cookies(headers: &mut HeaderMap) {
    let mut all = headers.get_all(COOKIE).iter();
    let (Some(first), Some(second)) = (all.next(), all.next()) else { return };
    let mut joined = first.as_bytes().to_vec();
    for value in std::iter::once(second).chain(all) {
        joined.extend_from_slice(b"; ");
        joined.extend_from_slice(value.as_bytes());
    }
    if let Ok(value) = HeaderValue::from_bytes(&joined) {
        headers.insert(COOKIE, value);
    }
}

/// Takes the cookie `name` out: it is the gateway's own, and none of the app's business.
pub(crate) fn strip_cookie(headers: &mut HeaderMap, name: &str) {
    let is_own = |pair: &[u8]| {
        pair.trim_ascii().strip_prefix(name.as_bytes()).is_some_and(|rest| rest.starts_with(b"="))
    };
    let pairs = |value: &HeaderValue| {
        let kept: Vec<&[u8]> =
            value.as_bytes().split(|b| *b == b';').filter(|pair| !is_own(pair)).collect();
        kept.join(&b';').trim_ascii().to_vec()
    };
    let there = headers
        .get_all(COOKIE)
        .iter()
        .any(|value| value.as_bytes().split(|b| *b == b';').any(is_own));
    if !there {
        return;
    }
    let kept: Vec<Vec<u8>> = headers.get_all(COOKIE).iter().map(pairs).collect();
    headers.remove(COOKIE);
    for value in kept.into_iter().filter(|value| !value.is_empty()) {
        if let Ok(value) = HeaderValue::from_bytes(&value) {
            headers.append(COOKIE, value);
        }
    }
}

#[cfg(test)]
mod tests;
