//! A refused request's response.

use bytes::Bytes;
use countersign::{Policy, Reason, Refusal, TokenSource};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use http_body_util::Full;

use crate::reason_phrase;

/// Stands in the extensions of the response to a refused request, so that an app can render a page
/// of its own in its place. Tell the user to try again; do not tell an attacker why.
#[derive(Clone, Debug)]
pub struct Rejection(Refusal);

impl Rejection {
    /// Why.
    #[must_use]
    pub const fn reason(&self) -> Reason {
        self.0.reason
    }

    /// All that is known, for the operator.
    pub const fn refusal(&self) -> &Refusal {
        &self.0
    }
}

/// The dialect's words; with `status`, under another status than the dialect's own.
pub(crate) fn response(
    policy: &Policy,
    refusal: Refusal,
    status: Option<StatusCode>,
    request: &HeaderMap,
) -> Response<Full<Bytes>> {
    let reply = policy.dialect().reply(refusal.reason, request);
    let (content_type, text) = reply.body.unwrap_or_default();
    let mut response = Response::new(Full::from(text));
    let own = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::FORBIDDEN);
    *response.status_mut() = status.unwrap_or(own);
    if let Ok(value) = HeaderValue::try_from(content_type)
        && !value.is_empty()
    {
        response.headers_mut().insert(CONTENT_TYPE, value);
    }
    response.headers_mut().extend(reply.headers);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(phrase) = reply.reason_phrase.filter(|_| status.is_none()) {
        reason_phrase::set(response.extensions_mut(), phrase);
    }
    response.extensions_mut().insert(Rejection(refusal));
    response
}

/// Puts the token that should have been sent on a refusal, where the dialect says it there. For code
/// outside of the layer that knows whose it is, such as a session that begins with the refusal.
pub fn say_token(policy: &Policy, headers: &mut HeaderMap, token: &str) {
    if let Some(TokenSource::Header(name)) = &policy.dialect().refusal.token
        && let Ok(value) = HeaderValue::try_from(token)
    {
        headers.insert(name.name().clone(), value);
    }
}
