//! Signed double submit, as the voss dialect does it: the token in a cookie and again in a header,
//! bound to the session, the same until the session ends.

use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};
use countersign_tower::axum::CsrfField;
use countersign_tower::{Csrf, CsrfLayer, IssueError, Rejection, SessionBinding};

use crate::common::{Answer, Calls, Server, altered, layer, policy, protected};

const FORM: &str = "application/x-www-form-urlencoded";

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
    for (cookies, status) in [(pair("a", &own), 200), ("sessionid=a".into(), 403)] {
        let answer = server.post("/api/").cookie(&cookies).form(FORM, body.clone()).send().await;
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

/// A script that logs in takes the token from the answer's body, and the browser the cookie.
#[tokio::test]
async fn a_login_hands_out_the_token_that_its_cookie_carries() {
    let login = async |csrf: Csrf| {
        let token = csrf.token_for_session("joe").await?;
        assert_eq!(csrf.token_for_session("joe").await?, token, "asked twice");
        assert_ne!(csrf.token().await?, token, "the session before the login has another");
        Ok::<_, IssueError>(([("set-cookie", "sessionid=joe; Path=/")], token))
    };
    let bound = async |csrf: Csrf| {
        let token = csrf.token_for_session("id-7").await?;
        Ok::<_, IssueError>((Extension(SessionBinding::live("id-7")), token))
    };
    let calls = Calls::default();
    let routes = Router::new()
        .route("/login", post(login))
        .route("/bound", post(bound))
        .route("/api/", calls.echo());
    let server = Server::start(protected(layer(policy("voss")), routes)).await;
    let before = server.token("sessionid=pre").await;
    for (name, path, form, after) in [
        ("token in a header", "/login", false, "joe"),
        ("token in the form", "/login", true, "joe"),
        ("a session that the app names", "/bound", false, "id-7"),
    ] {
        let call = server.post(path).cookie(&pair("pre", &before));
        let call = if form {
            call.form(FORM, format!("csrfmiddlewaretoken={before}"))
        } else {
            call.header("x-csrftoken", &before)
        };
        let answer = call.send().await;
        let token = delivered(&answer).expect(name);
        assert_eq!(*answer.body(), token, "{name}");
        let call = server.post("/api/").cookie(&pair(after, &token));
        let answer = call.header("x-csrftoken", &token).send().await;
        assert_eq!(answer.status(), 200, "{name}: {answer:?}");
    }
}

/// Outside of the layer, where no cookie goes along by itself.
#[tokio::test]
async fn a_refused_form_that_is_shown_again_brings_its_cookie() {
    async fn again(State(csrf): State<CsrfLayer>, request: Request, next: Next) -> Response {
        let refusal = next.run(request).await;
        if refusal.extensions().get::<Rejection>().is_none() {
            return refusal;
        }
        let csrf = csrf.for_session("a");
        let field = CsrfField::of(&csrf).await.unwrap();
        let page = format!("{}={}", field.name(), field.value());
        let mut page = (refusal.status(), Html(page)).into_response();
        csrf.deliver(&mut page).await.unwrap();
        page
    }
    let protection = layer(policy("voss"));
    let routes = Router::new().route("/", Calls::default().echo()).layer(protection.clone());
    let server = Server::start(routes.layer(from_fn_with_state(protection, again))).await;
    let refused = server.post("/").cookie("sessionid=a; csrftoken=old").send().await;
    assert_eq!(refused.status(), 403);
    let token = delivered(&refused).expect("the page has a new token");
    let call = server.post("/").cookie(&pair("a", &token)).form(FORM, refused.body().clone());
    assert_eq!(call.send().await.status(), 200);
}

/// A handler that delivers the token itself has the last word.
#[tokio::test]
async fn a_token_is_delivered_once() {
    let protection = layer(policy("voss"));
    let csrf = protection.for_session("new");
    let handler = get(async move || {
        let mut response = [("set-cookie", "sessionid=new")].into_response();
        csrf.deliver(&mut response).await.map(|()| response)
    });
    let routes = Router::new().route("/", handler);
    let server = Server::start(protected(protection, routes)).await;
    let answer = server.get("/").cookie("sessionid=old").send().await;
    let token = delivered(&answer).expect("once in a header and once in a cookie");
    assert_eq!(
        delivered(&server.get("/").cookie(&pair("new", &token)).send().await).as_ref(),
        Some(&token),
        "the handle gives one token, however often"
    );
}

/// Where a POST's answer carries no cookie, its page must repeat the cookie that the client has.
#[tokio::test]
async fn a_page_without_a_cookie_of_its_own_repeats_the_clients() {
    let seldom = altered("voss", r#"on = "always""#, r#"on = "safe""#);
    let routes = Router::new().route("/", post(async |csrf: Csrf| csrf.token().await));
    let server = Server::start(protected(layer(seldom), routes)).await;
    let own = server.token("sessionid=a").await;
    let call = server.post("/").cookie(&pair("a", &own)).header("x-csrftoken", &own);
    let answer = call.send().await;
    assert_eq!((delivered(&answer), answer.body()), (None, &own));
}
