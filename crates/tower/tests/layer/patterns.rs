//! The two patterns with rules of their own: a random token that the store keeps, and an encrypted
//! one that belongs to a user.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{get, post};
use countersign_tower::axum::CsrfField;
use countersign_tower::{Csrf, CsrfLayer, ManualClock, Principal, keys_for};

use crate::common::{Answer, Calls, START, Server, keyring, layer, policy, protected, stored};

const DAY: Duration = Duration::from_secs(24 * 3600);

fn reason(answer: &Answer) -> &str {
    answer.headers().get("x-reason").map_or("", |reason| reason.to_str().unwrap())
}

fn kept_routes(calls: &Calls) -> Router {
    Router::new()
        .route("/", calls.echo())
        .route("/field", get(async |field: CsrfField| field.value().to_owned()))
        .route("/login", post(async || [("set-cookie", "session=b; Path=/")]))
        .route("/logout", post(async |csrf: Csrf| csrf.end().await.map(|()| "bye")))
}

async fn send(server: &Server, path: &str, cookie: &str, token: &str) -> Answer {
    server.post(path).cookie(cookie).header("x-csrf-token", token).send().await
}

#[tokio::test]
async fn a_stored_token_is_random_and_good_as_long_as_it_is_kept() {
    let calls = Calls::default();
    let server = Server::start(protected(layer(stored()), kept_routes(&calls))).await;
    let own = server.token("session=a").await;
    assert_eq!(own, server.token("session=a").await, "one for each session");
    let other = server.token("session=b").await;
    assert_ne!(own, other);
    let elsewhere = Server::start(protected(layer(stored()), kept_routes(&calls))).await;
    assert_ne!(own, elsewhere.token("session=a").await, "it is not derived from the session");

    let read = server.get("/").cookie("session=a").send().await;
    assert_eq!(read.headers()["x-csrf-token"], *own, "a read delivers it from the store");
    let masked = server.get("/field").cookie("session=a").send().await.into_body();
    assert_ne!(masked, own);
    for (name, cookie, token, expected) in [
        ("its own", "session=a", &own, ""),
        ("again", "session=a", &own, ""),
        ("masked", "session=a", &masked, ""),
        ("of another session", "session=a", &other, "token_invalid"),
        ("of a session without one", "session=c", &own, "token_invalid"),
        ("without a session", "x=1", &own, "session_missing"),
    ] {
        let before = calls.count();
        let answer = send(&server, "/", cookie, token).await;
        assert_eq!(reason(&answer), expected, "{name}");
        assert_eq!(calls.count() - before, usize::from(expected.is_empty()), "{name}");
        let delivered = answer.headers().get("x-csrf-token");
        assert_eq!(delivered.is_some(), expected.is_empty(), "{name}");
        assert!(delivered.is_none_or(|token| *token == *own), "{name}");
    }
}

#[tokio::test]
async fn a_stored_token_changes_with_the_session() {
    let calls = Calls::default();
    let server = Server::start(protected(layer(stored()), kept_routes(&calls))).await;
    let before = server.token("session=a").await;
    let login = send(&server, "/login", "session=a", &before).await;
    let after = login.headers()["x-csrf-token"].to_str().unwrap().to_owned();
    assert_ne!(before, after);
    assert_eq!(reason(&send(&server, "/", "session=b", &before).await), "token_invalid");
    assert_eq!(send(&server, "/", "session=b", &after).await.status(), 200);

    assert_eq!(send(&server, "/logout", "session=b", &after).await.body(), "bye");
    assert_eq!(reason(&send(&server, "/", "session=b", &after).await), "token_invalid");
    assert_ne!(server.token("session=b").await, after);
}

#[tokio::test]
async fn a_stored_token_is_forgotten_when_it_is_not_used() {
    let clock = ManualClock::at(START);
    let kept = CsrfLayer::with_keyring(stored(), keyring()).clock(clock.clone());
    let server = Server::start(protected(kept, kept_routes(&Calls::default()))).await;
    let token = server.token("session=a").await;
    for _ in 0..3 {
        clock.advance(DAY);
        assert_eq!(
            send(&server, "/", "session=a", &token).await.status(),
            200,
            "each use renews it"
        );
    }
    clock.advance(DAY + Duration::from_secs(1));
    assert_eq!(reason(&send(&server, "/", "session=a", &token).await), "token_invalid");
}

