//! Real gateways that remember: over a restart, and together with others.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on must end")]

mod app;
mod client;
#[path = "../command/mod.rs"]
mod command;
mod file;
mod gateway;
mod rolling;
#[path = "../running/mod.rs"]
mod running;
#[path = "../../../store/tests/servers/mod.rs"]
mod servers;
mod shared;

use std::time::{Duration, Instant};

/// Waits until something is so, and fails if it never is.
fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_secs(60), "waited for {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
