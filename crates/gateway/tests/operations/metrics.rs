//! `/metrics`.

use std::net::TcpListener;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::setup::{App, FORGED, ask, bank, config, metrics, send, start, value};

const ROUTES: &str = "route = [{ path = \"/api/**\", require = \"token\" }]";

#[test]
fn each_request_is_counted_by_what_came_of_it() {
    let (app, folder) = (App::start(), tempfile::tempdir().unwrap());
    let gateway = start(folder.path(), &bank(app.address, "", ROUTES));
    let address = gateway.addresses().listen[0];
    assert_eq!(ask(address, "GET /", "").status, 200);
    assert_eq!(ask(address, "GET /missing", "").status, 404);
    assert_eq!(ask(address, "POST /api/pay", FORGED).status, 403);
    assert_eq!(ask(address, "POST /api/pay", "cookie: session=a\r\n").status, 403);
    assert_eq!(ask(address, "POST /other", FORGED).status, 403);
    let strange = b"GET / HTTP/1.1\r\nhost: other.example\r\nconnection: close\r\n\r\n";
    assert_eq!(send(address, strange).status, 421);
    for bytes in [
        &b"GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n"[..],
        b"GET / HTTP/1.1\r\nhost: a\r\nhost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\nhost: bank.example\n\n",
        b"TRACE / HTTP/1.1\r\nhost: bank.example\r\n\r\n",
    ] {
        assert!(matches!(send(address, bytes).status, 400 | 405));
    }
    let text = metrics(&gateway);
    let refused = |route: &str, rule: &str, reason: &str| {
        let labels = format!("route=\"{route}\",rule=\"{rule}\",reason=\"{reason}\"");
        value(
            &text,
            &format!("countersign_refusals_total{{site=\"bank\",{labels},enforced=\"true\"}}"),
        )
    };
    assert_eq!(refused("/api/**", "provenance", "origin_mismatch"), 1);
    assert_eq!(refused("/api/**", "token", "token_missing"), 1);
    assert_eq!(refused("*", "provenance", "origin_mismatch"), 1);
    for (series, expected) in [
        ("countersign_allowed_total{site=\"bank\",permit=\"safe_method\"}", 2),
        ("countersign_requests_total{site=\"bank\",status=\"2xx\"}", 1),
        ("countersign_requests_total{site=\"bank\",status=\"4xx\"}", 4),
        ("countersign_no_site_total{reason=\"host\"}", 1),
        ("countersign_bad_requests_total{reason=\"host_repeated\"}", 2),
        ("countersign_bad_requests_total{reason=\"host_missing\"}", 1),
        ("countersign_bad_requests_total{reason=\"bare_line_feed\"}", 1),
        ("countersign_bad_requests_total{reason=\"trace\"}", 1),
        ("countersign_upstream_response_seconds_count{site=\"bank\"}", 2),
    ] {
        assert_eq!(value(&text, series), expected, "{series}\n{text}");
    }
    assert_eq!(app.seen(), 2);
    assert!(text.ends_with("# EOF\n"));
}

#[test]
fn what_a_client_writes_makes_no_new_series() {
    let (app, folder) = (App::start(), tempfile::tempdir().unwrap());
    let gateway = start(folder.path(), &bank(app.address, "", ROUTES));
    let address = gateway.addresses().listen[0];
    let send_all = |round: usize| {
        for number in 0..20 {
            let n = round * 100 + number;
            let fields = format!(
                "origin: http://evil{n}.example\r\ncookie: session={n}\r\nuser-agent: agent{n}\r\n"
            );
            assert_eq!(ask(address, &format!("POST /api/{n}?q={n}"), &fields).status, 403);
            assert_eq!(ask(address, &format!("METHOD{n} /p{n}"), &fields).status, 403);
            let host = format!("GET / HTTP/1.1\r\nhost: h{n}.example\r\nconnection: close\r\n\r\n");
            assert_eq!(send(address, host.as_bytes()).status, 421);
        }
        let text = metrics(&gateway);
        assert!(!text.contains("evil") && !text.contains("METHOD") && !text.contains("agent"));
        text.lines().filter(|line| !line.starts_with('#')).count()
    };
    assert_eq!(send_all(1), send_all(2));
}

