//! A refused request's response, and what the log says of it.

use bytes::Bytes;
use countersign::{Engine, Facts, Holder, Policy, Reason, Refusal, SessionKey};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ORIGIN, USER_AGENT};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
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

pub(crate) fn response(
    policy: &Policy,
    refusal: Refusal,
    request: &HeaderMap,
) -> Response<Full<Bytes>> {
    let reply = policy.dialect().reply(refusal.reason, request);
    let (content_type, text) = reply.body.unwrap_or_default();
    let mut response = Response::new(Full::from(text));
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::FORBIDDEN);
    if let Ok(value) = HeaderValue::try_from(content_type)
        && !value.is_empty()
    {
        response.headers_mut().insert(CONTENT_TYPE, value);
    }
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(phrase) = reply.reason_phrase {
        reason_phrase::set(response.extensions_mut(), phrase);
    }
    response.extensions_mut().insert(Rejection(refusal));
    response
}

/// Logs a refusal as the possible attack that it is.
pub(crate) fn log(
    engine: &Engine,
    facts: &Facts<'_>,
    parts: &Parts,
    refusal: &Refusal,
    enforced: bool,
) {
    let session: Option<SessionKey> = engine.holder(facts).and_then(|holder| match holder {
        Holder::Session(id) => Some(engine.session_key(&id)),
        Holder::User(_) => None,
    });
    tracing::warn!(
        target: "countersign",
        reason = refusal.reason.code(),
        rule = refusal.rule.number(),
        seen = %refusal.seen,
        expected = %refusal.expected,
        remedy = %refusal.remedy(engine.policy()),
        method = %parts.method,
        route = clipped(parts.uri.path()),
        session = session.map(tracing::field::debug),
        origin = header(parts, &ORIGIN),
        user_agent = header(parts, &USER_AGENT),
        enforced,
        "possible CSRF attempt"
    );
}

/// A header that holds anything but visible ASCII is not shown: it might forge log lines.
fn header<'r>(parts: &'r Parts, name: &HeaderName) -> Option<&'r str> {
    parts.headers.get(name).and_then(|value| value.to_str().ok()).map(clipped)
}

/// A refusal costs its sender nothing: what they wrote must not fill the disk.
fn clipped(text: &str) -> &str {
    const MOST: usize = 200;
    text.char_indices().nth(MOST).and_then(|(end, _)| text.get(..end)).unwrap_or(text)
}
