//! Access that routes declare: who may call them, and nobody where nothing is declared.

use axum::Router;
use axum::extract::{Path, Request};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{get, post};
use countersign_tower::axum::{Guarded, any_of, on_resource, unrestricted};
use countersign_tower::{CsrfLayer, Principal};

use crate::common::{Answer, Calls, Server, layer, policy, show_reason};

/// Who the `user` header names is logged in.
async fn authenticate(mut request: Request, next: Next) -> Response {
    let user = match request.headers().get("user").map(axum::http::HeaderValue::as_bytes) {
        Some(b"admin") => Some(Principal::new("admin", ["edit-all", "delete"])),
        Some(b"alice") => {
            let mut alice = Principal::new("alice", ["view"]);
            alice.on_resource.push(("edit".into(), "alice".into()));
            alice.on_resource.push(("delete".into(), "notes".into()));
            Some(alice)
        }
        Some(_) => Some(Principal::new("guest", [""; 0])),
        None => None,
    };
    if let Some(user) = user {
        request.extensions_mut().insert(user);
    }
    next.run(request).await
}

fn app(layer: CsrfLayer, calls: &Calls) -> Router {
    Guarded::new(layer)
        .route("/ping", unrestricted(calls.echo()))
        .route("/users", any_of(["view", "edit-all"], calls.echo()))
        .route("/users/{name}", on_resource("name", ["edit", "edit-all"], calls.echo()))
        .route("/misnamed/{name}", on_resource("user", ["edit"], calls.echo()))
        .route("/nobody", any_of([""; 0], calls.echo()))
        .route("/forgotten", calls.echo())
        .route("/get-only", any_of(["view"], get(async || "got")))
        .route("/echo/{name}", unrestricted(get(async |Path(name): Path<String>| name)))
        .into_router()
        .layer(middleware::map_response(show_reason))
        .layer(middleware::from_fn(authenticate))
}

fn reason(answer: &Answer) -> &str {
    answer.headers().get("x-reason").map_or("", |reason| reason.to_str().unwrap())
}

#[tokio::test]
async fn a_route_is_open_to_whom_it_declares() {
    for (user, path, status) in [
        ("", "/ping", 200),
        ("guest", "/ping", 200),
        ("", "/users", 403),
        ("guest", "/users", 403),
        ("alice", "/users", 200),
        ("admin", "/users", 200),
        ("", "/users/alice", 403),
        ("guest", "/users/guest", 403),
        ("alice", "/users/alice", 200),
        ("alice", "/users/al%69ce", 200),
        ("alice", "/users/bob", 403),
        ("alice", "/users/notes", 403),
        ("alice", "/users/ALICE", 403),
        ("alice", "/users/alice%2F..%2Fbob", 403),
        ("alice", "/users/%FF", 400),
        ("admin", "/users/alice", 200),
        ("admin", "/users/bob", 200),
        ("alice", "/misnamed/alice", 403),
        ("admin", "/misnamed/admin", 403),
        ("admin", "/nobody", 403),
        ("", "/forgotten", 403),
        ("admin", "/forgotten", 403),
        ("admin", "/get-only", 403),
        ("alice", "/get-only", 200),
        ("", "/unknown", 404),
        ("admin", "/users/alice/more", 404),
    ] {
        let calls = Calls::default();
        let server = Server::start(app(layer(policy("standard")), &calls)).await;
        let call = server.get(path);
        let call = if user.is_empty() { call } else { call.header("user", user) };
        let answer = call.send().await;
        assert_eq!(answer.status(), status, "{user} {path}");
        let runs = status == 200 && path != "/get-only";
        assert_eq!(calls.count(), usize::from(runs), "{user} {path}");
        let undeclared = if path == "/forgotten" { "access_undeclared" } else { "" };
        assert_eq!(reason(&answer), undeclared, "{user} {path}");
    }
}

