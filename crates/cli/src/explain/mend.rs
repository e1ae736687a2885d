//! Turns a request as documents and terminals show it into one that a parser takes.
//!
//! Only layout is mended, never content, and each change is noted: the request that is judged must be
//! the one the user means. Reading the result is httparse's work.

use super::raw::Unreadable;

/// A request's head with every line in place, and what was done to it.
pub(super) struct Mended<'a> {
    /// Request line and headers, each with the number of the line where it began.
    pub(super) lines: Vec<(usize, Vec<u8>)>,
    pub(super) body: &'a [u8],
    pub(super) notes: Vec<String>,
}

pub(super) fn mend(bytes: &[u8]) -> Result<Mended<'_>, Unreadable> {
    let mut lines = Lines { rest: bytes, number: 0 };
    let first = lines.find(|line| !is_blank(line.text)).ok_or_else(|| {
        Unreadable::at(None, "the request is empty; begin with `METHOD target HTTP/1.1`")
    })?;
    let mut mended = Mended { lines: Vec::new(), body: &[], notes: Vec::new() };
    let has_version = mended.request_line(&first)?;

    while let Some(line) = lines.peek() {
        let before = lines.rest;
        lines.next();
        if is_blank(line.text) {
            // Web pages show requests with an empty line below `GET /path`; real ones have a version.
            let gap = !has_version
                && mended.lines.len() == 1
                && lines.peek().is_some_and(|next| is_header(next.text));
            if gap {
                mended.note(line.number, "empty line before the first header dropped");
                continue;
            }
            mended.body = lines.rest;
            break;
        }
        if is_header(line.text) {
            mended.lines.push((line.number, line.text.to_vec()));
        } else if line.text.starts_with(b" ") || line.text.starts_with(b"\t") {
            mended.join(&line, " ", "folded header line joined; servers refuse such a line")?;
        } else if matches!(line.text, [b'{' | b'[' | b'<', ..]) {
            mended.note(
                line.number,
                "taken as the beginning of the body; an empty line belongs above",
            );
            mended.body = before;
            break;
        } else {
            mended.wrapped(&line)?;
        }
    }
    Ok(mended)
}

impl Mended<'_> {
    /// Whether the line had a version.
    fn request_line(&mut self, line: &Line<'_>) -> Result<bool, Unreadable> {
        let text = line.text.trim_ascii();
        let words: Vec<&[u8]> = text.split(|b| *b == b' ').filter(|w| !w.is_empty()).collect();
        let (head, has_version) = match words.as_slice() {
            // Without a version, `curl https://..` and prose look alike but for their letters.
            [method, target] if is_upper(method) && !target.starts_with(b"HTTP/") => {
                self.note(line.number, "no HTTP version; read as HTTP/1.1");
                ([method, *target, b"HTTP/1.1"].join(&b' '), false)
            }
            [method, target, version] if is_token(method) && version.starts_with(b"HTTP/") => {
                let version = match *version {
                    b"HTTP/1.1" | b"HTTP/1.0" => *version,
                    _ => {
                        let what = "read as HTTP/1.1; the rules are the same in each version";
                        self.note(line.number, what);
                        b"HTTP/1.1"
                    }
                };
                let head = [method, *target, version].join(&b' ');
                if head.len() < text.len() {
                    self.note(line.number, "more than one space; servers refuse such a line");
                }
                (head, true)
            }
            _ => {
                let message = "this is not a request line; write `METHOD target HTTP/1.1`";
                return Err(Unreadable::at(Some(line.number), message));
            }
        };
        self.lines.push((line.number, head));
        Ok(has_version)
    }

    /// A long value goes on in the next line. After a separator there was a space, else none: a
    /// terminal breaks a word where its line ends.
    fn wrapped(&mut self, line: &Line<'_>) -> Result<(), Unreadable> {
        let last = self.lines.last().and_then(|(_, text)| text.trim_ascii_end().last());
        let glue = if matches!(last, Some(b',' | b';')) { " " } else { "" };
        self.join(line, glue, "joined to the header above; servers refuse such a line")
    }

    fn join(&mut self, line: &Line<'_>, glue: &str, what: &str) -> Result<(), Unreadable> {
        let number = line.number;
        if self.lines.len() < 2 {
            let message = "this is neither a header (`name: value`) nor an empty line";
            return Err(Unreadable::at(Some(number), message));
        }
        if let Some((_, above)) = self.lines.last_mut() {
            above.truncate(above.trim_ascii_end().len());
            above.extend_from_slice(glue.as_bytes());
            above.extend_from_slice(line.text.trim_ascii());
        }
        self.note(number, what);
        Ok(())
    }

    fn note(&mut self, line: usize, what: &str) {
        self.notes.push(format!("line {line}: {what}"));
    }
}

struct Line<'a> {
    /// Counted from 1.
    number: usize,
    /// Without its end.
    text: &'a [u8],
}

struct Lines<'a> {
    rest: &'a [u8],
    number: usize,
}

impl<'a> Lines<'a> {
    fn peek(&self) -> Option<Line<'a>> {
        Self { rest: self.rest, number: self.number }.next()
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = Line<'a>;

    fn next(&mut self) -> Option<Line<'a>> {
        if self.rest.is_empty() {
            return None;
        }
        self.number += 1;
        let end = self.rest.iter().position(|b| *b == b'\n');
        let (text, rest) = match end.and_then(|end| self.rest.split_at_checked(end)) {
            Some((text, rest)) => (text, rest.get(1..).unwrap_or_default()),
            None => (self.rest, Default::default()),
        };
        self.rest = rest;
        Some(Line { number: self.number, text: text.strip_suffix(b"\r").unwrap_or(text) })
    }
}

fn is_blank(line: &[u8]) -> bool {
    line.trim_ascii().is_empty()
}

/// `name: value`; but not `https://..`, which is a value that was wrapped.
fn is_header(line: &[u8]) -> bool {
    let Some(colon) = line.iter().position(|b| *b == b':') else { return false };
    let (name, value) = line.split_at_checked(colon).unwrap_or_default();
    is_token(name) && !value.starts_with(b"://")
}

fn is_upper(text: &[u8]) -> bool {
    text.iter().all(u8::is_ascii_uppercase)
}

/// RFC 9110, section 5.6.2.
fn is_token(text: &[u8]) -> bool {
    !text.is_empty()
        && text.iter().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(b))
}
