//! Which responses are pages that may carry a token, and what their headers say afterwards.

use encoding_rs::Encoding;
use http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_LENGTH,
    CONTENT_RANGE, CONTENT_TYPE, ETAG, LAST_MODIFIED, VARY,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use lol_html::AsciiCompatibleEncoding;

/// A response whose page may be rewritten.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rewritable {
    pub(super) encoding: AsciiCompatibleEncoding,
    /// Whether the headers name the encoding; else the page may.
    pub(super) declared: bool,
    pub(super) limit: usize,
}

impl Rewritable {
    /// `None` where the response must pass untouched. At most `limit` bytes of a page are looked
    /// into.
    #[must_use]
    pub(crate) fn of(status: StatusCode, headers: &HeaderMap, limit: usize) -> Option<Self> {
        let (encoding, declared) = html_encoding(headers)?;
        let may = holds_page(status)
            && identity(headers)
            && !headers.contains_key(CONTENT_RANGE)
            && !is_download(headers)
            && !forbids_transforming(headers)
            && fits(headers, limit)
            && countersign_tower::may_carry_token(headers);
        may.then_some(Self { encoding, declared, limit })
    }
}

/// Makes the headers of a [`Rewritable`] response true again: its length and its digests are the
/// upstream's page's, and the new one is for one user only.
pub(crate) fn amend(headers: &mut HeaderMap) {
    for name in [CONTENT_LENGTH, ETAG, LAST_MODIFIED, ACCEPT_RANGES] {
        headers.remove(name);
    }
    for name in ["content-md5", "digest", "content-digest", "repr-digest"] {
        headers.remove(HeaderName::from_static(name));
    }
    countersign_tower::keep_private(headers);
    // Where the app lets the browser keep the page: not longer than the session.
    let told = |word: &str| word.eq_ignore_ascii_case("cookie") || word == "*";
    if !list(headers, &VARY).any(told) {
        headers.append(VARY, HeaderValue::from_static("Cookie"));
    }
}

/// An error's page may hold a form too: a login at 401, the same form again at 422.
fn holds_page(status: StatusCode) -> bool {
    let bare = [StatusCode::NO_CONTENT, StatusCode::RESET_CONTENT, StatusCode::PARTIAL_CONTENT];
    (status.is_success() && !bare.contains(&status))
        || status.is_client_error()
        || status.is_server_error()
}

fn list<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim)
}

fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    values.next().filter(|_| values.next().is_none())?.to_str().ok()
}

/// The encoding of an HTML page, and whether the headers name it. `None` where it is no HTML, or
/// where bytes that look like markup may be something else (UTF-16, ISO-2022-JP).
fn html_encoding(headers: &HeaderMap) -> Option<(AsciiCompatibleEncoding, bool)> {
    let mut parts = only(headers, &CONTENT_TYPE)?.split(';').map(str::trim);
    if !parts.next()?.eq_ignore_ascii_case("text/html") {
        return None;
    }
    let charset = parts.find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches('"'))
    });
    match charset {
        None => Some((AsciiCompatibleEncoding::utf_8(), false)),
        Some(label) => {
            let encoding = Encoding::for_label_no_replacement(label.as_bytes())?;
            AsciiCompatibleEncoding::new(encoding).map(|encoding| (encoding, true))
        }
    }
}

fn identity(headers: &HeaderMap) -> bool {
    headers.get_all(CONTENT_ENCODING).iter().all(|value| {
        let value = value.as_bytes().trim_ascii();
        value.is_empty() || value.eq_ignore_ascii_case(b"identity")
    })
}

/// What is saved to a disk lasts longer than a token, and is passed on.
fn is_download(headers: &HeaderMap) -> bool {
    let disposition = headers.get(CONTENT_DISPOSITION).map(HeaderValue::as_bytes);
    let kind = disposition.and_then(|value| value.split(|b| *b == b';').next());
    kind.is_some_and(|kind| !kind.trim_ascii().eq_ignore_ascii_case(b"inline"))
}

