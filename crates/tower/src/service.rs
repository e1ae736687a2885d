//! The service: one request's way through the engine.
//!
//! Most requests are decided by their head and pass without a box or an await of our own. Those
//! that need the body or the store take the longer way in `slow`.

use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use countersign::{Allow, Facts, Pattern, Refusal, RouteAccess, Rule, Step, Verdict};
use countersign_store::Store;
use http::{Extensions, HeaderMap, Request, Response, StatusCode};
use http_body::Body;
use http_body_util::Either;
use tower_service::Service;

use crate::body::{BoxError, HeldBody};
use crate::deliver::Delivery;
use crate::drive::{self, Passed};
use crate::form::is_form;
use crate::future::ResponseFuture;
use crate::handle::Handle;
use crate::layer::Shared;
use crate::observe::{Judged, Judgement};
use crate::session::SessionBinding;
use crate::{leftover, log, rejection};

/// A response: the inner service's, or a refusal.
pub type CsrfBody<B> = Either<http_body_util::Full<Bytes>, B>;

/// See [`CsrfLayer`](crate::CsrfLayer).
pub struct CsrfService<S, St> {
    inner: S,
    shared: Arc<Shared<St>>,
    access: RouteAccess,
}

impl<S, St> CsrfService<S, St> {
    pub(crate) const fn new(inner: S, shared: Arc<Shared<St>>, access: RouteAccess) -> Self {
        Self { inner, shared, access }
    }
}

impl<S: Clone, St> Clone for CsrfService<S, St> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), shared: self.shared.clone(), access: self.access }
    }
}

impl<S, St> std::fmt::Debug for CsrfService<S, St> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CsrfService").field("engine", &self.shared.engine).finish_non_exhaustive()
    }
}

impl<S, St, B, R> Service<Request<B>> for CsrfService<S, St>
where
    S: Service<Request<HeldBody<B>>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Send + 'static,
    St: Store,
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<BoxError>,
    R: Send + 'static,
{
    type Response = Response<CsrfBody<R>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, R, S::Error, St>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let draw = self.shared.draw();
        if self.may_read_form(request.headers()) {
            return ResponseFuture::slow(self.slow(request, draw, None));
        }
        let quick = {
            let extensions = request.extensions();
            let facts = self.shared.facts((&request).into(), extensions, self.access);
            let facts = with_draw(facts, draw);
            match self.shared.engine.judge(&facts, self.shared.moment()) {
                Step::Decided(verdict) => Some(settle(&self.shared, verdict, &facts, extensions)),
                Step::Form(_) | Step::Session(_) | Step::Spend(_) => None,
            }
        };
        match quick {
            Some(Err(refused)) if !leftover::is_there(request.version(), request.body()) => {
                ResponseFuture::refused(self.shared.refuse(refused, None, request.headers()))
            }
            Some(Ok(delivery)) if !self.delivers_from_store(delivery.as_ref()) => {
                insert_handle(&self.shared, request.extensions_mut(), delivery.as_ref());
                let request = request.map(HeldBody::untouched);
                ResponseFuture::passed(self.inner.call(request), delivery, &self.shared)
            }
            settled => ResponseFuture::slow(self.slow(request, draw, settled)),
        }
    }
}

impl<S, St: Store> CsrfService<S, St> {
    /// Such a request is judged on the longer way at once: a verdict that needs the body cannot be taken
    /// along, since it borrows the head.
    fn may_read_form(&self, headers: &HeaderMap) -> bool {
        let rules = self.shared.engine.policy().dialect().token.as_ref();
        rules.is_some_and(|rules| rules.field.is_some()) && is_form(headers)
    }

    /// Tokens that live in the store cannot be put on a response without asking it.
    fn delivers_from_store(&self, delivery: Option<&Delivery>) -> bool {
        delivery.is_some()
            && matches!(
                self.shared.engine.policy().pattern(),
                Some(Pattern::StoredSynchronizer | Pattern::OneTime)
            )
    }

