//! A call center's API: the token in a header of any GET.

use serde_json::{Value, json};

use crate::app::{self, Answer, Asked, Sessions, with};
use crate::client::{Call, Reply};
use crate::front::{Front, passes, refused};

const USERS: [(&str, &str); 2] =
    [("paveld@redwings.com", "password"), ("mikeb@redwings.com", "password")];

const READY: &str = r#"{ "operationName": "Ready" }"#;
const START: &str = r#"{ "operationName": "StartContactCenterSession", "channels": ["voice"] }"#;

/// Basic credentials begin a session; from then on its cookie is enough.
fn app(asked: &Asked, sessions: &Sessions) -> Answer {
    let id = asked.cookie("JSESSIONID");
    let (user, begun) = match (sessions.user(id), asked.basic(&USERS)) {
        (Some(user), _) => (user, None),
        (None, Some(user)) => (user.clone(), Some(sessions.begin(&user))),
        (None, None) => return app::json(401, &json!({"statusCode": 20})),
    };
    let done = json!({"statusCode": 0});
    let answer = match asked.line() {
        ("GET", "/api/v2/me") => {
            app::json(200, &json!({"statusCode": 0, "user": {"userName": user}}))
        }
        ("POST", "/api/v2/me") if asked.json()["operationName"].is_string() => {
            app::json(200, &done)
        }
        ("POST", "/api/v2/users") => app::json(200, &json!({"statusCode": 0, "id": "7f"})),
        ("POST", "/api/v2/users/7f/devices") | ("PUT" | "DELETE", "/api/v2/users/7f") => {
            app::json(200, &done)
        }
        ("POST", "/api/v2/notifications/handshake") => {
            app::json(200, &json!([{"channel": "/meta/handshake", "successful": true}]))
        }
        ("POST", "/api/v2/logout") => {
            sessions.end(id);
            return with(app::json(200, &done), "set-cookie", "JSESSIONID=;Path=/;Max-Age=0");
        }
        _ => app::json(404, &json!({"statusCode": 6})),
    };
    match begun {
        Some(id) => with(answer, "set-cookie", &format!("JSESSIONID={id};Path=/")),
        None => answer,
    }
}

fn front() -> Front {
    Front::start("genesys", app)
}

/// Cookie and token of somebody who has just logged in.
fn log_in(front: &Front) -> (String, String) {
    let reply = front.get("/api/v2/me").basic("paveld@redwings.com", "password").send();
    (reply.sets("JSESSIONID").unwrap(), reply.token("x-csrf-token"))
}

fn worded(name: &str, reply: &Reply) {
    assert_eq!(reply.header("content-type").as_deref(), Some("application/json"), "{name}");
    let said = json!({"statusCode": 5, "statusMessage": "Missing or invalid Csrf token"});
    assert_eq!(reply.json(), said, "{name}");
}

#[test]
fn a_get_hands_out_the_token_of_the_session_that_begins_with_it() {
    let front = front();
    let reply = front
        .get("/api/v2/me")
        .basic("paveld@redwings.com", "password")
        .cookie("JSESSIONID=hac082exio454jcqk6ieqm4j")
        .send();
    assert_eq!((reply.status, front.upstream.count()), (200, 1));
    assert_eq!(reply.json()["user"]["userName"], "paveld@redwings.com");
    assert_eq!(reply.header("x-csrf-header").as_deref(), Some("X-CSRF-TOKEN"));
    let token = reply.token("x-csrf-token");
    let groups: Vec<usize> = token.split('-').map(str::len).collect();
    assert_eq!(groups, [8, 4, 4, 4, 12], "{token}");
    assert!(token.bytes().all(|b| b == b'-' || b.is_ascii_hexdigit()), "{token}");
    assert_eq!(reply.header("cache-control").as_deref(), Some("no-store"));
    assert_eq!(reply.headers.get_all("set-cookie").iter().count(), 1, "the app's, and no other");

    let new = reply.sets("JSESSIONID").unwrap();
    let ready = |cookie: &str| {
        front.post("/api/v2/me").cookie(cookie).header("x-csrf-token", &token).json(READY)
    };
    front.check(
        [
            passes(200, "with the session that began", ready(&new)),
            refused("with the one before", ready("JSESSIONID=hac082exio454jcqk6ieqm4j")),
        ],
        worded,
    );
    let again = front.get("/api/v2/me").cookie(&new).send();
    assert_eq!(again.token("x-csrf-token"), token, "the token lives as long as the session");
    assert_eq!(again.header("set-cookie"), None);
}

