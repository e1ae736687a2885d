//! Where to go after the login: a path of this site, and nothing else.

use http::HeaderValue;

/// Longer ones are not followed.
const MAX_LENGTH: usize = 2048;

/// `next` as a `Location` that stays on this site, else the home page.
///
/// Browsers read a backslash as a slash and drop tabs and line breaks (WHATWG URL), so `/\evil.example` and
/// `/<tab>/evil.example` both lead away: only printable ASCII without backslashes is followed.
pub(super) fn location(next: Option<&str>) -> HeaderValue {
    next.filter(|path| stays_here(path))
        .and_then(|path| HeaderValue::from_str(path).ok())
        .unwrap_or(HeaderValue::from_static("/"))
}

fn stays_here(path: &str) -> bool {
    path.len() <= MAX_LENGTH
        && path.starts_with('/')
        && !path.starts_with("//")
        && path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_this_site_are_followed() {
        let long = format!("/{}", "x".repeat(MAX_LENGTH));
        for (row, next, expected) in [
            ("none", None, "/"),
            ("empty", Some(""), "/"),
            ("home", Some("/"), "/"),
            ("a path", Some("/api/data/Phone/?limit=5#top"), "/api/data/Phone/?limit=5#top"),
            ("an encoded slash is no slash", Some("/%2fevil.example"), "/%2fevil.example"),
            ("a URL in the query", Some("/?to=https://evil.example"), "/?to=https://evil.example"),
            ("other host", Some("https://evil.example/"), "/"),
            ("scheme-relative", Some("//evil.example"), "/"),
            ("three slashes", Some("///evil.example"), "/"),
            ("backslash", Some("/\\evil.example"), "/"),
            ("two backslashes", Some("\\\\evil.example"), "/"),
            ("tab", Some("/\t/evil.example"), "/"),
            ("line break", Some("/\r\nSet-Cookie: a=b"), "/"),
            ("leading space", Some(" //evil.example"), "/"),
            ("script", Some("javascript:alert(1)"), "/"),
            ("relative", Some("evil"), "/"),
            ("not ASCII", Some("/\u{2f0}"), "/"),
            ("too long", Some(&long), "/"),
        ] {
            assert_eq!(location(next), expected, "{row}");
        }
    }
}
