//! The application through real sockets, by a client that does what the document asks of clients.

use std::time::Duration;

use countersign_tower::ManualClock;
use reqwest::header::{CONTENT_TYPE, HeaderMap, LOCATION, SET_COOKIE};
use reqwest::{Certificate, Client, Method, Response, redirect};
use serde_json::{Value, json};

use crate::setup::started;
use crate::{Options, Playground};

const ADMIN: [(&str, &str); 2] = [("j_username", "admin"), ("j_password", "admin")];

struct Setup {
    playground: Playground,
    clock: ManualClock,
}

impl Setup {
    async fn start() -> Self {
        let (playground, clock) = started(Options::on_free_ports()).await;
        Self { playground, clock }
    }

    fn https(&self, path: &str) -> String {
        format!("https://{}{path}", self.playground.addresses().vmanage)
    }

    fn http(&self, path: &str) -> String {
        format!("http://{}{path}", self.playground.addresses().vmanage_http.unwrap())
    }

    /// A client with a cookie jar that trusts this playground's certificate and no other.
    fn client(&self) -> Client {
        let certificate = Certificate::from_pem(self.playground.certificate().as_bytes()).unwrap();
        Client::builder()
            .tls_certs_only([certificate])
            .cookie_store(true)
            .redirect(redirect::Policy::none())
            .build()
            .unwrap()
    }

    async fn log_in(&self) -> Session {
        let client = self.client();
        let reply = client.post(self.https("/j_security_check")).form(&ADMIN).send().await.unwrap();
        assert_eq!(text(reply).await, "");
        let token = client.get(self.https("/dataservice/client/token")).send().await.unwrap();
        Session { base: self.https(""), client, token: text(token).await }
    }
}

/// A session with its token.
struct Session {
    client: Client,
    base: String,
    token: String,
}

impl Session {
    async fn send(&self, method: Method, path: &str, body: impl Into<reqwest::Body>) -> Response {
        let request = self.client.request(method, format!("{}{path}", self.base));
        let request = request.header("X-XSRF-TOKEN", &self.token);
        request.header(CONTENT_TYPE, "application/json").body(body).send().await.unwrap()
    }

    async fn get(&self, path: &str) -> Response {
        self.client
            .get(format!("{}{path}", self.base))
            .header("X-XSRF-TOKEN", &self.token)
            .send()
            .await
            .unwrap()
    }
}

async fn text(response: Response) -> String {
    assert_eq!(response.status(), 200);
    response.text().await.unwrap()
}

async fn json(response: Response) -> Value {
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()[CONTENT_TYPE], "application/json");
    response.json().await.unwrap()
}

fn cookies(headers: &HeaderMap) -> Vec<&str> {
    headers.get_all(SET_COOKIE).iter().map(|value| value.to_str().unwrap()).collect()
}

/// The `<html>` is what clients in the field look for.
fn is_login_page(body: &str) -> bool {
    body.contains("<html>") && body.contains("name=\"j_username\"")
}

#[tokio::test]
async fn a_login_answers_nothing_and_a_session() {
    let setup = Setup::start().await;
    for path in super::login::PATHS {
        for (url, attributes) in [
            (setup.https(path), "; Path=/; Secure; HttpOnly"),
            (setup.http(path), "; Path=/; HttpOnly"),
        ] {
            let reply = setup.client().post(&url).form(&ADMIN).send().await.unwrap();
            assert_eq!(reply.status(), 200, "{url}");
            let cookie = cookies(reply.headers())[0].to_owned();
            let id = cookie.strip_prefix("JSESSIONID=").unwrap().strip_suffix(attributes);
            assert_eq!(id.unwrap().len(), 32, "{url}: {cookie}");
            assert_eq!(reply.text().await.unwrap(), "", "{url}");
        }
    }
}

