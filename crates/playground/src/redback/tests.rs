//! The application through real sockets, by a client that does what the document asks of clients.

use std::time::Duration;

use countersign_tower::ManualClock;
use reqwest::header::{ACCEPT, CONTENT_TYPE, ORIGIN, SET_COOKIE};
use reqwest::{Client, RequestBuilder, Response};
use serde_json::{Value, json};

use crate::setup::started;
use crate::{Options, Playground};

const BASE: &str = "/restServices/redbackServices";

struct Setup {
    playground: Playground,
    clock: ManualClock,
}

impl Setup {
    async fn start() -> Self {
        let (playground, clock) = started(Options::on_free_ports()).await;
        Self { playground, clock }
    }

    fn origin(&self) -> String {
        format!("http://{}", self.playground.addresses().redback)
    }

    /// Nobody yet.
    fn visitor(&self) -> Caller {
        let client = Client::builder().cookie_store(true).build().unwrap();
        Caller { client, origin: self.origin(), token: None }
    }

    async fn log_in(&self, name: &str, password: &str) -> Caller {
        let mut caller = self.visitor();
        let reply = caller.try_log_in(name, password).await;
        assert_eq!(reply.status(), 200, "{name}");
        let user: Value = reply.json().await.unwrap();
        caller.token = Some(user["validationToken"].as_str().unwrap().to_owned());
        caller
    }
}

/// Somebody who sends the headers that the document asks for.
struct Caller {
    client: Client,
    origin: String,
    token: Option<String>,
}

impl Caller {
    fn with_headers(&self, request: RequestBuilder) -> RequestBuilder {
        let request = request.header(ORIGIN, &self.origin);
        match &self.token {
            Some(token) => request.header("X-XSRF-TOKEN", token),
            None => request,
        }
    }

    fn request(&self, operation: &str) -> RequestBuilder {
        self.with_headers(self.client.get(format!("{}{BASE}/{operation}", self.origin)))
    }

    async fn get(&self, operation: &str) -> Response {
        self.request(operation).send().await.unwrap()
    }

    async fn post(&self, operation: &str, content_type: &str, body: impl Into<String>) -> Response {
        let request = self.client.post(format!("{}{BASE}/{operation}", self.origin));
        let request = self.with_headers(request).header(CONTENT_TYPE, content_type);
        request.body(body.into()).send().await.unwrap()
    }

    async fn try_log_in(&self, name: &str, password: &str) -> Response {
        let body = json!({ "username": name, "password": password }).to_string();
        self.post("loginService/logIn", "application/json", body).await
    }

    async fn create(&self, name: &str) -> Response {
        let body = json!({ "username": name, "password": "secret1", "confirmPassword": "secret1",
            "fullName": "Joe <Bloggs> & \"Sons\"", "email": "joe@localhost" });
        self.post("userService/createUser", "application/json", body.to_string()).await
    }
}

async fn json(response: Response) -> Value {
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()[CONTENT_TYPE], "application/json");
    response.json().await.unwrap()
}

async fn xml(response: Response) -> String {
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()[CONTENT_TYPE], "application/xml");
    let text = response.text().await.unwrap();
    text.strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>")
        .unwrap()
        .to_owned()
}

