//! Through `countersign serve`, configured as the examples say, to an app that knows nothing of CSRF.

use std::fs;
use std::net::TcpListener;

use tempfile::TempDir;

use crate::call::request;
use crate::running::Running;
use crate::server::{Answer, Asked, Server, answer};

/// The gateway of an example, with an app behind that sets this session cookie at `login`, and at any
/// other read of somebody who has none.
struct Front {
    _running: Running,
    app: Server,
    folder: TempDir,
    base: String,
}

impl Front {
    fn start(
        example: &str,
        cookie: &'static str,
        login: &'static str,
        welcome: fn() -> Answer,
    ) -> Self {
        let app = Server::bare(move |asked: &Asked| {
            let begun = |mut answer: Answer, id: &str| {
                let value = format!("{cookie}={id}; Path=/; HttpOnly");
                answer.headers_mut().append("set-cookie", value.parse().unwrap());
                answer
            };
            match asked.line().as_str() {
                line if line == login => begun(welcome(), "logged-in"),
                _ if asked.cookie(cookie).is_none() => begun(page(), "visitor"),
                _ => page(),
            }
        });
        // Its own origin must be in its file, so the port must be known before.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let address = format!("127.0.0.1:{port}");
        let upstream = app.at("").trim_start_matches("http://").to_owned();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("gateway.toml");
        let source =
            format!("{}/../../examples/gateway/{example}.toml", env!("CARGO_MANIFEST_DIR"));
        let text = fs::read_to_string(source).unwrap();
        assert!(text.contains("127.0.0.1:9080") && text.contains("127.0.0.1:9000"), "{text}");
        let text = text.replace("127.0.0.1:9080", &address).replace("127.0.0.1:9000", &upstream);
        fs::write(&file, text).unwrap();
        let (running, _) = Running::start(&["serve", "--json", "--config", file.to_str().unwrap()]);
        Self { _running: running, app, folder, base: format!("http://{address}") }
    }

    fn call(&self, method: &str, path: &str, more: &[&str]) -> i32 {
        let (url, jar) = (format!("{}{path}", self.base), self.folder.path().join("jar.json"));
        let ran = request(&[&["--cookie-jar", jar.to_str().unwrap(), method, &url], more].concat());
        assert!(ran.status != 1 && ran.status != 2, "{method} {path}: {}", ran.err);
        ran.status
    }

    /// The gateway lets a call with a token through, and one with a wrong one not.
    fn passes(&self, method: &str, path: &str, header: &str) {
        let line = format!("{method} {path}");
        let seen = || self.app.lines().iter().filter(|own| **own == line).count();
        let before = seen();
        assert_eq!(self.call(method, path, &[]), 0, "{line}");
        assert_eq!(seen(), before + 1, "{line}");
        assert_eq!(
            self.call(method, path, &["-H", &format!("{header}: {}", "0".repeat(40))]),
            4,
            "{line}"
        );
        assert_eq!(seen(), before + 1, "{line} was let through with a wrong token");
    }
}

fn page() -> Answer {
    answer(200, &[("content-type", "application/json")], "{}")
}

#[test]
fn genesys() {
    let front = Front::start("genesys", "JSESSIONID", "GET /api/v2/me", page);
    assert_eq!(front.call("GET", "/api/v2/users", &["--login", "mikeb@redwings.com:password"]), 0);
    for _ in 0..2 {
        front.passes("POST", "/api/v2/users", "X-CSRF-TOKEN");
    }
}

#[test]
fn voss() {
    let front =
        Front::start("voss", "sessionid", "POST /login/", || answer(302, &[("location", "/")], ""));
    assert_eq!(front.call("GET", "/data/Phone/", &["--login", "joe:bloggs"]), 0);
    for _ in 0..2 {
        front.passes("POST", "/data/Phone/", "X-CSRFToken");
    }
    assert_eq!(front.call("GET", "/data/Phone/", &["--logout"]), 0);
    assert!(front.app.lines().contains(&"POST /logout/".to_owned()));
}

#[test]
fn redback() {
    let front = Front::start(
        "redback",
        "JSESSIONID",
        "POST /restServices/redbackServices/loginService/logIn",
        || answer(200, &[("content-type", "application/json")], r#"{"username":"admin"}"#),
    );
    let users = "/restServices/redbackServices/userService/getUsers";
    assert_eq!(front.call("GET", users, &["--login", "admin:admin1"]), 0);
    for _ in 0..2 {
        front.passes("GET", users, "X-XSRF-TOKEN");
    }
    assert_eq!(front.call("GET", users, &["--logout"]), 0);
}

#[test]
fn vmanage() {
    let front =
        Front::start("vmanage", "JSESSIONID", "POST /j_security_check", || answer(200, &[], ""));
    assert_eq!(front.call("GET", "/dataservice/device", &["--login", "admin:admin"]), 0);
    for _ in 0..2 {
        front.passes("GET", "/dataservice/device", "X-XSRF-TOKEN");
        front.passes("POST", "/dataservice/device", "X-XSRF-TOKEN");
    }
    assert_eq!(front.call("GET", "/dataservice/device", &["--logout"]), 0);
    assert!(front.app.lines().contains(&"GET /logout".to_owned()));
}

#[test]
fn tao() {
    // What the page configures, to which the gateway adds the pool.
    let front = Front::start("tao", "tao_session", "GET /tao/ClientConfig/config", || {
        let script = r#"require.config({"config":{"context":{"root_url":"/"}}});"#;
        answer(200, &[("content-type", "application/javascript")], script)
    });
    for _ in 0..12 {
        front.passes("GET", "/tao/items", "X-CSRF-Token");
    }
    front.passes("POST", "/tao/items", "X-CSRF-Token");
}

#[test]
fn standard() {
    let front = Front::start("standard", "session", "POST /login", page);
    assert_eq!(front.call("GET", "/", &[]), 0);
    for _ in 0..2 {
        front.passes("POST", "/transfer", "X-CSRF-Token");
    }
}
