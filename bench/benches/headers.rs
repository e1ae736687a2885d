//! Verdicts from headers alone, beside tower-http's `csrf` layer.
//!
//! Theirs can only be called as a service, so the cost of a service that checks nothing is measured
//! besides, and taken from it, before it is compared with what decides of ours: reading the facts and
//! judging them. Ours as a service is measured too.

mod verdict;

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use countersign::{Engine, Keyring, Policy};
use countersign_bench::{Case, Group, Ratio, Report, requests};
use countersign_tower::CsrfLayer;
use http::{Request, Response, StatusCode};
use http_body_util::Empty;
use tower_layer::Layer;
use tower_service::Service;

use verdict::{engine, passes};

type Body = Empty<Bytes>;

fn main() {
    let engine = engine("standard");
    let mut report = Report::from_args();
    for (title, request, allowed) in [
        ("GET", requests::get(), true),
        ("same-origin POST", requests::same_origin_post(), true),
        ("cross-site POST, refused", requests::cross_site_post(), false),
    ] {
        compare(title, &request, allowed, &engine, &mut report);
    }
    report.finish();
}

fn compare(
    title: &str,
    request: &Request<()>,
    allowed: bool,
    engine: &Engine,
    report: &mut Report,
) {
    let fresh = || request.clone().map(|()| Body::new());
    let layer =
        || CsrfLayer::with_keyring(Policy::standard(), Keyring::from_random(&[7; 64])).https();
    let mut open = Inner(if allowed { StatusCode::OK } else { StatusCode::FORBIDDEN });
    let mut theirs = tower_http::csrf::CsrfLayer::new().layer(Inner(StatusCode::OK));
    let mut bare = layer().without_handle().layer(Inner(StatusCode::OK));
    let mut full = layer().layer(Inner(StatusCode::OK));
    let expected = if allowed { StatusCode::OK } else { StatusCode::FORBIDDEN };
    for status in [
        call(&mut open, fresh()).status(),
        call(&mut theirs, fresh()).status(),
        call(&mut bare, fresh()).status(),
        call(&mut full, fresh()).status(),
    ] {
        assert_eq!(status, expected, "{title}: all must come to the same verdict");
    }
    assert_eq!(passes(engine, request), allowed, "{title}: the engine must agree");

    let mut group = Group::new(title);
    let floor = group.add(Case::fed("service without a check", fresh, |r| call(&mut open, r)));
    let tower_http = group.add(Case::fed("tower-http csrf", fresh, |r| call(&mut theirs, r)));
    let without = group.add(Case::fed("CsrfLayer, no handle", fresh, |r| call(&mut bare, r)));
    let with = group.add(Case::fed("CsrfLayer", fresh, |r| call(&mut full, r)));
    let judged = group.add(Case::repeated("engine: facts and verdict", || passes(engine, request)));
    // What decides, beside what decides; and the two services as they are.
    group.compare(Ratio::new(judged, tower_http).to_less(floor).at_most(1.0));
    group.compare(Ratio::new(without, tower_http));
    group.compare(Ratio::new(with, tower_http));
    group.run(report);
}

/// Drops the request and answers, as a handler does; and as a check does that refuses.
#[derive(Clone)]
struct Inner(StatusCode);

impl<B> Service<Request<B>> for Inner {
    type Response = Response<()>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        drop(request);
        let mut response = Response::new(());
        *response.status_mut() = self.0;
        ready(Ok(response))
    }
}

/// Calls a service that answers at once.
fn call<S, R>(service: &mut S, request: Request<Body>) -> Response<R>
where
    S: Service<Request<Body>, Response = Response<R>, Error = Infallible>,
{
    let mut context = Context::from_waker(Waker::noop());
    assert!(service.poll_ready(&mut context).is_ready(), "the service must be ready");
    let answer = pin!(service.call(request));
    match answer.poll(&mut context) {
        Poll::Ready(Ok(response)) => response,
        Poll::Ready(Err(never)) => match never {},
        Poll::Pending => unreachable!("headers alone decide these requests"),
    }
}
