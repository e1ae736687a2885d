//! A site about which another proxy asks: the same guard, and behind it a yes in place of the app.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use countersign_tower::{Connection, Csrf, HeldBody};
use http::request::Parts;
use http::{Request, Response, StatusCode};
use http_body_util::{Either, Full};
use tower_layer::Layer;
use tower_service::Service;

use super::{Backstage, Client, Site};
use crate::trace::Span;

impl Site {
    /// Judges a request: 204 with what the dialect puts on responses, or the refusal.
    pub(crate) async fn judge(
        self: &Arc<Self>,
        client: &Arc<Client>,
        mut parts: Parts,
        body: Full<Bytes>,
        span: &Span,
    ) -> Response<Full<Bytes>> {
        let backstage = self.backstage(client, &mut parts, span);
        let request = Request::from_parts(parts, body);
        let teller = self.says_token_when_refusing().then(|| backstage.clone());
        let mut guard = self.csrf.layer(Approval(backstage));
        let Ok(mut response) = span.around(|| guard.call(request)).await;
        if let Some(teller) = teller {
            Box::pin(teller.say_token(&mut response)).await;
        }
        response.map(either)
    }

    /// Hands out a token to whom a request belongs, if the request passes.
    pub(crate) async fn hand_out(
        self: &Arc<Self>,
        client: &Arc<Client>,
        mut parts: Parts,
        span: &Span,
    ) -> Response<Full<Bytes>> {
        let backstage = self.backstage(client, &mut parts, span);
        let request = Request::from_parts(parts, Full::default());
        let Ok(response) = span.around(|| self.csrf.layer(Desk(backstage)).call(request)).await;
        response.map(either)
    }

    fn backstage(
        self: &Arc<Self>,
        client: &Arc<Client>,
        parts: &mut Parts,
        span: &Span,
    ) -> Backstage {
        parts.extensions.insert(Connection(client.peer));
        let is_secure = self.is_secure(client, parts);
        let held = self.bind(parts, is_secure);
        Backstage {
            site: self.clone(),
            client: client.clone(),
            progress: None,
            held,
            is_secure,
            span: span.clone(),
        }
    }
}

fn either(body: Either<Full<Bytes>, Full<Bytes>>) -> Full<Bytes> {
    match body {
        Either::Left(refusal) => refusal,
        Either::Right(answer) => answer,
    }
}

/// Says yes.
#[derive(Clone)]
struct Approval(Backstage);

impl Service<Request<HeldBody<Full<Bytes>>>> for Approval {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<HeldBody<Full<Bytes>>>) -> Self::Future {
        let mut response = Response::new(Full::default());
        *response.status_mut() = StatusCode::NO_CONTENT;
        let delivers = self.0.site.delivers_on(request.method(), request.headers());
        self.0.follow(&mut response, delivers);
        ready(Ok(response))
    }
}

/// Gives a token.
#[derive(Clone)]
struct Desk(Backstage);

impl Service<Request<HeldBody<Full<Bytes>>>> for Desk {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<HeldBody<Full<Bytes>>>) -> Self::Future {
        let backstage = self.0.clone();
        Box::pin(async move {
            let (parts, _) = request.into_parts();
            Ok(backstage.token_for(&parts).await)
        })
    }
}

impl Backstage {
    async fn token_for(&self, parts: &Parts) -> Response<Full<Bytes>> {
        let own = self.site.endpoint_for(parts).and_then(|at| self.site.endpoints.get(at));
        match (own.or(self.site.plain_endpoint.as_ref()), Csrf::from_parts(parts)) {
            (Some(endpoint), Some(csrf)) => self.answer_alone(endpoint, &csrf).await,
            _ => super::own(
                StatusCode::NOT_FOUND,
                super::forward::TEXT,
                "this dialect has no token\n",
            ),
        }
    }
}
