//! Finding one field of an `application/x-www-form-urlencoded` body (WHATWG URL, section 5.1).

use std::borrow::Cow;

use crate::path::hex;

/// What was found in a form.
#[derive(Clone, PartialEq, Eq)]
pub enum Field {
    /// No field of that name.
    Absent,
    /// One, with this value.
    One(Vec<u8>),
    /// More than one, or a list.
    Repeated,
    /// The body is longer than the limit, and the field is not in its beginning.
    TooLarge,
    /// The body is not the form that its `Content-Type` says.
    Malformed,
}

/// Looks for the field `name`. `name[]`, which some frameworks read as a list of that name, counts
/// as a repetition.
#[must_use]
pub fn urlencoded_field(body: &[u8], name: &str) -> Field {
    let mut found = Field::Absent;
    for pair in body.split(|b| *b == b'&') {
        let mut halves = pair.splitn(2, |b| *b == b'=');
        let key = decode(halves.next().unwrap_or_default());
        let Some(rest) = key.strip_prefix(name.as_bytes()) else { continue };
        found = match (rest, found) {
            ([], Field::Absent) => {
                Field::One(decode(halves.next().unwrap_or_default()).into_owned())
            }
            ([] | [b'[', ..], _) => Field::Repeated,
            (_, found) => found,
        };
    }
    found
}

/// `+` is a space, `%XX` a byte, and a stray percent sign is itself.
pub(crate) fn decode(text: &[u8]) -> Cow<'_, [u8]> {
    if !text.iter().any(|b| matches!(b, b'+' | b'%')) {
        return Cow::Borrowed(text);
    }
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [byte, after @ ..] = rest {
        rest = after;
        out.push(match (byte, after) {
            (b'+', _) => b' ',
            (b'%', [high, low, after @ ..]) => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => {
                    rest = after;
                    high << 4 | low
                }
                _ => b'%',
            },
            (other, _) => *other,
        });
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(value: &str) -> Field {
        Field::One(value.as_bytes().to_vec())
    }

    #[test]
    fn a_field_is_found_once_or_not_at_all() {
        for (body, expected) in [
            ("t=1", one("1")),
            ("a=b&t=1&c=d", one("1")),
            ("%74=1", one("1")),
            ("t=%41+b%2", one("A b%2")),
            ("t", one("")),
            ("t=a=b", one("a=b")),
            ("&&t=1&", one("1")),
            ("", Field::Absent),
            ("tt=1&xt=2", Field::Absent),
            ("T=1", Field::Absent),
            ("t=1&t=1", Field::Repeated),
            ("t=1&%74=2", Field::Repeated),
            ("t[]=1", Field::Repeated),
            ("t=1&t[]=2", Field::Repeated),
            ("t[a]=1&t=2", Field::Repeated),
        ] {
            assert!(urlencoded_field(body.as_bytes(), "t") == expected, "{body}");
        }
    }
}
