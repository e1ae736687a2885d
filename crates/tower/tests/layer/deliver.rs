//! Tokens on ordinary responses, as the genesys dialect delivers them: in two headers of every safe
//! request's answer.

use axum::Router;
use axum::extract::Request;
use axum::http::HeaderMap;
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{get, post};
use countersign::FieldName;
use countersign_tower::SessionBinding;

use crate::common::{Answer, Calls, Server, app, layer, policy, protected};

/// The header that the answer names for the token, and the token.
fn delivered(answer: &Answer) -> Option<(&str, &str)> {
    let header = |name| answer.headers().get(name).map(|value| value.to_str().unwrap());
    header("x-csrf-header").zip(header("x-csrf-token"))
}

fn header<'a>(answer: &'a Answer, name: &str) -> Vec<&'a str> {
    answer.headers().get_all(name).iter().map(|value| value.to_str().unwrap()).collect()
}

/// A handler that answers with these headers.
fn with_headers(headers: &[(&'static str, &'static str)]) -> Router {
    let headers = headers.to_vec();
    let handler = get(async move || {
        let mut map = HeaderMap::new();
        for (name, value) in &headers {
            map.append(*name, value.parse().unwrap());
        }
        map
    });
    Router::new().route("/own", handler)
}

#[tokio::test]
async fn a_safe_requests_answer_carries_the_sessions_token() {
    let calls = Calls::default();
    let server = Server::start(app(layer(policy("genesys")), &calls)).await;
    let token = server.token("JSESSIONID=a").await;
    for (name, method, cookie, expected) in [
        ("a session", "GET", "JSESSIONID=a", Some(token.as_str())),
        ("HEAD", "HEAD", "JSESSIONID=a", Some(&token)),
        ("OPTIONS", "OPTIONS", "JSESSIONID=a", Some(&token)),
        ("cookie attributes, as one client sends them", "GET", "JSESSIONID=a;Path=/", Some(&token)),
        ("no session", "GET", "other=1", None),
        ("an empty cookie", "GET", "JSESSIONID=", None),
        ("two sessions", "GET", "JSESSIONID=a; JSESSIONID=b", None),
        ("a refused request", "POST", "JSESSIONID=a", None),
    ] {
        let answer = server.call(method, "/").cookie(cookie).send().await;
        assert_eq!(delivered(&answer), expected.map(|token| ("X-CSRF-TOKEN", token)), "{name}");
        assert_eq!(
            header(&answer, "x-csrf-token").len(),
            usize::from(expected.is_some()),
            "{name}"
        );
    }
    let call = server.post("/").cookie("JSESSIONID=a").header("x-csrf-token", &token);
    let answer = call.send().await;
    assert_eq!((answer.status().as_u16(), delivered(&answer)), (200, None), "not after a POST");
}

#[tokio::test]
async fn the_token_follows_the_session_cookie_that_the_answer_sets() {
    for (name, set_cookie, sent_then, same) in [
        ("another session", "JSESSIONID=b; Path=/; HttpOnly", "JSESSIONID=b", false),
        ("the same again", "JSESSIONID=a; Path=/", "JSESSIONID=a", true),
        ("another cookie", "theme=dark", "JSESSIONID=a", true),
        ("a longer name", "JSESSIONID2=b", "JSESSIONID=a", true),
    ] {
        let headers = with_headers(&[("set-cookie", set_cookie)]);
        let server = Server::start(protected(layer(policy("genesys")), headers)).await;
        let old = server.token("JSESSIONID=a").await;
        let answer = server.get("/own").cookie("JSESSIONID=a").send().await;
        let (_, token) = delivered(&answer).expect(name);
        assert_eq!(token == old, same, "{name}");
        assert_eq!(token, server.token(sent_then).await, "{name}");
        let first = server.get("/own").send().await;
        assert_eq!(delivered(&first).is_some(), set_cookie.starts_with("JSESSIONID="), "{name}");
    }
    for removal in ["JSESSIONID=", "JSESSIONID=gone; Max-Age=0", "JSESSIONID=; Path=/"] {
        let headers = with_headers(&[("set-cookie", removal)]);
        let server = Server::start(protected(layer(policy("genesys")), headers)).await;
        let answer = server.get("/own").cookie("JSESSIONID=a").send().await;
        assert_eq!(delivered(&answer), None, "{removal}");
    }
}