#[tokio::test]
async fn a_failed_login_answers_the_login_page() {
    let setup = Setup::start().await;
    for (row, content_type, body) in [
        ("wrong password", "application/x-www-form-urlencoded", "j_username=admin&j_password=x"),
        ("unknown user", "application/x-www-form-urlencoded", "j_username=joe&j_password=admin"),
        ("no password", "application/x-www-form-urlencoded", "j_username=admin"),
        (
            "two passwords",
            "application/x-www-form-urlencoded",
            "j_username=admin&j_password=x&j_password=admin",
        ),
        ("nothing", "application/x-www-form-urlencoded", ""),
        ("not a form", "application/json", r#"{"j_username":"admin","j_password":"admin"}"#),
        ("no UTF-8", "application/x-www-form-urlencoded", "j_username=%ff&j_password=%ff"),
    ] {
        let request = setup.client().post(setup.https("/j_security_check"));
        let reply = request.header(CONTENT_TYPE, content_type).body(body).send().await.unwrap();
        assert_eq!(cookies(reply.headers()), [""; 0], "{row}");
        assert!(is_login_page(&text(reply).await), "{row}");
    }
}

#[tokio::test]
async fn a_login_ends_the_session_before_it() {
    let setup = Setup::start().await;
    let url = setup.https("/j_security_check");
    let first = setup.client().post(&url).form(&ADMIN).send().await.unwrap();
    let cookie = cookies(first.headers())[0].split(';').next().unwrap().to_owned();
    let second = setup.client().post(&url).header("Cookie", &cookie).form(&ADMIN).send().await;
    let renewed = second.unwrap();
    assert!(!cookies(renewed.headers())[0].starts_with(&cookie));

    let request = setup.client().get(setup.https("/dataservice/client/token"));
    let reply = request.header("Cookie", &cookie).send().await.unwrap();
    assert!(is_login_page(&text(reply).await));
}

#[tokio::test]
async fn without_a_session_there_is_only_the_login_page() {
    let setup = Setup::start().await;
    for path in ["/dataservice/client/token", "/dataservice/device", "/dataservice/x", "/apidocs"] {
        let fresh = setup.client().get(setup.https(path)).send().await.unwrap();
        assert_eq!(cookies(fresh.headers()), [""; 0], "{path}");
        assert!(is_login_page(&text(fresh).await), "{path}");

        let request = setup.client().get(setup.https(path)).header("Cookie", "JSESSIONID=over");
        let over = request.send().await.unwrap();
        let taken_back = cookies(over.headers())[0];
        assert!(taken_back.starts_with("JSESSIONID=expired;"), "{path}: {taken_back}");
        assert!(taken_back.ends_with("; Expires=Thu, 01 Jan 1970 00:00:00 GMT"), "{path}");
        assert!(is_login_page(&text(over).await), "{path}");
    }
}

#[tokio::test]
async fn basic_credentials_begin_a_session() {
    let setup = Setup::start().await;
    let client = setup.client();
    let url = setup.https("/dataservice/client/token?json=true");

    let wrong = client.get(&url).basic_auth("admin", Some("nimda")).send().await.unwrap();
    assert!(is_login_page(&text(wrong).await));

    let first = client.get(&url).basic_auth("admin", Some("admin")).send().await.unwrap();
    assert_eq!(cookies(first.headers()).len(), 1);
    let first = json(first).await;

    // The cookie goes on without the password, and nothing new is begun.
    for request in [client.get(&url), client.get(&url).basic_auth("admin", Some("admin"))] {
        let again = request.send().await.unwrap();
        assert_eq!(cookies(again.headers()), [""; 0]);
        assert_eq!(json(again).await, first);
    }
}

#[tokio::test]
async fn the_token_is_the_same_wherever_it_is_shown() {
    let setup = Setup::start().await;
    let session = setup.log_in().await;
    let as_json = json(session.get("/dataservice/client/token?json=true").await).await;
    assert_eq!(as_json, json!({ "token": session.token }));
    let server = json(session.get("/dataservice/client/server").await).await;
    let data = &server["data"];
    assert_eq!(data["CSRFToken"], session.token);
    assert_eq!(data["platformVersion"], "20.15.1");
    assert_eq!(data["tenancyMode"], "SingleTenant");
    assert_eq!((&data["userMode"], &data["viewMode"]), (&json!("tenant"), &json!("tenant")));
    assert_eq!(data["user"], "admin");
}

#[tokio::test]
async fn what_a_client_asks_first() {
    let setup = Setup::start().await;
    let session = setup.log_in().await;
    let ready = json(session.get("/dataservice/client/server/ready").await).await;
    assert_eq!(ready, json!({ "isServerReady": true }));
    let about = json(session.get("/dataservice/client/about").await).await;
    let data = about["data"].as_object().unwrap();
    for field in [
        "title",
        "version",
        "applicationVersion",
        "applicationServer",
        "copyright",
        "time",
        "timeZone",
        "logo",
    ] {
        assert!(data[field].is_string(), "{field}");
    }
    assert_eq!(data["time"], "2027-01-15T08:00:00Z");
}

#[tokio::test]
async fn the_documents_own_examples() {
    let setup = Setup::start().await;
    let session = setup.log_in().await;

    let info = text(session.get("/dataservice/server/info").await).await;
    assert_eq!(info, r#"{"Achitecture":"amd64","Available processors":2}"#);

    const PATH: &str = "/dataservice/settings/configuration/emailNotificationSettings";
    const SENT: &str = concat!(
        r#"{"enabled":true,"from_address":"test@mydomain.com","protocol":"smtp","smtp_server":"a.com","#,
        r#""smtp_port":25,"reply_to_address":"test@test.com","notification_use_smtp_authentication":false}="#,
    );
    const ANSWER: &str = concat!(
        r#"{"data":[{"enabled":true,"protocol":"smtp","smtp_server":"a.com","from_address":"test@mydomain.com","#,
        r#""smtp_port":25,"notification_use_smtp_authentication":false,"reply_to_address":"test@test.com"}]}"#,
    );
    let before = json(session.get(PATH).await).await;
    assert_eq!(before, json!({ "data": [{ "enabled": false }] }));
    let request = session.client.post(setup.https(PATH)).header("X-XSRF-TOKEN", &session.token);
    let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
    assert_eq!(text(request.body(SENT).send().await.unwrap()).await, ANSWER);
    assert_eq!(text(session.get(PATH).await).await, ANSWER);
}

#[tokio::test]
async fn errors_are_json_and_say_what_to_do() {
    let setup = Setup::start().await;
    let session = setup.log_in().await;
    let settings = "/dataservice/settings/configuration/emailNotificationSettings";
    let long = vec![b'x'; 3 * 1024 * 1024];
    for (row, method, path, body, status) in [
        ("no JSON", Method::POST, settings, &b"{"[..], 400),
        ("no UTF-8", Method::POST, settings, b"\xff\xfe", 400),
        ("too long", Method::POST, settings, &long, 400),
        ("neither true nor false", Method::GET, "/dataservice/client/token?json=maybe", b"", 400),
        ("two values", Method::GET, "/dataservice/system/device/vedges?uuid=a&uuid=b", b"", 400),
        ("nothing there", Method::GET, "/dataservice/template", b"", 404),
        ("wrong method", Method::DELETE, "/dataservice/device", b"", 405),
    ] {
        let reply = session.send(method, path, body.to_vec()).await;
        assert_eq!(reply.status(), status, "{row}");
        assert_eq!(reply.headers().contains_key("allow"), status == 405, "{row}");
        let error = reply.json::<Value>().await.unwrap()["error"].take();
        for field in ["message", "details", "code"] {
            assert!(error[field].as_str().is_some_and(|text| !text.is_empty()), "{row}: {error}");
        }
    }
}

#[tokio::test]
async fn the_demonstration_network() {
    let setup = Setup::start().await;
    let session = setup.log_in().await;
    let devices = json(session.get("/dataservice/device").await).await;
    let edges = json(session.get("/dataservice/system/device/vedges").await).await;
    let certificates = json(session.get("/dataservice/certificate/vedge/list").await).await;
    let count = |value: &Value| value["data"].as_array().unwrap().len();
    assert_eq!((count(&devices), count(&edges), count(&certificates)), (5, 2, 2));

    let two = session.get("/dataservice/device/system/info?deviceId=10.10.1.1&deviceId=10.10.1.5");
    let two = json(two.await).await;
    assert_eq!(two["data"], json!([devices["data"][0], devices["data"][1]]));

    let uuid = edges["data"][0]["uuid"].as_str().unwrap();
    let one =
        json(session.get(&format!("/dataservice/system/device/vedges?uuid={uuid}")).await).await;
    assert_eq!(one["data"], json!([edges["data"][0]]));
    let none = json(session.get("/dataservice/system/device/vedges?uuid=none").await).await;
    assert_eq!(none, json!({ "data": [] }));
}

#[tokio::test]
async fn a_logout_ends_the_session() {
    let setup = Setup::start().await;
    for method in [Method::GET, Method::POST] {
        let session = setup.log_in().await;
        let cookie = setup.client();
        let reply = session.send(method.clone(), "/logout", "").await;
        assert_eq!(reply.status(), 302, "{method}");
        let location = reply.headers()[LOCATION].to_str().unwrap().to_owned();
        assert!(location.starts_with("/welcome.html?nocache="), "{method}: {location}");
        let welcome = cookie.get(setup.https(&location)).send().await.unwrap();
        assert!(text(welcome).await.contains("<html>"), "{method}");
        let after = session.get("/dataservice/device").await;
        assert!(is_login_page(&text(after).await), "{method}");
    }
}

#[tokio::test]
async fn sessions_end_after_thirty_idle_minutes() {
    let setup = Setup::start().await;
    let session = setup.log_in().await;
    setup.clock.advance(Duration::from_secs(30 * 60 - 1));
    assert!(!is_login_page(&text(session.get("/dataservice/device").await).await));
    setup.clock.advance(Duration::from_secs(30 * 60));
    assert!(is_login_page(&text(session.get("/dataservice/device").await).await));
}

#[tokio::test]
async fn sessions_end_after_a_day_in_all() {
    let setup = Setup::start().await;
    let session = setup.log_in().await;
    for _ in 0..(24 * 3 - 1) {
        setup.clock.advance(Duration::from_secs(20 * 60));
        assert!(!is_login_page(&text(session.get("/dataservice/server/info").await).await));
    }
    setup.clock.advance(Duration::from_secs(20 * 60));
    assert!(is_login_page(&text(session.get("/dataservice/server/info").await).await));
}

#[tokio::test]
async fn the_api_docs_are_served_from_here() {
    let setup = Setup::start().await;
    let session = setup.log_in().await;
    let page = session.get("/apidocs").await;
    assert!(page.headers()[CONTENT_TYPE].to_str().unwrap().starts_with("text/html"));
    let page = text(page).await;
    assert!(!page.contains("//"), "nothing comes from elsewhere: {page}");

    for (file, content_type, contains) in [
        ("/apidocs/swagger-ui.css", "text/css", ".swagger-ui"),
        ("/apidocs/swagger-ui-bundle.js", "text/javascript", "SwaggerUIBundle"),
        ("/apidocs/apidocs.js", "text/javascript", "X-XSRF-TOKEN"),
    ] {
        assert!(page.contains(&format!("\"{file}\"")), "{file} is not on the page");
        let reply = session.get(file).await;
        let sent = reply.headers()[CONTENT_TYPE].to_str().unwrap().to_owned();
        assert!(sent.starts_with(content_type), "{file}: {sent}");
        assert!(text(reply).await.contains(contains), "{file}");
    }
}

#[tokio::test]
async fn the_api_docs_describe_what_there_is() {
    let setup = Setup::start().await;
    let description = json(setup.log_in().await.get("/apidocs/openapi.json").await).await;
    for (path, operations) in description["paths"].as_object().unwrap() {
        for method in operations.as_object().unwrap().keys() {
            // Anew each time: two of the operations end the session.
            let session = setup.log_in().await;
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
            let status = session.send(method.clone(), path, "").await.status();
            assert!(!matches!(status.as_u16(), 404 | 405), "{method} {path}: {status}");
        }
    }
}
