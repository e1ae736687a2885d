//! One line of the audit log.

use std::io;
use std::net::IpAddr;
use std::time::SystemTime;

use countersign::Refusal;
use countersign_tower::Judged;
use http::HeaderName;
use http::header::{ORIGIN, USER_AGENT};
use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, Serializer};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The most of what a client wrote, in bytes, so that requests which cost their sender nothing do
/// not fill the disk.
const MOST: usize = 300;

/// What is recorded of a refusal. Never a token or a cookie, and no query: those may hold anything.
#[derive(Debug, Serialize)]
pub(crate) struct Record<'a> {
    time: String,
    site: &'a str,
    /// `false` where it was only reported.
    enforced: bool,
    reason: &'static str,
    rule: &'static str,
    method: String,
    path: String,
    /// The pattern of the rule that means it.
    route: &'a str,
    origin: Option<String>,
    user_agent: Option<String>,
    peer: Option<IpAddr>,
    /// The session's name in logs.
    session: Option<String>,
    seen: String,
    expected: String,
    remedy: String,
}

impl<'a> Record<'a> {
    pub(crate) fn new(
        site: &'a str,
        route: &'a str,
        judged: &Judged<'_>,
        refusal: &Refusal,
        enforced: bool,
        now: SystemTime,
    ) -> Self {
        let facts = judged.facts();
        let head = facts.head();
        let header =
            |name: &HeaderName| head.headers.get(name).map(|value| shown(value.as_bytes()));
        Self {
            time: rfc3339(now),
            site,
            enforced,
            reason: refusal.reason.code(),
            rule: refusal.rule.code(),
            method: shown(head.method.as_str().as_bytes()),
            path: shown(head.uri.path().as_bytes()),
            route,
            origin: header(&ORIGIN),
            user_agent: header(&USER_AGENT),
            peer: facts.peer().address.map(|address| address.to_canonical()),
            session: judged.session().map(|session| format!("{session:?}")),
            seen: shown(refusal.seen.as_bytes()),
            expected: shown(refusal.expected.as_bytes()),
            remedy: shown(refusal.remedy(judged.engine().policy()).as_bytes()),
        }
    }

    /// As it is written, with its end.
    pub(super) fn line(&self) -> Vec<u8> {
        let mut line = Vec::with_capacity(512);
        // Nothing in a record can fail to be JSON, and a vector takes everything.
        let _ = self.serialize(&mut Serializer::with_formatter(&mut line, Ascii));
        line.push(b'\n');
        line
    }
}

/// What a client wrote, cut to a length.
pub(crate) fn shown(bytes: &[u8]) -> String {
    let cut = bytes.get(..MOST).unwrap_or(bytes);
    let mut text = String::from_utf8_lossy(cut).into_owned();
    if cut.len() < bytes.len() {
        text.push('\u{2026}');
    }
    text
}

/// In UTC, to the millisecond.
fn rfc3339(time: SystemTime) -> String {
    let time = OffsetDateTime::from(time);
    let whole = time.replace_nanosecond(time.nanosecond() / 1_000_000 * 1_000_000);
    whole.unwrap_or(time).format(&Rfc3339).unwrap_or_default()
}

/// JSON in visible ASCII: whoever shows the log in a terminal is shown text and nothing that moves
/// the cursor or turns the writing direction.
struct Ascii;

impl Formatter for Ascii {
    fn write_string_fragment<W: io::Write + ?Sized>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let is_plain = |c: char| (' '..='~').contains(&c);
        for run in fragment.split_inclusive(|c| !is_plain(c)) {
            let plain = run.trim_end_matches(|c| !is_plain(c));
            CompactFormatter.write_string_fragment(writer, plain)?;
            for unit in run.get(plain.len()..).unwrap_or_default().encode_utf16() {
                write!(writer, "\\u{unit:04x}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn time_is_written_in_utc() {
        for (milliseconds, expected) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400_000, "2000-02-29T00:00:00Z"),
            (1_800_000_000_250, "2027-01-15T08:00:00.25Z"),
        ] {
            let time = UNIX_EPOCH + Duration::from_millis(milliseconds);
            assert_eq!(rfc3339(time), expected);
        }
    }

    #[test]
    fn a_line_is_visible_ascii_whatever_a_client_wrote() {
        for text in [
            "plain",
            "\u{1b}[2J",
            "two\r\nlines",
            "quote\" back\\slash",
            "\u{7f}\u{9b}31m",
            "\u{202e}gnp.exe",
            "caf\u{e9} \u{1f980}",
        ] {
            let mut line = Vec::new();
            text.serialize(&mut Serializer::with_formatter(&mut line, Ascii)).unwrap();
            assert!(line.iter().all(|byte| (b' '..=b'~').contains(byte)), "{text:?}");
            let back: Value = serde_json::from_slice(&line).unwrap();
            assert_eq!(back, json!(text));
        }
    }

    #[test]
    fn what_is_long_is_cut() {
        assert_eq!(shown(&[b'a'; MOST]), "a".repeat(MOST));
        assert_eq!(shown(&[b'a'; MOST + 1]), format!("{}\u{2026}", "a".repeat(MOST)));
        assert_eq!(shown(b"caf\xe9"), "caf\u{fffd}");
    }
}
