//! The audit log.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::setup::{App, FORGED, ask, bank, config, metrics, start, value};

fn lines(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

const AUDIT: &str = "audit = \"audit.jsonl\"";

#[test]
fn each_refusal_is_a_line() {
    let (app, folder) = (App::start(), tempfile::tempdir().unwrap());
    let policy = "route = [{ path = \"/api/**\", require = \"both\" }]";
    let gateway = start(folder.path(), &bank(app.address, AUDIT, policy));
    let address = gateway.addresses().listen[0];
    let fields =
        format!("{FORGED}user-agent: Mozilla\t(\u{e9}\u{202e})\r\nx-csrf-token: t0ken-value\r\n");
    assert_eq!(ask(address, "POST /api/pay?key=s3cret-query", &fields).status, 403);
    assert_eq!(ask(address, "GET /", "").status, 200);
    gateway.drain();
    let path = folder.path().join("audit.jsonl");
    let written = fs::read_to_string(&path).unwrap();
    assert!(
        written.bytes().all(|byte| byte == b'\n' || (b' '..=b'~').contains(&byte)),
        "{written}"
    );
    for secret in ["s3cret", "t0ken"] {
        assert!(!written.contains(secret), "{written}");
    }
    let [line] = &lines(&path)[..] else { panic!("not one line:\n{written}") };
    let time = line["time"].as_str().unwrap();
    assert!(time.ends_with('Z') && time.as_bytes()[10] == b'T', "{time}");
    for (key, expected) in [
        ("site", json!("bank")),
        ("enforced", json!(true)),
        ("reason", json!("origin_mismatch")),
        ("rule", json!("provenance")),
        ("method", json!("POST")),
        ("path", json!("/api/pay")),
        ("route", json!("/api/**")),
        ("origin", json!("http://evil.example")),
        ("user_agent", json!("Mozilla\t(\u{e9}\u{202e})")),
        ("peer", json!("127.0.0.1")),
        ("seen", json!("http://evil.example")),
    ] {
        assert_eq!(line[key], expected, "{key}");
    }
    assert_eq!(line["session"].as_str().unwrap().len(), 12);
    assert!(line["expected"].as_str().unwrap().contains("http://bank.example"), "{line}");
    assert!(line["remedy"].as_str().unwrap().contains("trusted_origins"), "{line}");
}

#[test]
fn what_would_have_been_refused_is_a_line_too() {
    let (app, folder) = (App::start(), tempfile::tempdir().unwrap());
    let gateway = start(folder.path(), &bank(app.address, AUDIT, "mode = \"report\""));
    assert_eq!(ask(gateway.addresses().listen[0], "POST /pay", FORGED).status, 200);
    gateway.drain();
    let lines = lines(&folder.path().join("audit.jsonl"));
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0]["enforced"], false);
    assert_eq!(lines[0]["route"], "*");
}

#[test]
fn the_end_waits_for_every_line() {
    let (app, folder) = (App::start(), tempfile::tempdir().unwrap());
    let gateway = start(folder.path(), &bank(app.address, AUDIT, ""));
    let address = gateway.addresses().listen[0];
    let clients: Vec<_> = (0..8)
        .map(|client| {
            std::thread::spawn(move || {
                for number in 0..25 {
                    let line = format!("POST /{client}/{number}");
                    assert_eq!(ask(address, &line, FORGED).status, 403);
                }
            })
        })
        .collect();
    clients.into_iter().for_each(|client| client.join().unwrap());
    gateway.drain();
    let mut paths: Vec<String> = lines(&folder.path().join("audit.jsonl"))
        .iter()
        .map(|line| line["path"].as_str().unwrap().to_owned())
        .collect();
    paths.sort();
    let mut expected: Vec<String> =
        (0..8).flat_map(|client| (0..25).map(move |n| format!("/{client}/{n}"))).collect();
    expected.sort();
    assert_eq!(paths, expected);
}

#[test]
fn a_rotated_file_is_opened_anew() {
    let (app, folder) = (App::start(), tempfile::tempdir().unwrap());
    let gateway = start(folder.path(), &bank(app.address, AUDIT, ""));
    let address = gateway.addresses().listen[0];
    let [now, before] = ["audit.jsonl", "audit.jsonl.1"].map(|name| folder.path().join(name));
    assert_eq!(ask(address, "POST /before", FORGED).status, 403);
    fs::rename(&now, &before).unwrap();
    gateway.reopen();
    assert_eq!(ask(address, "POST /after", FORGED).status, 403);
    gateway.drain();
    let path = |line: &Value| line["path"].clone();
    // The first may have been written after it was asked to open the file anew.
    let mut all: Vec<_> = lines(&before).iter().chain(&lines(&now)).map(path).collect();
    assert_eq!(lines(&now).last().map(path), Some(json!("/after")));
    all.sort_by_key(ToString::to_string);
    assert_eq!(all, [json!("/after"), json!("/before")]);
}

#[test]
fn a_reload_changes_where_lines_go() {
    let (app, folder) = (App::start(), tempfile::tempdir().unwrap());
    let text = bank(app.address, AUDIT, "");
    let gateway = start(folder.path(), &text);
    let address = gateway.addresses().listen[0];
    let other = text.replace("audit.jsonl", "other.jsonl");
    gateway.reload(config(folder.path(), &other)).unwrap();
    assert_eq!(ask(address, "POST /other", FORGED).status, 403);
    let nowhere = text.replace("audit.jsonl", "missing/audit.jsonl");
    let error = gateway.reload(config(folder.path(), &nowhere)).unwrap_err().to_string();
    assert!(error.contains("audit log") && error.contains("missing"), "{error}");
    assert_eq!(ask(address, "POST /still", FORGED).status, 403);
    gateway.drain();
    let lines = lines(&folder.path().join("other.jsonl"));
    assert_eq!(lines.iter().map(|line| &line["path"]).collect::<Vec<_>>(), ["/other", "/still"]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_delays_nobody() {
    let (app, folder) = (App::start(), tempfile::tempdir().unwrap());
    let gateway = start(folder.path(), &bank(app.address, "audit = \"/dev/full\"", ""));
    let address = gateway.addresses().listen[0];
    for _ in 0..5 {
        assert_eq!(ask(address, "POST /pay", FORGED).status, 403);
    }
    let series = "countersign_audit_lines_dropped_total{reason=\"write_failed\"}";
    // The last line may still be on its way to the thread that writes.
    let begun = std::time::Instant::now();
    while !metrics(&gateway).contains(&format!("{series} 5")) {
        assert!(begun.elapsed().as_secs() < 60, "{}", metrics(&gateway));
    }
    assert_eq!(value(&metrics(&gateway), series), 5);
}
