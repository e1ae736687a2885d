//! Single values of a dialect file, each read once and right from then on.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use http::{HeaderName, Method};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The name of a header. Written as the product writes it; compared without regard to case.
#[derive(Clone, Debug, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct FieldName {
    written: String,
    name: HeaderName,
}

impl FieldName {
    /// Reads a header's name.
    ///
    /// # Errors
    /// A text that RFC 9110 does not allow as one.
    pub fn parse(written: &str) -> Result<Self, BadValue> {
        let name = HeaderName::from_bytes(written.as_bytes())
            .map_err(|_| BadValue(format!("`{written}` is not a header name")))?;
        Ok(Self { written: written.to_owned(), name })
    }

    /// For looking it up.
    #[must_use]
    pub const fn name(&self) -> &HeaderName {
        &self.name
    }

    /// As the file writes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.written
    }
}

impl PartialEq for FieldName {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl PartialOrd for FieldName {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for FieldName {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.name.as_str().cmp(other.name.as_str())
    }
}

impl TryFrom<String> for FieldName {
    type Error = BadValue;

    fn try_from(text: String) -> Result<Self, BadValue> {
        Self::parse(&text)
    }
}

impl From<FieldName> for String {
    fn from(name: FieldName) -> Self {
        name.written
    }
}

/// A method, or `*` for every one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub enum MethodName {
    /// `*`
    Any,
    /// This one.
    One(Method),
}

impl MethodName {
    pub(crate) fn covers(&self, method: &str) -> bool {
        match self {
            Self::Any => true,
            Self::One(own) => own.as_str().eq_ignore_ascii_case(method),
        }
    }
}

impl TryFrom<String> for MethodName {
    type Error = BadValue;

    fn try_from(text: String) -> Result<Self, BadValue> {
        if text == "*" {
            return Ok(Self::Any);
        }
        let upper = text.bytes().all(|b| b.is_ascii_uppercase() || b == b'-');
        match Method::from_bytes(text.as_bytes()) {
            Ok(method) if upper => Ok(Self::One(method)),
            _ => Err(BadValue(format!("`{text}` is not a method; write it in upper case, or `*`"))),
        }
    }
}

impl From<MethodName> for String {
    fn from(method: MethodName) -> Self {
        match method {
            MethodName::Any => "*".to_owned(),
            MethodName::One(method) => method.to_string(),
        }
    }
}

/// A span of time: a number and one of `s`, `m`, `h`, `d`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Span(Duration);

impl Span {
    /// The span itself.
    #[must_use]
    pub const fn get(self) -> Duration {
        self.0
    }
}

const UNITS: [(char, u64); 4] = [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

impl TryFrom<String> for Span {
    type Error = BadValue;

    fn try_from(text: String) -> Result<Self, BadValue> {
        text.parse()
    }
}

impl FromStr for Span {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<Self, BadValue> {
        let seconds = UNITS.iter().find_map(|(unit, seconds)| {
            let digits = text.strip_suffix(*unit)?;
            let number: u64 = digits.parse().ok()?;
            number.checked_mul(*seconds).filter(|total| (1..=366 * 86_400).contains(total))
        });
        seconds.map(|seconds| Self(Duration::from_secs(seconds))).ok_or_else(|| {
            BadValue(format!("`{text}` is not a span; write it like `90s`, `24m`, `3h` or `7d`"))
        })
    }
}

impl From<Span> for String {
    fn from(span: Span) -> Self {
        span.to_string()
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let total = self.0.as_secs();
        let (unit, seconds) =
            UNITS.iter().find(|(_, seconds)| total.is_multiple_of(*seconds)).unwrap_or(&('s', 1));
        write!(f, "{}{unit}", total / seconds)
    }
}

/// A value that cannot be what its key wants.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadValue(String);

impl BadValue {
    pub(crate) const fn new(message: String) -> Self {
        Self(message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_and_written_alike() {
        for (text, seconds) in [("90s", 90), ("24m", 1_440), ("3h", 10_800), ("7d", 604_800)] {
            let span = Span::try_from(text.to_owned()).unwrap();
            assert_eq!(span.get().as_secs(), seconds, "{text}");
            assert_eq!(span.to_string(), text);
        }
        for text in ["", "h", "3", "3 h", "-1h", "0s", "1w", "99999999999999999999d", "400d"] {
            assert!(Span::try_from(text.to_owned()).is_err(), "{text}");
        }
    }
}
