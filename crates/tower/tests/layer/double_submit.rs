//! Signed double submit, as the voss dialect does it: the token in a cookie and again in a header,
//! bound to the session, the same until the session ends.

use axum::Router;
use axum::routing::{get, post};

use crate::common::{Answer, Calls, Server, layer, policy, protected};

/// A Django-like app: a session from the first page on, and a new one at login.
async fn start(calls: &Calls) -> Server {
    let login = get(async || [("set-cookie", "sessionid=pre; HttpOnly; Path=/")])
        .post(async || [("set-cookie", "sessionid=joe; HttpOnly; Path=/")]);
    let routes = Router::new()
        .route("/login/", login)
        .route("/logout/", post(async || [("set-cookie", "sessionid=; Max-Age=0; Path=/")]))
        .route("/api/", calls.echo())
        .route("/noninteractivelogin/", calls.echo());
    Server::start(protected(layer(policy("voss")), routes)).await
}

/// The token that an answer delivers, after looking at how.
fn delivered(answer: &Answer) -> Option<String> {
    let values = |name| answer.headers().get_all(name).iter().map(|value| value.to_str().unwrap());
    let header: Vec<&str> = values("x-csrftoken").collect();
    let cookies: Vec<&str> =
        values("set-cookie").filter_map(|cookie| cookie.strip_prefix("csrftoken=")).collect();
    match (&header[..], &cookies[..]) {
        ([], []) => None,
        ([token], [cookie]) => {
            let (value, attributes) = cookie.split_once("; ").unwrap();
            assert_eq!(*token, value, "header and cookie are identical");
            assert_eq!(attributes, "SameSite=Lax; HttpOnly; Path=/");
            assert!(token.len() == 32 && token.bytes().all(|b| b.is_ascii_alphanumeric()));
            let vary = "Accept-Encoding, Cookie, Accept-Language, X-CSRFToken";
            assert_eq!(answer.headers()["vary"], vary);
            assert_eq!(answer.headers()["cache-control"], "no-store");
            Some((*token).to_owned())
        }
        _ => panic!("{answer:?}"),
    }
}

fn pair(session: &str, token: &str) -> String {
    format!("sessionid={session}; csrftoken={token}")
}

#[tokio::test]
async fn the_token_is_constant_within_a_session_and_new_at_login() {
    let server = start(&Calls::default()).await;
    let first = server.get("/login/").send().await;
    let before = delivered(&first).expect("a pre-session has a token");
    for _ in 0..3 {
        let again = server.get("/api/").cookie(&pair("pre", &before)).send().await;
        assert_eq!(delivered(&again).as_deref(), Some(&*before));
    }

    let call = server.post("/login/").cookie(&pair("pre", &before));
    let login = call.header("x-csrftoken", &before).send().await;
    let after = delivered(&login).expect("a login delivers a token");
    assert_ne!(after, before);
    let call = server.post("/api/").cookie(&pair("joe", &after));
    let kept = call.header("x-csrftoken", &after).send().await;
    assert_eq!((kept.status().as_u16(), delivered(&kept)), (200, Some(after.clone())));
    let call = server.post("/api/").cookie(&pair("joe", &before));
    let stale = call.header("x-csrftoken", &before).send().await;
    assert_eq!(stale.headers()["x-reason"], "token_invalid");

    let call = server.post("/logout/").cookie(&pair("joe", &after));
    let logout = call.header("x-csrftoken", &after).send().await;
    assert_eq!((logout.status().as_u16(), delivered(&logout)), (200, None));
}

#[tokio::test]
async fn a_cookie_that_does_not_hold_is_replaced() {
    let server = start(&Calls::default()).await;
    let own = delivered(&server.get("/api/").cookie("sessionid=a").send().await).unwrap();
    for (name, cookies, kept) in [
        ("its own", pair("a", &own), true),
        ("of another session", pair("b", &own), false),
        ("rubbish", pair("a", &"x".repeat(32)), false),
        ("cut", pair("a", &own[1..]), false),
        ("empty", pair("a", ""), false),
        ("two", format!("{}; csrftoken=x", pair("a", &own)), false),
    ] {
        let token = delivered(&server.get("/api/").cookie(&cookies).send().await);
        assert_eq!(token.expect(name) == own, kept, "{name}");
    }
    assert_eq!(
        delivered(&server.get("/api/").cookie(&format!("csrftoken={own}")).send().await),
        None
    );
}

