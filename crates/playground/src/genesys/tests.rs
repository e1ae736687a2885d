//! The application through real sockets, by a client that does what the document asks of clients.

use std::sync::Arc;
use std::time::Duration;

use countersign_tower::ManualClock;
use reqwest::header::{
    CACHE_CONTROL, CONTENT_TYPE, COOKIE, EXPIRES, HeaderMap, PRAGMA, SET_COOKIE, WWW_AUTHENTICATE,
};
use reqwest::{Body, Client, Method, Response, StatusCode};
use serde_json::{Value, json};

use crate::setup::started;
use crate::{Options, Playground};

const AGENT: &str = "paveld@redwings.com";
const ADMIN: &str = "mikeb@redwings.com";
const PASSWORD: &str = "password";
const TRUSTED: &str = "http://desk.example:3000";

struct Setup {
    playground: Playground,
    clock: ManualClock,
}

impl Setup {
    async fn start() -> Self {
        let trusted_origins = vec![countersign::Origin::parse(TRUSTED).unwrap()];
        let options = Options { trusted_origins, ..Options::on_free_ports() };
        let (playground, clock) = started(options).await;
        Self { playground, clock }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.playground.addresses().genesys)
    }

    /// A client that nobody is logged in with.
    fn stranger(&self) -> Desk {
        let http = Client::builder().no_proxy().build().unwrap();
        Desk { http, base: self.url("/api/v2"), cookie: String::new(), csrf: HeaderMap::new() }
    }

    /// A client after the document's first request: `GET /me` with Basic credentials.
    async fn log_in(&self, user: &str) -> Desk {
        let mut desk = self.stranger();
        let reply = desk.get("/me", Some(user)).await;
        assert_eq!(reply.status, StatusCode::OK);
        desk
    }
}

/// A client of the document's kind: it keeps the cookie line and the token headers of each GET, and sends
/// them with everything else.
struct Desk {
    http: Client,
    base: String,
    cookie: String,
    csrf: HeaderMap,
}

#[derive(Debug)]
struct Reply {
    status: StatusCode,
    headers: HeaderMap,
    body: Value,
}

impl Reply {
    async fn of(reply: Response) -> Self {
        let (status, headers) = (reply.status(), reply.headers().clone());
        let text = reply.text().await.unwrap();
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Self { status, headers, body }
    }

    /// Status and `statusCode`.
    fn code(&self) -> (u16, Value) {
        (self.status.as_u16(), self.body["statusCode"].clone())
    }

    fn cookie(&self) -> Option<&str> {
        self.headers.get(SET_COOKIE).map(|line| line.to_str().unwrap())
    }
}

impl Desk {
    async fn get(&mut self, path: &str, basic: Option<&str>) -> Reply {
        let mut request = self.http.get(format!("{}{path}", self.base));
        if !self.cookie.is_empty() {
            request = request.header(COOKIE, &self.cookie);
        }
        if let Some(user) = basic {
            request = request.basic_auth(user, Some(PASSWORD));
        }
        let reply = Reply::of(request.send().await.unwrap()).await;
        if let Some(line) = reply.cookie() {
            line.clone_into(&mut self.cookie);
        }
        if let Some(name) = reply.headers.get("x-csrf-header") {
            let name: http::HeaderName = name.to_str().unwrap().parse().unwrap();
            let token = reply.headers[&name].clone();
            self.csrf = HeaderMap::from_iter([(name, token)]);
        }
        reply
    }

    async fn send(&self, method: Method, path: &str, body: impl Into<Body>) -> Reply {
        let request = self
            .http
            .request(method, format!("{}{path}", self.base))
            .header(CONTENT_TYPE, "application/json")
            .header(COOKIE, &self.cookie)
            .headers(self.csrf.clone())
            .body(body);
        Reply::of(request.send().await.unwrap()).await
    }

    async fn post(&self, path: &str, json: Value) -> Reply {
        self.send(Method::POST, path, json.to_string()).await
    }

