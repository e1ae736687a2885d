//! The layer's own way with a legitimate request asks the allocator for nothing.

#![expect(clippy::expect_used, reason = "a test fails by panicking, its helpers too")]

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use countersign::{Holder, Issue, Keyring, Policy};
use countersign_tower::{CsrfLayer, HeldBody, Judged, Judgement, Observer, ThreadRandom};
use http::{Request, Response};
use http_body_util::Empty;
use tower_layer::Layer;
use tower_service::Service;

const SESSION: &str = "5d1ccc96cbd7e7f290020aaedd64c1b3";

#[derive(Clone)]
struct Inner;

impl Service<Request<HeldBody<Empty<Bytes>>>> for Inner {
    type Response = Response<()>;
    type Error = Infallible;
    type Future = Ready<Result<Response<()>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<HeldBody<Empty<Bytes>>>) -> Self::Future {
        ready(Ok(Response::new(())))
    }
}

#[derive(Default)]
struct Allowed(AtomicUsize);

impl Observer for Allowed {
    fn judged(&self, judged: &Judged<'_>) {
        if let Judgement::Allowed(_) = judged.outcome() {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
}

fn request(method: &str, headers: &[(&str, &str)]) -> Request<Empty<Bytes>> {
    let request = Request::builder().method(method).uri("/transfer").header("host", "app.example");
    let request = request.header("cookie", format!("session={SESSION}"));
    let request =
        headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    request.body(Empty::new()).expect("a request")
}

#[test]
fn allowed_requests_cost_no_allocation() {
    let observer = Arc::new(Allowed::default());
    // Some of the requests' refusals are only reported: that is one draw each.
    let layer = CsrfLayer::with_keyring(
        Policy::standard().with_rollout(50),
        Keyring::from_random(&[7; 64]),
    )
    .without_handle()
    .observer(observer.clone());
    let engine = layer.engine().clone();
    let holder = Holder::Session(SESSION.into());
    let moment = countersign::Moment {
        now: countersign::Timestamp::from_secs(1_800_000_000),
        incarnation: countersign::Incarnation::from_random(1),
    };
    let Issue::Token(token) = engine.issue(&holder, moment, &mut ThreadRandom::default()) else {
        panic!("no token to give")
    };
    let own = [("origin", "http://app.example"), ("sec-fetch-site", "same-origin")];
    let mut service = layer.layer(Inner);
    // The first draw of a thread sets its generator up.
    let rows = [
        ("warming up", request("GET", &[])),
        ("a safe method", request("GET", &[])),
        ("the own origin", request("POST", &own)),
        ("a token", request("POST", &[("x-csrf-token", &token)])),
    ];
    for (round, (name, request)) in rows.into_iter().enumerate() {
        let mut request = Some(request);
        let mut status = None;
        let count = allocation_counter::measure(|| {
            let request = request.take().expect("it runs once");
            let future = pin!(service.call(request));
            if let Poll::Ready(Ok(response)) = future.poll(&mut Context::from_waker(Waker::noop()))
            {
                status = Some(response.status());
            }
        });
        assert_eq!(status.map(|status| status.as_u16()), Some(200), "{name}");
        assert_eq!(observer.0.load(Ordering::SeqCst), round + 1, "{name}");
        if round > 0 {
            assert_eq!(count.count_total, 0, "{name}: {count:?}");
        }
    }
}
