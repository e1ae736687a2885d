//! Request paths and the patterns that rules are written in.
//!
//! Exemptions have been walked around with `/foo/../bypass`, `//webhook` and `%2e%2e`
//! (CVE-2025-47910). So a path is either *plain*, and then every server reads it alike, or
//! *ambiguous*, and then no rule that loosens matches it and every rule that tightens does.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A request path, read once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CanonicalPath<'a> {
    /// Every server reads this path in the same way.
    Plain(&'a str),
    /// Percent-encoding that decodes to ordinary text: `/caf%C3%A9`.
    Decoded(String),
    /// Servers disagree about what this path names.
    Ambiguous,
}

impl<'a> CanonicalPath<'a> {
    /// Reads the path of a request target, without its query.
    #[must_use]
    pub fn of(raw: &'a str) -> Self {
        if !raw.contains('%') {
            return if is_unambiguous(raw) { Self::Plain(raw) } else { Self::Ambiguous };
        }
        match decode_once(raw) {
            // What decodes to `%`, `?` or `#` may be read as a URL once more.
            Some(decoded) if is_unambiguous(&decoded) && !decoded.contains(['%', '?', '#']) => {
                Self::Decoded(decoded)
            }
            _ => Self::Ambiguous,
        }
    }

    fn text(&self) -> Option<&str> {
        match self {
            Self::Plain(text) => Some(text),
            Self::Decoded(text) => Some(text),
            Self::Ambiguous => None,
        }
    }
}

/// `/exact/path`, `/users/*/photo` (one segment) or `/api/**` (everything below).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct PathPattern {
    written: String,
    segments: Vec<Segment>,
    /// Ends in `/**`.
    deep: bool,
    /// So much of `written` stands before its first wildcard.
    plain: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Segment {
    Literal(String),
    Any,
}

/// Why a text is not a path pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAPattern {
    /// It does not begin with a slash.
    #[error("the path `{0}` does not begin with `/`")]
    NotAbsolute(String),
    /// It could never match, because no request path that matches rules looks like this.
    #[error(
        "the path `{0}` can never match: write it decoded, without `//`, `.` or `..` segments, \
         query, `;` or backslash"
    )]
    NeverMatches(String),
    /// `*` and `**` stand for whole segments.
    #[error("in the path `{0}`, `*` must be a whole segment and `**` the last one")]
    Wildcard(String),
}

impl PathPattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// One that could never match, or a wildcard within a segment.
    pub fn parse(written: &str) -> Result<Self, NotAPattern> {
        let Some(rest) = written.strip_prefix('/') else {
            return Err(NotAPattern::NotAbsolute(written.to_owned()));
        };
        if !is_unambiguous(written) || written.contains(['%', '?', '#']) {
            return Err(NotAPattern::NeverMatches(written.to_owned()));
        }
        let plain = written.find('*').unwrap_or(written.len());
        let (rest, deep) = match rest.strip_suffix("**") {
            Some("") => {
                return Ok(Self { written: written.into(), segments: vec![], deep: true, plain });
            }
            Some(above) => match above.strip_suffix('/') {
                Some(above) => (above, true),
                None => return Err(NotAPattern::Wildcard(written.to_owned())),
            },
            None => (rest, false),
        };
        let mut segments = Vec::new();
        for segment in rest.split('/') {
            segments.push(match segment {
                "*" => Segment::Any,
                text if text.contains('*') => {
                    return Err(NotAPattern::Wildcard(written.to_owned()));
                }
                text => Segment::Literal(text.to_owned()),
            });
        }
        Ok(Self { written: written.to_owned(), segments, deep, plain })
    }

    /// Whether it is about everything below a folder.
    pub(crate) const fn is_deep(&self) -> bool {
        self.deep
    }

    /// For rules that let requests through: only a path that is exactly meant, letter for letter.
    /// `/hook/**` does not cover `/hook`.
    #[must_use]
    pub fn loosens(&self, path: &CanonicalPath<'_>) -> bool {
        let Some(text) = path.text() else { return false };
        match self.written.split_at_checked(self.plain) {
            Some((written, "")) => text == written,
            Some((above, "**")) => text.starts_with(above),
            Some((above, _)) => text.starts_with(above) && self.matches(text, |a, b| a == b, false),
            None => false,
        }
    }

    /// For rules that demand more: also other letter case, a slash more or less at the end, the
    /// folder itself and every ambiguous path, because the app behind might read those as the protected one.
    #[must_use]
    pub fn tightens(&self, path: &CanonicalPath<'_>) -> bool {
        let Some(text) = path.text() else { return true };
        // Most rules are about other paths, as their beginning tells.
        let above = self.written.get(..self.plain).unwrap_or_default();
        let above = above.strip_suffix('/').unwrap_or(above);
        if !text.get(..above.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(above)) {
            return false;
        }
        self.matches(text, str::eq_ignore_ascii_case, true)
            || text
                .strip_suffix('/')
                .is_some_and(|bare| self.matches(bare, str::eq_ignore_ascii_case, true))
    }

    fn matches(&self, path: &str, same: fn(&str, &str) -> bool, lenient: bool) -> bool {
        let Some(rest) = path.strip_prefix('/') else { return false };
        let mut parts = rest.split('/');
        for segment in &self.segments {
            match (segment, parts.next()) {
                (Segment::Any, Some(part)) if !part.is_empty() => {}
                (Segment::Literal(text), Some(part)) if same(text, part) => {}
                (Segment::Literal(text), None) if lenient && text.is_empty() => {}
                _ => return false,
            }
        }
        match (self.deep, parts.next()) {
            (true, Some(_)) => true,
            (true, None) => lenient || self.segments.is_empty(),
            (false, more) => more.is_none(),
        }
    }
}

