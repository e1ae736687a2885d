//! What caches may keep carries neither a token nor a cookie; what carries one they may not keep.

use crate::app::{self, Answer, Asked, Sessions, with};
use crate::client::Reply;
use crate::front::Front;

/// It says of its answers what the query tells it to.
fn app(asked: &Asked, _: &Sessions) -> Answer {
    let answer = match asked.uri.path() {
        "/tao/ClientConfig/config" => app::answer(200, "application/javascript", "var own;"),
        "/dataservice/client/server" => app::answer(200, "application/json", r#"{"data":{}}"#),
        "/page" => {
            app::html("<html><head></head><body><form method=\"post\"></form></body></html>")
        }
        _ => app::answer(200, "image/svg+xml", "<svg/>"),
    };
    let answer = match asked.query("age") {
        Some(age) => with(answer, "age", &age),
        None => answer,
    };
    match asked.query("says") {
        Some(said) => with(answer, "cache-control", &said),
        None => answer,
    }
}

/// `Cache-Control` of the app, whether a token goes with it, and what it is then.
const ROWS: [(Option<&str>, bool, Option<&str>); 12] = [
    (None, true, Some("no-store")),
    (Some("no-store"), true, Some("no-store")),
    (Some("no-cache"), true, Some("no-cache, private")),
    (Some("max-age=0"), true, Some("max-age=0, private")),
    (Some("private, max-age=60"), true, Some("private, max-age=60")),
    (Some("max-age=60"), false, Some("max-age=60")),
    (Some("public"), false, Some("public")),
    (
        Some("public, max-age=31536000, immutable"),
        false,
        Some("public, max-age=31536000, immutable"),
    ),
    (Some("s-maxage=5"), false, Some("s-maxage=5")),
    (Some("no-store, public"), false, Some("no-store, public")),
    (Some("private=\"x\", max-age=60"), false, Some("private=\"x\", max-age=60")),
    (Some("must-understand, no-store"), false, Some("must-understand, no-store")),
];

/// Looks at every row, for somebody without a session and for somebody with the app's.
fn check(example: &str, path: &str, session: &str, carries: fn(&Reply) -> bool) {
    let front = Front::start(example, app);
    for (said, expected, after) in ROWS {
        let target = match said {
            Some(said) => {
                let said: String = url::form_urlencoded::byte_serialize(said.as_bytes()).collect();
                format!("{path}?says={said}")
            }
            None => path.to_owned(),
        };
        let call = front.get(&target).header("accept", "text/html");
        let inside = call.clone().cookie(&format!("{session}=5d1ccc96cbd7e7f290020aaedd64c1b3"));
        for (who, call) in [("nobody", call), ("somebody", inside)] {
            let reply = call.send();
            let row = format!("{example} {said:?} {who}: {reply:?}");
            assert_eq!(reply.status, 200, "{row}");
            assert_eq!(carries(&reply), expected, "{row}");
            let begins = reply.sets("countersign").is_some();
            assert_eq!(begins, expected && who == "nobody", "{row}");
            assert!(expected || reply.header("set-cookie").is_none(), "{row}");
            assert_eq!(reply.header("cache-control").as_deref(), after, "{row}");
        }
    }
}

#[test]
fn tokens_in_headers() {
    check("genesys", "/api/v2/logo", "JSESSIONID", |reply| reply.header("x-csrf-token").is_some());
}

#[test]
fn tokens_in_headers_and_cookies() {
    check("voss", "/static/logo.svg", "sessionid", |reply| reply.header("x-csrftoken").is_some());
}

#[test]
fn tokens_among_the_app_s_own_json() {
    check("vmanage", "/dataservice/client/server", "JSESSIONID", |reply| {
        reply.body.contains("CSRFToken")
    });
}

#[test]
fn tickets_behind_the_app_s_own_script() {
    check("tao", "/tao/ClientConfig/config", "tao_session", |reply| {
        reply.body.contains("tokenHandler")
    });
}

#[test]
fn tokens_in_pages() {
    check("standard", "/page", "session", |reply| reply.body.contains("csrf_token"));
}

#[test]
fn an_answer_without_a_token_is_nobody_s_business() {
    let front = Front::start("standard", app);
    let reply = front.get("/logo.svg").send();
    assert_eq!((reply.header("cache-control"), reply.header("set-cookie")), (None, None));
    let reply = front.get("/logo.svg?says=max-age%3D60&age=3").send();
    assert_eq!(reply.header("cache-control").as_deref(), Some("max-age=60"));
    assert_eq!(reply.header("age").as_deref(), Some("3"));
}
