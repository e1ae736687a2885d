//! The listener for operators.

use std::time::Instant;

use crate::setup::{App, FORGED, ask, bank, start};

#[test]
fn it_answers_what_it_knows_and_nothing_else() {
    let (app, folder) = (App::start(), tempfile::tempdir().unwrap());
    let gateway = start(folder.path(), &bank(app.address, "", ""));
    let admin = gateway.addresses().admin.unwrap();
    for (line, status, kind) in [
        ("GET /healthz", 200, "text/plain"),
        ("GET /readyz", 200, "text/plain"),
        ("GET /metrics", 200, "application/openmetrics-text; version=1.0.0; charset=utf-8"),
        ("GET /metrics?x=1", 200, "application/openmetrics-text"),
        ("GET /", 200, "text/html; charset=utf-8"),
        ("POST /metrics", 405, "text/plain"),
        ("DELETE /", 405, "text/plain"),
        ("GET /metrics/", 404, "text/plain"),
        ("GET /admin", 404, "text/plain"),
        ("POST /admin", 404, "text/plain"),
    ] {
        let answer = ask(admin, line, "");
        assert_eq!(answer.status, status, "{line}");
        assert!(answer.head.contains(&format!("content-type: {kind}")), "{line}: {}", answer.head);
        assert!(answer.head.contains("cache-control: no-store"), "{line}: {}", answer.head);
        assert!(!answer.body.is_empty(), "{line}");
    }
    assert!(ask(admin, "POST /", "").head.contains("allow: get, head"));
    let head = ask(admin, "HEAD /metrics", "");
    assert_eq!((head.status, head.body.as_str()), (200, ""));
}

#[test]
fn the_page_shows_the_sites_and_their_modes() {
    let (app, folder) = (App::start(), tempfile::tempdir().unwrap());
    for (policy, mode) in [
        ("", ">enforcing<"),
        ("rollout = 25", ">enforcing 25%<"),
        ("rollout = 0", ">reporting only<"),
        ("mode = \"report\"", ">reporting only<"),
        ("enabled = false", ">off<"),
    ] {
        let gateway = start(folder.path(), &bank(app.address, "", policy));
        let page = ask(gateway.addresses().admin.unwrap(), "GET /", "");
        assert!(page.body.contains(mode), "{policy}: {}", page.body);
        let upstream = app.address.to_string();
        for text in
            ["bank", "bank.example", "standard", &upstream, "href=\"/metrics\"", ">serving<"]
        {
            assert!(page.body.contains(text), "{text} is not in {}", page.body);
        }
        assert!(!page.body.contains("<script"));
        assert!(page.head.contains("content-security-policy: default-src 'none'"), "{}", page.head);
    }
}

#[test]
fn the_page_counts() {
    let (app, folder) = (App::start(), tempfile::tempdir().unwrap());
    let gateway = start(folder.path(), &bank(app.address, "", ""));
    let address = gateway.addresses().listen[0];
    for _ in 0..2 {
        assert_eq!(ask(address, "POST /pay", FORGED).status, 403);
    }
    for _ in 0..3 {
        assert_eq!(ask(address, "GET /", "").status, 200);
    }
    let page = ask(gateway.addresses().admin.unwrap(), "GET /", "").body;
    let numbers = "<td class=\"n\">3</td><td class=\"n\">2</td><td class=\"n\">0</td>";
    assert!(page.contains(numbers), "{page}");
}

#[test]
fn while_it_drains_it_lives_and_is_not_ready() {
    let (app, folder) = (App::start(), tempfile::tempdir().unwrap());
    let gateway = start(folder.path(), &bank(app.address, "", ""));
    let (address, admin) = (gateway.addresses().listen[0], gateway.addresses().admin.unwrap());
    let request = std::thread::spawn(move || ask(address, "GET /gate", ""));
    app.await_request_at_gate();
    let draining = std::thread::spawn(move || gateway.drain());
    let begun = Instant::now();
    while ask(admin, "GET /readyz", "").status == 200 {
        assert!(begun.elapsed().as_secs() < 60, "it stays ready");
    }
    let ready = ask(admin, "GET /readyz", "");
    assert_eq!((ready.status, ready.body.as_str()), (503, "draining\n"));
    assert_eq!(ask(admin, "GET /healthz", "").status, 200);
    assert!(ask(admin, "GET /", "").body.contains(">draining<"));
    app.open_gate();
    assert_eq!(request.join().unwrap().status, 200);
    draining.join().unwrap();
    assert!(std::net::TcpStream::connect(admin).is_err(), "it still listens");
}

#[test]
fn an_address_that_is_taken_is_an_error() {
    let (app, folder) = (App::start(), tempfile::tempdir().unwrap());
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let text = bank(app.address, "", "")
        .replace("[admin]\nlisten = \"127.0.0.1:0\"", &format!("[admin]\nlisten = \"{address}\""));
    let config = crate::setup::config(folder.path(), &text);
    let error = countersign_gateway::Gateway::start(config).unwrap_err().to_string();
    assert!(error.contains(&address.to_string()), "{error}");
}
