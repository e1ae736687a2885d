//! A response whose body has been looked into and is still there for the caller.

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::HeaderMap;
use http_body::Frame;
use http_body_util::{BodyStream, StreamBody};
use reqwest::{Body, Response, ResponseBuilderExt, Url};

/// A token, or what tells a refusal, is in so much of a body or not at all.
pub(crate) const LOOKED_INTO: usize = 1 << 20;

/// What of a response decides.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answer<'a> {
    pub(crate) status: u16,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: &'a [u8],
}

/// Reads the beginning of the body, all of it unless it is longer than [`LOOKED_INTO`], and puts it
/// back.
///
/// # Errors
/// The connection broke on the way.
pub(crate) async fn look_into(mut response: Response) -> reqwest::Result<(Response, Bytes)> {
    let (mut begin, mut rest) = (Vec::new(), true);
    while begin.len() < LOOKED_INTO {
        match response.chunk().await? {
            Some(chunk) => begin.extend_from_slice(&chunk),
            None => {
                rest = false;
                break;
            }
        }
    }
    let begin = Bytes::from(begin);
    let url = response.url().clone();
    let (parts, body) = http::Response::<Body>::from(response).into_parts();
    let body = if rest {
        let first = stream::once(std::future::ready(Ok(Frame::data(begin.clone()))));
        Body::wrap(StreamBody::new(first.chain(BodyStream::new(body))))
    } else {
        Body::from(begin.clone())
    };
    let mut whole = http::Response::new(body);
    *whole.status_mut() = parts.status;
    *whole.version_mut() = parts.version;
    *whole.headers_mut() = parts.headers;
    *whole.extensions_mut() = parts.extensions;
    Ok((with_url(whole, url), begin))
}

/// Only a builder can say which URL a response is from.
fn with_url(mut response: http::Response<Body>, url: Url) -> Response {
    let built = http::Response::builder().url(url).body(());
    if let Ok(carrier) = built {
        response.extensions_mut().extend(carrier.into_parts().0.extensions);
    }
    Response::from(response)
}
