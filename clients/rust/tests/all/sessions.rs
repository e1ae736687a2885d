//! Rules 8 and 10: logging in and out, sessions that change, and nothing that tells a secret.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use countersign_client::{Clock, Error};

use crate::server::{Server, answer, ok};

#[tokio::test]
async fn a_token_goes_with_its_session() {
    let server = Server::start(|asked, before| match asked.uri.path() {
        "/token" => ok(format!("t{before}")),
        "/turn" => answer(200, &[("set-cookie", "sid=another; Path=/")], ""),
        "/stay" => answer(200, &[("set-cookie", "other=x; Path=/")], ""),
        _ => ok("done"),
    })
    .await;
    let session = server.session("{}").await;
    for path in ["/one", "/stay", "/two", "/turn", "/three"] {
        session.post(path).send().await.unwrap();
    }
    let expected = [
        "GET /token",
        "POST /one",
        "POST /stay",
        "POST /two",
        "POST /turn",
        "GET /token",
        "POST /three",
    ];
    assert_eq!(server.lines(), expected);
}

const LOGIN: &str = r#"{
    "login": {"request": "POST /login", "json": {"name": "{user}", "secret": "{password}"}, "failed": "again"},
    "logout": {"request": "POST /logout"},
    "deliver": {"X-Token": "{token}"}
}"#;

#[tokio::test]
async fn login_and_logout_drop_tokens_and_keep_that_of_the_answer() {
    let server = Server::start(|asked, before| match asked.uri.path() {
        "/token" => ok(format!("t{before}")),
        "/login" => answer(200, &[("X-Token", "of-login")], "welcome"),
        _ => ok("done"),
    })
    .await;
    let session = server.session(LOGIN).await;
    session.login("{password}", "s3cr3t{user}").await.unwrap();
    session.post("/write").send().await.unwrap();
    session.logout().await.unwrap();
    session.post("/write").send().await.unwrap();
    assert_eq!(
        server.lines(),
        ["GET /token", "POST /login", "POST /write", "POST /logout", "GET /token", "POST /write"]
    );
    let asked = server.asked();
    assert_eq!(&asked[1].body[..], br#"{"name":"{password}","secret":"s3cr3t{user}"}"#);
    assert_eq!(asked[2].header("x-token"), Some("of-login"));
}

/// Whoever sends the request himself gets the same.
#[tokio::test]
async fn a_login_by_hand_is_known_as_one() {
    let server = Server::start(|asked, before| match asked.uri.path() {
        "/token" => ok(format!("t{before}")),
        _ => ok("done"),
    })
    .await;
    let session = server.session(LOGIN).await;
    for path in ["/login", "/write", "/logout", "/write"] {
        session.post(path).send().await.unwrap();
    }
    assert_eq!(server.lines().iter().filter(|line| *line == "GET /token").count(), 3);
}

#[tokio::test]
async fn a_refused_login_is_an_error_without_the_password() {
    for (status, body) in [(401, ""), (403, "no"), (200, "<html>try again")] {
        let server = Server::start(move |asked, _| match asked.uri.path() {
            "/token" => ok("t1"),
            _ => answer(status, &[], body),
        })
        .await;
        let error = server.builder(LOGIN).login("user", "s3cr3t").build().await.unwrap_err();
        assert!(matches!(error, Error::Refused { direction: "in", .. }), "{error}");
        assert!(!format!("{error} {error:?}").contains("s3cr3t"));
    }
}

#[tokio::test]
async fn a_dialect_without_a_login_says_so() {
    let server = Server::start(|_, _| ok("done")).await;
    let session = server.session("{}").await;
    for error in
        [session.login("user", "password").await.unwrap_err(), session.logout().await.unwrap_err()]
    {
        assert!(matches!(error, Error::NoSuchStep { .. }), "{error}");
    }
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn the_origin_is_said_when_the_dialect_asks_for_it() {
    for (origin, method, expected) in [
        (r#""always""#, "GET", true),
        (r#""always""#, "POST", true),
        (r#""https""#, "POST", false),
        ("null", "POST", false),
    ] {
        let server = Server::start(|_, _| ok("t1")).await;
        let session = server.session(&format!(r#"{{"origin": {origin}}}"#)).await;
        session.request(method.parse().unwrap(), "/x").send().await.unwrap();
        for asked in server.asked() {
            let url = server.url();
            assert_eq!(
                asked.header("origin"),
                expected.then_some(url.as_str()),
                "{origin} {method}"
            );
        }
        session.get("/y").header("origin", "https://own.example").send().await.unwrap();
        assert_eq!(server.asked().pop().unwrap().header("origin"), Some("https://own.example"));
    }
}

#[derive(Debug)]
struct ManualClock(Mutex<SystemTime>);

impl Clock for ManualClock {
    fn now(&self) -> SystemTime {
        *self.0.lock().unwrap()
    }
}

#[tokio::test]
async fn a_token_that_is_too_old_is_fetched_anew() {
    let server = Server::start(|asked, before| match asked.uri.path() {
        "/token" => ok(format!("t{before}")),
        _ => ok("done"),
    })
    .await;
    let clock = Arc::new(ManualClock(Mutex::new(SystemTime::UNIX_EPOCH)));
    let session = server
        .builder(r#"{"token": {"header": "X-Token", "lifetime": 100}}"#)
        .clock(clock.clone())
        .build()
        .await
        .unwrap();
    for second in [0, 94, 95] {
        *clock.0.lock().unwrap() = SystemTime::UNIX_EPOCH + Duration::from_secs(second);
        session.post("/write").send().await.unwrap();
    }
    let expected = ["GET /token", "POST /write", "POST /write", "GET /token", "POST /write"];
    assert_eq!(server.lines(), expected);
}

#[tokio::test]
async fn nothing_tells_a_secret() {
    let server = Server::start(|asked, _| match asked.uri.path() {
        "/token" => answer(200, &[("set-cookie", "sid=c00kie; Path=/")], "t0ken"),
        _ => ok("done"),
    })
    .await;
    let session = server.session("{}").await;
    session.post("/write").send().await.unwrap();
    // Nothing listens there any more.
    let nowhere = session.post("/write");
    drop(server);
    let error = nowhere.timeout(Duration::ZERO).send().await.unwrap_err();
    let everything =
        format!("{session:?} {:?} {:?} {error} {error:?}", session.tokens(), session.jar());
    for secret in ["t0ken", "c00kie"] {
        assert!(!everything.contains(secret), "{everything}");
    }
}
