//! What handlers ask for: tokens, form fields, pools; and what they get when there is none to have.

use std::collections::HashSet;

use axum::routing::{get, post};
use axum::{Extension, Router};
use countersign::Absent;
use countersign_tower::axum::{CsrfField, FreshTickets, TokenUnavailable};
use countersign_tower::{Csrf, CsrfLayer, IssueError, Principal};

use crate::common::{Calls, Server, Switched, altered, keyring, layer, policy, protected, stored};

const URLENCODED: &str = "application/x-www-form-urlencoded";

/// Routes with everything that can be asked for.
fn asking() -> Router {
    Router::new()
        .route("/field", get(async |field: CsrfField| field.to_string()))
        .route("/tickets", get(async |FreshTickets(tickets): FreshTickets| tickets.join(" ")))
        .route("/handle", get(async |csrf: Csrf| csrf.field_name().unwrap_or_default()))
        .route(
            "/perhaps",
            get(async |field: Result<CsrfField, TokenUnavailable>| match field {
                Ok(field) => field.to_string(),
                Err(why) => why.to_string(),
            }),
        )
        .route("/", post(async || "done"))
}

/// The name and value that a browser would read from the field's HTML.
fn read(html: &str) -> (&str, &str) {
    let rest = html.strip_prefix(r#"<input type="hidden" name=""#).expect(html);
    let (name, rest) = rest.split_once('"').expect(html);
    let rest = rest.strip_prefix(r#" value=""#).expect(html);
    (name, rest.strip_suffix(r#"">"#).expect(html))
}

#[tokio::test]
async fn a_field_differs_on_each_page_and_is_good_each_time() {
    for (dialect, session) in [("standard", "session=a"), ("voss", "sessionid=a")] {
        let server = Server::start(protected(layer(policy(dialect)), asking())).await;
        let mut seen = HashSet::new();
        // As a browser: the first page comes without the token's cookie, the later ones with it.
        let mut cookies = session.to_owned();
        for page in 1..=5 {
            let answer = server.get("/field").cookie(&cookies).send().await;
            if let Some(token) = answer.headers().get("x-csrftoken") {
                cookies = format!("{session}; csrftoken={}", token.to_str().unwrap());
            }
            let (name, value) = read(answer.body());
            assert!(seen.insert(value.to_owned()), "{dialect} page {page}: the same text again");
            assert_eq!(value.len(), 64, "{dialect} page {page}: masked, so twice as long");
            let form = format!("{name}={value}");
            let posted = server.post("/").cookie(&cookies).form(URLENCODED, form).send().await;
            assert_eq!(posted.status(), 200, "{dialect} page {page}: {posted:?}");
        }
    }
}

#[tokio::test]
async fn a_fields_html_is_a_hidden_input_with_escaped_name() {
    let named = altered("standard", r#"field = "csrf_token""#, r#"field = 'a"<b>&c'"#);
    let server = Server::start(protected(layer(named), asking())).await;
    let page = server.get("/field").cookie("session=a").send().await;
    let (name, value) = read(page.body());
    assert_eq!(name, "a&quot;&lt;b>&amp;c");
    let form = format!("a%22%3Cb%3E%26c={value}");
    let posted = server.post("/").cookie("session=a").form(URLENCODED, form).send().await;
    assert_eq!(posted.status(), 200);
}

#[tokio::test]
async fn a_one_time_field_is_good_once() {
    let server = Server::start(protected(layer(policy("tao")), asking())).await;
    let page = server.get("/field").cookie("tao_session=a").send().await;
    let (name, value) = read(page.body());
    for (time, status) in [("first", 200), ("second", 403)] {
        let call = server.post("/").cookie("tao_session=a");
        let posted = call.form(URLENCODED, format!("{name}={value}")).send().await;
        assert_eq!(posted.status(), status, "the {time} time");
    }
}

#[tokio::test]
async fn a_pool_is_as_large_as_the_dialect_says_and_never_the_same() {
    let server = Server::start(protected(layer(policy("tao")), asking())).await;
    let mut seen = HashSet::new();
    for _ in 0..3 {
        let pool = server.get("/tickets").cookie("tao_session=a").send().await;
        let tickets: Vec<&str> = pool.body().split(' ').collect();
        assert_eq!(tickets.len(), 10);
        for ticket in tickets {
            assert!(ticket.len() == 40 && ticket.bytes().all(|b| b"0123456789abcdef".contains(&b)));
            assert!(seen.insert(ticket.to_owned()), "a ticket was given out twice");
        }
    }
}

#[tokio::test]
async fn without_anything_to_bind_to_there_is_no_token() {
    let without_field = altered("standard", "field = \"csrf_token\"\n", "");
    let bare = Router::new().merge(asking());
    let no_handle = protected(layer(policy("standard")).without_handle(), asking());
    for (name, app, path, cookie, status) in [
        ("no session", protected(layer(policy("standard")), asking()), "/field", "x=1", 403),
        ("no session", protected(layer(policy("standard")), asking()), "/token", "x=1", 403),
        ("no session", protected(layer(policy("tao")), asking()), "/tickets", "x=1", 403),
        (
            "no user",
            protected(layer(policy("redback").with_absent_origin(Absent::Allow)), asking()),
            "/token",
            "JSESSIONID=a",
            403,
        ),
        (
            "two sessions",
            protected(layer(policy("standard")), asking()),
            "/token",
            "session=a; session=b",
            403,
        ),
        (
            "a handle needs no session",
            protected(layer(policy("standard")), asking()),
            "/handle",
            "x=1",
            200,
        ),
        (
            "no field in the dialect",
            protected(layer(without_field), asking()),
            "/field",
            "session=a",
            500,
        ),
        ("no layer", bare.clone(), "/field", "session=a", 500),
        ("no layer", bare, "/handle", "session=a", 500),
        ("a layer that gives no handle", no_handle, "/token", "session=a", 500),
    ] {
        let server = Server::start(app).await;
        let answer = server.get(path).cookie(cookie).send().await;
        assert_eq!(answer.status(), status, "{name} {path}");
        assert!(answer.body().len() < 20, "{name} {path}: nothing is told");
    }
}

#[tokio::test]
async fn a_page_may_do_without() {
    let server = Server::start(protected(layer(policy("standard")), asking())).await;
    let page = server.get("/perhaps").send().await;
    assert_eq!(page.body(), "the request has no session or user that a token could belong to");
    let page = server.get("/perhaps").cookie("session=a").send().await;
    assert_eq!(read(page.body()).0, "csrf_token");
}

#[tokio::test]
async fn nothing_works_without_the_store_and_nothing_slips_through() {
    let calls = Calls::default();
    for (name, policy, cookie) in
        [("one-time", policy("tao"), "tao_session=a"), ("stored", stored(), "session=a")]
    {
        let store = Switched::new(1, false);
        let layer = CsrfLayer::with_store(policy, keyring(), store.clone());
        let routes = asking().route("/counted", calls.echo());
        let server = Server::start(protected(layer, routes)).await;
        let token = server.token(cookie).await;
        let post = |path: &str| server.post(path).cookie(cookie).header("x-csrf-token", &token);

        store.set_down(true);
        assert_eq!(server.get("/token").cookie(cookie).send().await.status(), 503, "{name}");
        let refused = post("/counted").send().await;
        assert_eq!(refused.status(), 403, "{name}");
        assert_eq!(refused.headers()["x-reason"], "store_unavailable", "{name}");
        assert_eq!(refused.headers().get("x-csrf-token"), None, "{name}");
        assert_eq!(
            server.get("/handle").cookie(cookie).send().await.status(),
            200,
            "{name}: reads"
        );

        store.set_down(false);
        let before = calls.count();
        assert_eq!(post("/counted").send().await.status(), 200, "{name}: it was not spent");
        assert_eq!(calls.count() - before, 1, "{name}");
    }
}

/// Pages that were written for a protected app go on working, and what they hand out is good as soon
/// as protection is back.
#[tokio::test]
async fn a_disabled_policy_gives_pages_their_tokens_and_delivers_none() {
    let by_file = "rest.csrffilter.enabled = false";
    for (name, enabled, disabled, cookie, path) in [
        ("standard", policy("standard"), None, "session=a", "/field"),
        ("genesys", policy("genesys"), None, "JSESSIONID=a", "/token"),
        ("voss", policy("voss"), None, "sessionid=a", "/field"),
        ("redback", policy("redback"), None, "JSESSIONID=a", "/token"),
        (
            "redback, by its own setting",
            policy("redback"),
            policy("redback").with_properties(by_file).ok(),
            "JSESSIONID=a",
            "/token",
        ),
        ("vmanage", policy("vmanage"), None, "JSESSIONID=a", "/token"),
        ("tao", policy("tao"), None, "tao_session=a", "/field"),
        ("tao, a pool", policy("tao"), None, "tao_session=a", "/tickets"),
        ("kept in the store", stored(), None, "session=a", "/field"),
    ] {
        let disabled = disabled.unwrap_or_else(|| enabled.clone().insecure_disabled());
        assert!(!disabled.is_enabled(), "{name}");
        let admin = Extension(Principal::new("admin", [""; 0]));
        let store = Switched::new(1, false);
        let serve = |policy| {
            let layer = CsrfLayer::with_store(policy, keyring(), store.clone());
            Server::start(protected(layer, asking()).layer(admin.clone()))
        };
        let off = serve(disabled).await;
        let page = off.get(path).cookie(cookie).send().await;
        assert_eq!(page.status(), 200, "{name}: {page:?}");
        assert!(!page.body().is_empty(), "{name}");
        for header in ["set-cookie", "x-csrf-token", "x-csrftoken", "x-xsrf-token", "cache-control"]
        {
            assert_eq!(page.headers().get(header), None, "{name}");
        }
        assert_eq!(off.post("/").cookie(cookie).send().await.status(), 200, "{name}: unjudged");

        let on = serve(enabled.clone()).await;
        let token = off.token(cookie).await;
        let header = enabled.dialect().token.as_ref().unwrap().header.as_str().to_owned();
        let cookies = format!("{cookie}; csrftoken={token}");
        let call = on.post("/").cookie(&cookies).header(&header, &token);
        let answer = call.header("origin", &on.origin()).send().await;
        assert_eq!(answer.status(), 200, "{name}: {answer:?}");
    }
}

/// At login the answer's body may carry what belongs to the session that begins with it.
#[tokio::test]
async fn a_login_hands_out_what_the_new_session_may_use() {
    let one = post(async |csrf: Csrf| csrf.token_for_session("new").await);
    let pool = post(async |csrf: Csrf| {
        csrf.tickets_for_session("new").await.map(|tickets| tickets.join(" "))
    });
    for (policy, cookie, count) in [
        (policy("standard"), "session", 1),
        (stored(), "session", 1),
        (policy("tao"), "tao_session", 10),
    ] {
        let name = policy.dialect().name.clone();
        let routes = asking().route("/one", one.clone()).route("/pool", pool.clone());
        let server = Server::start(protected(layer(policy), routes)).await;
        let old = format!("{cookie}=old");
        for (path, count) in [("/one", 1), ("/pool", count)] {
            let own = server.token(&old).await;
            let call = server.post(path).cookie(&old).header("x-csrf-token", &own);
            let login = call.send().await;
            assert_eq!(login.status(), 200, "{name} {path}");
            let tokens: Vec<&str> = login.body().split(' ').collect();
            assert_eq!(tokens.len(), count, "{name} {path}");
            for token in tokens {
                for (session, status) in [("old", 403), ("new", 200)] {
                    let call = server.post("/").cookie(&format!("{cookie}={session}"));
                    let answer = call.header("x-csrf-token", token).send().await;
                    assert_eq!(answer.status(), status, "{name} {path} {session}");
                }
            }
        }
    }
}

/// It may go away between judging a request and answering it.
#[tokio::test]
async fn an_answer_goes_out_without_a_token_when_the_store_went_away() {
    for (policy, cookie, delivered) in [
        (stored(), "session=a", false),
        // The fresh ticket was reserved in the stroke that spent the other.
        (policy("tao"), "tao_session=a", true),
    ] {
        let store = Switched::new(1, false);
        let switch = store.clone();
        let going = post(async move |csrf: Csrf| {
            switch.set_down(true);
            csrf.end().await.expect_err("the store is away").to_string()
        });
        let layer = CsrfLayer::with_store(policy, keyring(), store);
        let server = Server::start(protected(layer, Router::new().route("/", going))).await;
        let token = server.token(cookie).await;
        let answer = server.post("/").cookie(cookie).header("x-csrf-token", &token).send().await;
        assert_eq!(answer.status(), 200, "{cookie}");
        assert_eq!(answer.body(), "the store did not answer", "{cookie}");
        assert_eq!(answer.headers().contains_key("x-csrf-token"), delivered, "{cookie}");
    }
}

#[test]
fn errors_say_what_is_missing() {
    for (error, says) in [
        (TokenUnavailable::NoLayer, "no CsrfLayer is around this route"),
        (IssueError::NoToken.into(), "the dialect has no such token"),
        (IssueError::Store.into(), "the store did not answer"),
    ] {
        assert_eq!(error.to_string(), says);
    }
}
