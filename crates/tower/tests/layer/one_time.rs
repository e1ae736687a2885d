//! One-time tokens, as the tao dialect has them: a pool, a fresh one with each answer, each good
//! once and for a while.

use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::{get, post};
use countersign_store::{MemoryLimits, MemoryStore};
use countersign_tower::axum::FreshTickets;
use countersign_tower::{Csrf, CsrfLayer, ManualClock};

use crate::common::{Answer, Calls, START, Server, keyring, layer, policy, protected};

const A: &str = "tao_session=a";

fn routes(calls: &Calls) -> Router {
    let failing = calls.clone();
    Router::new()
        .route("/config", get(async |FreshTickets(pool): FreshTickets| pool.join(" ")))
        .route("/tao/items/1", calls.echo())
        .route(
            "/fail",
            post(async move || {
                failing.add();
                (StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong")
            }),
        )
        .route("/login", post(async || [("set-cookie", "tao_session=b; Path=/")]))
        .route("/logout", post(async |csrf: Csrf| csrf.end().await.map(|()| "bye")))
}

async fn pool(server: &Server, cookie: &str) -> Vec<String> {
    let config = server.get("/config").cookie(cookie).send().await;
    assert_eq!(config.status(), 200);
    config.body().split(' ').map(str::to_owned).collect()
}

async fn call(server: &Server, path: &str, cookie: &str, ticket: &str) -> Answer {
    server.post(path).cookie(cookie).header("x-csrf-token", ticket).send().await
}

fn fresh(answer: &Answer) -> Option<&str> {
    answer.headers().get("x-csrf-token").map(|ticket| ticket.to_str().unwrap())
}

/// Refused, in the dialect's words and without a new ticket.
#[track_caller]
fn assert_refused(answer: &Answer, reason: &str) {
    assert_eq!(answer.status(), 403, "{reason}");
    assert_eq!(answer.headers()["x-reason"], reason);
    assert_eq!((fresh(answer), answer.body().as_str()), (None, ""), "{reason}");
}

#[tokio::test]
async fn each_ticket_of_a_pool_works_once_in_any_order() {
    let calls = Calls::default();
    let server = Server::start(protected(layer(policy("tao")), routes(&calls))).await;
    let pool = pool(&server, A).await;
    for ticket in pool.iter().rev() {
        let answer = call(&server, "/tao/items/1", A, ticket).await;
        assert_eq!(answer.status(), 200);
        let fresh = fresh(&answer).expect("a fresh ticket comes back");
        assert!(!pool.iter().any(|own| own == fresh), "it is none of the pool");
    }
    assert_eq!(calls.count(), pool.len());
    for ticket in &pool {
        assert_refused(&call(&server, "/tao/items/1", A, ticket).await, "token_spent");
    }
    assert_eq!(calls.count(), pool.len());
}

#[tokio::test]
async fn a_fresh_ticket_leads_on_for_ever() {
    let calls = Calls::default();
    let server = Server::start(protected(layer(policy("tao")), routes(&calls))).await;
    let mut ticket = pool(&server, A).await.remove(0);
    for method in ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "PROPFIND"].repeat(3) {
        let call = server.call(method, "/tao/items/1").cookie(A);
        let answer = call.header("x-csrf-token", &ticket).send().await;
        assert_eq!(answer.status(), 200, "{method}");
        ticket = fresh(&answer).expect(method).to_owned();
    }
    assert_eq!(calls.count(), 21);
}

#[tokio::test]
async fn what_is_no_unspent_ticket_of_this_session_is_refused() {
    let calls = Calls::default();
    let server = Server::start(protected(layer(policy("tao")), routes(&calls))).await;
    let own = pool(&server, A).await.remove(0);
    let other = pool(&server, "tao_session=b").await.remove(0);
    let changed = |at: usize| {
        let digit = if &own[at..=at] == "0" { "1" } else { "0" };
        format!("{}{digit}{}", &own[..at], &own[at + 1..])
    };
    for (name, cookie, ticket, reason) in [
        ("another session's", A, other.as_str(), "token_invalid"),
        ("no session", "x=1", &own, "session_missing"),
        ("two sessions", "tao_session=a; tao_session=b", &own, "session_ambiguous"),
        ("another key", A, &changed(1), "token_key_unknown"),
        ("another life of the store", A, &changed(3), "token_stale"),
        ("another time", A, &changed(11), "token_invalid"),
        ("another number", A, &changed(19), "token_invalid"),
        ("another signature", A, &changed(39), "token_invalid"),
        ("upper case", A, &own.to_uppercase(), "token_malformed"),
        ("too short", A, &own[1..], "token_malformed"),
        ("empty", A, "", "token_malformed"),
    ] {
        let answer = call(&server, "/tao/items/1", cookie, ticket).await;
        assert_eq!(answer.headers()["x-reason"], reason, "{name}");
        assert_refused(&answer, reason);
    }
    let none = server.get("/tao/items/1").cookie(A).send().await;
    assert_refused(&none, "token_missing");
    assert_eq!(calls.count(), 0);
    assert_eq!(call(&server, "/tao/items/1", A, &own).await.status(), 200, "none of it spent it");
}

