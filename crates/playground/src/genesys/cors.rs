//! Cross-origin reading, for the pages of trusted origins.
//!
//! By hand, because the wire is given: the exposed headers are named on preflights too, and an origin that
//! is not trusted gets none of these headers. tower-http's layer can be told neither.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode};

use countersign::{Origin, OriginRef};

/// Lets the pages of `trusted` origins call, and read the replies.
pub(super) async fn allow(
    State(trusted): State<Arc<[Origin]>>,
    request: Request,
    next: Next,
) -> Response {
    let origin = trusted_origin(request.headers(), &trusted);
    let is_preflight = *request.method() == Method::OPTIONS
        && request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    let mut response =
        if is_preflight { StatusCode::OK.into_response() } else { next.run(request).await };
    let headers = response.headers_mut();
    headers.append(VARY, HeaderValue::from_static("Origin"));
    if let Some(origin) = origin {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        let more = [
            (ACCESS_CONTROL_ALLOW_CREDENTIALS, "true"),
            (ACCESS_CONTROL_EXPOSE_HEADERS, "X-CSRF-HEADER,X-CSRF-TOKEN"),
        ];
        let for_preflights = [
            (ACCESS_CONTROL_ALLOW_HEADERS, "X-CSRF-TOKEN, Content-Type, Authorization"),
            (ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, PUT, DELETE"),
            (ACCESS_CONTROL_MAX_AGE, "600"),
        ];
        let for_preflights = for_preflights.into_iter().filter(|_| is_preflight);
        for (name, value) in more.into_iter().chain(for_preflights) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
    response
}

/// The request's one origin, if it is trusted.
fn trusted_origin(headers: &HeaderMap, trusted: &[Origin]) -> Option<HeaderValue> {
    let mut values = headers.get_all(ORIGIN).iter();
    let origin = values.next().filter(|_| values.next().is_none())?;
    let named = origin.to_str().ok().and_then(OriginRef::parse)?;
    trusted.iter().any(|one| one.as_ref() == named).then(|| origin.clone())
}
