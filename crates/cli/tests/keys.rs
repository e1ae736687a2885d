//! `keys`: made, rotated, retired, and never shown.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that cannot go on must end"
)]

mod command;

use std::fs;
use std::path::PathBuf;

use command::{Ran, run};
use countersign::Keyring;
use serde_json::{Value, json};
use tempfile::TempDir;

struct Ring {
    folder: TempDir,
}

impl Ring {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("keyring.toml")
    }

    fn keys(&self, args: &[&str]) -> Ran {
        let path = self.path();
        let place = ["--keyring", path.to_str().unwrap()];
        run(&[&["keys"], args, &place].concat(), "")
    }

    fn done(&self, args: &[&str]) {
        let ran = self.keys(args);
        assert_eq!(ran.status, 0, "{args:?}: {}", ran.err);
    }

    /// Each key's number and state.
    fn states(&self) -> Vec<(u64, String)> {
        let listed: Value = serde_json::from_str(&self.keys(&["list", "--json"]).out).unwrap();
        let keys = listed["keys"].as_array().unwrap().clone();
        let state =
            |key: Value| (key["id"].as_u64().unwrap(), key["state"].as_str().unwrap().to_owned());
        keys.into_iter().map(state).collect()
    }
}

fn states(expected: &[(u64, &str)]) -> Vec<(u64, String)> {
    expected.iter().map(|(id, state)| (*id, (*state).to_owned())).collect()
}

#[test]
fn a_key_is_accepted_first_and_used_after_a_rotation() {
    let ring = Ring::new();
    ring.done(&["new"]);
    assert_eq!(ring.states(), states(&[(0, "current")]));
    ring.done(&["new"]);
    assert_eq!(ring.states(), states(&[(1, "pending"), (0, "current")]));
    ring.done(&["rotate"]);
    assert_eq!(ring.states(), states(&[(1, "current"), (0, "retired")]));
    ring.done(&["retire", "0"]);
    assert_eq!(ring.states(), states(&[(1, "current")]));
}

#[test]
fn without_a_pending_key_only_a_single_instance_can_rotate() {
    let ring = Ring::new();
    ring.done(&["new"]);
    let ran = ring.keys(&["rotate"]);
    assert_eq!(ran.status, 2);
    assert!(ran.err.contains("keys new") && ran.err.contains("--now"), "{}", ran.err);
    assert_eq!(ring.states(), states(&[(0, "current")]));
    ring.done(&["rotate", "--now"]);
    assert_eq!(ring.states(), states(&[(1, "current"), (0, "retired")]));
    // With one pending, `--now` uses that: others may have read it.
    ring.done(&["new"]);
    ring.done(&["rotate", "--now"]);
    assert_eq!(ring.states()[0], (2, "current".to_owned()));
}

#[test]
fn what_cannot_be_done_changes_nothing() {
    let ring = Ring::new();
    for args in [&["rotate"][..], &["rotate", "--now"], &["retire", "0"], &["list"]] {
        let ran = ring.keys(args);
        assert_eq!(ran.status, 2, "{args:?} without a keyring");
        assert!(ran.err.contains("keys new"), "{args:?}: {}", ran.err);
        assert!(!ring.path().exists(), "{args:?} made a keyring");
    }
    ring.done(&["new"]);
    let before = fs::read_to_string(ring.path()).unwrap();
    for (id, says) in [("0", "rotate first"), ("7", "no key 7"), ("62", "no key 62")] {
        let ran = ring.keys(&["retire", id]);
        assert_eq!(ran.status, 2, "{id}");
        assert!(ran.err.contains(says), "{id}: {}", ran.err);
    }
    assert_eq!(fs::read_to_string(ring.path()).unwrap(), before);
}

#[test]
fn the_grace_is_set_and_shown() {
    let ring = Ring::new();
    ring.done(&["new", "--grace", "12h"]);
    assert!(ring.keys(&["list"]).out.contains("grace: 12h"));
    ring.done(&["new", "--grace", "90m"]);
    let listed: Value = serde_json::from_str(&ring.keys(&["list", "--json"]).out).unwrap();
    assert_eq!(listed["grace_seconds"], json!(5400));
    let ran = ring.keys(&["new", "--grace", "soon"]);
    assert_eq!(ran.status, 2);
    assert!(ran.err.contains("90s"), "{}", ran.err);
}

#[test]
fn no_secret_is_ever_shown() {
    let ring = Ring::new();
    let mut shown = String::new();
    for args in
        [&["new"][..], &["new"], &["list"], &["list", "--json"], &["rotate"], &["retire", "0"]]
    {
        let ran = ring.keys(args);
        shown.push_str(&ran.out);
        shown.push_str(&ran.err);
        for line in fs::read_to_string(ring.path()).unwrap().lines() {
            if let Some((_, secret)) = line.split_once('"') {
                let secret = secret.trim_end_matches('"');
                assert_eq!(secret.len(), 64);
                assert!(!shown.contains(secret), "{args:?}");
            }
        }
    }
}

#[test]
fn a_variable_s_new_text_is_printed_because_nobody_else_can_set_it() {
    let ran = run(&["keys", "new", "--keyring", "env:COUNTERSIGN_TEST_UNSET"], "");
    assert_eq!(ran.status, 0, "{}", ran.err);
    assert!(ran.err.contains("COUNTERSIGN_TEST_UNSET"), "{}", ran.err);
    Keyring::from_toml(&ran.out).unwrap();
}

#[test]
fn the_place_may_be_what_a_configuration_names() {
    let ring = Ring::new();
    let file = ring.folder.path().join("gateway.toml");
    let site = "[[listen]]\naddress = \"127.0.0.1:0\"\n[[site]]\nname = \"app\"\nupstream = \"http://127.0.0.1:1\"\n";
    let keys =
        |args: &[&str]| run(&[&["keys"], args, &["--config", file.to_str().unwrap()]].concat(), "");

    fs::write(&file, site).unwrap();
    let ran = keys(&["new"]);
    assert_eq!(ran.status, 2, "keys that a process makes at its start cannot be changed");
    assert!(ran.err.contains("`keyring`"), "{}", ran.err);

    fs::write(&file, format!("keyring = \"keyring.toml\"\n{site}")).unwrap();
    assert_eq!(keys(&["new"]).status, 0);
    assert_eq!(ring.states(), states(&[(0, "current")]));

    fs::write(&file, format!("store = \"file:data\"\n{site}")).unwrap();
    assert_eq!(keys(&["list"]).status, 2, "nothing there yet");
    fs::create_dir(ring.folder.path().join("data")).unwrap();
    assert_eq!(keys(&["new"]).status, 0);
    assert!(ring.folder.path().join("data/keyring.toml").exists());
}

#[test]
fn one_place_must_be_named() {
    for args in [&["keys", "list"][..], &["keys", "list", "--keyring", "a", "--store", "file:b"]] {
        assert_eq!(run(args, "").status, 2, "{args:?}");
    }
    let ran = run(&["keys", "list", "--store", "postgres://u:hunter2@h"], "");
    assert_eq!(ran.status, 2);
    assert!(ran.err.contains("redis://"), "{}", ran.err);
}