#[tokio::test]
async fn a_ticket_ends_with_its_time() {
    for (name, later, status) in [
        ("at its end", Duration::from_secs(24 * 60), 200),
        ("a second later", Duration::from_secs(24 * 60 + 1), 403),
    ] {
        let clock = ManualClock::at(START);
        let layer = CsrfLayer::with_keyring(policy("tao"), keyring()).clock(clock.clone());
        let calls = Calls::default();
        let server = Server::start(protected(layer, routes(&calls))).await;
        let ticket = pool(&server, A).await.remove(0);
        clock.advance(later);
        let answer = call(&server, "/tao/items/1", A, &ticket).await;
        assert_eq!(answer.status(), status, "{name}");
        if status == 403 {
            assert_refused(&answer, "token_expired");
        } else {
            // The fresh one has its own time, and the session's record lives on with it.
            clock.advance(Duration::from_secs(24 * 60));
            let answer = call(&server, "/tao/items/1", A, fresh(&answer).unwrap()).await;
            assert_eq!(answer.status(), 200, "{name}");
        }
    }
}

#[tokio::test]
async fn a_failing_handler_spends_and_renews_all_the_same() {
    let calls = Calls::default();
    let server = Server::start(protected(layer(policy("tao")), routes(&calls))).await;
    let ticket = pool(&server, A).await.remove(0);
    let failed = call(&server, "/fail", A, &ticket).await;
    assert_eq!(failed.status(), 500);
    assert_refused(&call(&server, "/fail", A, &ticket).await, "token_spent");
    assert_eq!(calls.count(), 1);
    let next = fresh(&failed).expect("a fresh ticket comes back");
    assert_eq!(call(&server, "/tao/items/1", A, next).await.status(), 200);
}

#[tokio::test]
async fn a_request_that_was_refused_for_its_origin_spends_nothing() {
    let server = Server::start(protected(layer(policy("tao")), routes(&Calls::default()))).await;
    let ticket = pool(&server, A).await.remove(0);
    let foreign = server.post("/tao/items/1").cookie(A).header("x-csrf-token", &ticket);
    let refused = foreign.header("origin", "https://evil.example").send().await;
    assert_refused(&refused, "origin_mismatch");
    assert_eq!(call(&server, "/tao/items/1", A, &ticket).await.status(), 200);
}

/// The numbers of tickets are counted for each session.
#[tokio::test]
async fn a_session_that_begins_with_the_answer_gets_a_ticket_that_is_good() {
    let server = Server::start(protected(layer(policy("tao")), routes(&Calls::default()))).await;
    let ticket = pool(&server, A).await.remove(0);
    let login = call(&server, "/login", A, &ticket).await;
    let fresh = fresh(&login).expect("a fresh ticket for the new session").to_owned();
    assert_refused(&call(&server, "/tao/items/1", A, &fresh).await, "token_invalid");
    assert_eq!(call(&server, "/tao/items/1", "tao_session=b", &fresh).await.status(), 200);
}

#[tokio::test]
async fn nothing_of_a_session_is_good_after_its_end() {
    let server = Server::start(protected(layer(policy("tao")), routes(&Calls::default()))).await;
    let mut pool_of_a = pool(&server, A).await;
    let other = pool(&server, "tao_session=b").await.remove(0);
    let bye = call(&server, "/logout", A, &pool_of_a.remove(0)).await;
    assert_eq!((bye.status().as_u16(), bye.body().as_str()), (200, "bye"));
    for ticket in pool_of_a.iter().map(String::as_str).chain(fresh(&bye)) {
        assert_refused(&call(&server, "/tao/items/1", A, ticket).await, "token_stale");
    }
    assert_eq!(call(&server, "/tao/items/1", "tao_session=b", &other).await.status(), 200);
    let again = pool(&server, A).await.remove(0);
    assert_eq!(call(&server, "/tao/items/1", A, &again).await.status(), 200);
}

#[tokio::test]
async fn after_a_restart_all_earlier_tickets_are_refused() {
    let start = async |random| {
        let store = MemoryStore::new(random, MemoryLimits::default());
        let layer = CsrfLayer::with_store(policy("tao"), keyring(), store);
        let layer = layer.clock(ManualClock::at(START));
        Server::start(protected(layer, routes(&Calls::default()))).await
    };
    let before = start(0x0101).await;
    let mut tickets = pool(&before, A).await;
    assert_eq!(call(&before, "/tao/items/1", A, &tickets.remove(0)).await.status(), 200);
    for (name, random, reason) in [
        ("another life", 0x0202, "token_stale"),
        ("another whose last byte is the same", 0x0301, "token_invalid"),
    ] {
        let after = start(random).await;
        let _ = pool(&after, A).await;
        for ticket in &tickets {
            let answer = call(&after, "/tao/items/1", A, ticket).await;
            assert_eq!(answer.status(), 403, "{name}");
            assert_refused(&answer, reason);
        }
    }
}
