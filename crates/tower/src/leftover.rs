//! What is left of a refused request's body.
//!
//! Over HTTP/1.1 the next request of a connection begins where the body of this one ends. A server that
//! answers before it has read so far closes the connection, and hyper does that without a word: its answer
//! is on the way by then. The client hears of it with its next request, which breaks off for no reason that
//! it can see. So a short rest is read before the answer, and where there is more, the answer says that the
//! connection ends (RFC 9112, section 9.6). HTTP/2 has no such trouble: each request is a stream.

use bytes::Bytes;
use http::header::{CONNECTION, EXPECT, HeaderValue};
use http::request::Parts;
use http::{HeaderMap, Response, Version};
use http_body::Body;

use crate::body::{BoxError, HeldBody};
use crate::layer::Deadline;

/// Bytes that are read in order to keep a connection, as Go's `net/http` does. A new connection costs less
/// than reading more.
const LIMIT: usize = 256 * 1024;

/// Whether anything of a body is left that keeps a connection from its next request.
pub(crate) fn is_there<B: Body>(version: Version, body: &B) -> bool {
    version <= Version::HTTP_11 && !body.is_end_stream()
}

/// Reads it, or says in the response that the connection ends. Waits no longer than until the deadline.
pub(crate) async fn settle<B, R>(
    request: &Parts,
    body: &mut HeldBody<B>,
    deadline: Option<Deadline>,
    response: &mut Response<R>,
) where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<BoxError>,
{
    if is_there(request.version, body)
        && (is_held_back(&request.headers) || !body.discard(LIMIT, deadline).await)
    {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
}

/// Such a client sends its body once it is told to, and a refusal tells it not to (RFC 9110, section 10.1.1).
fn is_held_back(headers: &HeaderMap) -> bool {
    headers.contains_key(EXPECT)
}