#[tokio::test]
async fn both_halves_must_be_there_and_belong_to_the_session() {
    let calls = Calls::default();
    let server = start(&calls).await;
    let own = server.token("sessionid=a").await;
    let other = server.token("sessionid=b").await;
    let second = server.token("sessionid=a").await;
    assert_ne!(own, second, "each is salted");
    let x = "x".repeat(32);
    let ours = format!("{}{}", &own[..1], "x".repeat(31));
    for (name, cookies, header, expected) in [
        ("a pair", pair("a", &own), own.as_str(), ""),
        ("another pair of the session", pair("a", &second), &second, ""),
        ("no header", pair("a", &own), "", "token_missing"),
        ("no cookie", "sessionid=a".into(), &own, "token_cookie_missing"),
        ("no session", format!("csrftoken={own}"), &own, "session_missing"),
        ("unequal, both good", pair("a", &own), &second, "token_cookie_mismatch"),
        ("a planted pair of another session", pair("a", &other), &other, "token_invalid"),
        ("a planted pair of rubbish", pair("a", &x), &x, "token_key_unknown"),
        ("rubbish that names a key", pair("a", &ours), &ours, "token_invalid"),
        (
            "a cookie planted beside",
            format!("{}; csrftoken={other}", pair("a", &own)),
            &own,
            "token_repeated",
        ),
        (
            "a session planted beside",
            format!("{}; sessionid=b", pair("a", &own)),
            &own,
            "session_ambiguous",
        ),
        ("another case", pair("a", &own.to_lowercase()), &own.to_lowercase(), "token_invalid"),
    ] {
        let before = calls.count();
        let call = server.post("/api/").cookie(&cookies);
        let call = if header.is_empty() { call } else { call.header("x-csrftoken", header) };
        let answer = call.send().await;
        let reason = answer.headers().get("x-reason").map_or("", |reason| reason.to_str().unwrap());
        assert_eq!(reason, expected, "{name}");
        assert_eq!(calls.count() - before, usize::from(expected.is_empty()), "{name}");
        if !expected.is_empty() {
            assert_eq!((answer.status().as_u16(), delivered(&answer)), (403, None), "{name}");
        }
    }
}

#[tokio::test]
async fn a_form_field_may_carry_the_second_half() {
    let server = start(&Calls::default()).await;
    let own = server.token("sessionid=a").await;
    let body = format!("to=bob&csrfmiddlewaretoken={own}");
    let form = "application/x-www-form-urlencoded";
    for (cookies, status) in [(pair("a", &own), 200), ("sessionid=a".into(), 403)] {
        let answer = server.post("/api/").cookie(&cookies).form(form, body.clone()).send().await;
        assert_eq!(answer.status(), status, "{cookies}");
    }
}

#[tokio::test]
async fn clients_without_a_page_log_in_without_a_token() {
    let server = start(&Calls::default()).await;
    for (name, path, headers, status) in [
        ("JSON login", "/noninteractivelogin/", &[][..], 200),
        (
            "JSON login from a foreign page",
            "/noninteractivelogin/",
            &["origin: https://evil.example"],
            403,
        ),
        ("Basic alone", "/api/", &["authorization: Basic am9lOmJsb2dncw=="], 200),
        (
            "Basic from a foreign page",
            "/api/",
            &["authorization: Basic am9lOmJsb2dncw==", "origin: https://evil.example"],
            403,
        ),
        (
            "Basic beside a session",
            "/api/",
            &["authorization: Basic am9lOmJsb2dncw==", "cookie: sessionid=a"],
            403,
        ),
    ] {
        let answer = server.post(path).headers(headers).send().await;
        assert_eq!(answer.status(), status, "{name}");
    }
}
