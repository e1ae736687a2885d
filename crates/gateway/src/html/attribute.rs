//! Values of attributes: escaped when we write them, decoded when we read them.

use std::borrow::Cow;
use std::fmt::Write as _;

/// The value as it stands between quotes: ASCII, so that it is the same in every encoding that we
/// rewrite.
pub(super) fn escape(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    for c in value.chars() {
        match c {
            '&' | '<' | '>' | '"' | '\'' | '`' => {
                let _ = write!(escaped, "&#{};", u32::from(c));
            }
            ' '..='~' => escaped.push(c),
            _ => {
                let _ = write!(escaped, "&#{};", u32::from(c));
            }
        }
    }
    escaped
}

/// The value that a browser reads, or `None` where that would need the table of all named
/// character references. The few that templates write are known.
pub(super) fn decode(raw: &str) -> Option<Cow<'_, str>> {
    if !raw.contains('&') {
        return Some(Cow::Borrowed(raw));
    }
    let mut decoded = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((before, reference)) = rest.split_once('&') {
        decoded.push_str(before);
        if reference.starts_with(|c: char| c.is_ascii_whitespace()) || reference.is_empty() {
            decoded.push('&');
            rest = reference;
            continue;
        }
        let (name, after) = reference.split_once(';')?;
        decoded.push(character(name)?);
        rest = after;
    }
    decoded.push_str(rest);
    Some(Cow::Owned(decoded))
}

fn character(name: &str) -> Option<char> {
    let code = match name {
        "amp" => return Some('&'),
        "lt" => return Some('<'),
        "gt" => return Some('>'),
        "quot" => return Some('"'),
        "apos" => return Some('\''),
        _ => name.strip_prefix('#')?,
    };
    let digits = |digits: &str, radix| {
        let plain = !digits.is_empty() && digits.chars().all(|c| c.is_digit(radix));
        u32::from_str_radix(digits, radix).ok().filter(|_| plain)
    };
    let code = match code.strip_prefix(['x', 'X']) {
        Some(hex) => digits(hex, 16),
        None => digits(code, 10),
    };
    // Beyond ASCII some numbers mean something else than the character of that number.
    char::from_u32(code?).filter(|c| matches!(c, '\t' | '\n' | ' '..='~'))
}

/// [`decode`] for a URL. Nothing after its query begins can change where it leads, and queries are
/// where a bare `&` is common.
pub(super) fn decode_url(raw: &str) -> Option<Cow<'_, str>> {
    // A number that is a reference holds a `#` itself.
    let mut ends = raw.match_indices(['?', '#']).map(|(at, _)| at);
    let end = ends.find(|at| raw.get(at.saturating_sub(1)..=*at) != Some("&#"));
    match end {
        Some(end) => decode(raw.get(..=end)?),
        None => decode(raw),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_as_ascii_that_ends_no_attribute() {
        for (value, written) in [
            ("plain-Value_1.2~", "plain-Value_1.2~"),
            ("a\"b", "a&#34;b"),
            ("<>'&`", "&#60;&#62;&#39;&#38;&#96;"),
            ("é\n", "&#233;&#10;"),
        ] {
            assert_eq!(escape(value), written, "{value}");
        }
    }

    #[test]
    fn values_are_read_as_a_browser_reads_them_or_not_at_all() {
        for (raw, read) in [
            ("/pay", Some("/pay")),
            ("a&amp;b", Some("a&b")),
            ("&#x2F;&#47;", Some("//")),
            ("&#X2f;", Some("/")),
            ("a & b", Some("a & b")),
            ("end&", Some("end&")),
            ("&sol;&sol;evil", None),
            ("&sol", None),
            ("&#47", None),
            ("&#+47;", None),
            ("&#x80;", None),
            ("&#;", None),
        ] {
            assert_eq!(decode(raw).as_deref(), read, "{raw}");
        }
    }

    #[test]
    fn a_query_cannot_hide_where_a_url_leads() {
        for (raw, read) in [
            ("/pay?a=1&b=2", Some("/pay?")),
            ("/pay#&x", Some("/pay#")),
            ("&#47;&#47;evil.example?x", Some("//evil.example?")),
            ("&#47;pay", Some("/pay")),
            ("/a&b", None),
            ("/a&b?c", None),
        ] {
            assert_eq!(decode_url(raw).as_deref(), read, "{raw}");
        }
    }
}