#[test]
fn what_changes_something_needs_the_token_of_its_session() {
    let front = front();
    let (cookie, token) = log_in(&front);
    let (_, another) = log_in(&front);
    let both = format!("{cookie}; AWSELB=854B09E30CD5CEDDEDA5");
    let post = |cookie: &str| front.post("/api/v2/me").cookie(cookie).json(READY);
    let bare = || post(&cookie);
    let signed = || bare().header("x-csrf-token", &token);
    let of_basic = |call: Call| call.basic("paveld@redwings.com", "password");
    let first = &token[..1];
    let changed = token.replacen(first, if first == "0" { "1" } else { "0" }, 1);
    front.check(
        [
            passes(
                200,
                "the document's own request, Basic and all",
                of_basic(front.post("/api/v2/me").cookie(&both).json(START))
                    .header("x-csrf-token", &token),
            ),
            passes(200, "the cookie alone says who asks", signed()),
            passes(
                200,
                "from the document's extension",
                signed().header("origin", "chrome-extension://hgmloofddffdnphfgcellkdfbfbjeloo"),
            ),
            passes(200, "from a page of its own", signed().header("origin", &front.origin())),
            passes(
                200,
                "a client that sends the whole Set-Cookie back",
                post(&format!("{cookie};Path=/")).header("x-csrf-token", &token),
            ),
            passes(
                200,
                "a new user",
                front
                    .post("/api/v2/users")
                    .cookie(&cookie)
                    .header("x-csrf-token", &token)
                    .json(r#"{"userName":"bobp@redwings.com"}"#),
            ),
            passes(
                200,
                "CometD",
                front
                    .post("/api/v2/notifications/handshake")
                    .cookie(&cookie)
                    .header("x-csrf-token", &token)
                    .json("[]"),
            ),
            passes(200, "a read without it", front.get("/api/v2/me").cookie(&cookie)),
            refused("no token", bare()),
            refused("an empty token", bare().header("x-csrf-token", "")),
            refused("a changed token", bare().header("x-csrf-token", &changed)),
            refused("another session's token", bare().header("x-csrf-token", &another)),
            refused("the token twice", signed().header("x-csrf-token", &token)),
            refused("Basic alone", of_basic(front.post("/api/v2/me").json(READY))),
            refused(
                "Basic and token, but no cookie store",
                of_basic(front.post("/api/v2/me").json(READY)).header("x-csrf-token", &token),
            ),
            refused(
                "two sessions",
                post(&format!("{cookie}; JSESSIONID=planted")).header("x-csrf-token", &token),
            ),
            refused("a foreign origin", signed().header("origin", "https://evil.example")),
            refused(
                "another extension",
                signed().header("origin", "chrome-extension://ponmlkjihgfedcbaponmlkjihgfedcba"),
            ),
            refused(
                "a foreign page, as the browser says",
                signed().header("sec-fetch-site", "cross-site"),
            ),
            refused("PUT", front.call("PUT", "/api/v2/users/7f").cookie(&cookie)),
            refused("DELETE", front.call("DELETE", "/api/v2/users/7f").cookie(&cookie)),
            refused(
                "CometD without it",
                front.post("/api/v2/notifications/handshake").cookie(&cookie),
            ),
            refused("a method of nobody's", front.call("POKE", "/api/v2/me").cookie(&cookie)),
        ],
        worded,
    );
}

#[test]
fn before_a_login_there_is_a_session_of_the_gateways_own() {
    let front = front();
    let reply = front.get("/api/v2/me").send();
    assert_eq!((reply.status, reply.json()), (401, json!({"statusCode": 20})));
    let (own, token) = (reply.sets("countersign").unwrap(), reply.token("x-csrf-token"));
    let said = reply.header("set-cookie").unwrap();
    assert!(said.ends_with("; Path=/; HttpOnly; SameSite=Lax"), "{said}");

    let cookie = format!("theme=dark; {own}");
    let post = || front.post("/api/v2/me").cookie(&cookie).json(READY);
    front.check(
        [
            passes(401, "with its token", post().header("x-csrf-token", &token)),
            refused("without", post()),
        ],
        worded,
    );
    let last = front.upstream.last();
    assert_eq!((last.cookie("theme"), last.cookie("countersign")), (Some("dark"), None));
}

#[test]
fn nothing_is_handed_out_when_the_session_ends() {
    let front = front();
    let (cookie, token) = log_in(&front);
    let end = front.post("/api/v2/logout").cookie(&cookie).header("x-csrf-token", &token).send();
    assert!(end.removes("JSESSIONID") && end.header("x-csrf-token").is_none(), "{end:?}");
    let ready = || front.post("/api/v2/me").header("x-csrf-token", &token).json(READY);
    front.check(
        [
            refused("the token without its cookie", ready()),
            passes(401, "with the old cookie the app says no", ready().cookie(&cookie)),
        ],
        worded,
    );
}

#[test]
fn the_commands_of_the_example_do_what_it_says() {
    front().run_example();
}

#[test]
fn answers_of_the_app_stay_as_they_are() {
    let front = front();
    let (cookie, token) = log_in(&front);
    let reply = front
        .post("/api/v2/users")
        .cookie(&cookie)
        .header("x-csrf-token", &token)
        .json("{}")
        .send();
    assert_eq!(reply.json(), json!({"statusCode": 0, "id": "7f"}));
    assert_eq!(front.upstream.last().json(), Value::Object(serde_json::Map::new()));
    assert_eq!(reply.header("x-csrf-token"), None, "only a GET hands it out");
}
