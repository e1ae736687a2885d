//! Looks for the token's field in the request's form.

use bytes::Bytes;
use countersign::Field;
use countersign_tower::form_field;
use http::HeaderMap;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING};

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
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .map_err(|error| Failure::world(format!("cannot read the form: {error}")))?;
    Ok(runtime.block_on(form_field(headers, &body, limit, name)))
}

/// The body as it was sent: without the line end that an editor puts behind it, nor those that come
/// from wrapping an urlencoded form for a page. Clients encode such as are part of it.
fn sent(headers: &HeaderMap, body: &[u8]) -> Bytes {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let length = text(CONTENT_LENGTH).and_then(|length| length.parse().ok());
    let body = length.and_then(|length| body.get(..length)).unwrap_or(body);
    let media_type = text(CONTENT_TYPE).and_then(|value| value.split(';').next());
    match media_type.map(str::trim) {
        Some(media_type) if media_type.eq_ignore_ascii_case("multipart/form-data") => {
            Bytes::copy_from_slice(body)
        }
        _ => body.iter().copied().filter(|b| !matches!(b, b'\r' | b'\n')).collect(),
    }
}
