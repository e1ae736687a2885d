//! A site: an app, the policy that guards it, and what the gateway does in its place.

mod asked;
mod endpoint;
mod forward;
mod pages;
mod refused;
mod session;
mod tunnel;

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use countersign::{Peer, Reason, Scheme};
use countersign_store::AnyStore;
use countersign_tower::{ClientFiles, Connection, CsrfLayer, HeldBody, Rejection};
use http::header::{HeaderMap, HeaderValue};
use http::request::Parts;
use http::{Method, Request, Response};
use http_body_util::{Either, Full};
use hyper::body::Incoming;
use tower_layer::Layer;
use tower_service::Service;

use crate::config::{self, Deadlines, Forwarded};
use crate::html::Rewritten;
use crate::metrics::SiteMetrics;
use crate::proxy::body::{Inbound, Progress, UpstreamBody};
use crate::proxy::pool::{Outgoing, Upstream};
use crate::trace::Span;
use crate::wire::Watch;
use endpoint::Endpoint;
use forward::Forwarding;
use session::Held;

/// A response as a site gives it.
pub(crate) type SiteBody = Either<Full<Bytes>, Passing>;

/// The body of a response that was not refused: the gateway's own, or the upstream's, perhaps with
/// tokens placed in it.
pub(crate) type Passing = Either<Full<Bytes>, Rewritten<UpstreamBody>>;

/// The client's end of a connection.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) peer: Peer,
    /// The peer's address, as a header says it.
    pub(crate) address: HeaderValue,
    pub(crate) watch: Arc<Watch>,
}

/// A site in operation.
pub(crate) struct Site {
    pub(crate) config: config::Site,
    pub(crate) csrf: CsrfLayer<AnyStore>,
    pub(crate) around: Surroundings,
    /// The browser client and the client document, unless the site has them switched off.
    client_files: Option<ClientFiles>,
    endpoints: Vec<Endpoint>,
    /// For other proxies, where the dialect has no endpoint.
    plain_endpoint: Option<Endpoint>,
}

/// What a site works with besides its configuration.
pub(crate) struct Surroundings {
    pub(crate) metrics: SiteMetrics,
    pub(crate) upstream: Option<Arc<Upstream>>,
    pub(crate) forwarded: Forwarded,
    pub(crate) deadlines: Deadlines,
    /// Bytes that a request's body may have.
    pub(crate) body_limit: Option<u64>,
    /// Whether other proxies ask about the site.
    pub(crate) is_asked_about: bool,
}

impl Site {
    pub(crate) fn new(
        config: config::Site,
        csrf: CsrfLayer<AnyStore>,
        around: Surroundings,
    ) -> Self {
        let endpoints = Endpoint::all(config.policy.dialect());
        // Without pages and endpoints nobody asks for a token by hand.
        let needs_handle = config.html.is_some() || !endpoints.is_empty() || around.is_asked_about;
        let csrf = if needs_handle { csrf } else { csrf.without_handle() };
        let plain_endpoint = Endpoint::plain(config.policy.dialect());
        let client_files = config.client_files.then(|| ClientFiles::new(&config.policy));
        Self { config, csrf, around, client_files, endpoints, plain_endpoint }
    }

