//! The application through real sockets, by a client that does what the document asks of clients.

use std::time::Duration;

use countersign_tower::ManualClock;
use reqwest::header::{
    ALLOW, CONTENT_LANGUAGE, CONTENT_TYPE, COOKIE, HeaderMap, HeaderValue, LOCATION, SET_COOKIE,
    VARY, WWW_AUTHENTICATE,
};
use reqwest::{Body, Client, Method, RequestBuilder, StatusCode, redirect};
use serde_json::{Value, json};

use crate::setup::started;
use crate::{Options, Playground};

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";
const LOGIN: &str = "&username=joe&password=bloggs&next=%2F";
const PHONES: &str = "/api/data/Phone/";

struct Setup {
    playground: Playground,
    clock: ManualClock,
}

impl Setup {
    async fn start() -> Self {
        let (playground, clock) = started(Options::on_free_ports()).await;
        Self { playground, clock }
    }

    fn client(&self) -> Site {
        let http = Client::builder().no_proxy().redirect(redirect::Policy::none()).build().unwrap();
        let base = format!("http://{}", self.playground.addresses().voss);
        Site { http, base, cookies: Vec::new(), token: None }
    }

    async fn log_in(&self) -> Site {
        let mut site = self.client();
        site.get("/login/").await;
        let reply = site.send(Method::POST, "/login/", FORM, LOGIN).await;
        assert_eq!(reply.status, StatusCode::FOUND);
        site
    }
}

/// A client of the document's kind: it keeps the cookies and the token header, and sends both back.
struct Site {
    http: Client,
    base: String,
    cookies: Vec<(String, String)>,
    token: Option<HeaderValue>,
}

#[derive(Debug)]
struct Reply {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
}

impl Reply {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }

    /// The `Set-Cookie` lines of the application; the token's cookie is the layer's.
    fn cookies(&self) -> Vec<&str> {
        let lines = self.headers.get_all(SET_COOKIE).iter().map(|line| line.to_str().unwrap());
        lines.filter(|line| !line.starts_with("csrftoken=")).collect()
    }
}