#[test]
fn in_report_mode_everything_passes_and_is_counted() {
    let (app, folder) = (App::start(), tempfile::tempdir().unwrap());
    let gateway = start(folder.path(), &bank(app.address, "", "mode = \"report\""));
    assert_eq!(ask(gateway.addresses().listen[0], "POST /pay", FORGED).status, 200);
    assert_eq!(app.seen(), 1);
    let series = "countersign_refusals_total{site=\"bank\",route=\"*\",rule=\"provenance\",\
                  reason=\"origin_mismatch\",enforced=\"false\"}";
    assert_eq!(value(&metrics(&gateway), series), 1);
}

#[test]
fn an_upstream_that_is_down_is_counted() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = listener.local_addr().unwrap();
    drop(listener);
    let folder = tempfile::tempdir().unwrap();
    let gateway = start(folder.path(), &bank(nobody, "", ""));
    assert_eq!(ask(gateway.addresses().listen[0], "GET /", "").status, 502);
    let text = metrics(&gateway);
    for (series, expected) in [
        ("countersign_upstream_failures_total{site=\"bank\",kind=\"connect\"}", 1),
        ("countersign_upstream_failures_total{site=\"bank\",kind=\"slow\"}", 0),
        ("countersign_requests_total{site=\"bank\",status=\"5xx\"}", 1),
        ("countersign_upstream_response_seconds_count{site=\"bank\"}", 0),
    ] {
        assert_eq!(value(&text, series), expected, "{series}");
    }
}

#[test]
fn a_response_that_breaks_off_is_counted() {
    use std::io::{Read, Write};

    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let app = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 4096]).unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nshort").unwrap();
    });
    let folder = tempfile::tempdir().unwrap();
    let gateway = start(folder.path(), &bank(address, "", ""));
    let answer = ask(gateway.addresses().listen[0], "GET /", "");
    assert_eq!(answer.body, "short");
    app.join().unwrap();
    let series = "countersign_upstream_failures_total{site=\"bank\",kind=\"cut_off\"}";
    assert_eq!(value(&metrics(&gateway), series), 1);
}

#[test]
fn what_is_under_way_is_shown() {
    let (app, folder) = (App::start(), tempfile::tempdir().unwrap());
    let gateway = start(folder.path(), &bank(app.address, "", ""));
    let address = gateway.addresses().listen[0];
    let request = std::thread::spawn(move || ask(address, "GET /gate", ""));
    app.await_request_at_gate();
    let text = metrics(&gateway);
    assert_eq!(value(&text, "countersign_requests_in_flight"), 1);
    assert_eq!(value(&text, "countersign_connections"), 1);
    app.open_gate();
    assert_eq!(request.join().unwrap().status, 200);
}

#[test]
fn reloads_are_counted_with_their_time() {
    let (app, folder) = (App::start(), tempfile::tempdir().unwrap());
    let text = bank(app.address, "", "");
    let gateway = start(folder.path(), &text);
    let address = gateway.addresses().listen[0];
    assert_eq!(ask(address, "GET /", "").status, 200);
    gateway.reload(config(folder.path(), &text)).unwrap();
    assert_eq!(ask(address, "GET /", "").status, 200);
    let moved = text.replace("[admin]\nlisten = \"127.0.0.1:0\"\n", "");
    gateway.reload(config(folder.path(), &moved)).unwrap_err();
    gateway.reload_failed();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let text = metrics(&gateway);
    assert_eq!(value(&text, "countersign_reloads_total{result=\"ok\"}"), 1);
    assert_eq!(value(&text, "countersign_reloads_total{result=\"failed\"}"), 2);
    let then = value(&text, "countersign_reload_timestamp_seconds{result=\"ok\"}");
    assert!(now.abs_diff(then) < 60, "{then} is not about {now}");
    // What was counted before a reload still is.
    assert_eq!(value(&text, "countersign_requests_total{site=\"bank\",status=\"2xx\"}"), 2);
}
