//! One gateway whose memory outlives it.

use rustix::process::Signal;

use crate::app;
use crate::client::{act, pool, spend, token};
use crate::command::run;
use crate::gateway::{Gateway, configuration};

#[test]
fn tickets_and_tokens_survive_a_restart_and_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let file = configuration(folder.path(), &app::start(), "store = \"file:data\"");
    let gateway = Gateway::start(&file);
    let tickets = pool(&gateway.address, "s1");
    let tied = token(&gateway.address, "s1");
    let mut left = tickets.iter();
    let mut gateway = gateway;
    for signal in [Signal::TERM, Signal::KILL] {
        let spent = left.next().unwrap();
        let reply = spend(&gateway.address, "s1", spent).unwrap();
        assert_eq!(reply.status, 200);
        let fresh = reply.header("x-csrf-token").unwrap();
        gateway.end(signal);

        gateway = Gateway::start(&file);
        let status = |ticket| spend(&gateway.address, "s1", ticket).unwrap().status;
        assert_eq!(status(spent), 403, "spent before {signal:?}");
        assert_eq!(status(&fresh), 200, "fresh before {signal:?}");
        assert_eq!(status(left.next().unwrap()), 200, "unspent before {signal:?}");
        assert_eq!(act(&gateway.address, "s1", &tied).unwrap().status, 200, "after {signal:?}");
    }
}

#[test]
fn a_second_gateway_on_the_same_folder_is_told_why_not() {
    let folder = tempfile::tempdir().unwrap();
    let file = configuration(folder.path(), &app::start(), "store = \"file:data\"");
    let _first = Gateway::start(&file);
    let ran = run(&["serve", "--config", file.to_str().unwrap()], "");
    assert_eq!(ran.status, 1, "{}{}", ran.out, ran.err);
    assert!(ran.err.contains("another process"), "{}", ran.err);
}

#[test]
fn its_keys_can_be_rotated_while_it_runs() {
    let folder = tempfile::tempdir().unwrap();
    let file = configuration(folder.path(), &app::start(), "store = \"file:data\"");
    let gateway = Gateway::start(&file);
    let old = token(&gateway.address, "s1");
    let keys = |args: &[&str]| {
        let ran = run(&[&["keys"], args, &["--config", file.to_str().unwrap()]].concat(), "");
        assert_eq!(ran.status, 0, "{args:?}: {}", ran.err);
    };
    Gateway::after_reading_again(&[&gateway], || keys(&["rotate", "--now"]));
    let new = token(&gateway.address, "s1");
    assert_ne!(old, new);
    for token in [&old, &new] {
        assert_eq!(act(&gateway.address, "s1", token).unwrap().status, 200);
    }
    Gateway::after_reading_again(&[&gateway], || keys(&["retire", "0"]));
    assert_eq!(act(&gateway.address, "s1", &old).unwrap().status, 403);
    assert_eq!(act(&gateway.address, "s1", &new).unwrap().status, 200);
}
