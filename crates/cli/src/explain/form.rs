//! Looks for the token's field in the request's form.

use countersign::{Field, urlencoded_field};
use futures_util::stream;
use http::HeaderMap;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING};
use multer::bytes::Bytes;
use multer::{Multipart, parse_boundary};

use crate::failure::Failure;

/// The field `name` in the first `limit` bytes of the form.
pub(super) fn field(
    headers: &HeaderMap,
    body: &[u8],
    name: &str,
    limit: usize,
) -> Result<Field, Failure> {
    if headers.contains_key(TRANSFER_ENCODING) {
        return Err(Failure::input(
            "the token may be in the form, but the body is in chunks; give it as one piece, \
             without Transfer-Encoding",
        ));
    }
    let body = sent(headers, body);
    let content_type =
        headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    match parse_boundary(content_type) {
        Ok(boundary) => multipart(body, boundary, name, limit),
        Err(multer::Error::NoMultipart) => Ok(urlencoded(body, name, limit)),
        Err(_) => Ok(Field::Malformed),
    }
}

/// The body without the line end that an editor puts behind it.
fn sent<'b>(headers: &HeaderMap, body: &'b [u8]) -> &'b [u8] {
    let length = headers
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok())
        .and_then(|length| length.parse().ok());
    length.and_then(|length| body.get(..length)).unwrap_or(body)
}

fn urlencoded(body: &[u8], name: &str, limit: usize) -> Field {
    // Clients encode line ends; raw ones come from wrapping the text for a page.
    let body: Vec<u8> = body.iter().copied().filter(|b| !matches!(b, b'\r' | b'\n')).collect();
    let Some(beginning) = body.get(..limit).filter(|_| body.len() > limit) else {
        return urlencoded_field(&body, name);
    };
    // The last pair may be cut off in its middle.
    let whole = beginning.iter().rposition(|b| *b == b'&').unwrap_or(0);
    match urlencoded_field(beginning.get(..whole).unwrap_or_default(), name) {
        Field::Absent => Field::TooLarge,
        found => found,
    }
}

fn multipart(body: &[u8], boundary: String, name: &str, limit: usize) -> Result<Field, Failure> {
    let is_cut = body.len() > limit;
    let beginning = Bytes::copy_from_slice(body.get(..limit).unwrap_or(body));
    let pieces = stream::iter([Ok::<_, std::convert::Infallible>(beginning)]);
    let mut parts = Multipart::new(pieces, boundary);
    let search = async {
        let mut found = Field::Absent;
        loop {
            let part = match parts.next_field().await {
                Ok(Some(part)) => part,
                Ok(None) => return found,
                Err(_) => return if is_cut { cut(found) } else { Field::Malformed },
            };
            let rest = part.name().and_then(|own| own.strip_prefix(name)).map(str::to_owned);
            match (rest.as_deref(), &found) {
                (Some(""), Field::Absent) => match part.bytes().await {
                    Ok(value) => found = Field::One(value.to_vec()),
                    Err(_) => return if is_cut { Field::TooLarge } else { Field::Malformed },
                },
                // Some frameworks read `name[]` as a list of that name.
                (Some(rest), _) if rest.is_empty() || rest.starts_with('[') => {
                    return Field::Repeated;
                }
                _ => {}
            }
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .map_err(|error| Failure::world(format!("cannot read the form: {error}")))?;
    Ok(runtime.block_on(search))
}

/// What was found before the limit cut the form off.
fn cut(found: Field) -> Field {
    match found {
        Field::Absent => Field::TooLarge,
        found => found,
    }
}
