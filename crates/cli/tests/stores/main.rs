//! Real gateways that remember: over a restart, and together with others.

#![cfg(unix)]
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on must end"
)]

mod app;
mod client;
#[path = "../command/mod.rs"]
mod command;
mod file;
mod gateway;
#[path = "../../../store/tests/servers/process.rs"]
mod process;
mod redis;
mod rolling;
#[path = "../running/mod.rs"]
mod running;
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