/// A Redback-like app: who the `user` header names is logged in.
fn redback(layer: CsrfLayer, calls: &Calls) -> Router {
    async fn authenticate(mut request: Request, next: Next) -> Response {
        if let Some(user) = request.headers().get("user") {
            let user = Principal::new(user.to_str().unwrap(), [""; 0]);
            request.extensions_mut().insert(user);
        }
        next.run(request).await
    }
    let log_in = post(async |csrf: Csrf, name: String| csrf.token_for_user(&name).await);
    let unrestricted = layer.access(countersign::RouteAccess::Unrestricted);
    Router::new()
        .route("/deleteUser/bob", calls.echo())
        .layer(layer)
        .merge(Router::new().route("/logIn", log_in).layer(unrestricted))
        .layer(middleware::map_response(crate::common::show_reason))
        .layer(middleware::from_fn(authenticate))
}

async fn log_in(server: &Server, name: &str) -> String {
    let call = server.post("/logIn").header("origin", &server.origin()).body(name.to_owned());
    let answer = call.send().await;
    assert_eq!(answer.status(), 200, "{answer:?}");
    answer.into_body()
}

#[tokio::test]
async fn an_encrypted_token_belongs_to_a_user() {
    let calls = Calls::default();
    let server = Server::start(redback(layer(policy("redback")), &calls)).await;
    let own = log_in(&server, "admin").await;
    let again = log_in(&server, "admin").await;
    let other = log_in(&server, "guest").await;
    assert_ne!(own, again, "each is sealed anew");
    let foreign = "https://evil.example";
    for (name, user, token, origin, expected) in [
        ("its own", "admin", own.as_str(), "own", ""),
        ("used again", "admin", &own, "own", ""),
        ("a second one", "admin", &again, "own", ""),
        ("of another user", "admin", &other, "own", "token_invalid"),
        ("nobody logged in", "", &own, "own", "user_missing"),
        ("no token", "admin", "", "own", "token_missing"),
        ("a foreign page", "admin", &own, foreign, "origin_mismatch"),
        ("no origin", "admin", &own, "", "provenance_missing"),
        ("without its end", "admin", &own[..64], "own", "token_invalid"),
        ("its beginning alone", "admin", &own[..16], "own", "token_malformed"),
        ("rubbish", "admin", "!", "own", "token_malformed"),
    ] {
        // The dialect protects every method; deleting is a GET.
        for method in ["GET", "POST", "HEAD"] {
            let before = calls.count();
            let mut call = server.call(method, "/deleteUser/bob");
            let own_origin = server.origin();
            for (header, value) in [
                ("user", user),
                ("x-xsrf-token", token),
                ("origin", if origin == "own" { &own_origin } else { origin }),
            ] {
                call = if value.is_empty() { call } else { call.header(header, value) };
            }
            let answer = call.send().await;
            assert_eq!(reason(&answer), expected, "{name} {method}");
            assert_eq!(calls.count() - before, usize::from(expected.is_empty()), "{name} {method}");
        }
    }
}

#[tokio::test]
async fn an_encrypted_token_ends_with_its_time() {
    let clock = ManualClock::at(START);
    let timed = CsrfLayer::with_keyring(policy("redback"), keyring()).clock(clock.clone());
    let server = Server::start(redback(timed, &Calls::default())).await;
    let token = log_in(&server, "admin").await;
    for (later, expected) in [(3 * 3600, ""), (1, "token_expired")] {
        clock.advance(Duration::from_secs(later));
        let call = server.get("/deleteUser/bob").header("user", "admin");
        let call = call.header("x-xsrf-token", &token).header("origin", &server.origin());
        assert_eq!(reason(&call.send().await), expected);
    }
}

#[tokio::test]
async fn keys_are_the_deployments_or_made_at_start_as_the_dialect_says() {
    let deployments = Arc::new(keyring());
    for (dialect, shared) in [("redback", false), ("tao", true), ("standard", true)] {
        let keys = keys_for(&policy(dialect), &deployments).unwrap();
        assert_eq!(Arc::ptr_eq(&keys, &deployments), shared, "{dialect}");
    }

    let start = async |policy: countersign::Policy| {
        let keys = keys_for(&policy, &deployments).unwrap();
        let layer = CsrfLayer::with_keyring(policy, keys).clock(ManualClock::at(START));
        Server::start(redback(layer, &Calls::default())).await
    };
    let shared = crate::common::altered("redback", "ephemeral", "keyring");
    for (policy, expected) in [(policy("redback"), "token_invalid"), (shared, "")] {
        let token = log_in(&start(policy.clone()).await, "admin").await;
        let restarted = start(policy).await;
        let call = restarted.get("/deleteUser/bob").header("user", "admin");
        let call = call.header("x-xsrf-token", &token).header("origin", &restarted.origin());
        assert_eq!(reason(&call.send().await), expected);
    }
}
