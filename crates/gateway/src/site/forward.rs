//! Handing a request to the upstream, and what is said when that fails.

use std::pin::pin;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use http::header::{CONNECTION, HOST, HeaderValue, TE};
use http::request::Parts;
use http::uri::{PathAndQuery, Scheme, Uri};
use http::{Request, Response, StatusCode, Version};
use http_body_util::{Either, Full};
use hyper::body::Incoming;
use tokio::time::timeout;

use super::session::own_cookie;
use super::{Backstage, own};
use crate::config::{Forwarded, Protocol, UpstreamHost};
use crate::metrics::Failure;
use crate::proxy::body::{BodyFault, UpstreamBody};
use crate::proxy::headers::{self, Asker};
use crate::proxy::pool::{ExchangeError, Lease, Outgoing, Upstream};
use crate::trace::Asked;

/// What comes of asking the upstream: its own response, or the gateway's word on why there is none.
pub(super) type Forwarding = Response<Either<Full<Bytes>, UpstreamBody>>;

/// Why there is no response.
enum Unanswered {
    Exchange(ExchangeError),
    /// No response within the deadline.
    Slow,
}

impl Backstage {
    pub(super) async fn forward(&self, mut parts: Parts, body: Outgoing) -> Forwarding {
        let Some(upstream) = &self.site.around.upstream else {
            let text = "This site is asked about by other proxies only; it has no upstream.\n";
            return own(StatusCode::NOT_FOUND, TEXT, text).map(Either::Left);
        };
        let pool = self.pool_of(&parts);
        self.prepare(&mut parts, upstream);
        let asked = self.span.ask(upstream.url(), &mut parts);
        let request = Request::from_parts(parts, body);
        let begun = Instant::now();
        match self.exchange(upstream, request).await {
            Ok((response, lease)) => {
                self.site.around.metrics.upstream_took(begun.elapsed());
                asked.answered(response.status(), response.version());
                let stall = self.site.around.deadlines.stall;
                let mut response = response
                    .map(|incoming| Either::Right(UpstreamBody::new(incoming, lease, stall)));
                headers::strip_hop_by_hop(response.headers_mut());
                if self.progress.as_ref().is_some_and(|progress| !progress.is_over()) {
                    // An app that answers before the body's end may hang up on the rest; then the gateway
                    // must too, and the client can be told only now.
                    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
                }
                *response.version_mut() = Version::HTTP_11;
                if let Some(pool) = pool {
                    let end = pool.end_with_session(response.headers(), self.site.session_cookie());
                    // Boxed, because it is rare and needs much room.
                    Box::pin(end).await;
                }
                response
            }
            Err(error) => self.explain(upstream, &error, asked).map(Either::Left),
        }
    }

    /// Waits for the response's head. A request whose body is still coming may take as long as it
    /// keeps coming.
    async fn exchange(
        &self,
        upstream: &Arc<Upstream>,
        request: Request<Outgoing>,
    ) -> Result<(Response<Incoming>, Option<Lease>), Unanswered> {
        let deadline = self.site.around.deadlines.response;
        let mut exchange = pin!(upstream.exchange(request, self.progress.as_deref()));
        let mut seen = 0;
        loop {
            if let Ok(done) = timeout(deadline, exchange.as_mut()).await {
                return done.map_err(Unanswered::Exchange);
            }
            let pieces = self.progress.as_ref().map_or(0, |progress| progress.pieces());
            if pieces == seen {
                return Err(Unanswered::Slow);
            }
            seen = pieces;
        }
    }

    /// Makes the request one of the gateway's own.
    pub(super) fn prepare(&self, parts: &mut Parts, upstream: &Upstream) {
        let host = self.asked_host(parts);
        let takes_trailers = headers::takes_trailers(&parts.headers);
        headers::strip_hop_by_hop(&mut parts.headers);
        headers::strip_cookie(&mut parts.headers, own_cookie(self.is_secure));
        // The gateway has said `100 Continue` itself, when it began to read the body.
        parts.headers.remove(http::header::EXPECT);
        if parts.version == Version::HTTP_2 {
            headers::join_cookies(&mut parts.headers);
        }
        self.say_who_asked(parts, host.clone());
        let to = match self.site.config.host {
            UpstreamHost::Preserve => host,
            UpstreamHost::Upstream => upstream.url().host_header().clone(),
        };
        if upstream.url().protocol() == Protocol::H2c {
            parts.headers.remove(HOST);
            parts.uri = absolute(parts, &to, Scheme::HTTP);
            parts.version = Version::HTTP_2;
            if takes_trailers {
                parts.headers.insert(TE, HeaderValue::from_static("trailers"));
            }
            return;
        }
        parts.version = Version::HTTP_11;
        parts.headers.insert(HOST, to);
        if parts.uri.authority().is_some() {
            parts.uri = Uri::from(target(parts));
        }
        if takes_trailers {
            parts.headers.insert(TE, HeaderValue::from_static("trailers"));
            parts.headers.insert(CONNECTION, HeaderValue::from_static("te"));
        }
    }

