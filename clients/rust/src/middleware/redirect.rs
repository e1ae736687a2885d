//! Redirects, followed here and not below, so that each hop is judged as a request of its own.

use std::time::Duration;

use http::header::{
    AUTHORIZATION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, COOKIE, LOCATION, ORIGIN,
    PROXY_AUTHORIZATION, REFERER, TRANSFER_ENCODING,
};
use http::{Extensions, HeaderMap, HeaderName, Method, StatusCode};
use reqwest::{Request, Response, Url};

use crate::repeat::copy;
use crate::rules::same_origin;
use crate::source::single;

/// What is kept of a request, to send it elsewhere.
pub(super) struct Again {
    method: Method,
    url: Url,
    headers: HeaderMap,
    timeout: Option<Duration>,
    /// With its body, if that can be sent twice.
    whole: Option<Request>,
}

impl Again {
    pub(super) fn of(request: &Request, extensions: &Extensions) -> Self {
        Self {
            method: request.method().clone(),
            url: request.url().clone(),
            headers: request.headers().clone(),
            timeout: request.timeout().copied(),
            whole: copy(request, extensions),
        }
    }

    /// The request that a redirect asks for (RFC 9110, section 15.4), without what is for the first
    /// origin only. `None` when there is nothing to follow, or no body left to send.
    pub(super) fn follow(
        self,
        response: &Response,
        header: Option<&HeaderName>,
    ) -> Option<Request> {
        let url = target(response)?;
        let keeps = matches!(
            response.status(),
            StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT
        );
        let becomes_get = match response.status() {
            StatusCode::SEE_OTHER => self.method != Method::HEAD && self.method != Method::GET,
            // As browsers do (RFC 9110, section 15.4.3).
            _ => !keeps && self.method == Method::POST,
        };
        let mut next = if becomes_get {
            let mut bare = Request::new(Method::GET, url.clone());
            *bare.headers_mut() = self.headers;
            for name in [CONTENT_TYPE, CONTENT_LENGTH, CONTENT_ENCODING, TRANSFER_ENCODING] {
                bare.headers_mut().remove(name);
            }
            *bare.timeout_mut() = self.timeout;
            bare
        } else {
            self.whole?
        };
        *next.url_mut() = url;
        if !same_origin(&self.url, next.url()) {
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