#[tokio::test]
async fn the_apps_word_about_the_session_outweighs_cookies() {
    /// An app whose session middleware runs outside of the layer.
    async fn sessions(mut request: Request, next: Next) -> Response {
        let cookie = request.headers().get("cookie").map(|value| value.as_bytes().to_vec());
        request.extensions_mut().insert(match cookie.as_deref() {
            Some(b"JSESSIONID=live") => SessionBinding::live("id-1"),
            _ => SessionBinding::none(),
        });
        next.run(request).await
    }
    let renew = async |mut response: Response| {
        response.extensions_mut().insert(SessionBinding::live("id-2"));
        response
    };
    let end = async |mut response: Response| {
        response.extensions_mut().insert(SessionBinding::none());
        response
    };
    let ok = || get(async || [("set-cookie", "JSESSIONID=ignored")]).post(async || "done");
    let routes = Router::new()
        .route("/", get(async || "").post(async || "done"))
        .route("/renew", ok().layer(middleware::map_response(renew)))
        .route("/end", ok().layer(middleware::map_response(end)));
    let app = protected(layer(policy("genesys")), routes).layer(middleware::from_fn(sessions));
    let server = Server::start(app).await;

    let live = server.token("JSESSIONID=live").await;
    let get = async |path: &str, cookie: &str| server.get(path).cookie(cookie).send().await;
    assert_eq!(delivered(&get("/", "JSESSIONID=live").await).unwrap().1, live);
    assert_eq!(delivered(&get("/", "JSESSIONID=dead").await), None);
    let renewed = get("/renew", "JSESSIONID=live").await;
    assert_ne!(delivered(&renewed).unwrap().1, live);
    assert_eq!(delivered(&renewed), delivered(&get("/renew", "JSESSIONID=dead").await));
    assert_eq!(delivered(&get("/end", "JSESSIONID=live").await), None);

    for (name, cookie, status) in [
        ("the live session", "JSESSIONID=live", 200),
        ("a session that is over", "JSESSIONID=dead", 403),
        ("no session", "other=1", 403),
    ] {
        let call = server.post("/").cookie(cookie).header("x-csrf-token", &live);
        assert_eq!(call.send().await.status(), status, "{name}");
    }
    // A token for the cookie's bare value is worth nothing when the app knows better.
    let bare = Server::start(app_without_sessions()).await.token("JSESSIONID=dead").await;
    let call = server.post("/").cookie("JSESSIONID=dead").header("x-csrf-token", &bare);
    let refused = call.send().await;
    assert_eq!(refused.headers()["x-reason"], "session_missing");
}

/// An app that goes by ids of its own, and gives its cookie a later end with each answer.
#[tokio::test]
async fn a_cookie_that_is_renewed_with_its_own_value_is_no_new_session() {
    async fn sessions(mut request: Request, next: Next) -> Response {
        if request.headers().get("cookie").is_some_and(|cookie| cookie == "JSESSIONID=signed") {
            request.extensions_mut().insert(SessionBinding::live("id-1"));
        }
        next.run(request).await
    }
    for (name, set_cookie, same) in [
        ("the same value", "JSESSIONID=signed; Max-Age=3600", true),
        ("another value", "JSESSIONID=other; Max-Age=3600", false),
    ] {
        let headers = with_headers(&[("set-cookie", set_cookie)]);
        let app = protected(layer(policy("genesys")), headers);
        let server = Server::start(app.layer(middleware::from_fn(sessions))).await;
        let live = server.token("JSESSIONID=signed").await;
        let rolled = server.get("/own").cookie("JSESSIONID=signed").send().await;
        let (_, token) = delivered(&rolled).expect(name);
        assert_eq!(token == live, same, "{name}");
        if !same {
            assert_eq!(token, server.token("JSESSIONID=other").await, "{name}");
        }
    }
    let headers = with_headers(&[("set-cookie", "JSESSIONID=signed; Max-Age=0")]);
    let app = protected(layer(policy("genesys")), headers);
    let server = Server::start(app.layer(middleware::from_fn(sessions))).await;
    let ended = server.get("/own").cookie("JSESSIONID=signed").send().await;
    assert_eq!(delivered(&ended), None, "an end is an end, whatever the value");
}

