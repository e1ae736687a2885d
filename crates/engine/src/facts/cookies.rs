//! Finding one cookie among the `Cookie` headers, without decoding any.
//!
//! Cookie parsers that trim Unicode white space, honour `$Version` or take a nameless `=name=value`
//! for `name` let an attacker plant a `__Host-` cookie from a sibling domain. Here a name is the
//! bytes before the first `=`, without the space that RFC 6265 puts between pairs, and nothing
//! else is touched.

use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};

/// The outcome of looking for one cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cookie<'r> {
    /// Not there.
    Absent,
    /// There once, or several times with one and the same value.
    One(&'r [u8]),
    /// There with different values: one of them may have been planted.
    Many,
}

/// The values of the cookie `name` in all `Cookie` headers, compared byte by byte.
#[must_use]
pub fn cookie<'r>(headers: &'r HeaderMap, name: &str) -> Cookie<'r> {
    find(headers.get_all(COOKIE), name)
}

pub(super) fn find<'r>(
    headers: impl IntoIterator<Item = &'r HeaderValue>,
    name: &str,
) -> Cookie<'r> {
    let mut found = Cookie::Absent;
    for header in headers {
        for pair in pairs(header.as_bytes()) {
            let pair = strip_space(pair);
            let Some(value) = pair.strip_prefix(name.as_bytes()).and_then(|r| r.strip_prefix(b"="))
            else {
                continue;
            };
            found = match found {
                Cookie::Absent => Cookie::One(strip_space(value)),
                Cookie::One(first) if first == strip_space(value) => found,
                Cookie::One(_) | Cookie::Many => Cookie::Many,
            };
        }
    }
    found
}

/// The parts between semicolons. Cookie headers are long, so the search for each is the cost.
fn pairs(header: &[u8]) -> impl Iterator<Item = &[u8]> {
    let ends = memchr::memchr_iter(b';', header).chain([header.len()]);
    ends.scan(0, |from, end| {
        let pair = header.get(*from..end);
        *from = end + 1;
        pair
    })
}

fn strip_space(mut bytes: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = bytes {
        bytes = rest;
    }
    bytes
}
