//! The syntax of Java properties files, as `java.util.Properties` reads it.

use super::PropertiesError;

/// What Java counts as white space here.
const WHITE: [char; 3] = [' ', '\t', '\x0c'];

/// One setting, and the line where it begins.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) line: usize,
    pub(super) key: String,
    pub(super) value: String,
}

/// Reads `key = value`, `key: value` and `key value`, over lines that end in a backslash. Spaces at
/// the end of a value do not belong to it; here alone Java would keep them.
///
/// Java takes a lone `key` for one without a value. Here it is an error: a setting that was meant
/// must not be silently without effect.
pub(super) fn entries(text: &str) -> impl Iterator<Item = Result<Entry, PropertiesError>> {
    let lines = text.lines().enumerate();
    let mut lines = lines.flat_map(|(index, line)| line.split('\r').map(move |l| (index + 1, l)));
    std::iter::from_fn(move || {
        let begins = |(_, line): &(usize, &str)| {
            let line = line.trim_start_matches(WHITE);
            !line.is_empty() && !line.starts_with(['#', '!'])
        };
        let (line, first) = lines.find(begins)?;
        let mut whole = first.trim_start_matches(WHITE).to_owned();
        while goes_on(&whole) {
            whole.pop();
            let (_, next) = lines.next().unwrap_or_default();
            whole.push_str(next.trim_start_matches(WHITE));
        }
        Some(entry(line, &whole).map_err(|message| PropertiesError { line, message }))
    })
}

/// Whether the last backslash is not itself escaped.
fn goes_on(line: &str) -> bool {
    line.bytes().rev().take_while(|b| *b == b'\\').count() % 2 == 1
}

fn entry(line: usize, text: &str) -> Result<Entry, String> {
    let text = text.trim_end_matches(WHITE);
    let end = key_end(text);
    let (key, rest) = text.split_at_checked(end).unwrap_or((text, ""));
    let rest = rest.trim_start_matches(WHITE);
    let value = rest.strip_prefix(['=', ':']).unwrap_or(rest).trim_start_matches(WHITE);
    if rest.is_empty() {
        return Err(format!("`{key}` has no value; write `{key} = ` and the value"));
    }
    Ok(Entry { line, key: unescaped(key)?, value: unescaped(value)? })
}

fn key_end(text: &str) -> usize {
    let mut escaped = false;
    for (at, letter) in text.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '=' | ':' => return at,
            white if WHITE.contains(&white) => return at,
            _ => {}
        }
    }
    text.len()
}

fn unescaped(text: &str) -> Result<String, String> {
    let mut out = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        if letter != '\\' {
            out.push(letter);
            continue;
        }
        match letters.next() {
            Some('t') => out.push('\t'),
            Some('n') => out.push('\n'),
            Some('r') => out.push('\r'),
            Some('f') => out.push('\x0c'),
            Some('u') => out.push(by_code(&letters.by_ref().take(4).collect::<String>())?),
            Some(other) => out.push(other),
            None => {}
        }
    }
    Ok(out)
}

/// Half of a pair that only UTF-16 has stands for no letter of any setting.
fn by_code(digits: &str) -> Result<char, String> {
    let fits = digits.len() == 4 && digits.bytes().all(|b| b.is_ascii_hexdigit());
    match u32::from_str_radix(digits, 16) {
        Ok(code) if fits => Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)),
        _ => Err(format!("`\\u{digits}` is not a character; write four hex digits after `\\u`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<Entry> {
        entries(text).map(|entry| entry.unwrap_or_else(|error| panic!("{error}"))).collect()
    }

    /// Each row is an example or a rule of the documentation of `java.util.Properties.load`.
    #[test]
    fn every_way_to_write_a_property_is_read() {
        for (text, key, value) in [
            ("Truth = Beauty", "Truth", "Beauty"),
            (" Truth:Beauty", "Truth", "Beauty"),
            ("Truth\t\t\t:Beauty", "Truth", "Beauty"),
            ("Truth Beauty", "Truth", "Beauty"),
            ("\x0cTruth\x0cBeauty", "Truth", "Beauty"),
            ("cheeses =", "cheeses", ""),
            ("cheeses:", "cheeses", ""),
            ("a = = b", "a", "= b"),
            ("a==b", "a", "=b"),
            ("a b=c", "a", "b=c"),
            ("\\:\\= = x", ":=", "x"),
            ("a\\ b = c", "a b", "c"),
            ("url = https\\://a.example\\:8080", "url", "https://a.example:8080"),
            ("a = \\u0062\\u00E9", "a", "b\u{e9}"),
            ("a = \\ud83d", "a", "\u{fffd}"),
            ("a = \\t\\n\\r\\f\\z\\\\", "a", "\t\n\r\x0cz\\"),
            ("a = b # c", "a", "b # c"),
            ("a = b  ", "a", "b"),
            ("fruits  apple, \\\n    pear,\\\r\n  plum", "fruits", "apple, pear,plum"),
            ("a = b\\\n# c", "a", "b# c"),
            ("a = b\\\n\n", "a", "b"),
            ("a = b\\", "a", "b"),
            ("# c\\\na = b", "a", "b"),
            ("  ! c\n\n \t\na = b", "a", "b"),
        ] {
            let got = read(text);
            assert_eq!(got.len(), 1, "{text:?}: {got:?}");
            assert_eq!((got[0].key.as_str(), got[0].value.as_str()), (key, value), "{text:?}");
        }
        assert!(read("").is_empty() && read("# a\n\n! b\n").is_empty());
    }

    #[test]
    fn entries_know_the_line_where_they_begin() {
        let text = "# c\r\na = 1\r\n\r\nb = 2, \\\r\n  3\r\nc = 4\rd = 5";
        let lines: Vec<(usize, String)> =
            read(text).into_iter().map(|entry| (entry.line, entry.key)).collect();
        let expected = [(2, "a"), (4, "b"), (6, "c"), (6, "d")];
        assert_eq!(lines, expected.map(|(line, key)| (line, key.to_owned())));
    }

    #[test]
    fn a_line_that_says_nothing_is_an_error_with_its_number() {
        for (text, line, says) in [
            ("a = b\nlonely", 2, "`lonely` has no value; write `lonely = ` and the value"),
            ("lonely  ", 1, "`lonely` has no value"),
            ("lone\\\n  ly", 1, "`lonely` has no value"),
            ("\na = \\u12", 2, "`\\u12` is not a character; write four hex digits"),
            ("a = \\u+123", 1, "`\\u+123` is not a character"),
            ("a = \\u12\u{e9}4", 1, "`\\u12\u{e9}4` is not a character"),
        ] {
            let errors: Vec<_> = entries(text).filter_map(Result::err).collect();
            assert_eq!(errors.len(), 1, "{text:?}");
            assert_eq!(errors[0].line, line, "{text:?}");
            assert!(errors[0].message.starts_with(says), "{text:?}: {}", errors[0].message);
        }
    }
}
