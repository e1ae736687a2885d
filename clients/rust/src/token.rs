//! A token, which nobody prints.

use std::fmt;

use http::HeaderValue;
use zeroize::Zeroizing;

/// No convention's token is longer; what is, is something else.
const LONGEST: usize = 4096;

/// Visible ASCII, wiped when dropped.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Token(Zeroizing<String>);

impl Token {
    /// `None` for what could be no token.
    pub(crate) fn new(text: &str) -> Option<Self> {
        let fits =
            (1..=LONGEST).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
        fits.then(|| Self(Zeroizing::new(text.to_owned())))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// For the request that carries it; hidden from `Debug`.
    pub(crate) fn header_value(&self) -> Option<HeaderValue> {
        let mut value = HeaderValue::from_str(&self.0).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_visible_ascii_is_a_token() {
        for (text, expected) in [
            ("a", true),
            ("!~", true),
            ("", false),
            ("a b", false),
            ("a\n", false),
            ("a\u{7f}", false),
            ("tökén", false),
        ] {
            assert_eq!(Token::new(text).is_some(), expected, "{text:?}");
        }
        assert!(Token::new(&"a".repeat(4096)).is_some());
        assert!(Token::new(&"a".repeat(4097)).is_none());
    }

    #[test]
    fn it_is_never_printed() {
        let token = Token::new("s3cr3t").unwrap();
        assert!(!format!("{token:?} {:?}", token.header_value()).contains("s3cr3t"));
    }
}
