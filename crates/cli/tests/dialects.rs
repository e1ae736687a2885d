//! `dialects`: what people and editors are shown, and what is said of a file that cannot work.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must end")]

mod command;

use std::fs;
use std::path::PathBuf;

use command::run;
use countersign::{ClientDocument, Dialect, builtin_names, builtin_source};
use serde_json::Value;
use tempfile::TempDir;

#[test]
fn the_list_has_a_line_for_each() {
    let ran = run(&["dialects", "list"], "");
    assert_eq!(ran.status, 0, "{}", ran.err);
    let lines: Vec<&str> = ran.out.lines().collect();
    assert_eq!(lines.len(), builtin_names().count() + 1, "{}", ran.out);
    assert!(!ran.out.contains('\x1b'), "no colours in a pipe");
    let column = lines[0].find("HEADER").unwrap();
    for (line, name) in lines.iter().skip(1).zip(builtin_names()) {
        let token = countersign::builtin(name).unwrap().token;
        let header = token.as_ref().map_or("- ", |token| token.header.as_str());
        assert!(line.starts_with(name), "{line}");
        assert!(line[column..].starts_with(header), "not below its head: {line}");
    }
    assert!(lines.iter().any(|line| line.ends_with("token on /dataservice/**, /logout")));
}

#[test]
fn what_is_shown_can_be_used() {
    for name in builtin_names() {
        let source = run(&["dialects", "show", name], "").out;
        assert_eq!(source, builtin_source(name).unwrap(), "{name}");
        let parsed: Value =
            serde_json::from_str(&run(&["dialects", "show", name, "--json"], "").out).unwrap();
        assert_eq!(parsed["name"], name);
        serde_json::from_value::<Dialect>(parsed).unwrap();
    }
    let unknown = run(&["dialects", "show", "gensys"], "");
    assert_eq!(unknown.status, 2);
    assert!(unknown.err.contains("there is no dialect `gensys`"), "{}", unknown.err);
}

#[test]
fn a_document_says_what_clients_must_know() {
    let one = run(&["dialects", "document", "genesys"], "").out;
    let document: ClientDocument = serde_json::from_str(&one).unwrap();
    assert_eq!(document, ClientDocument::of(&countersign::builtin("genesys").unwrap()));
    assert_eq!(run(&["dialects", "document"], "").status, 2, "of which one?");
}

#[test]
fn the_clients_carry_the_documents_as_they_are() {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../clients/dialects.json");
    assert!(
        fs::read_to_string(file).unwrap() == run(&["dialects", "document", "--all"], "").out,
        "clients/dialects.json is out of date; run\n  \
         countersign dialects document --all > clients/dialects.json"
    );
}

#[test]
fn schemas_are_json_and_two() {
    let schema = |flags: &[&str]| -> Value {
        serde_json::from_str(&run(&[&["dialects", "schema"], flags].concat(), "").out).unwrap()
    };
    assert_eq!(schema(&[])["title"], "Dialect");
    assert_eq!(schema(&["--policy"])["title"], "Policy");
}

#[test]
fn flaws_are_told_with_file_and_line() {
    let folder = TempDir::new().unwrap();
    let genesys = builtin_source("genesys").unwrap();
    let line_of =
        |text: &str, key: &str| 1 + text.lines().position(|l| l.starts_with(key)).unwrap();
    for (name, from, to, key, says) in [
        ("a shape", "shape = \"uuid\"", "shape = \"guid\"", "shape", "guid"),
        ("an unknown key", "[session]", "[session]\ncoookie = \"a\"", "coookie", "coookie"),
        ("a short token", "\"uuid\"", "{ lower-hex = 8 }", "shape", "cannot be guessed"),
        (
            "a header name",
            "\"X-CSRF-TOKEN\"\n\n[del",
            "\"X CSRF\"\n\n[del",
            "header",
            "`X CSRF` is not a header name",
        ),
        ("not TOML", "[deliver]", "[deliver", "[deliver", ""),
    ] {
        let text = genesys.replacen(from, to, 1);
        assert_ne!(text, genesys, "{name}: nothing changed");
        let file = folder.path().join("own.toml");
        fs::write(&file, &text).unwrap();
        let file = file.to_str().unwrap();
        let ran = run(&["dialects", "check", file], "");
        assert_eq!(ran.status, 2, "{name}: {}", ran.out);
        let place = format!("error: {file}:{}: ", line_of(&text, key));
        assert!(ran.err.starts_with(&place), "{name}: not {place} but {}", ran.err);
        assert!(ran.err.contains(says), "{name}: {}", ran.err);
    }
}

#[test]
fn every_file_is_checked() {
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (good, bad, missing) = (path("good.toml"), path("bad.toml"), path("missing.toml"));
    fs::write(&good, builtin_source("tao").unwrap()).unwrap();
    fs::write(&bad, "name = 1").unwrap();
    let ran = run(&["dialects", "check", &missing, &bad, &good], "");
    assert_eq!(ran.status, 2);
    assert!(ran.out.contains(&format!("{good}: ok")), "{}", ran.out);
    assert_eq!(ran.err.lines().count(), 2, "{}", ran.err);
    assert_eq!(run(&["dialects", "check", &good], "").status, 0);
}