fn app_without_sessions() -> Router {
    app(layer(policy("genesys")), &Calls::default())
}

#[tokio::test]
async fn no_cache_serves_one_sessions_token_to_another() {
    for (own, token, cache_control) in [
        (&[][..], true, &["no-store"][..]),
        (&[("cache-control", "no-store")], true, &["no-store"]),
        (&[("cache-control", "private, max-age=60")], true, &["private, max-age=60"]),
        (&[("cache-control", "no-cache")], true, &["no-cache", "private"]),
        (&[("cache-control", "max-age=0")], true, &["max-age=0", "private"]),
        (&[("cache-control", "max-age=60")], false, &["max-age=60"]),
        (&[("cache-control", "public, max-age=60")], false, &["public, max-age=60"]),
        (&[("cache-control", "S-MaxAge=60")], false, &["S-MaxAge=60"]),
        (
            &[("cache-control", "no-cache"), ("cache-control", "public")],
            false,
            &["no-cache", "public"],
        ),
        (&[("expires", "Thu, 31 Dec 2099 23:59:59 GMT")], true, &["no-store"]),
        (
            &[("cache-control", "no-store"), ("cdn-cache-control", "max-age=60")],
            false,
            &["no-store"],
        ),
        (&[("surrogate-control", "max-age=60")], false, &[]),
        (&[("cdn-cache-control", "no-store")], true, &["no-store"]),
    ] {
        let server = Server::start(protected(layer(policy("genesys")), with_headers(own))).await;
        let answer = server.get("/own").cookie("JSESSIONID=a").send().await;
        assert_eq!(delivered(&answer).is_some(), token, "{own:?}");
        assert_eq!(header(&answer, "cache-control"), cache_control, "{own:?}");
    }
}

/// Two layers in a row of an app must not both add theirs, nor a handler's own header stay beside.
#[tokio::test]
async fn a_header_of_the_apps_own_is_replaced() {
    let own = with_headers(&[("x-csrf-token", "stale"), ("x-csrf-token", "staler")]);
    let server = Server::start(protected(layer(policy("genesys")), own)).await;
    let token = server.token("JSESSIONID=a").await;
    let answer = server.get("/own").cookie("JSESSIONID=a").send().await;
    assert_eq!(header(&answer, "x-csrf-token"), [token.as_str()]);
}

/// Clients follow the name that `X-CSRF-HEADER` gives.
#[tokio::test]
async fn a_renamed_header_is_announced_and_demanded() {
    let name = FieldName::parse("X-Firm-Token").unwrap();
    let renamed = policy("genesys").with_token_header(name).unwrap();
    let routes = Router::new().route("/", post(async || "done"));
    let server = Server::start(protected(layer(renamed), routes)).await;
    let answer = server.get("/token").cookie("JSESSIONID=a").send().await;
    let (announced, token) = delivered(&answer).unwrap();
    assert_eq!(announced, "X-Firm-Token");
    for (header, status) in [(announced, 200), ("X-CSRF-TOKEN", 403)] {
        let call = server.post("/").cookie("JSESSIONID=a").header(header, token);
        assert_eq!(call.send().await.status(), status, "{header}");
    }
}
