//! Completions and manual pages know every command, because they are made from the same definitions.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must end")]

mod command;

use std::fs;

use command::run;
use tempfile::TempDir;

const FLAGS: [&str; 3] = ["assume-token", "vmanage-http", "policy"];

#[test]
fn completions() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ran = run(&["completions", shell], "");
        assert_eq!(ran.status, 0, "{shell}: {}", ran.err);
        for flag in FLAGS {
            assert!(ran.out.contains(flag), "{shell}: no {flag}");
        }
    }
    assert_eq!(run(&["completions", "tcsh"], "").status, 2);
}

#[test]
fn manual_pages() {
    let page = run(&["man"], "");
    assert_eq!(page.status, 0, "{}", page.err);
    assert!(page.out.contains(".TH countersign 1"), "{}", page.out);

    let folder = TempDir::new().unwrap();
    let pages = folder.path().join("man1");
    let ran = run(&["man", pages.to_str().unwrap()], "");
    assert_eq!(ran.status, 0, "{}", ran.err);
    for (name, words) in [
        ("countersign.1", "playground"),
        ("countersign-explain.1", "Exit status"),
        ("countersign-playground.1", "vmanage"),
        ("countersign-request.1", "Exit status"),
        ("countersign-dialects-check.1", "FILE"),
    ] {
        let page = fs::read_to_string(pages.join(name)).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert!(page.contains(words), "{name}: no {words}");
    }
}

#[test]
fn a_folder_that_cannot_be_made() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let ran = run(&["man", file.to_str().unwrap()], "");
    assert_eq!(ran.status, 1);
    assert!(ran.err.contains("cannot write pages"), "{}", ran.err);
}