    /// The name that the client used: there is exactly one, or the request would not be here.
    pub(super) fn asked_host(&self, parts: &Parts) -> HeaderValue {
        let named = parts.headers.get(HOST).cloned();
        named
            .or_else(|| HeaderValue::from_str(parts.uri.authority()?.as_str()).ok())
            .unwrap_or_else(|| HeaderValue::from_static(""))
    }

    fn say_who_asked(&self, parts: &mut Parts, host: HeaderValue) {
        let asker = Asker {
            address: &self.client.address,
            scheme: self.client.peer.scheme.as_str(),
            host,
            is_trusted: self.site.trusts(&self.client),
        };
        let headers = &mut parts.headers;
        match self.site.around.forwarded {
            Forwarded::XForwarded => {
                headers::set_x_forwarded(headers, &asker);
                if !asker.is_trusted {
                    headers.remove(http::header::FORWARDED);
                }
            }
            Forwarded::Rfc7239 => {
                headers::set_forwarded(headers, &asker);
                if !asker.is_trusted {
                    headers::strip_x_forwarded(headers);
                }
            }
            Forwarded::Both => {
                headers::set_forwarded(headers, &asker);
                headers::set_x_forwarded(headers, &asker);
            }
            Forwarded::None => {
                headers::strip_x_forwarded(headers);
                headers.remove(http::header::FORWARDED);
            }
        }
    }

    fn explain(
        &self,
        upstream: &Upstream,
        error: &Unanswered,
        asked: Asked,
    ) -> Response<Full<Bytes>> {
        // If the client's body broke off, that is the reason, and not the upstream's fault.
        if let Some(fault) = self.progress.as_ref().and_then(|progress| progress.fault()) {
            return client_fault(fault);
        }
        let (status, failure, seen) = match error {
            Unanswered::Slow => (
                StatusCode::GATEWAY_TIMEOUT,
                Failure::Slow,
                format!("no response within {:?}", self.site.around.deadlines.response),
            ),
            Unanswered::Exchange(error) => {
                let (status, failure) = match error {
                    ExchangeError::Connect(_) => (StatusCode::BAD_GATEWAY, Failure::Connect),
                    ExchangeError::ConnectTimeout(_) => {
                        (StatusCode::GATEWAY_TIMEOUT, Failure::Connect)
                    }
                    ExchangeError::Handshake(_) | ExchangeError::Broken(_) => {
                        (StatusCode::BAD_GATEWAY, Failure::Broken)
                    }
                };
                (status, failure, chain(error))
            }
        };
        self.site.around.metrics.upstream_failed(failure);
        asked.failed(failure);
        tracing::error!(
            target: "countersign",
            site = self.site.config.name,
            upstream = %upstream.url(),
            error = seen,
            "the upstream does not answer"
        );
        let text = match status {
            StatusCode::GATEWAY_TIMEOUT => "The app behind this gateway does not answer in time.\n",
            _ => "The app behind this gateway does not answer.\n",
        };
        own(status, TEXT, text)
    }
}

pub(super) const TEXT: &str = "text/plain; charset=utf-8";

/// What the client hears of its own fault.
pub(super) fn client_fault(fault: BodyFault) -> Response<Full<Bytes>> {
    let mut response = own(fault.status(), TEXT, format!("{fault}\n"));
    // What is left of the body must not be taken for the next request.
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

fn target(parts: &Parts) -> PathAndQuery {
    parts.uri.path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/"))
}

fn absolute(parts: &Parts, host: &HeaderValue, scheme: Scheme) -> Uri {
    let host = host.to_str().unwrap_or_default();
    Uri::builder()
        .scheme(scheme)
        .authority(host)
        .path_and_query(target(parts))
        .build()
        .unwrap_or_else(|_| parts.uri.clone())
}

/// An error with all that caused it.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let own = cause.to_string();
        if !text.contains(&own) {
            text.push_str(": ");
            text.push_str(&own);
        }
        source = cause.source();
    }
    text
}