    async fn operate(&self, operation: &str) -> Reply {
        self.post("/me", json!({ "operationName": operation, "channels": ["voice"] })).await
    }

    /// One Bayeux message with one answer.
    async fn bayeux(&self, path: &str, message: Value) -> Value {
        let reply = self.post(&format!("/notifications{path}"), json!([message])).await;
        assert_eq!(reply.status, StatusCode::OK);
        assert_eq!(reply.body.as_array().unwrap().len(), 1, "{}", reply.body);
        reply.body[0].clone()
    }
}

#[tokio::test]
async fn the_documents_first_request() {
    let setup = Setup::start().await;
    let reply = setup.stranger().get("/me", Some(AGENT)).await;
    assert_eq!(reply.status, StatusCode::OK);
    let id = reply.body["user"]["id"].as_str().unwrap();
    assert_eq!(
        reply.body,
        json!({
            "statusCode": 0,
            "user": {
                "id": id, "userName": AGENT, "firstName": "Pavel", "lastName": "Datsyuk",
                "roles": ["ROLE_AGENT"], "enabled": true,
                "uri": setup.url(&format!("/api/v2/users/{id}")), "path": format!("/users/{id}"),
            },
        })
    );
    let cookie = reply.cookie().unwrap();
    let session = cookie.strip_prefix("JSESSIONID=").and_then(|rest| rest.strip_suffix(";Path=/"));
    assert!(session.is_some_and(|id| id.len() >= 24), "{cookie}");
    let caching: Vec<_> = reply.headers.get_all(CACHE_CONTROL).iter().collect();
    assert_eq!(caching, ["no-cache", "no-store"]);
    assert_eq!(reply.headers[PRAGMA], "no-cache");
    assert_eq!(reply.headers[EXPIRES], "Thu, 01 Jan 1970 00:00:00 GMT");
    assert_eq!(reply.headers[CONTENT_TYPE], "application/json");
}

#[tokio::test]
async fn a_working_day() {
    let setup = Setup::start().await;
    let desk = setup.log_in(AGENT).await;
    for (operation, expected) in [
        ("Ready", (409, json!(2))),
        ("StartContactCenterSession", (200, json!(0))),
        ("StartContactCenterSession", (409, json!(2))),
        ("Ready", (200, json!(0))),
        ("NotReady", (200, json!(0))),
        ("Ready", (200, json!(0))),
        ("EndContactCenterSession", (200, json!(0))),
        ("EndContactCenterSession", (409, json!(2))),
    ] {
        let reply = desk.operate(operation).await;
        assert_eq!(reply.code(), expected, "{operation}: {}", reply.body);
    }
    let reply = desk.operate("StartContactCenterSession").await;
    assert_eq!(reply.body, json!({ "statusCode": 0 }));
}

#[tokio::test]
async fn the_documents_script() {
    let setup = Setup::start().await;
    let mut desk = setup.stranger();
    let reply = desk.get("/diagnostics/version", Some(ADMIN)).await;
    assert_eq!(reply.code(), (200, json!(0)));
    // The script sends the line as it is, attribute and all.
    assert!(desk.cookie.ends_with(";Path=/"));

    let user = json!({
        "userName": "bobp@redwings.com", "firstName": "Bob", "lastName": "Probert",
        "password": PASSWORD, "roles": ["ROLE_AGENT"],
    });
    let reply = desk.post("/users", user.clone()).await;
    assert_eq!(reply.code(), (200, json!(0)), "{}", reply.body);
    let id = reply.body["id"].as_str().unwrap().to_owned();
    let devices = format!("/users/{id}/devices");
    let reply = desk.post(&devices, json!({ "phoneNumber": "5019" })).await;
    assert_eq!(reply.code(), (200, json!(0)), "{}", reply.body);
    let device = reply.body["id"].clone();
    assert!(device.is_string());

    let reply = desk.get(&devices, None).await;
    assert_eq!(reply.body["devices"], json!([{ "id": device, "phoneNumber": "5019" }]));
    let bob = setup.stranger().get("/me", Some("bobp@redwings.com")).await;
    assert_eq!(bob.body["user"]["id"], id);
    assert_eq!(bob.body["user"]["lastName"], "Probert");
    let again = desk.post("/users", user).await;
    assert_eq!(again.code(), (409, json!(2)), "a name is given once: {}", again.body);
}

