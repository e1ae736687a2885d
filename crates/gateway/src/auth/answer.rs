//! The answers.

use std::sync::Arc;

use bytes::Bytes;
use countersign::Reason;
use countersign_tower::Rejection;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderMap, HeaderValue, SET_COOKIE};
use http::{Method, Response, StatusCode};
use http_body_util::Full;
use hyper::ext::ReasonPhrase;
use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::{Error, StrDeserializer};

use super::describe::{Asked, Caller, REASON};
use super::nothing;
use crate::site::Site;
use crate::trace::Span;

/// A second cookie, for proxies that can copy one header of a name.
const SECOND_COOKIE: &str = "x-countersign-set-cookie";

/// Whether the described request may pass.
pub(super) async fn verify(
    site: &Arc<Site>,
    caller: Caller,
    asked: Asked,
    span: &Span,
) -> Response<Full<Bytes>> {
    let response = site.judge(&asked.client, asked.parts, Full::default(), span).await;
    let refused = response.extensions().get::<Rejection>().map(Rejection::reason);
    match (refused, caller) {
        (Some(reason), Caller::Nginx) => refused_for_nginx(reason),
        _ => separate_cookies(response, caller),
    }
}

/// A token for the described request's session.
pub(super) async fn token(site: &Arc<Site>, asked: Asked, span: &Span) -> Response<Full<Bytes>> {
    if asked.parts.method != Method::GET {
        return nothing(StatusCode::METHOD_NOT_ALLOWED);
    }
    site.hand_out(&asked.client, asked.parts, span).await
}

/// What the client is told of a refusal, by the dialect. nginx can take neither status nor body from
/// the answer to its question, but it asks again with the reason.
pub(super) fn refusal(site: &Site, asked: &Asked) -> Response<Full<Bytes>> {
    let Some(reason) = asked.reason.as_ref().and_then(read_reason) else {
        // Somebody else refused the request.
        return nothing(StatusCode::FORBIDDEN);
    };
    let reply = site.config.policy.dialect().reply(reason, &asked.parts.headers);
    let (content_type, text) = reply.body.unwrap_or_default();
    let mut response = Response::new(Full::from(text));
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::FORBIDDEN);
    let headers = response.headers_mut();
    if let Some(value) = HeaderValue::try_from(content_type).ok().filter(|value| !value.is_empty())
    {
        headers.insert(CONTENT_TYPE, value);
    }
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(phrase) = reply.reason_phrase.and_then(|phrase| ReasonPhrase::try_from(phrase).ok())
    {
        response.extensions_mut().insert(phrase);
    }
    response
}

/// The reason goes into a variable of nginx's, and not to the client.
fn refused_for_nginx(reason: Reason) -> Response<Full<Bytes>> {
    let mut response = nothing(StatusCode::FORBIDDEN);
    response.headers_mut().insert(REASON, HeaderValue::from_static(reason.code()));
    response
}

fn read_reason(value: &HeaderValue) -> Option<Reason> {
    let code: StrDeserializer<'_, Error> = value.to_str().ok()?.into_deserializer();
    Reason::deserialize(code).ok()
}

fn separate_cookies(mut response: Response<Full<Bytes>>, caller: Caller) -> Response<Full<Bytes>> {
    if matches!(caller, Caller::Nginx | Caller::Caddy | Caller::Haproxy) {
        second_cookie_apart(response.headers_mut());
    }
    response
}

/// The gateway's own session, and the token where it travels as a cookie: there are no more.
fn second_cookie_apart(headers: &mut HeaderMap) {
    let all: Vec<HeaderValue> = headers.get_all(SET_COOKIE).iter().cloned().collect();
    if let [first, second] = all.as_slice() {
        headers.insert(SET_COOKIE, first.clone());
        headers.insert(SECOND_COOKIE, second.clone());
    }
}
