//! Redirects, followed here and not below, so that each hop is judged as a request of its own.

use http::header::{
    AUTHORIZATION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, COOKIE, LOCATION, ORIGIN,
    PROXY_AUTHORIZATION, REFERER, TRANSFER_ENCODING,
};
use http::{Extensions, HeaderName, Method, StatusCode};
use reqwest::{Request, Response, Url};

use crate::repeat::{copy, without_body};
use crate::rules::same_origin;
use crate::source::single;

/// What is kept of a request, to send it elsewhere.
pub(super) struct Again {
    request: Request,
    /// With its body, if it has one.
    whole: bool,
}

impl Again {
    pub(super) fn of(request: &Request, extensions: &Extensions) -> Self {
        match copy(request, extensions) {
            Some(request) => Self { request, whole: true },
            None => Self { request: without_body(request), whole: false },
        }
    }

    /// The request that a redirect asks for (RFC 9110, section 15.4), without what is for the first
    /// origin only. `None` when there is nothing to follow, or no body left to send.
    pub(super) fn follow(
        self,
        response: &Response,
        header: Option<&HeaderName>,
    ) -> Option<Request> {
        let Self { request: mut next, whole } = self;
        let url = target(response)?;
        let keeps = matches!(
            response.status(),
            StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT
        );
        let becomes_get = match response.status() {
            StatusCode::SEE_OTHER => {
                *next.method() != Method::HEAD && *next.method() != Method::GET
            }
            // As browsers do (RFC 9110, section 15.4.3).
            _ => !keeps && *next.method() == Method::POST,
        };
        if becomes_get {
            *next.method_mut() = Method::GET;
            *next.body_mut() = None;
            for name in [CONTENT_TYPE, CONTENT_LENGTH, CONTENT_ENCODING, TRANSFER_ENCODING] {
                next.headers_mut().remove(name);
            }
        } else if !whole {
            return None;
        }
        let before = std::mem::replace(next.url_mut(), url);
        if !same_origin(&before, next.url()) {
            for name in [AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION, ORIGIN, REFERER] {
                next.headers_mut().remove(name);
            }
            // One that the caller has set; ours is not in this copy.
            if let Some(name) = header {
                next.headers_mut().remove(name);
            }
        }
        Some(next)
    }
}

/// Whether this is a redirect that could be followed.
pub(super) fn leads_on(response: &Response) -> bool {
    target(response).is_some()
}

fn target(response: &Response) -> Option<Url> {
    let redirects = matches!(
        response.status(),
        StatusCode::MOVED_PERMANENTLY
            | StatusCode::FOUND
            | StatusCode::SEE_OTHER
            | StatusCode::TEMPORARY_REDIRECT
            | StatusCode::PERMANENT_REDIRECT
    );
    if !redirects {
        return None;
    }
    let url = response.url().join(single(response.headers(), &LOCATION)?).ok()?;
    matches!(url.scheme(), "http" | "https").then_some(url)
}