#[tokio::test]
async fn users_are_changed_and_removed() {
    let setup = Setup::start().await;
    let mut desk = setup.log_in(ADMIN).await;
    let users = desk.get("/users", None).await.body["users"].as_array().unwrap().clone();
    let path = |name: &str| {
        let user = users.iter().find(|user| user["userName"] == name).unwrap();
        user["path"].as_str().unwrap().to_owned()
    };
    let (agent, admin) = (path(AGENT), path(ADMIN));
    let change = json!({ "lastName": "D." }).to_string();
    assert_eq!(desk.send(Method::PUT, &agent, change).await.code(), (200, json!(0)));
    let user = desk.get(&agent, None).await.body["user"].clone();
    assert_eq!((&user["firstName"], &user["lastName"]), (&json!("Pavel"), &json!("D.")));

    let mut removed = setup.log_in(AGENT).await;
    assert_eq!(desk.send(Method::DELETE, &agent, "").await.code(), (200, json!(0)));
    assert_eq!(removed.get("/me", None).await.code(), (401, json!(20)), "its session lives on");
    assert_eq!(desk.send(Method::DELETE, &agent, "").await.code(), (404, json!(6)));
    assert_eq!(desk.send(Method::DELETE, &admin, "").await.code(), (403, json!(3)));
}

#[tokio::test]
async fn who_may_do_what() {
    let setup = Setup::start().await;
    for (user, path, expected) in [
        (None, "/me", (401, json!(20))),
        (None, "/users", (401, json!(20))),
        (None, "/diagnostics/version", (200, json!(0))),
        (Some(AGENT), "/me", (200, json!(0))),
        (Some(AGENT), "/users", (403, json!(5))),
        (Some(AGENT), "/users/0/devices", (403, json!(5))),
        (Some(ADMIN), "/users", (200, json!(0))),
        (Some(ADMIN), "/users/0", (404, json!(6))),
        (Some(ADMIN), "/users/0/devices", (404, json!(6))),
        (Some("nobody@redwings.com"), "/me", (401, json!(20))),
        (Some("nobody@redwings.com"), "/diagnostics/version", (200, json!(0))),
        (Some(AGENT), "/nothing/here", (404, json!(6))),
        (Some(AGENT), "/../../x", (404, json!(6))),
    ] {
        let reply = setup.stranger().get(path, user).await;
        assert_eq!(reply.code(), expected, "{user:?} {path}");
        let challenged = reply.headers.contains_key(WWW_AUTHENTICATE);
        assert_eq!(challenged, expected.0 == 401, "{user:?} {path}");
        let explained = reply.body["statusMessage"].is_string();
        assert_eq!(explained, expected.0 != 200, "{user:?} {path}");
    }
    let agent = setup.log_in(AGENT).await;
    assert_eq!(agent.post("/users", json!({})).await.code(), (403, json!(5)));
    assert_eq!(agent.send(Method::DELETE, "/me", "").await.code(), (405, json!(3)));
}

