//! Finding the token's field in the beginning of a form.

use bytes::Bytes;
use countersign::{Field, urlencoded_field};
use http::HeaderMap;
use http::header::CONTENT_TYPE;

/// A token is short. A part of that name that is longer than this is something else.
const MAX_VALUE: u64 = 4096;

/// The field `name` in the first `limit` bytes of a form with these headers, of which `body` is the
/// beginning: all of it, or more than `limit` bytes. Reads `multipart/form-data`; everything else
/// is taken for `application/x-www-form-urlencoded`.
///
/// A repeated field and a list (`name[]`) are [`Field::Repeated`]; what may come behind the limit is
/// [`Field::TooLarge`].
pub async fn form_field(headers: &HeaderMap, body: &Bytes, limit: usize, name: &str) -> Field {
    let whole = body.len() <= limit;
    let bytes = body.slice(..limit.min(body.len()));
    let content_type = headers.get(CONTENT_TYPE).map_or(&b""[..], |value| value.as_bytes());
    let found = if is_multipart(content_type) {
        let content_type = std::str::from_utf8(content_type).unwrap_or_default();
        match multer::parse_boundary(content_type) {
            Ok(boundary) => multipart(bytes, boundary, name, whole).await,
            Err(_) => Field::Malformed,
        }
    } else {
        urlencoded(&bytes, name, whole)
    };
    match found {
        Field::Absent if !whole => Field::TooLarge,
        found => found,
    }
}

/// Whether a request is a form, in which the engine may want to look for a field.
pub(crate) fn is_form(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_TYPE).is_some_and(|value| {
        let content_type = value.as_bytes();
        is(content_type, b"application/x-www-form-urlencoded") || is_multipart(content_type)
    })
}

fn is_multipart(content_type: &[u8]) -> bool {
    is(content_type, b"multipart/form-data")
}

fn is(content_type: &[u8], media_type: &[u8]) -> bool {
    let own = content_type.split(|b| *b == b';').next().unwrap_or_default();
    own.trim_ascii().eq_ignore_ascii_case(media_type)
}

/// Of a form that was cut off, the last pair may be incomplete and does not count.
fn urlencoded(bytes: &Bytes, name: &str, whole: bool) -> Field {
    let complete = match bytes.iter().rposition(|b| *b == b'&') {
        _ if whole => bytes.len(),
        Some(at) => at,
        None => 0,
    };
    urlencoded_field(bytes.get(..complete).unwrap_or_default(), name)
}

/// Reads parts until the form, or what there is of it, ends.
async fn multipart(bytes: Bytes, boundary: String, name: &str, whole: bool) -> Field {
    let mut parts = multer::Multipart::with_reader(&*bytes, boundary);
    let mut found = Field::Absent;
    loop {
        let part = match parts.next_field().await {
            Ok(Some(part)) => part,
            Ok(None) => return found,
            Err(_) if whole => return Field::Malformed,
            Err(_) => return found,
        };
        let Some(rest) = part.name().and_then(|own| own.strip_prefix(name)) else { continue };
        let own = rest.is_empty();
        if !own && !rest.starts_with('[') {
            continue;
        }
        if !own || found != Field::Absent {
            return Field::Repeated;
        }
        found = match value(part).await {
            Ok(value) => Field::One(value),
            Err(_) if whole => return Field::Malformed,
            // Cut off within the token itself.
            Err(_) => return Field::Absent,
        };
    }
}

async fn value(mut part: multer::Field<'_>) -> Result<Vec<u8>, multer::Error> {
    let mut value = Vec::new();
    while let Some(chunk) = part.chunk().await? {
        value.extend_from_slice(&chunk);
        if value.len() as u64 > MAX_VALUE {
            return Err(multer::Error::FieldSizeExceeded { limit: MAX_VALUE, field_name: None });
        }
    }
    Ok(value)
}
