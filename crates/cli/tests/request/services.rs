//! Each of the playground's services: log in, read, write, log out, over several calls.

use serde_json::Value;
use tempfile::TempDir;

use crate::call::request;
use crate::running::Running;

struct Service {
    _running: Running,
    base: String,
    folder: TempDir,
}

impl Service {
    fn start(name: &str) -> Self {
        let flags = [
            "genesys", "voss", "redback", "vmanage", "tao", "bank", "gateway", "attacker", "portal",
        ];
        let flags: Vec<String> = flags.iter().map(|flag| format!("--{flag}=127.0.0.1:0")).collect();
        let mut args = vec!["playground", "--json"];
        args.extend(flags.iter().map(String::as_str));
        let (running, addresses) = Running::start(&args);
        let base = addresses[name].as_str().unwrap().to_owned();
        Self { _running: running, base, folder: tempfile::tempdir().unwrap() }
    }

    /// One call with the same jar: exit status and body.
    fn call(&self, method: &str, path: &str, more: &[&str]) -> (i32, String) {
        let url = format!("{}{path}", self.base);
        let jar = self.folder.path().join("jar.json");
        let ran = request(
            &[&["--insecure", "--cookie-jar", jar.to_str().unwrap(), method, &url], more].concat(),
        );
        assert!(ran.err.is_empty() || ran.status != 0, "{}", ran.err);
        (ran.status, ran.out)
    }

    /// As after a restart of the server.
    fn spoil_tokens(&self) {
        let jar = self.folder.path().join("jar.json");
        let mut kept: Value =
            serde_json::from_str(&std::fs::read_to_string(&jar).unwrap()).unwrap();
        let tickets = kept["tokens"][&self.base]["tickets"].as_array_mut().unwrap();
        assert!(!tickets.is_empty());
        for (number, ticket) in tickets.iter_mut().enumerate() {
            ticket["token"] = Value::from(format!("{number:040x}"));
        }
        std::fs::write(&jar, kept.to_string()).unwrap();
    }
}