#[tokio::test]
async fn bodies_that_are_refused_say_why() {
    let setup = Setup::start().await;
    let desk = setup.log_in(ADMIN).await;
    let user = |more: Value| {
        let mut user = json!({ "userName": "x", "password": "y", "roles": ["ROLE_AGENT"] });
        user.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        user.to_string()
    };
    let long = "x".repeat(257);
    for (row, path, body, expected, word) in [
        ("empty", "/me", String::new(), (400, 1), "JSON"),
        ("no JSON", "/me", "{operationName".to_owned(), (400, 1), "JSON"),
        ("an array", "/me", "[]".to_owned(), (400, 1), "JSON"),
        ("no operation", "/me", "{}".to_owned(), (400, 1), "`operationName`"),
        ("null", "/me", json!({ "operationName": null }).to_string(), (400, 1), "`operationName`"),
        ("a number", "/me", json!({ "operationName": 7 }).to_string(), (409, 2), "`operationName`"),
        ("unknown", "/me", json!({ "operationName": "Fly" }).to_string(), (409, 2), "`Fly`"),
        (
            "no channels",
            "/me",
            json!({ "operationName": "StartContactCenterSession" }).to_string(),
            (400, 1),
            "`channels`",
        ),
        (
            "an empty list of channels",
            "/me",
            json!({ "operationName": "StartContactCenterSession", "channels": [] }).to_string(),
            (400, 1),
            "`channels`",
        ),
        (
            "an unknown channel",
            "/me",
            json!({ "operationName": "StartContactCenterSession", "channels": ["fax"] })
                .to_string(),
            (409, 2),
            "`fax`",
        ),
        ("no user name", "/users", user(json!({ "userName": "" })), (400, 1), "`userName`"),
        ("no password", "/users", user(json!({ "password": null })), (400, 1), "`password`"),
        ("a long name", "/users", user(json!({ "firstName": long })), (409, 2), "`firstName`"),
        (
            "an unknown role",
            "/users",
            user(json!({ "roles": ["ROLE_KING"] })),
            (409, 2),
            "`ROLE_KING`",
        ),
        (
            "roles that are none",
            "/users",
            user(json!({ "roles": "ROLE_AGENT" })),
            (409, 2),
            "`roles`",
        ),
        ("too long", "/users", format!("\"{}\"", "x".repeat(300_000)), (413, 1), "long"),
    ] {
        let reply = desk.send(Method::POST, path, body).await;
        assert_eq!(reply.code(), (expected.0, json!(expected.1)), "{row}: {}", reply.body);
        let message = reply.body["statusMessage"].as_str().unwrap();
        assert!(message.contains(word), "{row}: {message}");
    }
    let reply = desk
        .http
        .post(format!("{}/me", desk.base))
        .header(COOKIE, &desk.cookie)
        .headers(desk.csrf.clone())
        .header(CONTENT_TYPE, "text/plain")
        .body(json!({ "operationName": "Ready" }).to_string());
    assert_eq!(Reply::of(reply.send().await.unwrap()).await.code(), (415, json!(1)));
}

#[tokio::test]
async fn the_cookie_alone_authenticates() {
    let setup = Setup::start().await;
    let mut desk = setup.log_in(AGENT).await;
    let reply = desk.get("/me", None).await;
    assert_eq!(reply.body["user"]["userName"], AGENT);
    assert_eq!(reply.cookie(), None, "a live session needs no new cookie");
    let reply = desk.get("/diagnostics/version", None).await;
    assert_eq!(reply.cookie(), Some(desk.cookie.as_str()), "here it is always handed out");
}

#[tokio::test]
async fn credentials_replace_a_session_that_is_not_their_users() {
    let setup = Setup::start().await;
    for (row, first) in [("an anonymous one", None), ("somebody else's", Some(ADMIN))] {
        let mut desk = setup.stranger();
        desk.get("/diagnostics/version", first).await;
        let planted = desk.cookie.clone();
        desk.get("/me", Some(AGENT)).await;
        assert_ne!(desk.cookie, planted, "{row}");
        assert_eq!(desk.get("/me", None).await.body["user"]["userName"], AGENT, "{row}");
        planted.clone_into(&mut desk.cookie);
        assert_eq!(desk.get("/me", None).await.code(), (401, json!(20)), "{row}: it lives on");
    }
}

#[tokio::test]
async fn only_a_get_gives_out_a_session() {
    let setup = Setup::start().await;
    let mut desk = setup.stranger();
    assert_eq!(desk.get("/me", None).await.cookie(), None, "a stranger who may not come in");
    for method in [Method::POST, Method::PUT, Method::DELETE, Method::OPTIONS] {
        let request = desk.http.request(method.clone(), format!("{}/me", desk.base));
        let request = request.basic_auth(AGENT, Some(PASSWORD));
        let reply = Reply::of(request.send().await.unwrap()).await;
        assert_eq!(reply.cookie(), None, "{method}");
    }
}

