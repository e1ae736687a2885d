//! A refused request's response, and what the log says of it.

use bytes::Bytes;
use countersign::{Engine, Facts, Head, Holder, Policy, Reason, Refusal, SessionKey};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ORIGIN, USER_AGENT};
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
pub(crate) fn log(engine: &Engine, facts: &Facts<'_>, refusal: &Refusal, enforced: bool) {
    // What the log says costs more than the verdict: nothing is made that nobody reads.
    if !tracing::enabled!(target: "countersign", tracing::Level::WARN) {
        return;
    }
    let head = facts.head();
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
        method = shown(head.method.as_str().as_bytes()),
        route = shown(head.uri.path().as_bytes()),
        session = session.map(tracing::field::debug),
        origin = header(head, &ORIGIN),
        user_agent = header(head, &USER_AGENT),
        enforced,
        "possible CSRF attempt"
    );
}

fn header(head: Head<'_>, name: &HeaderName) -> Option<String> {
    head.headers.get(name).map(|value| shown(value.as_bytes()))
}

/// What a client wrote, as a log may show it: nothing that forges a line, and not so much of it that
/// requests which cost their sender nothing fill the disk.
pub(crate) fn shown(bytes: &[u8]) -> String {
    const MOST: usize = 200;
    let visible = |byte: &u8| if (b' '..=b'~').contains(byte) { char::from(*byte) } else { '?' };
    bytes.iter().take(MOST).map(visible).collect()
}
