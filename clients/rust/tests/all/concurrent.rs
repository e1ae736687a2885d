//! Rules 4 and 9: many callers at once.

use std::collections::HashSet;
use std::future::Future;
use std::sync::{Arc, Mutex};

use countersign_client::Session;
use countersign_client::reqwest::{Request, Response, StatusCode};
use countersign_client::reqwest_middleware::{self, Middleware, Next};
use futures_util::FutureExt;
use http::Extensions;
use tokio::task::JoinSet;

use crate::server::{Server, answer, ok, refusal};

/// Runs so many at once, each with a clone of the session.
pub(crate) async fn all<F>(
    session: &Session,
    many: usize,
    call: impl Fn(Session, usize) -> F,
) -> Vec<StatusCode>
where
    F: Future<Output = StatusCode> + Send + 'static,
{
    let mut calls = JoinSet::new();
    for number in 0..many {
        calls.spawn(call(session.clone(), number));
    }
    calls.join_all().await
}

async fn post(session: Session, number: usize) -> StatusCode {
    session.post(&format!("/write/{number}")).send().await.unwrap().status()
}

fn fetches(server: &Server) -> usize {
    server.lines().iter().filter(|line| *line == "GET /token").count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hundred_callers_fetch_one_token() {
    let server = Server::start(|asked, before| match asked.line().as_str() {
        "GET /token" => ok(format!("t{before}")),
        _ if asked.header("x-token").is_some() => ok("done"),
        _ => refusal(),
    })
    .await;
    let session = server.session("{}").await;
    let statuses = all(&session, 100, post).await;
    assert!(statuses.iter().all(|status| *status == 200), "{statuses:?}");
    assert_eq!(fetches(&server), 1);
    assert_eq!(server.asked().len(), 101);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hundred_callers_with_a_stale_token_fetch_one_more() {
    let server = Server::start(|asked, before| match asked.line().as_str() {
        "GET /token" if before == 0 => ok("stale"),
        "GET /token" => ok("fresh"),
        _ if asked.header("x-token") == Some("fresh") => ok("done"),
        _ => refusal(),
    })
    .await;
    let session = server.session("{}").await;
    let statuses = all(&session, 100, post).await;
    assert!(statuses.iter().all(|status| *status == 200), "{statuses:?}");
    assert_eq!(fetches(&server), 2);
}

#[tokio::test]
async fn callers_who_wait_for_a_fetch_that_fails_do_not_fetch_again() {
    let server = Server::start(|asked, _| match asked.line().as_str() {
        "GET /token" => answer(500, &[], "oops"),
        _ => refusal(),
    })
    .await;
    let session = server.session("{}").await;
    let mut calls: Vec<_> = (0..20).map(|number| Box::pin(post(session.clone(), number))).collect();
    // Each begun before the answer to the first one's fetch can be there.
    for call in &mut calls {
        assert!(call.as_mut().now_or_never().is_none());
    }
    for call in calls {
        assert_eq!(call.await, 403);
    }
    assert_eq!(fetches(&server), 1);
    // Whoever comes later tries anew.
    post(session, 20).await;
    assert_eq!(fetches(&server), 2);
}

/// A line that breaks before anything is sent.
struct Broken;

#[async_trait::async_trait]
impl Middleware for Broken {
    async fn handle(
        &self,
        request: Request,
        extensions: &mut Extensions,
        next: Next<'_>,
    ) -> reqwest_middleware::Result<Response> {
        if request.url().path() == "/broken" {
            assert!(request.headers().contains_key("x-token"));
            return Err(reqwest_middleware::Error::middleware(std::io::Error::other("broken")));
        }
        next.run(request, extensions).await
    }
}

const TICKETS: &str = r#"{
    "token": {"header": "X-Token", "once": true, "pool": 10, "lifetime": 1440},
    "obtain": [{"request": "GET /token", "from": {"json": "/tickets"}}],
    "refusal": {"status": 403}
}"#;

/// Hands out ten at a time, takes each once, and gives no fresh one back.
async fn ticket_server() -> Server {
    let known = Arc::new(Mutex::new((0, HashSet::new())));
    Server::start(move |asked, _| {
        let mut known = known.lock().unwrap();
        if asked.uri.path() == "/token" {
            let batch: Vec<String> =
                (0..10).map(|number| format!("t{}-{number}", known.0)).collect();
            known.0 += 1;
            known.1.extend(batch.iter().cloned());
            return ok(serde_json::json!({"tickets": batch}).to_string());
        }
        match asked.header("x-token") {
            Some(ticket) if known.1.remove(ticket) => ok("done"),
            _ => answer(403, &[], ""),
        }
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fifty_callers_share_pools_of_ten() {
    let server = ticket_server().await;
    let session = server.session(TICKETS).await;
    let statuses = all(&session, 50, post).await;
    assert!(statuses.iter().all(|status| *status == 200), "{statuses:?}");
    // Nobody was refused, so none was taken twice; and no pool was fetched without need.
    assert_eq!(server.lines().iter().filter(|line| line.starts_with("POST")).count(), 50);
    assert_eq!(fetches(&server), 5);
}

#[tokio::test]
async fn a_ticket_whose_request_had_no_answer_is_used_again() {
    let server = ticket_server().await;
    let session = server.builder(TICKETS).with(Broken).build().await.unwrap();
    session.post("/first").send().await.unwrap();
    let held = session.tokens();
    assert!(session.post("/broken").send().await.is_err());
    assert_eq!(session.tokens(), held);
    assert_eq!(session.post("/second").send().await.unwrap().status(), 200);
    assert_eq!(server.asked().last().unwrap().header("x-token"), Some("t0-1"));
}

#[tokio::test]
async fn a_caller_who_goes_away_leaves_the_ticket() {
    let server = ticket_server().await;
    let session = server.session(TICKETS).await;
    session.post("/first").send().await.unwrap();
    let held = session.tokens();
    let abandoned = session.post("/abandoned").send();
    // Polled once: the ticket is taken, the answer cannot be there yet.
    let mut abandoned = Box::pin(abandoned);
    assert!(abandoned.as_mut().now_or_never().is_none());
    assert_ne!(session.tokens(), held);
    drop(abandoned);
    assert_eq!(session.tokens(), held);
}