#[tokio::test]
async fn sessions_end() {
    let setup = Setup::start().await;
    let mut desk = setup.log_in(AGENT).await;
    setup.clock.advance(Duration::from_secs(29 * 60));
    assert_eq!(desk.get("/me", None).await.code(), (200, json!(0)));
    setup.clock.advance(Duration::from_secs(30 * 60));
    assert_eq!(desk.get("/me", None).await.code(), (401, json!(20)));
    let gone = desk.cookie.clone();
    assert_eq!(desk.get("/me", Some(AGENT)).await.code(), (200, json!(0)));
    assert_ne!(desk.cookie, gone, "a dead id comes to life again");
}

#[tokio::test]
async fn from_start_cometd_to_stop_cometd() {
    let setup = Setup::start().await;
    let desk = Arc::new(setup.log_in(AGENT).await);
    let handshake = json!({
        "id": "1", "channel": "/meta/handshake", "version": "1.0", "supportedConnectionTypes": ["long-polling"],
    });
    let client_id = desk.bayeux("/handshake", handshake).await["clientId"].clone();
    let connect = |id: &str| {
        json!({
            "id": id, "channel": "/meta/connect", "connectionType": "long-polling", "clientId": client_id,
        })
    };
    let subscribe = json!({
        "id": "2", "channel": "/meta/subscribe", "clientId": client_id, "subscription": "/v2/me/*",
    });
    assert_eq!(desk.bayeux("/", subscribe).await["successful"], true);
    assert_eq!(desk.bayeux("/connect", connect("3")).await["successful"], true);

    let held = tokio::spawn({
        let (desk, connect) = (Arc::clone(&desk), connect("4"));
        async move { desk.post("/notifications/connect", json!([connect])).await.body }
    });
    assert_eq!(desk.operate("StartContactCenterSession").await.code(), (200, json!(0)));
    let answers = held.await.unwrap();
    assert_eq!(answers[0]["channel"], "/v2/me/devices");
    let message = &answers[0]["data"];
    assert_eq!(message["messageType"], "DeviceStateChangeMessage");
    assert_eq!(message["userState"]["state"], "NotReady");
    assert_eq!(message["devices"][0]["phoneNumber"], "5001");
    assert_eq!(answers[1]["id"], "4");

    // An operation that changes nothing is no event; the next that does is.
    desk.operate("NotReady").await;
    desk.operate("Ready").await;
    let answers = desk.post("/notifications/connect", json!([connect("5")])).await.body;
    assert_eq!(answers[0]["data"]["userState"]["state"], "Ready");
    assert_eq!(answers.as_array().unwrap().len(), 2);

    let disconnect = json!({ "id": "6", "channel": "/meta/disconnect", "clientId": client_id });
    assert_eq!(desk.bayeux("/disconnect", disconnect).await["successful"], true);
    let reply = desk.bayeux("/connect", connect("7")).await;
    assert_eq!(reply["error"], "402::session_unknown");
}

#[tokio::test]
async fn notifications_need_a_user_and_each_session_has_its_own_clients() {
    let setup = Setup::start().await;
    let mut stranger = setup.stranger();
    stranger.get("/diagnostics/version", None).await;
    let handshake = json!({ "id": "1", "channel": "/meta/handshake" });
    let reply = stranger.post("/notifications/handshake", json!([handshake])).await;
    assert_eq!(reply.code(), (401, json!(20)));

    let (one, two) = (setup.log_in(AGENT).await, setup.log_in(AGENT).await);
    let client_id = one.bayeux("", handshake).await["clientId"].clone();
    let connect = json!({ "id": "2", "channel": "/meta/connect", "clientId": client_id });
    assert_eq!(two.bayeux("/connect", connect.clone()).await["error"], "402::session_unknown");
    assert_eq!(one.bayeux("/connect", connect).await["successful"], true);

    let long = format!("[\"{}\"]", "x".repeat(300_000));
    let reply = one.send(Method::POST, "/notifications/", long).await;
    assert_eq!((reply.status.as_u16(), &reply.body[0]["successful"]), (413, &json!(false)));
}

