//! Rule 6, and what a server says about itself.

use countersign_client::{Error, Jar, SavedTokens};
use std::sync::Arc;

use crate::server::{Server, answer, builder, ok};

#[tokio::test]
async fn any_response_may_bring_a_token_and_name_its_header() {
    let server = Server::start(|asked, _| match asked.line().as_str() {
        "GET /page" => answer(200, &[("X-Name", "X-Other"), ("X-Other", "t1")], "page"),
        _ => ok("done"),
    })
    .await;
    let session =
        server.session(r#"{"deliver": {"X-Name": "{header}", "X-Token": "{token}"}}"#).await;
    session.get("/page").send().await.unwrap();
    session.post("/write").send().await.unwrap();
    assert_eq!(server.lines(), ["GET /page", "POST /write"]);
    let written = server.asked().pop().unwrap();
    assert_eq!((written.header("x-other"), written.header("x-token")), (Some("t1"), None));
}

#[tokio::test]
async fn a_token_in_a_page_is_found_and_the_page_is_handed_on() {
    let page = r#"<html><meta name="csrf" content="a&#43;b"></html>"#;
    let server = Server::start(move |asked, _| match asked.uri.path() {
        "/page" => answer(200, &[("content-type", "text/html; charset=utf-8")], page),
        _ => ok("done"),
    })
    .await;
    let session =
        server.session(r#"{"obtain": [{"request": "GET /page", "from": {"meta": "csrf"}}]}"#).await;
    let seen = session.get("/page").send().await.unwrap();
    assert_eq!(seen.text().await.unwrap(), page);
    session.post("/write").send().await.unwrap();
    assert_eq!(server.lines(), ["GET /page", "POST /write"]);
    assert_eq!(server.asked()[1].header("x-token"), Some("a+b"));
}

/// A dialect may look for its token in every page; an event stream is none, and never ends.
#[tokio::test]
async fn what_is_no_page_is_handed_on_as_it_comes() {
    let server = Server::start(|_, _| {
        let first = axum::body::Bytes::from("data: first\n\n");
        let begun = futures_util::stream::iter([Ok::<_, std::convert::Infallible>(first)]);
        let endless = futures_util::StreamExt::chain(begun, futures_util::stream::pending());
        let mut answer = axum::response::Response::new(axum::body::Body::from_stream(endless));
        answer.headers_mut().insert("content-type", "text/event-stream".parse().unwrap());
        answer
    })
    .await;
    let session =
        server.session(r#"{"obtain": [{"request": "GET *", "from": {"meta": "csrf"}}]}"#).await;
    let mut response = session.get("/events").send().await.unwrap();
    assert_eq!(response.chunk().await.unwrap().unwrap(), "data: first\n\n");
}

#[tokio::test]
async fn a_token_in_a_cookie_is_read_each_time() {
    let server = Server::start(|asked, before| match asked.uri.path() {
        "/cookie" => answer(204, &[("set-cookie", "XSRF-TOKEN=a%3D; Path=/")], ""),
        "/turn" => answer(200, &[("set-cookie", "XSRF-TOKEN=b%3D; Path=/")], ""),
        _ => ok(before.to_string()),
    })
    .await;
    let session = server
        .session(r#"{"obtain": [{"request": "GET /cookie", "from": {"cookie": "XSRF-TOKEN"}}]}"#)
        .await;
    session.post("/one").send().await.unwrap();
    session.get("/turn").send().await.unwrap();
    session.post("/two").send().await.unwrap();
    assert_eq!(server.lines(), ["GET /cookie", "POST /one", "GET /turn", "POST /two"]);
    let asked = server.asked();
    assert_eq!((asked[1].header("x-token"), asked[3].header("x-token")), (Some("a="), Some("b=")));
}

#[tokio::test]
async fn a_stale_cookie_is_replaced_after_a_refusal() {
    let server = Server::start(|asked, before| match asked.uri.path() {
        "/cookie" if before == 0 => answer(204, &[("set-cookie", "XSRF=stale; Path=/")], ""),
        "/cookie" => answer(204, &[("set-cookie", "XSRF=fresh; Path=/")], ""),
        _ if asked.header("x-token") == Some("fresh") => ok("done"),
        _ => crate::server::refusal(),
    })
    .await;
    let session = server
        .session(r#"{"obtain": [{"request": "GET /cookie", "from": {"cookie": "XSRF"}}]}"#)
        .await;
    assert_eq!(session.post("/one").send().await.unwrap().status(), 200);
    assert_eq!(server.lines(), ["GET /cookie", "POST /one", "GET /cookie", "POST /one"]);
}

#[tokio::test]
async fn a_star_asks_where_the_request_goes() {
    let server = Server::start(|asked, _| match asked.method.as_str() {
        "HEAD" if asked.header("x-token") == Some("Fetch") => answer(200, &[("X-Token", "t1")], ""),
        "HEAD" => answer(403, &[("X-Token", "Required")], ""),
        _ if asked.header("x-token") == Some("t1") => ok("done"),
        _ => answer(403, &[("X-Token", "Required")], ""),
    })
    .await;
    let session = server
        .session(
            r#"{
                "deliver": {"X-Token": "{token}"},
                "obtain": [{"request": "HEAD *", "headers": {"X-Token": "Fetch"}, "from": {"header": "X-Token"}}],
                "refusal": {"status": 403, "headers": {"X-Token": "required"}}
            }"#,
        )
        .await;
    assert_eq!(session.post("/odata/Orders?x=1").send().await.unwrap().status(), 200);
    assert_eq!(server.lines(), ["HEAD /odata/Orders?x=1", "POST /odata/Orders?x=1"]);
    // The mark of a refusal is not taken for a token.
    session.head("/odata").send().await.unwrap();
    assert_eq!(session.post("/odata/Orders").send().await.unwrap().status(), 200);
    assert_eq!(server.asked().pop().unwrap().header("x-token"), Some("t1"));
}

#[tokio::test]
async fn requests_that_change_something_are_never_sent_for_a_token() {
    let server = Server::start(|_, _| answer(403, &[], "csrf")).await;
    let session =
        server.session(r#"{"obtain": [{"request": "POST /login", "from": {"json": "/t"}}]}"#).await;
    session.post("/write").send().await.unwrap();
    assert_eq!(server.lines(), ["POST /write"]);
}

#[tokio::test]
async fn an_obtain_elsewhere_is_never_sent() {
    let stranger = Server::start(|_, _| ok("t1")).await;
    let server = Server::start(|_, _| ok("done")).await;
    for target in [format!("//{}/t", stranger.address), format!("/\\\\{}/t", stranger.address)] {
        let obtain = format!(r#"{{"obtain": [{{"request": "GET {target}", "from": "text"}}]}}"#);
        server.session(&obtain).await.post("/write").send().await.unwrap();
    }
    assert!(stranger.asked().is_empty());
}

const DOCUMENT: &str = r#"{"version": 1, "dialect": "theirs", "session_cookie": "sid",
    "protect": {"methods": "all", "require": "token"}, "token": {"header": "X-Theirs"},
    "obtain": [{"request": "GET /token", "from": "text"}], "refusal": {"status": 403}}"#;

#[tokio::test]
async fn a_server_says_what_it_wants() {
    let server = Server::start(|asked, _| match asked.uri.path() {
        "/.well-known/csrf" => ok(DOCUMENT),
        "/token" => ok("t1"),
        _ => ok("done"),
    })
    .await;
    let session = builder(&server.url()).build().await.unwrap();
    assert_eq!(session.document().dialect, "theirs");
    session.get("/read").send().await.unwrap();
    assert_eq!(server.asked().pop().unwrap().header("x-theirs"), Some("t1"));
}

#[tokio::test]
async fn a_server_that_says_nothing_usable_is_an_error_that_helps() {
    let long = format!("{DOCUMENT}{}", " ".repeat(1 << 19));
    for (status, body, expected) in [
        (404, String::new(), "says no dialect"),
        (200, "<html>".to_owned(), "cannot be used"),
        (200, DOCUMENT.replace("1", "2"), "update the client"),
        (200, long, "says no dialect"),
    ] {
        let server = Server::start(move |_, _| answer(status, &[], &body)).await;
        let error = builder(&server.url()).build().await.unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    }
    let error = builder("http://127.0.0.1:1").dialect("genessys").build().await.unwrap_err();
    assert!(
        matches!(error, Error::Dialect { .. }) && error.to_string().contains("genesys"),
        "{error}"
    );
}

#[tokio::test]
async fn tokens_outlive_a_program() {
    let server = Server::start(|asked, before| match asked.uri.path() {
        "/token" => answer(200, &[("set-cookie", "sid=one; Path=/")], &format!("t{before}")),
        _ => ok("done"),
    })
    .await;
    let session = server.session("{}").await;
    session.post("/one").send().await.unwrap();
    let tokens = serde_json::to_string(&session.tokens()).unwrap();
    let jar = session.jar().to_json().unwrap();
    drop(session);

    let tokens: SavedTokens = serde_json::from_str(&tokens).unwrap();
    let again = |jar: Jar| server.builder("{}").jar(Arc::new(jar)).tokens(tokens.clone()).build();
    again(Jar::from_json(&jar).unwrap()).await.unwrap().post("/two").send().await.unwrap();
    assert_eq!(server.lines(), ["GET /token", "POST /one", "POST /two"]);
    assert_eq!(server.asked().pop().unwrap().header("x-token"), Some("t0"));
    // Without the session to which they belong, they are worth nothing.
    again(Jar::new()).await.unwrap().post("/three").send().await.unwrap();
    assert_eq!(server.lines()[3..], ["GET /token", "POST /three"]);
}