#[test]
fn genesys() {
    let service = Service::start("genesys");
    let (status, me) =
        service.call("GET", "/api/v2/me", &["--login", "mikeb@redwings.com:password"]);
    assert!(status == 0 && me.contains("mikeb"), "{status} {me}");
    let user = r#"{"userName":"jo@redwings.com","password":"secret","firstName":"Jo","lastName":"Doe","roles":["ROLE_AGENT"]}"#;
    let (status, reply) = service.call("POST", "/api/v2/users", &["--json", user]);
    assert!(status == 0 && reply.contains(r#""statusCode":0"#), "{status} {reply}");
    service.spoil_tokens();
    let operation = r#"{"operationName":"StartContactCenterSession","channels":["voice"]}"#;
    let (status, reply) = service.call("POST", "/api/v2/me", &["--json", operation]);
    assert!(status == 0 && reply.contains(r#""statusCode":0"#), "{status} {reply}");
}

/// Without a session before, and without a jar.
#[test]
fn genesys_with_basic_credentials() {
    let service = Service::start("genesys");
    let url = format!("{}/api/v2/me", service.base);
    let operation = r#"{"operationName":"StartContactCenterSession","channels":["voice"]}"#;
    let ran = request(&["-u", "paveld@redwings.com:password", "POST", &url, "--json", operation]);
    assert!(ran.status == 0 && ran.out.contains(r#""statusCode":0"#), "{} {}", ran.out, ran.err);
}

#[test]
fn voss() {
    let service = Service::start("voss");
    let phone = |name: &str| format!(r#"{{"name":"{name}","description":"by the door"}}"#);
    let (status, reply) = service.call(
        "POST",
        "/api/data/Phone/",
        &["--login", "joe:bloggs", "--json", &phone("SEP1")],
    );
    assert_eq!(status, 0, "{reply}");
    service.spoil_tokens();
    let (status, reply) = service.call("POST", "/api/data/Phone/", &["--json", &phone("SEP2")]);
    assert_eq!(status, 0, "{reply}");
    let (status, list) = service.call("GET", "/api/data/Phone/", &["--logout"]);
    assert!(status == 0 && list.contains("SEP1") && list.contains("SEP2"), "{status} {list}");
    let (status, _) = service.call("POST", "/api/data/Phone/", &["--json", &phone("SEP3")]);
    assert_eq!(status, 4);
    let (status, _) = service.call("GET", "/", &["--login", "joe:wrong"]);
    assert_eq!(status, 4);
}

/// Its token comes with the login and not otherwise, so it must be in the jar.
#[test]
fn redback() {
    const USERS: &str = "/restServices/redbackServices/userService";
    let service = Service::start("redback");
    let get = |path: &str, more: &[&str]| service.call("GET", &format!("{USERS}/{path}"), more);
    let (status, users) = get("getUsers", &["--login", "admin:admin1"]);
    assert!(status == 0 && users.contains("guest-user"), "{status} {users}");
    let joe =
        r#"{"username":"joe","password":"joes-own-1","fullName":"Joe","email":"joe@b.example"}"#;
    assert_eq!(service.call("POST", &format!("{USERS}/createUser"), &["--json", joe]).0, 0);
    assert_eq!(get("lockUser/joe", &[]).0, 0);
    service.spoil_tokens();
    assert_eq!(get("getUsers", &[]).0, 4);
    assert_eq!(get("getUsers", &["--login", "admin:admin1", "--logout"]).0, 0);
    assert_eq!(get("getUsers", &[]).0, 4);
    assert_eq!(get("getUsers", &["--login", "admin:wrong"]).0, 4);
}

#[test]
fn vmanage() {
    const MAIL: &str = "/dataservice/settings/configuration/emailNotificationSettings";
    let service = Service::start("vmanage");
    let (status, devices) = service.call("GET", "/dataservice/device", &["--login", "admin:admin"]);
    assert!(status == 0 && devices.starts_with('{'), "{status} {devices}");
    let mail = [
        "--json",
        r#"{"enabled":true,"protocol":"smtp","smtp_server":"mail.example","from_address":"a@b.example","smtp_port":25,"notification_use_smtp_authentication":false,"reply_to_address":"a@b.example"}"#,
    ];
    assert_eq!(service.call("POST", MAIL, &mail).0, 0);
    service.spoil_tokens();
    assert_eq!(service.call("POST", MAIL, &mail).0, 0);
    assert_eq!(service.call("GET", MAIL, &["--logout"]).0, 0);
    let (_, page) = service.call("GET", "/dataservice/device", &[]);
    assert!(!page.starts_with('{'), "{page}");
    let (status, _) = service.call("GET", "/", &["--login", "admin:wrong"]);
    assert_eq!(status, 4);
}

#[test]
fn vmanages_certificate_is_not_taken_unseen() {
    let service = Service::start("vmanage");
    let ran = request(&["GET", &format!("{}/", service.base)]);
    assert_eq!(ran.status, 1);
    assert!(ran.err.contains("certificate"), "{}", ran.err);
}

#[test]
fn tao() {
    let service = Service::start("tao");
    let (status, reply) =
        service.call("POST", "/tao/items", &["--json", r#"{"label":"Fractions"}"#]);
    assert_eq!(status, 0, "{reply}");
    // More calls than there are tickets in a pool: each brings a fresh one.
    for _ in 0..12 {
        let (status, list) = service.call("GET", "/tao/items", &[]);
        assert!(status == 0 && list.contains("Fractions"), "{status} {list}");
    }
    service.spoil_tokens();
    assert_eq!(service.call("GET", "/tao/items", &[]).0, 0);
}

/// Behind the gateway: a form, and one with a file.
#[test]
fn bank() {
    let service = Service::start("gateway");
    let (_, page) = service.call("GET", "/account", &[]);
    assert_eq!(page, "");
    let login = ["--form", "username=alice", "--form", "password=wonderland"];
    assert_eq!(service.call("POST", "/login", &login), (0, String::new()));
    let file = service.folder.path().join("statement.pdf");
    let attached = format!("file=@{}", file.display());
    for (note, length) in [("short", 7), ("long", 9_000_000)] {
        std::fs::write(&file, vec![b'x'; length]).unwrap();
        if note == "short" {
            service.call("POST", "/nowhere", &[]);
            service.spoil_tokens();
        }
        let note = format!("note={note}");
        let form = ["--form", &note, "--form", &attached];
        assert_eq!(service.call("POST", "/statements", &form), (0, String::new()));
    }
    let (status, page) = service.call("GET", "/account", &[]);
    assert_eq!(status, 0);
    for (note, length) in [("short", 7), ("long", 9_000_000)] {
        let entry = page.split("<li>").skip(1).find(|entry| entry.contains(note)).unwrap();
        assert!(entry.contains("statement.pdf"), "{entry}");
        assert!(entry.contains(&format!("{length} bytes")), "{entry}");
    }
}