impl Site {
    fn session(&self) -> Option<&str> {
        let cookie = self.cookies.iter().find(|(name, _)| name == "sessionid");
        cookie.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    async fn get(&mut self, path: &str) -> Reply {
        let request = self.http.get(format!("{}{path}", self.base));
        self.run(request).await
    }

    async fn send(
        &mut self,
        method: Method,
        path: &str,
        kind: &str,
        body: impl Into<Body>,
    ) -> Reply {
        let request = self.http.request(method, format!("{}{path}", self.base));
        self.run(request.header(CONTENT_TYPE, kind).body(body)).await
    }

    async fn run(&mut self, mut request: RequestBuilder) -> Reply {
        let cookies: Vec<_> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if !cookies.is_empty() {
            request = request.header(COOKIE, cookies.join("; "));
        }
        if let Some(token) = &self.token {
            request = request.header("X-CSRFToken", token);
        }
        let reply = request.send().await.unwrap();
        for cookie in reply.headers().get_all(SET_COOKIE) {
            let (name, value) = cookie.to_str().unwrap().split_once('=').unwrap();
            let value = value.split(';').next().unwrap_or_default();
            self.cookies.retain(|(known, _)| known != name);
            self.cookies.push((name.to_owned(), value.to_owned()));
        }
        if let Some(token) = reply.headers().get("x-csrftoken") {
            self.token = Some(token.clone());
        }
        let (status, headers) = (reply.status(), reply.headers().clone());
        Reply { status, headers, text: reply.text().await.unwrap() }
    }
}

#[tokio::test]
async fn the_documents_first_request() {
    let setup = Setup::start().await;
    let mut site = setup.client();
    let reply = site.get("/login/").await;
    assert_eq!(reply.status, StatusCode::OK);
    assert_eq!(reply.headers[CONTENT_TYPE], "text/html; charset=utf-8");
    assert_eq!(reply.headers[CONTENT_LANGUAGE], "en-us");
    let varies: Vec<_> = reply.headers.get_all(VARY).iter().collect();
    assert_eq!(varies.len(), 1, "{varies:?}");
    let varies = varies[0].to_str().unwrap();
    assert!(
        varies.starts_with("Accept-Encoding, Cookie, Accept-Language, X-CSRFToken"),
        "{varies}"
    );
    let session = site.session().unwrap();
    assert_eq!(session.len(), 32);
    assert_eq!(
        reply.cookies(),
        [&format!("sessionid={session}; HttpOnly; Path=/"), "sso_login_url=; Path=/"]
    );
    for part in ["action=\"/login/\"", "name=\"username\"", "name=\"password\"", "name=\"next\""] {
        assert!(reply.text.contains(part), "{part} is missing in\n{}", reply.text);
    }
    let before = site.session().unwrap().to_owned();
    assert_eq!(site.get("/login/").await.cookies(), Vec::<&str>::new());
    assert_eq!(site.session().unwrap(), before, "a live session is kept");
}

#[tokio::test]
async fn the_documents_login() {
    let setup = Setup::start().await;
    let mut site = setup.client();
    site.get("/login/").await;
    let before = site.session().unwrap().to_owned();
    let reply = site.send(Method::POST, "/login/", FORM, LOGIN).await;
    assert_eq!(reply.status, StatusCode::FOUND);
    assert_eq!(reply.headers[LOCATION], "/");
    assert_ne!(site.session().unwrap(), before);
    assert!(site.get("/").await.text.contains("<strong>joe</strong>"));

    let mut planted = setup.client();
    planted.cookies = vec![("sessionid".to_owned(), before.clone())];
    assert!(planted.get("/").await.text.contains("Nobody is logged in"));
    assert_ne!(planted.session().unwrap(), before, "the old id lives on");
}

#[tokio::test]
async fn the_form_alone_is_enough_for_a_browser() {
    let setup = Setup::start().await;
    let mut site = setup.client();
    let page = site.get("/login/").await.text;
    let field = page.split("name=\"csrfmiddlewaretoken\" value=\"").nth(1);
    let field = field.and_then(|rest| rest.split('"').next()).expect("the form has the field");
    // A form sends the field and the cookies, and can send no header.
    site.token = None;
    let form = format!("csrfmiddlewaretoken={field}{LOGIN}");
    let reply = site.send(Method::POST, "/login/", FORM, form).await;
    assert_eq!(reply.status, StatusCode::FOUND, "{}", reply.text);
}

#[tokio::test]
async fn where_a_login_leads() {
    let setup = Setup::start().await;
    for (next, expected) in [
        ("%2Fapi%2Fdata%2FPhone%2F", PHONES),
        ("%2F%2Fevil.example", "/"),
        ("https%3A%2F%2Fevil.example", "/"),
        ("%2F%5Cevil.example", "/"),
        ("%2F%0D%0ASet-Cookie%3A%20a%3Db", "/"),
        ("", "/"),
    ] {
        let mut site = setup.client();
        site.get("/login/").await;
        let form = format!("username=joe&password=bloggs&next={next}");
        let reply = site.send(Method::POST, "/login/", FORM, form).await;
        assert_eq!(reply.headers[LOCATION], expected, "{next}");
    }
    let page = setup.client().get("/login/?next=%22%3E%3Cscript%3E").await;
    assert!(page.text.contains("value=\"&quot;&gt;&lt;script&gt;\""), "{}", page.text);
}

#[tokio::test]
async fn logins_that_fail_show_the_form_again() {
    let setup = Setup::start().await;
    let mut site = setup.client();
    site.get("/login/").await;
    let before = site.session().unwrap().to_owned();
    for (row, kind, form, status) in [
        ("wrong password", FORM, "username=joe&password=blogg", StatusCode::OK),
        ("no such user", FORM, "username=jo&password=bloggs", StatusCode::OK),
        ("another service's user", FORM, "username=admin&password=admin", StatusCode::OK),
        ("no password", FORM, "username=joe", StatusCode::BAD_REQUEST),
        (
            "two user names",
            FORM,
            "username=joe&username=ann&password=bloggs",
            StatusCode::BAD_REQUEST,
        ),
        ("nothing", FORM, "", StatusCode::BAD_REQUEST),
        ("no form", JSON, "{}", StatusCode::BAD_REQUEST),
        ("no text", FORM, "username=%ff&password=%00", StatusCode::OK),
    ] {
        let reply = site.send(Method::POST, "/login/", kind, form).await;
        assert_eq!(reply.status, status, "{row}");
        assert!(reply.text.contains("role=\"alert\""), "{row}");
        assert!(reply.text.contains("name=\"password\""), "{row}");
        assert_eq!(site.session().unwrap(), before, "{row}");
    }
    assert!(site.get("/").await.text.contains("Nobody is logged in"));
}

#[tokio::test]
async fn logins_without_a_form() {
    let setup = Setup::start().await;
    let right = json!({ "username": "joe", "password": "bloggs" }).to_string();
    let wrong = json!({ "username": "joe", "password": "blogg" }).to_string();
    for (row, basic, kind, body, status) in [
        ("JSON", None, JSON, right.as_str(), 200),
        ("JSON with a charset", None, "application/json; charset=utf-8", &right, 200),
        ("Basic", Some("bloggs"), JSON, "", 200),
        ("wrong JSON credentials", None, JSON, &wrong, 401),
        ("wrong Basic credentials, right JSON", Some("blogg"), JSON, &right, 401),
        ("what a cross-site form can send", None, "text/plain", &right, 415),
        ("no JSON", None, JSON, "{username", 400),
        ("no password", None, JSON, r#"{"username":"joe"}"#, 400),
        ("nothing", None, JSON, "", 400),
    ] {
        let mut site = setup.client();
        let request = site.http.post(format!("{}/noninteractivelogin/", site.base));
        let mut request = request.header(CONTENT_TYPE, kind).body(body.to_owned());
        if let Some(password) = basic {
            request = request.basic_auth("joe", Some(password));
        }
        let reply = site.run(request).await;
        assert_eq!(reply.status.as_u16(), status, "{row}: {}", reply.text);
        assert_eq!(site.session().is_some(), status == 200, "{row}");
        if status == 200 {
            assert_eq!(reply.json()["username"], "joe", "{row}");
            assert_eq!(site.get(PHONES).await.status, StatusCode::OK, "{row}");
        } else {
            assert!(reply.json()["detail"].is_string(), "{row}");
        }
    }
    let mut site = setup.client();
    site.get("/login/").await;
    let before = site.session().unwrap().to_owned();
    site.send(Method::POST, "/noninteractivelogin/", JSON, right).await;
    assert_ne!(site.session().unwrap(), before, "the id is renewed here too");
}

#[tokio::test]
async fn phones_are_read_and_changed() {
    let setup = Setup::start().await;
    let mut site = setup.log_in().await;
    let list = site.get(PHONES).await.json();
    assert_eq!(list["pagination"]["total"], 1);
    let taken = list["resources"][0]["name"].as_str().unwrap().to_owned();

    let body = json!({ "name": "SEP1", "description": "Lobby" }).to_string();
    let made = site.send(Method::POST, PHONES, JSON, body.clone()).await;
    assert_eq!(made.status, StatusCode::CREATED);
    let path = format!("{PHONES}{}/", made.json()["pkid"].as_str().unwrap());
    assert_eq!(site.get(&path).await.json(), made.json());
    assert_eq!(site.send(Method::POST, PHONES, JSON, body).await.status, StatusCode::CONFLICT);

    let rename = json!({ "name": taken }).to_string();
    for (row, method, body, status, description) in [
        ("a part", Method::PATCH, json!({ "description": "Hall" }).to_string(), 200, "Hall"),
        ("nothing", Method::PATCH, "{}".to_owned(), 200, "Hall"),
        ("all", Method::PUT, json!({ "name": "SEP2" }).to_string(), 200, ""),
        ("all, without a name", Method::PUT, "{}".to_owned(), 400, ""),
        ("another's name", Method::PATCH, rename, 409, ""),
        ("an empty name", Method::PATCH, json!({ "name": "" }).to_string(), 400, ""),
        ("a long name", Method::PATCH, json!({ "name": "x".repeat(129) }).to_string(), 400, ""),
        ("an unknown field", Method::PATCH, json!({ "pkid": "x" }).to_string(), 400, ""),
        ("a number", Method::PATCH, json!({ "name": 7 }).to_string(), 400, ""),
        ("no JSON", Method::PATCH, "name=SEP3".to_owned(), 400, ""),
    ] {
        let reply = site.send(method, &path, JSON, body).await;
        assert_eq!(reply.status.as_u16(), status, "{row}: {}", reply.text);
        let phone = site.get(&path).await.json();
        assert_eq!(phone["description"], description, "{row}");
    }
    assert_eq!(site.get(&path).await.json()["name"], "SEP2");

    assert_eq!(site.send(Method::DELETE, &path, JSON, "").await.status, StatusCode::NO_CONTENT);
    for method in [Method::GET, Method::DELETE, Method::PATCH] {
        let reply = site.send(method.clone(), &path, JSON, "{}").await;
        assert_eq!(reply.status, StatusCode::NOT_FOUND, "{method}");
    }
}

#[tokio::test]
async fn the_api_needs_a_user() {
    let setup = Setup::start().await;
    let reply = setup.client().get(PHONES).await;
    assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
    assert!(reply.headers.contains_key(WWW_AUTHENTICATE));
    assert!(reply.json()["detail"].is_string());

    for (password, status) in [("bloggs", StatusCode::OK), ("blogg", StatusCode::UNAUTHORIZED)] {
        let mut site = setup.client();
        let request = site.http.get(format!("{}{PHONES}", site.base));
        let reply = site.run(request.basic_auth("joe", Some(password))).await;
        assert_eq!(reply.status, status, "{password}");
        // Credentials log nobody in here: the pre-session stays one.
        assert_eq!(site.get(PHONES).await.status, StatusCode::UNAUTHORIZED, "{password}");
    }
}

#[tokio::test]
async fn a_logout_ends_the_session() {
    let setup = Setup::start().await;
    let mut site = setup.log_in().await;
    let before = site.cookies.clone();
    assert_eq!(site.get("/logout/").await.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(site.get(PHONES).await.status, StatusCode::OK, "a GET logs nobody out");
    let reply = site.send(Method::POST, "/logout/", FORM, "").await;
    assert_eq!(reply.status, StatusCode::FOUND);
    assert_eq!(reply.headers[LOCATION], "/login/");
    assert_eq!(reply.cookies(), ["sessionid=; HttpOnly; Path=/; Max-Age=0"]);
    site.cookies = before;
    assert_eq!(site.get(PHONES).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn sessions_end() {
    let setup = Setup::start().await;
    let mut site = setup.log_in().await;
    for _ in 0..48 {
        setup.clock.advance(Duration::from_secs(29 * 60));
        assert_eq!(site.get(PHONES).await.status, StatusCode::OK);
    }
    setup.clock.advance(Duration::from_secs(29 * 60));
    setup.clock.advance(Duration::from_secs(29 * 60));
    assert_eq!(site.get(PHONES).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn what_is_not_there() {
    let setup = Setup::start().await;
    let mut site = setup.log_in().await;
    let page = site.get("/%3Cscript%3E").await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
    assert!(!page.text.contains("<script>"), "{}", page.text);
    let reply = site.get("/api/data/Nothing/").await;
    assert_eq!(reply.status, StatusCode::NOT_FOUND);
    assert!(reply.json()["detail"].as_str().unwrap().contains("/api/data/Nothing/"));
    let reply = site.send(Method::DELETE, PHONES, JSON, "").await;
    assert_eq!(reply.status, StatusCode::METHOD_NOT_ALLOWED);
    assert!(reply.headers.contains_key(ALLOW));
}