impl fmt::Display for PathPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

impl TryFrom<String> for PathPattern {
    type Error = NotAPattern;

    fn try_from(text: String) -> Result<Self, NotAPattern> {
        Self::parse(&text)
    }
}

impl From<PathPattern> for String {
    fn from(pattern: PathPattern) -> Self {
        pattern.written
    }
}

fn is_unambiguous(path: &str) -> bool {
    let (mut before, mut dots) = (b' ', false);
    for byte in path.bytes() {
        match byte {
            // A semicolon begins path parameters in Java servers, a backslash is a slash in others.
            b'\\' | b';' | 0..=0x20 | 0x7f => return false,
            b'/' if before == b'/' => return false,
            // Dots inside a name are far more common than dot segments: look closer only then.
            b'.' if before == b'/' => dots = true,
            _ => {}
        }
        before = byte;
    }
    path.starts_with('/') && !(dots && path.split('/').any(|part| matches!(part, "." | "..")))
}

fn decode_once(raw: &str) -> Option<String> {
    let mut out = Vec::with_capacity(raw.len());
    let mut bytes = raw.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        let (high, low) = (hex(bytes.next()?)?, hex(bytes.next()?)?);
        let decoded = high << 4 | low;
        // An encoded slash or dot is how traversal hides: some servers decode it before routing,
        // some never.
        if matches!(decoded, b'/' | b'.') {
            return None;
        }
        out.push(decoded);
    }
    String::from_utf8(out).ok()
}

pub(crate) fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> PathPattern {
        PathPattern::parse(text).unwrap()
    }

    #[test]
    fn loosening_matches_only_what_is_meant() {
        for (written, path, expected) in [
            ("/hook", "/hook", true),
            ("/hook", "/hook/", false),
            ("/hook", "/Hook", false),
            ("/hook", "//hook", false),
            ("/hook", "/x/../hook", false),
            ("/hook", "/./hook", false),
            ("/hook", "/hook;x", false),
            ("/hook", "/%68ook", true),
            ("/hook", "/%2568ook", false),
            ("/hook/**", "/hook", false),
            ("/hook/**", "/hook/", true),
            ("/hook/**", "/hook/a/b", true),
            ("/hook/**", "/hook/../admin", false),
            ("/hook/**", "/hook/%2e%2e/admin", false),
            ("/hook/**", "/hook/..%2fadmin", false),
            ("/hook/**", "/hook/%00", false),
            ("/hook/**", "/hooks", false),
            ("/u/*/photo", "/u/7/photo", true),
            ("/u/*/photo", "/u//photo", false),
            ("/u/*/photo", "/u/7/8/photo", false),
            ("/**", "/", true),
            ("/**", "/a", true),
            ("/**", "/a/../b", false),
            ("/", "/", true),
            ("/", "/a", false),
        ] {
            let matched = pattern(written).loosens(&CanonicalPath::of(path));
            assert_eq!(matched, expected, "{written} on {path}");
        }
    }

    #[test]
    fn tightening_leaves_no_way_around() {
        for (written, path, expected) in [
            ("/api/**", "/api/x", true),
            ("/api/**", "/api", true),
            ("/api/**", "/API/x", true),
            ("/api/**", "/x/../api/y", true),
            ("/api/**", "//api/y", true),
            ("/api/**", "/%61pi/y", true),
            ("/api/**", "/%2561pi/y", true),
            ("/api/**", "/other", false),
            ("/api/**", "/apis", false),
            ("/logout", "/logout/", true),
            ("/logout", "/logout/x", false),
        ] {
            let matched = pattern(written).tightens(&CanonicalPath::of(path));
            assert_eq!(matched, expected, "{written} on {path}");
        }
    }

    #[test]
    fn patterns_that_never_match_are_refused() {
        for written in ["", "hook", "/a//b", "/a/../b", "/a%20b", "/a?b", "/a*", "/**/b", "/a;b"] {
            assert!(PathPattern::parse(written).is_err(), "{written}");
        }
    }
}
