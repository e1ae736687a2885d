//! Calls of `countersign request` that no setting of the environment bends.

use std::process::{Command, Stdio};

use crate::command::{Ran, run};

/// A client document: a token for every unsafe request, from `/token`, in `X-Token`.
pub(crate) const DOCUMENT: &str = r#"{
    "version": 1,
    "dialect": "test",
    "protect": {"methods": "unsafe", "require": "token"},
    "session_cookie": "sid",
    "token": {"header": "X-Token"},
    "obtain": [{"request": "GET /token", "from": "text"}],
    "refusal": {"status": 403, "contains": "csrf"},
    "login": {"request": "POST /login", "form": {"u": "{user}", "p": "{password}"}},
    "logout": {"request": "POST /logout"}
}"#;

pub(crate) fn request(args: &[&str]) -> Ran {
    request_with(args, "")
}

pub(crate) fn request_with(args: &[&str], input: impl AsRef<[u8]> + Send) -> Ran {
    // A proxy of the environment is not for loopback; tests run with and without one.
    run(&[&["request"], args].concat(), input)
}

/// One that goes on while the test does.
pub(crate) fn begin(args: &[&str]) -> std::process::Child {
    Command::new(env!("CARGO_BIN_EXE_countersign"))
        .arg("request")
        .args(args)
        .env_remove("CLICOLOR_FORCE")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}