#[tokio::test]
async fn a_login_answers_the_user_and_begins_a_session() {
    let setup = Setup::start().await;
    for (content_type, body) in [
        ("application/json", r#"{"username":"admin","password":"admin1"}"#),
        ("application/json; charset=UTF-8", r#"{"password":"admin1","username":"admin"}"#),
        (
            "application/xml",
            "<loginRequest><username>admin</username><password>admin1</password></loginRequest>",
        ),
    ] {
        let reply = setup.visitor().post("loginService/logIn", content_type, body).await;
        let cookie = reply.headers()[SET_COOKIE].to_str().unwrap();
        assert!(cookie.starts_with("JSESSIONID="), "{content_type}: {cookie}");
        let user = json(reply).await;
        assert_eq!(user["username"], "admin", "{content_type}");
        assert_eq!(user["fullName"], "the administrator", "{content_type}");
        assert_eq!(user["locked"], false, "{content_type}");
        assert!(user["validationToken"].is_string(), "{content_type}");
    }
}

#[tokio::test]
async fn a_login_answers_xml_to_who_wants_it() {
    let setup = Setup::start().await;
    let visitor = setup.visitor();
    let request = visitor.client.post(format!("{}{BASE}/loginService/logIn", setup.origin()));
    let request = visitor.with_headers(request).header(ACCEPT, "application/xml");
    let reply = request.json(&json!({ "username": "admin", "password": "admin1" })).send().await;
    let user = xml(reply.unwrap()).await;
    assert!(user.starts_with("<user><username>admin</username>"), "{user}");
    assert!(user.contains("<validationToken>"), "{user}");
    assert!(user.ends_with("</user>"), "{user}");
}

#[tokio::test]
async fn failed_logins() {
    let setup = Setup::start().await;
    let visitor = setup.visitor();
    let wrong = json!({ "errorMessages":
        [{ "errorKey": "incorrect.username.password", "args": [], "message": "" }] });
    for (name, password) in [("admin", "admin"), ("joe", "admin1"), ("", ""), ("admin", "")] {
        let reply = visitor.try_log_in(name, password).await;
        assert_eq!(reply.status(), 403, "{name} {password}");
        assert!(!reply.headers().contains_key(SET_COOKIE), "{name} {password}");
        assert_eq!(reply.json::<Value>().await.unwrap(), wrong, "{name} {password}");
    }
    for (row, content_type, body, status) in [
        ("no JSON", "application/json", "{", 400),
        ("no password", "application/json", r#"{"username":"admin"}"#, 400),
        ("no XML", "application/xml", "<loginRequest><username>admin", 400),
        (
            "an entity of its own",
            "application/xml",
            "<!DOCTYPE x [<!ENTITY a \"admin\">]><x><username>&a;</username><password>p</password></x>",
            400,
        ),
        ("a form", "application/x-www-form-urlencoded", "username=admin&password=admin1", 415),
        ("too long", "application/json", &"x".repeat(70_000), 413),
    ] {
        let reply = visitor.post("loginService/logIn", content_type, body).await;
        assert_eq!(reply.status(), status, "{row}");
        let error = reply.json::<Value>().await.unwrap()["errorMessages"][0].take();
        assert_eq!(error["errorKey"], "request.invalid", "{row}");
        assert!(error["message"].as_str().is_some_and(|why| !why.is_empty()), "{row}");
    }
}

#[tokio::test]
async fn what_is_open_to_everybody() {
    let setup = Setup::start().await;
    let visitor = setup.visitor();
    assert_eq!(json(visitor.get("loginService/ping").await).await, true);
    assert_eq!(json(visitor.get("loginService/isLogged").await).await, Value::Null);
    assert_eq!(json(visitor.get("loginService/logout").await).await, true);
    let ping = visitor.request("loginService/ping").header(ACCEPT, "application/xml");
    assert_eq!(xml(ping.send().await.unwrap()).await, "<boolean>true</boolean>");

    let alias = format!("{}/services/redbackServices/loginService/ping", setup.origin());
    let reply = visitor.with_headers(visitor.client.get(alias)).send().await.unwrap();
    assert_eq!(json(reply).await, true);
}

#[tokio::test]
async fn a_session_is_known_and_ends() {
    let setup = Setup::start().await;
    let admin = setup.log_in("admin", "admin1").await;
    assert_eq!(json(admin.get("loginService/isLogged").await).await["username"], "admin");
    assert_eq!(json(admin.get("loginService/logout").await).await, true);
    assert_eq!(json(admin.get("loginService/isLogged").await).await, Value::Null);
    assert_eq!(admin.get("userService/getUsers").await.status(), 403);

    let idle = setup.log_in("admin", "admin1").await;
    setup.clock.advance(Duration::from_secs(30 * 60));
    assert_eq!(json(idle.get("loginService/isLogged").await).await, Value::Null);
}

#[tokio::test]
async fn the_token_is_shown_at_login_only() {
    let setup = Setup::start().await;
    let admin = setup.log_in("admin", "admin1").await;
    for operation in ["loginService/isLogged", "userService/getUser/admin"] {
        let user = json(admin.get(operation).await).await;
        assert_eq!(user["username"], "admin", "{operation}");
        assert!(user.get("validationToken").is_none(), "{operation}");
    }
}

#[tokio::test]
async fn who_may_call_what() {
    const ROLES: &str = "roleManagementService";
    let setup = Setup::start().await;
    let admin = setup.log_in("admin", "admin1").await;
    let guest = setup.log_in("guest-user", "guest1").await;
    for (operation, for_admin) in [
        ("userService/getUsers".to_owned(), 200),
        ("userService/getUser/admin".to_owned(), 200),
        ("userService/deleteUser/nobody".to_owned(), 404),
        ("userService/lockUser/nobody".to_owned(), 404),
        ("userService/unlockUser/admin".to_owned(), 200),
        (format!("{ROLES}/allRoles"), 200),
        (format!("{ROLES}/getEffectivelyAssignedRoles/admin"), 200),
        (format!("{ROLES}/assignRole?roleName=Guest&principal=guest-user"), 200),
        // It declares nothing.
        ("userService/exportUsers".to_owned(), 403),
    ] {
        assert_eq!(admin.get(&operation).await.status(), for_admin, "admin: {operation}");
        for (row, caller) in [("guest", &guest), ("nobody", &setup.visitor())] {
            let reply = caller.get(&operation).await;
            assert_eq!(reply.status(), 403, "{row}: {operation}");
            assert_eq!(reply.text().await.unwrap(), "", "{row}: {operation}");
        }
    }
    assert_eq!(guest.create("mallory").await.status(), 403);
    assert_eq!(setup.visitor().create("mallory").await.status(), 403);
    assert_eq!(admin.get("userService/getUser/mallory").await.status(), 404);
}

#[tokio::test]
async fn a_users_life() {
    let setup = Setup::start().await;
    let admin = setup.log_in("admin", "admin1").await;
    assert_eq!(json(admin.create("joe").await).await, true);

    let joe = setup.log_in("joe", "secret1").await;
    assert_eq!(joe.get("userService/getUsers").await.status(), 403, "nobody is born with a role");
    let query = "roleManagementService/assignRole?roleName=User%20Administrator&principal=joe";
    assert_eq!(json(admin.get(query).await).await, true);
    assert_eq!(json(joe.get("userService/getUsers").await).await.as_array().unwrap().len(), 3);
    assert_eq!(joe.get(query).await.status(), 403, "he administers users, not roles");
    let roles = "roleManagementService/getEffectivelyAssignedRoles/joe";
    let roles = json(admin.get(roles).await).await;
    assert_eq!(roles[0]["name"], "User Administrator");
    assert_eq!(roles.as_array().unwrap().len(), 1);

    assert_eq!(json(admin.get("userService/lockUser/joe").await).await, true);
    assert_eq!(json(admin.get("userService/getUser/joe").await).await["locked"], true);
    assert_eq!(joe.get("userService/getUsers").await.status(), 403, "locked out at once");
    assert_eq!(joe.try_log_in("joe", "secret1").await.status(), 403);

    assert_eq!(json(admin.get("userService/unlockUser/joe").await).await, true);
    let joe = setup.log_in("joe", "secret1").await;
    assert_eq!(joe.get("userService/getUsers").await.status(), 200, "with the role he had");

    assert_eq!(json(admin.get("userService/deleteUser/joe").await).await, true);
    assert_eq!(joe.get("userService/getUsers").await.status(), 403);
    assert_eq!(admin.get("userService/getUser/joe").await.status(), 404);
}

#[tokio::test]
async fn users_and_roles_as_xml() {
    let setup = Setup::start().await;
    let admin = setup.log_in("admin", "admin1").await;
    assert_eq!(json(admin.create("joe").await).await, true);
    let request = admin.request("userService/getUsers").header(ACCEPT, "application/xml");
    let users = xml(request.send().await.unwrap()).await;
    assert!(users.starts_with("<users><user><username>admin</username>"), "{users}");
    assert!(users.contains("<fullName>Joe &lt;Bloggs&gt; &amp; "), "{users}");
    assert!(users.ends_with("</user></users>"), "{users}");

    let request = admin.request("roleManagementService/allRoles").header(ACCEPT, "text/xml");
    let roles = xml(request.send().await.unwrap()).await;
    assert!(roles.starts_with("<roles><role><name>Guest</name>"), "{roles}");
    let permission = "<permissions><name>user-management-user-create</name></permissions>";
    assert_eq!(roles.matches(permission).count(), 2, "{roles}");

    let body =
        "<user><username>ann</username><password>p</password><email>a@localhost</email></user>";
    let reply = admin.post("userService/createUser", "text/xml", body).await;
    assert_eq!(json(reply).await, true);
    assert_eq!(json(admin.get("userService/getUser/ann").await).await["email"], "a@localhost");
}

#[tokio::test]
async fn what_cannot_be_done_says_why() {
    let setup = Setup::start().await;
    let admin = setup.log_in("admin", "admin1").await;
    let roles = "roleManagementService/assignRole";
    for (row, operation, status, key) in [
        ("no such user", "userService/getUser/joe".to_owned(), 404, "user.not.found"),
        (
            "the administrator stays",
            "userService/deleteUser/admin".to_owned(),
            409,
            "user.permanent",
        ),
        ("and is not locked", "userService/lockUser/admin".to_owned(), 409, "user.permanent"),
        ("no such role", format!("{roles}?roleName=x&principal=admin"), 404, "role.not.found"),
        ("role for nobody", format!("{roles}?roleName=Guest&principal=x"), 404, "user.not.found"),
        ("half a query", format!("{roles}?roleName=Guest"), 400, "request.invalid"),
        ("two roles", format!("{roles}?roleName=a&roleName=b&principal=x"), 400, "request.invalid"),
    ] {
        let reply = admin.get(&operation).await;
        assert_eq!(reply.status(), status, "{row}");
        assert_eq!(
            reply.json::<Value>().await.unwrap()["errorMessages"][0]["errorKey"],
            key,
            "{row}"
        );
    }
    for (row, body, status) in [
        ("taken", json!({ "username": "admin", "password": "x" }), 409),
        ("no name", json!({ "username": "", "password": "x" }), 400),
        ("a name with markup", json!({ "username": "<b>", "password": "x" }), 400),
        ("a name too long", json!({ "username": "x".repeat(201), "password": "x" }), 400),
        ("no password", json!({ "username": "joe", "password": "" }), 400),
        (
            "not confirmed",
            json!({ "username": "joe", "password": "x", "confirmPassword": "y" }),
            400,
        ),
        (
            "a control character",
            json!({ "username": "joe", "password": "x", "fullName": "a\u{0}b" }),
            400,
        ),
    ] {
        let reply =
            admin.post("userService/createUser", "application/json", body.to_string()).await;
        assert_eq!(reply.status(), status, "{row}");
        let why = reply.json::<Value>().await.unwrap()["errorMessages"][0]["message"].take();
        assert!(why.as_str().is_some_and(|why| !why.is_empty()), "{row}");
    }
}
