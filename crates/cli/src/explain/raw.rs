//! Reads one HTTP/1 request.

use countersign::Scheme;
use http::header::HOST;
use http::{HeaderName, HeaderValue, Method, Uri};

use super::mend::{Mended, mend};

/// More headers than any server takes.
const MOST_HEADERS: usize = 256;

/// A larger head is refused by every server.
const MOST_HEAD: usize = 256 * 1024;

/// A request that could be read.
#[derive(Debug)]
pub(super) struct Raw {
    pub(super) head: http::Request<()>,
    pub(super) body: Vec<u8>,
    /// What an absolute request target says.
    pub(super) scheme: Option<Scheme>,
    /// What was mended.
    pub(super) notes: Vec<String>,
}

/// Why a text is not a request.
#[derive(Debug)]
pub(super) struct Unreadable {
    /// Counted from 1.
    pub(super) line: Option<usize>,
    pub(super) message: String,
}

impl Unreadable {
    pub(super) fn at(line: Option<usize>, message: impl Into<String>) -> Self {
        Self { line, message: message.into() }
    }
}

impl Raw {
    pub(super) fn read(bytes: &[u8]) -> Result<Self, Unreadable> {
        let Mended { lines, body, mut notes } = mend(bytes)?;
        if lines.len() > MOST_HEADERS + 1 {
            let message = format!("more than {MOST_HEADERS} headers; servers take about a hundred");
            return Err(Unreadable::at(None, message));
        }
        if lines.iter().map(|(_, text)| text.len()).sum::<usize>() > MOST_HEAD {
            let message = format!("the head is larger than {} KiB", MOST_HEAD / 1024);
            return Err(Unreadable::at(None, message));
        }
        let text = join(lines.iter().map(|(_, text)| text.as_slice()));
        let mut slots = [httparse::EMPTY_HEADER; MOST_HEADERS];
        let mut parsed = httparse::Request::new(&mut slots);
        match parsed.parse(&text) {
            Ok(httparse::Status::Complete(_)) => {}
            Ok(httparse::Status::Partial) => {
                return Err(Unreadable::at(None, "the head of the request is not complete"));
            }
            Err(error) => return Err(blame(&lines, error)),
        }
        let head = request(&parsed).map_err(|message| Unreadable::at(None, message))?;
        if head.uri().authority().is_none() && !head.headers().contains_key(HOST) {
            notes.push("no Host header; servers refuse such a request".to_owned());
        }
        let scheme = match head.uri().scheme_str() {
            Some("https" | "wss") => Some(Scheme::Https),
            Some("http" | "ws") => Some(Scheme::Http),
            _ => None,
        };
        Ok(Self { head, body: body.to_vec(), scheme, notes })
    }
}

fn join<'a>(lines: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut text = Vec::new();
    for line in lines {
        text.extend_from_slice(line);
        text.extend_from_slice(b"\r\n");
    }
    text.extend_from_slice(b"\r\n");
    text
}

/// Finds the line that the parser stumbled over, by giving it one header at a time.
fn blame(lines: &[(usize, Vec<u8>)], error: httparse::Error) -> Unreadable {
    let Some(((first, request_line), headers)) = lines.split_first() else {
        return Unreadable::at(None, error.to_string());
    };
    let fails = |text: &[u8]| {
        let mut slot = [httparse::EMPTY_HEADER; 1];
        httparse::Request::new(&mut slot).parse(text).is_err()
    };
    if fails(&join([request_line.as_slice()].into_iter())) {
        return Unreadable::at(Some(*first), error.to_string());
    }
    let line = headers
        .iter()
        .find(|(_, text)| fails(&join([b"GET / HTTP/1.1".as_slice(), text].into_iter())))
        .map(|(line, _)| *line);
    Unreadable::at(line, error.to_string())
}

fn request(parsed: &httparse::Request<'_, '_>) -> Result<http::Request<()>, String> {
    let (method, target) = (parsed.method.unwrap_or_default(), parsed.path.unwrap_or_default());
    let method =
        Method::from_bytes(method.as_bytes()).map_err(|_| format!("`{method}` is not a method"))?;
    let uri: Uri =
        target.parse().map_err(|error| format!("`{target}` is not a request target: {error}"))?;
    let mut head = http::Request::new(());
    *head.method_mut() = method;
    *head.uri_mut() = uri;
    for header in parsed.headers.iter() {
        let name = HeaderName::from_bytes(header.name.as_bytes())
            .map_err(|_| format!("`{}` is not a header name", header.name))?;
        let value = HeaderValue::from_bytes(header.value)
            .map_err(|_| format!("the value of {name} holds bytes that no header may"))?;
        head.headers_mut().append(name, value);
    }
    Ok(head)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
            let _ = Raw::read(&bytes);
        }

        #[test]
        fn any_lines_below_a_request_line_are_read_or_refused(
            lines in "(GET|POST)( [ -~]{0,9}){0,2} (HTTP/1.1|)(\r?\n[ :{a-zA-Z\t\x00-\x02\u{e9}-]{0,9}){0,9}"
        ) {
            if let Err(Unreadable { line: Some(line), .. }) = Raw::read(lines.as_bytes()) {
                prop_assert!((1..=lines.split('\n').count()).contains(&line), "line {}", line);
            }
        }

        #[test]
        fn mending_changes_nothing_that_needs_none(
            headers in prop::collection::vec(("[A-Za-z-]{1,9}", "[!-~]([ -~]{0,9}[!-~])?"), 0..9),
            body: Vec<u8>,
        ) {
            let mut text = b"POST /a?b HTTP/1.1\r\nHost: a.example\r\n".to_vec();
            for (name, value) in &headers {
                text.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
            }
            text.extend_from_slice(b"\r\n");
            text.extend_from_slice(&body);
            let raw = Raw::read(&text).unwrap();
            prop_assert_eq!(raw.notes, Vec::<String>::new());
            prop_assert_eq!(raw.body, body);
            prop_assert_eq!(raw.head.headers().len(), headers.len() + 1);
            for (name, value) in &headers {
                let mut all = raw.head.headers().get_all(name.as_str()).iter();
                prop_assert!(all.any(|own| own == value.as_str()));
            }
        }
    }
}