    /// `settled` is what came of the head, where that has decided already.
    fn slow<B, R>(
        &mut self,
        request: Request<B>,
        draw: Option<u8>,
        settled: Option<Result<Option<Delivery>, Refused>>,
    ) -> impl Future<Output = Result<Response<CsrfBody<R>>, S::Error>> + Send + use<S, St, B, R>
    where
        S: Service<Request<HeldBody<B>>, Response = Response<R>> + Clone + Send + 'static,
        S::Future: Send + 'static,
        S::Error: Send + 'static,
        B: Body<Data = Bytes> + Send + Unpin + 'static,
        B::Error: Into<BoxError>,
        R: Send + 'static,
    {
        // The instance that was polled ready is the one to call.
        let next = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, next);
        let (shared, access) = (self.shared.clone(), self.access);
        let (mut parts, body) = request.into_parts();
        let mut body = HeldBody::untouched(body);
        async move {
            let (settled, status) = if let Some(settled) = settled {
                (settled, None)
            } else {
                let facts = shared.facts((&parts).into(), &parts.extensions, access);
                let facts = with_draw(facts, draw);
                let Passed { verdict, fresh, status } =
                    drive::run(&shared, &facts, &mut body, &parts.headers).await;
                let settled = settle(&shared, verdict, &facts, &parts.extensions);
                (settled.map(|owed| owed.map(|delivery| delivery.with_fresh(fresh))), status)
            };
            let delivery = match settled {
                Ok(delivery) => delivery,
                Err(refused) => {
                    let mut response = shared.refuse(refused, status, &parts.headers);
                    leftover::settle(&parts, &mut body, shared.hold_deadline(), &mut response)
                        .await;
                    return Ok(response);
                }
            };
            insert_handle(&shared, &mut parts.extensions, delivery.as_ref());
            let mut response = inner.call(Request::from_parts(parts, body)).await?;
            if let Some(delivery) = delivery {
                delivery.apply(&shared, &mut response).await;
            }
            Ok(response.map(Either::Right))
        }
    }
}

fn with_draw(facts: Facts<'_>, draw: Option<u8>) -> Facts<'_> {
    match draw {
        Some(draw) => facts.with_draw(draw),
        None => facts,
    }
}

/// Tells the log and the observer of a verdict, and says what the response owes if it is no refusal.
fn settle<St: Store>(
    shared: &Shared<St>,
    verdict: Verdict,
    facts: &Facts<'_>,
    extensions: &Extensions,
) -> Result<Option<Delivery>, Refused> {
    let outcome = match &verdict {
        Verdict::Allow(allow) => Judgement::Allowed(allow.permit()),
        Verdict::Report(refusal, _) => Judgement::Reported(refusal),
        Verdict::Refuse(refusal) => Judgement::Refused(refusal),
    };
    let judged = Judged { engine: &shared.engine, facts, outcome };
    log::write(&judged);
    if let Some(observer) = &shared.observer {
        observer.judged(&judged);
    }
    let allow: Allow = match verdict {
        Verdict::Allow(allow) | Verdict::Report(_, allow) => allow,
        Verdict::Refuse(refusal) => return Err(Refused::of(shared, refusal, facts)),
    };
    let bound = || extensions.get::<SessionBinding>();
    Ok(allow.owes_token().then(|| Delivery::owed(shared, facts, bound())))
}

/// A refusal, and the token that should have been sent if the dialect says it there.
struct Refused {
    refusal: Refusal,
    token: Option<String>,
}

impl Refused {
    /// Whoever is refused for another reason than the token is told none.
    fn of<St: Store>(shared: &Shared<St>, refusal: Refusal, facts: &Facts<'_>) -> Self {
        let says_token = shared.engine.policy().dialect().refusal.token.is_some();
        let is_for_token = refusal.rule == Rule::Token;
        let holder = (says_token && is_for_token).then(|| shared.engine.holder(facts)).flatten();
        let token = holder.and_then(|holder| shared.issue_now(&holder));
        Self { refusal, token }
    }
}

impl<St> Shared<St> {
    fn refuse<R>(
        &self,
        Refused { refusal, token }: Refused,
        status: Option<StatusCode>,
        request: &HeaderMap,
    ) -> Response<CsrfBody<R>> {
        let policy = self.engine.policy();
        let mut response = rejection::response(policy, refusal, status, request);
        if let Some(token) = token {
            rejection::say_token(policy, response.headers_mut(), &token);
        }
        response.map(Either::Left)
    }
}

fn insert_handle<St: Store>(
    shared: &Arc<Shared<St>>,
    extensions: &mut Extensions,
    delivery: Option<&Delivery>,
) {
    if shared.insert_handle {
        extensions.insert(Handle::new(shared.clone(), delivery.and_then(Delivery::twins)));
    }
}
