//! Refusals that are carried out for a share of the requests.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::Body;
use axum::http::Request;
use countersign_tower::{Judged, Judgement, Observer};
use tower_service::Service;

use crate::common::{Calls, app, layer, policy, stored};

#[derive(Clone, Default)]
struct Count {
    reported: Arc<AtomicUsize>,
    refused: Arc<AtomicUsize>,
}

impl Observer for Count {
    fn judged(&self, judged: &Judged<'_>) {
        match judged.outcome() {
            Judgement::Allowed(_) => panic!("nothing here shows that it is wanted"),
            Judgement::Reported(_) => self.reported.fetch_add(1, Ordering::SeqCst),
            Judgement::Refused(_) => self.refused.fetch_add(1, Ordering::SeqCst),
        };
    }
}

#[tokio::test]
async fn the_share_of_refusals_is_what_the_policy_says() {
    const REQUESTS: usize = 1000;
    // Of 1000 fair draws fewer than 350 or more than 650 come out one way once in 10^20 times.
    for (share, least, most) in [(0, 0, 0), (50, 350, 650), (100, REQUESTS, REQUESTS)] {
        for (way, policy, content_type, token) in [
            ("by the head", policy("standard"), "text/plain", None),
            (
                "after a form was read",
                policy("standard"),
                "application/x-www-form-urlencoded",
                None,
            ),
            // In its shape, so that the store is asked.
            ("after the store was asked", stored(), "text/plain", Some("x".repeat(32))),
        ] {
            let (calls, count) = (Calls::default(), Count::default());
            let protection = layer(policy.with_rollout(share)).observer(count.clone());
            let mut app = app(protection, &calls);
            let mut refused = 0;
            for _ in 0..REQUESTS {
                let mut request = Request::post("/")
                    .header("host", "a")
                    .header("cookie", "session=a")
                    .header("content-type", content_type);
                if let Some(token) = &token {
                    request = request.header("x-csrf-token", token);
                }
                let request = request.body(Body::from("a=b")).unwrap();
                refused += usize::from(app.call(request).await.unwrap().status() == 403);
            }
            assert!((least..=most).contains(&refused), "{share} {way}: {refused}");
            let told = count.refused.load(Ordering::SeqCst);
            assert_eq!((told, calls.count()), (refused, REQUESTS - refused), "{share} {way}");
            let reported = count.reported.load(Ordering::SeqCst);
            assert_eq!(reported, calls.count(), "{share} {way}");
        }
    }
}
