//! The head of a request, borrowed from whatever type carries it.

use http::header::HeaderMap;
use http::request::Parts;
use http::{Method, Request, Uri};

/// Method, target and headers of one request.
#[derive(Clone, Copy, Debug)]
pub struct Head<'r> {
    /// From the request line.
    pub method: &'r Method,
    /// The request target; its authority, when it has one, must agree with `Host`.
    pub uri: &'r Uri,
    /// All headers.
    pub headers: &'r HeaderMap,
}

impl<'r> From<&'r Parts> for Head<'r> {
    fn from(parts: &'r Parts) -> Self {
        Self { method: &parts.method, uri: &parts.uri, headers: &parts.headers }
    }
}

impl<'r, B> From<&'r Request<B>> for Head<'r> {
    fn from(request: &'r Request<B>) -> Self {
        Self { method: request.method(), uri: request.uri(), headers: request.headers() }
    }
}