#[tokio::test]
async fn pages_of_trusted_origins_may_read() {
    let setup = Setup::start().await;
    let http = Client::builder().no_proxy().build().unwrap();
    for (row, method, origins, trusted) in [
        ("a trusted preflight", Method::OPTIONS, vec![TRUSTED], true),
        ("another origin's preflight", Method::OPTIONS, vec!["http://evil.example"], false),
        ("another port", Method::OPTIONS, vec!["http://desk.example:3001"], false),
        ("a longer name", Method::OPTIONS, vec!["http://desk.example:3000.evil.example"], false),
        ("null", Method::OPTIONS, vec!["null"], false),
        ("two origins", Method::OPTIONS, vec![TRUSTED, TRUSTED], false),
        ("a trusted GET", Method::GET, vec![TRUSTED], true),
        ("a GET from elsewhere", Method::GET, vec!["http://evil.example"], false),
        ("a GET without origin", Method::GET, vec![], false),
    ] {
        let mut request = http.request(method.clone(), setup.url("/api/v2/me"));
        if method == Method::OPTIONS {
            request = request
                .header("Access-Control-Request-Method", "POST")
                .header("Access-Control-Request-Headers", "x-csrf-token,content-type");
        }
        for origin in origins {
            request = request.header("Origin", origin);
        }
        let reply = Reply::of(request.send().await.unwrap()).await;
        let header = |name: &str| reply.headers.get(name).map(|value| value.to_str().unwrap());
        let when = |condition: bool, value: &'static str| condition.then_some(value);
        let preflight = method == Method::OPTIONS;
        assert_eq!(reply.status.is_success(), preflight, "{row}");
        assert_eq!(header("access-control-allow-origin"), when(trusted, TRUSTED), "{row}");
        assert_eq!(header("access-control-allow-credentials"), when(trusted, "true"), "{row}");
        assert_eq!(
            header("access-control-expose-headers"),
            when(trusted, "X-CSRF-HEADER,X-CSRF-TOKEN"),
            "{row}"
        );
        assert_eq!(
            header("access-control-allow-headers"),
            when(trusted && preflight, "X-CSRF-TOKEN, Content-Type, Authorization"),
            "{row}"
        );
        assert_eq!(
            header("access-control-allow-methods"),
            when(trusted && preflight, "GET, POST, PUT, DELETE"),
            "{row}"
        );
        let varies = reply.headers.get_all("vary").iter();
        let varies: Vec<_> = varies.map(|value| value.to_str().unwrap()).collect();
        assert!(varies.iter().any(|line| line.contains("Origin")), "{row}: {varies:?}");
    }
}

#[tokio::test]
async fn the_page_has_the_documents_buttons_and_needs_nothing_from_elsewhere() {
    let setup = Setup::start().await;
    let http = Client::builder().no_proxy().build().unwrap();
    let page = Reply::of(http.get(setup.url("/")).send().await.unwrap()).await;
    let script = Reply::of(http.get(setup.url("/page.js")).send().await.unwrap()).await;
    assert_eq!(page.headers[CONTENT_TYPE], "text/html; charset=utf-8");
    assert_eq!(script.headers[CONTENT_TYPE], "text/javascript; charset=utf-8");
    let (html, js) = (page.body.as_str().unwrap(), script.body.as_str().unwrap());
    for id in [
        "getMeButton",
        "startCometdButton",
        "startSessionButton",
        "readyButton",
        "stopCometdButton",
        "endSessionButton",
    ] {
        assert!(html.contains(&format!("id=\"{id}\"")), "{id} is not on the page");
        assert!(js.contains(&format!("{id}:")), "{id} does nothing");
    }
    for text in [html, js] {
        assert!(!text.contains("//cdn") && !text.contains("https://"), "something from elsewhere");
    }
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("script-src 'self'"), "{policy}");
}