/// A forged request is not even told what it may not do.
#[tokio::test]
async fn protection_comes_before_permission() {
    let calls = Calls::default();
    let server = Server::start(app(layer(policy("standard")), &calls)).await;
    for (name, user, path, origin, status, why) in [
        (
            "forged, and forbidden",
            "guest",
            "/users",
            "https://evil.example",
            403,
            "origin_mismatch",
        ),
        (
            "forged, though allowed",
            "admin",
            "/users",
            "https://evil.example",
            403,
            "origin_mismatch",
        ),
        ("wanted, but forbidden", "guest", "/users", "own", 403, ""),
        ("wanted and allowed", "admin", "/users", "own", 200, ""),
        (
            "forged, open to anybody",
            "guest",
            "/ping",
            "https://evil.example",
            403,
            "origin_mismatch",
        ),
        ("undeclared", "admin", "/forgotten", "own", 403, "access_undeclared"),
        (
            "another method, forged",
            "alice",
            "/get-only",
            "https://evil.example",
            403,
            "origin_mismatch",
        ),
        ("another method, forbidden", "guest", "/get-only", "own", 403, ""),
        ("another method", "alice", "/get-only", "own", 405, ""),
        ("no such route", "admin", "/unknown", "https://evil.example", 404, ""),
    ] {
        let before = calls.count();
        let own = server.origin();
        let origin = if origin == "own" { &own } else { origin };
        let call = server.post(path).cookie("session=a").header("origin", origin);
        let answer = call.header("user", user).send().await;
        assert_eq!((answer.status().as_u16(), reason(&answer)), (status, why), "{name}");
        assert_eq!(calls.count() - before, usize::from(status == 200), "{name}");
    }
}

/// In redback an unrestricted route needs no token; a restricted one does, for every method.
#[tokio::test]
async fn what_must_be_proved_follows_the_declaration() {
    let server = Server::start(app(layer(policy("redback")), &Calls::default())).await;
    for (path, origin, why) in [
        ("/ping", "own", ""),
        ("/ping", "", "provenance_missing"),
        ("/users", "own", "token_missing"),
        ("/users", "", "provenance_missing"),
        ("/forgotten", "own", "access_undeclared"),
        ("/forgotten", "", "access_undeclared"),
    ] {
        let call = server.get(path).header("user", "admin");
        let own = server.origin();
        let call = if origin.is_empty() { call } else { call.header("origin", &own) };
        assert_eq!(reason(&call.send().await), why, "{path} {origin}");
    }
}

#[tokio::test]
async fn switching_protection_off_opens_no_route() {
    for policy in [
        policy("standard").insecure_disabled(),
        policy("standard").with_mode(countersign::Mode::Report),
    ] {
        let calls = Calls::default();
        let server = Server::start(app(layer(policy), &calls)).await;
        for (user, path, status) in [
            ("admin", "/forgotten", 403),
            ("guest", "/users", 403),
            ("admin", "/users", 200),
            ("guest", "/ping", 200),
        ] {
            let call = server.post(path).header("origin", "https://evil.example");
            let answer = call.cookie("session=a").header("user", user).send().await;
            assert_eq!(answer.status(), status, "{user} {path}");
        }
        assert_eq!(calls.count(), 2);
    }
}

#[tokio::test]
async fn handlers_still_read_their_path() {
    let server = Server::start(app(layer(policy("standard")), &Calls::default())).await;
    assert_eq!(server.get("/echo/caf%C3%A9").send().await.body(), "caf\u{e9}");
    assert_eq!(server.call("HEAD", "/echo/x").send().await.status(), 200);
    let nested = Router::new().nest("/v1", app(layer(policy("standard")), &Calls::default()));
    let server = Server::start(nested.route("/", post(async || "outside"))).await;
    let own = server.get("/v1/users/alice").header("user", "alice").send().await;
    assert_eq!(own.status(), 200);
    let other = server.get("/v1/users/bob").header("user", "alice").send().await;
    assert_eq!(other.status(), 403);
}