    /// One request's way through the site.
    pub(crate) async fn serve(
        self: &Arc<Self>,
        client: &Arc<Client>,
        request: Request<Incoming>,
        span: &Span,
    ) -> Response<SiteBody> {
        let (mut parts, incoming) = request.into_parts();
        // What everybody may read is judged by nobody.
        if let Some(file) = self.client_files.as_ref().and_then(|files| files.answer(&parts)) {
            return file.map(Either::Left);
        }
        let Surroundings { body_limit, deadlines, .. } = self.around;
        let inbound = Inbound::new(incoming, &client.watch, body_limit, deadlines.body);
        let progress = inbound.progress();
        parts.extensions.insert(Connection(client.peer));
        let is_secure = self.is_secure(client, &parts);
        let held = self.bind(&mut parts, is_secure);
        let backstage = Backstage {
            site: self.clone(),
            client: client.clone(),
            progress: progress.clone(),
            held,
            is_secure,
            span: span.clone(),
        };
        let teller = self.says_token_when_refusing().then(|| backstage.clone());
        let request = Request::from_parts(parts, inbound);
        let Ok(mut response) = span.around(|| self.csrf.layer(backstage).call(request)).await;
        if let Some(teller) = teller {
            Box::pin(teller.say_token(&mut response)).await;
        }
        if let Some(fault) = progress.and_then(|progress| progress.fault())
            && let Some(rejection) = response.extensions().get::<Rejection>()
            && rejection.reason() == Reason::FormMalformed
        {
            // Not a token that is missing, but a body that is.
            *response.status_mut() = fault.status();
        }
        response
    }

    /// Whether the client's browser reaches the site over https, as far as can be told.
    pub(crate) fn is_secure(&self, client: &Client, parts: &Parts) -> bool {
        if client.peer.scheme == Scheme::Https {
            return true;
        }
        let public = self.config.policy.public_origins();
        if !public.is_empty() {
            return public.iter().all(|origin| origin.as_ref().is_https());
        }
        let mut said = parts.headers.get_all("x-forwarded-proto").iter();
        let https =
            said.next().is_some_and(|proto| proto.as_bytes().eq_ignore_ascii_case(b"https"));
        self.trusts(client) && https && said.next().is_none()
    }

    /// Whether the client is a proxy whose word about the one before it counts.
    fn trusts(&self, client: &Client) -> bool {
        self.config.policy.trusts_proxy(&client.peer)
    }

    /// Whether an ordinary response to such a request carries a token.
    fn delivers_on(&self, method: &Method, headers: &HeaderMap) -> bool {
        let deliver = self.config.policy.dialect().deliver.as_ref();
        deliver.is_some_and(|deliver| deliver.is_due(method, headers))
    }
}

/// What stands behind the guard: the app, and what the gateway does in its place.
#[derive(Clone)]
pub(crate) struct Backstage {
    pub(crate) site: Arc<Site>,
    pub(crate) client: Arc<Client>,
    pub(crate) progress: Option<Arc<Progress>>,
    pub(crate) held: Held,
    pub(crate) is_secure: bool,
    pub(crate) span: Span,
}

impl Service<Request<HeldBody<Inbound>>> for Backstage {
    type Response = Response<Passing>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Passing>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Outgoing>) -> Self::Future {
        let this = self.clone();
        Box::pin(async move { Ok(this.answer(request).await) })
    }
}

impl Backstage {
    /// The less usual ways are boxed: every request's future would have room for the longest of them.
    async fn answer(self, request: Request<Outgoing>) -> Response<Passing> {
        let (parts, body) = request.into_parts();
        if tunnel::is_wanted(&parts) {
            return Box::pin(self.tunnel(parts, body)).await;
        }
        match self.site.endpoint_for(&parts) {
            Some(at) => Box::pin(self.answer_with_token(at, parts, body)).await,
            None if self.page_is_wanted(&parts) => {
                Box::pin(self.answer_with_page(parts, body)).await
            }
            None => {
                let delivers = self.site.delivers_on(&parts.method, &parts.headers);
                let mut response = self.forward(parts, body).await;
                self.follow(&mut response, delivers);
                untouched(response)
            }
        }
    }
}

/// A response that passes as it is.
pub(crate) fn untouched(response: Forwarding) -> Response<Passing> {
    response.map(|body| match body {
        Either::Left(own) => Either::Left(own),
        Either::Right(body) => Either::Right(Rewritten::untouched(body)),
    })
}

/// An answer of the gateway's own.
pub(crate) fn own(
    status: http::StatusCode,
    content_type: &'static str,
    text: impl Into<Bytes>,
) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(text.into()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(http::header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
