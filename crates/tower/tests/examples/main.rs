//! What the examples say of themselves is true.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test fails by panicking, its helpers too"
)]

#[path = "../layer/common/mod.rs"]
#[expect(dead_code, unused_imports, reason = "the layer's own tests use the rest")]
mod common;

#[path = "../../examples/axum_access.rs"]
#[expect(dead_code, reason = "its `main` waits for ever")]
mod axum_access;
#[path = "../../examples/axum_form.rs"]
#[expect(dead_code, reason = "its `main` waits for ever")]
mod axum_form;
#[path = "../../examples/axum_json_api.rs"]
#[expect(dead_code, reason = "its `main` waits for ever")]
mod axum_json_api;
#[path = "../../examples/axum_one_time.rs"]
#[expect(dead_code, reason = "its `main` waits for ever")]
mod axum_one_time;
#[path = "../../examples/own_rejection_page.rs"]
#[expect(dead_code, reason = "its `main` waits for ever")]
mod own_rejection_page;
#[path = "../../examples/session_from_app.rs"]
#[expect(dead_code, reason = "its `main` waits for ever")]
mod session_from_app;

use common::{Answer, Server};

/// The cookies that an answer sets, as the next request sends them.
fn cookies(answer: &Answer) -> String {
    let set = answer.headers().get_all("set-cookie").iter().map(|value| value.to_str().unwrap());
    let pairs: Vec<&str> = set.filter_map(|cookie| cookie.split(';').next()).collect();
    pairs.join("; ")
}

#[tokio::test]
async fn axum_form() {
    let server = Server::start(axum_form::app().unwrap()).await;
    assert_eq!(server.get("/").send().await.status(), 403, "no session yet");
    let session = cookies(&server.get("/login").send().await);
    let page = server.get("/").cookie(&session).send().await.into_body();
    let value = page.split("value=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    for (form, status) in [(format!("csrf_token={value}&to=bob"), 200), ("to=bob".to_owned(), 403)]
    {
        let call = server.post("/").cookie(&session);
        let answer = call.form("application/x-www-form-urlencoded", form).send().await;
        assert_eq!(answer.status(), status);
        assert_eq!(answer.body() == "sent to bob\n", status == 200);
    }
}

#[tokio::test]
async fn axum_json_api() {
    let server = Server::start(axum_json_api::app().unwrap()).await;
    let token = server.get("/api/token").cookie("session=demo").send().await.into_body();
    let token: serde_json::Value = serde_json::from_str(&token).unwrap();
    for (token, status) in [(token["token"].as_str().unwrap(), 200), ("x", 403)] {
        let call =
            server.post("/api/transfer").cookie("session=demo").header("x-csrf-token", token);
        let answer = call.form("application/json", r#"{"to":"bob"}"#).send().await;
        assert_eq!(answer.status(), status);
        assert_eq!(answer.body() == r#"{"sent":{"to":"bob"}}"#, status == 200);
    }
}

#[tokio::test]
async fn axum_one_time() {
    let server = Server::start(axum_one_time::app().unwrap()).await;
    let pool = server.get("/tickets").cookie("tao_session=demo").send().await.into_body();
    let pool: Vec<String> = serde_json::from_str(&pool).unwrap();
    let send = async |ticket: &str| {
        let call = server.post("/tao/items").cookie("tao_session=demo");
        call.header("x-csrf-token", ticket).send().await
    };
    let created = send(&pool[0]).await;
    assert_eq!((created.status().as_u16(), created.body().as_str()), (200, "created\n"));
    assert_eq!(send(&pool[0]).await.status(), 403);
    let fresh = created.headers()["x-csrf-token"].to_str().unwrap();
    assert_eq!(send(fresh).await.status(), 200);
}

#[tokio::test]
async fn axum_access() {
    let server = Server::start(axum_access::app().unwrap()).await;
    for (user, path, status) in [
        ("", "/ping", 200),
        ("alice", "/users", 403),
        ("alice", "/users/alice", 200),
        ("alice", "/users/bob", 403),
        ("alice", "/forgotten", 403),
    ] {
        let call = server.get(path);
        let call = if user.is_empty() { call } else { call.header("x-user", user) };
        assert_eq!(call.send().await.status(), status, "{user} {path}");
    }
}

#[tokio::test]
async fn own_rejection_page() {
    let server = Server::start(own_rejection_page::app().unwrap()).await;
    let own = server.origin();
    for (origin, status, says) in [("https://evil.example", 403, "try again"), (&own, 200, "done")]
    {
        let answer = server.post("/").cookie("session=a").header("origin", origin).send().await;
        assert_eq!(answer.status(), status);
        assert!(answer.body().contains(says), "{answer:?}");
    }
}

#[tokio::test]
async fn session_from_app() {
    let server = Server::start(session_from_app::app().unwrap()).await;
    let login = server.post("/noninteractivelogin/").send().await;
    let (cookies, token) = (cookies(&login), login.headers()["x-csrftoken"].to_str().unwrap());
    let send = async |cookies: &str| {
        server.post("/").cookie(cookies).header("x-csrftoken", token).send().await.status()
    };
    assert_eq!(send(&cookies).await, 200);
    assert_eq!(send(&format!("sessionid=invented; csrftoken={token}")).await, 403);
}
