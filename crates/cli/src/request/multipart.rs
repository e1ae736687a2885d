//! A form with files (RFC 7578).

use std::fmt::Write;
use std::path::Path;

use super::form::{Attachment, Field, Value};
use super::source::Source;
use crate::failure::Failure;

/// The body.
pub(super) struct Multipart {
    pub(super) content_type: String,
    pub(super) pieces: Vec<Source>,
}

impl Multipart {
    /// Opens all the files.
    pub(super) fn of(fields: &[Field]) -> Result<Self, Failure> {
        let boundary = boundary()?;
        let mut pieces = Vec::new();
        let mut text = String::new();
        for Field { name, value } in fields {
            let name = quoted(name);
            // Writing to a String cannot fail.
            let _ = write!(text, "--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"");
            match value {
                Value::Text(value) => {
                    let _ = write!(text, "\r\n\r\n{value}\r\n");
                }
                Value::File(file) => {
                    let (name, kind) = (quoted(&file.shown()), file.kind());
                    let _ = write!(text, "; filename=\"{name}\"\r\nContent-Type: {kind}\r\n\r\n");
                    pieces.push(std::mem::take(&mut text).into_bytes().into());
                    pieces.push(Source::open(&file.path)?);
                    text.push_str("\r\n");
                }
            }
        }
        let _ = write!(text, "--{boundary}--\r\n");
        pieces.push(text.into_bytes().into());
        Ok(Self { content_type: format!("multipart/form-data; boundary={boundary}"), pieces })
    }
}

impl Attachment {
    /// Its name without the folders, which are nobody else's business.
    fn shown(&self) -> String {
        let own = || Path::new(&self.path).file_name().unwrap_or_default().to_string_lossy().into();
        self.name.clone().unwrap_or_else(own)
    }

    /// Guessed from what the server is told the name is, where the user does not say it.
    fn kind(&self) -> String {
        let guessed = || {
            let name = self.shown().to_ascii_lowercase();
            let ending = Path::new(&name).extension().and_then(|ending| ending.to_str());
            let known = KINDS.iter().find(|(own, _)| Some(*own) == ending);
            known.map_or("application/octet-stream", |(_, kind)| kind).to_owned()
        };
        self.kind.clone().unwrap_or_else(guessed)
    }
}

/// Those that curl knows, and a few more that are uploaded every day.
const KINDS: [(&str, &str); 14] = [
    ("csv", "text/csv"),
    ("gif", "image/gif"),
    ("htm", "text/html"),
    ("html", "text/html"),
    ("jpeg", "image/jpeg"),
    ("jpg", "image/jpeg"),
    ("json", "application/json"),
    ("pdf", "application/pdf"),
    ("png", "image/png"),
    ("svg", "image/svg+xml"),
    ("txt", "text/plain"),
    ("webp", "image/webp"),
    ("xml", "application/xml"),
    ("zip", "application/zip"),
];

/// As browsers write names (HTML, section 4.10.21.8), so that none can begin a header of its own.
fn quoted(name: &str) -> String {
    name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

/// One that nobody can guess: whoever made a file could end it there and add fields of his own.
fn boundary() -> Result<String, Failure> {
    let mut random = [0; 16];
    getrandom::fill(&mut random)
        .map_err(|error| Failure::world(format!("no random numbers: {error}")))?;
    Ok(format!("countersign-{:032x}", u128::from_ne_bytes(random)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attachment(text: &str) -> Attachment {
        text.parse().unwrap()
    }

    #[test]
    fn a_type_is_guessed_from_the_name_that_the_server_is_told() {
        for (text, expected) in [
            ("a.png", "image/png"),
            ("A.PNG", "image/png"),
            ("a.png.zip", "application/zip"),
            ("png", "application/octet-stream"),
            ("a.", "application/octet-stream"),
            ("folder.png/a", "application/octet-stream"),
            ("a.tmp;filename=a.pdf", "application/pdf"),
            ("-;filename=a.pdf", "application/pdf"),
            ("-", "application/octet-stream"),
            ("a.png;type=x/y", "x/y"),
        ] {
            assert_eq!(attachment(text).kind(), expected, "{text}");
        }
    }

    #[test]
    fn a_name_cannot_leave_its_quotes() {
        let nasty = "a\"; name=\"b\r\nX-Other: c";
        assert_eq!(quoted(nasty), "a%22; name=%22b%0D%0AX-Other: c");
        assert_eq!(attachment("/tmp/over there/é.txt").shown(), "é.txt");
    }

    #[test]
    fn no_two_boundaries_are_the_same() {
        assert_ne!(boundary().unwrap(), boundary().unwrap());
    }
}