/// RFC 9111, section 5.2.2.6: a proxy must leave such a body alone.
fn forbids_transforming(headers: &HeaderMap) -> bool {
    list(headers, &CACHE_CONTROL).any(|word| word.eq_ignore_ascii_case("no-transform"))
}

fn fits(headers: &HeaderMap, limit: usize) -> bool {
    if !headers.contains_key(CONTENT_LENGTH) {
        return true;
    }
    let length = only(headers, &CONTENT_LENGTH).and_then(|length| length.parse::<usize>().ok());
    length.is_some_and(|length| length <= limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn pages_that_may_carry_a_token_are_rewritten_and_nothing_else() {
        const HTML: (&str, &str) = ("content-type", "text/html; charset=utf-8");
        for (name, status, pairs, may) in [
            ("a page", 200, vec![HTML], true),
            ("upper case", 200, vec![("content-type", "TEXT/HTML;CHARSET=\"UTF-8\"")], true),
            ("an encoding not named", 200, vec![("content-type", "text/html")], true),
            ("an old encoding", 200, vec![("content-type", "text/html; charset=gbk")], true),
            ("UTF-16", 200, vec![("content-type", "text/html; charset=utf-16le")], false),
            ("ISO-2022-JP", 200, vec![("content-type", "text/html;charset=iso-2022-jp")], false),
            ("unknown encoding", 200, vec![("content-type", "text/html; charset=klingon")], false),
            ("XHTML", 200, vec![("content-type", "application/xhtml+xml")], false),
            ("JSON", 200, vec![("content-type", "application/json")], false),
            ("no type", 200, vec![], false),
            ("two types", 200, vec![HTML, ("content-type", "text/plain")], false),
            ("a login", 401, vec![HTML], true),
            ("the form again", 422, vec![HTML], true),
            ("an error", 500, vec![HTML], true),
            ("no body", 204, vec![HTML], false),
            ("a piece", 206, vec![HTML], false),
            ("a redirect", 302, vec![HTML], false),
            ("not modified", 304, vec![HTML], false),
            ("compressed", 200, vec![HTML, ("content-encoding", "gzip")], false),
            ("said not to be", 200, vec![HTML, ("content-encoding", "identity")], true),
            ("public", 200, vec![HTML, ("cache-control", "public, max-age=60")], false),
            ("private", 200, vec![HTML, ("cache-control", "private, max-age=60")], true),
            ("no-transform", 200, vec![HTML, ("cache-control", "no-transform, no-store")], false),
            ("a download", 200, vec![HTML, ("content-disposition", "Attachment; x=y")], false),
            ("inline", 200, vec![HTML, ("content-disposition", "inline")], true),
            ("at the limit", 200, vec![HTML, ("content-length", "100")], true),
            ("over the limit", 200, vec![HTML, ("content-length", "101")], false),
            ("no length at all", 200, vec![HTML, ("content-length", "x")], false),
        ] {
            let status = StatusCode::from_u16(status).unwrap();
            assert_eq!(Rewritable::of(status, &headers(&pairs), 100).is_some(), may, "{name}");
        }
    }

    #[test]
    fn what_was_said_of_the_old_page_is_gone() {
        let mut headers = headers(&[
            ("content-type", "text/html"),
            ("content-length", "10"),
            ("etag", "\"x\""),
            ("last-modified", "Sat, 01 Jan 2000 00:00:00 GMT"),
            ("accept-ranges", "bytes"),
            ("content-md5", "x"),
            ("repr-digest", "x"),
            ("vary", "Accept-Encoding"),
        ]);
        amend(&mut headers);
        let vary: Vec<&HeaderValue> = headers.get_all(VARY).iter().collect();
        assert_eq!(vary, ["Accept-Encoding", "Cookie"]);
        assert_eq!(headers[CACHE_CONTROL], "no-store");
        assert_eq!(headers.len(), 4, "{headers:?}");
    }

    #[test]
    fn vary_is_said_once() {
        for vary in ["*", "accept, COOKIE"] {
            let mut headers = headers(&[("vary", vary)]);
            amend(&mut headers);
            assert_eq!(headers.get_all(VARY).iter().count(), 1, "{vary}");
        }
    }
}
