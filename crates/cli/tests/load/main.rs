//! `serve` under load: bodies of any size, crowds of clients, and clients that misbehave. What counts
//! is the memory and the files of the real process, so these tests read `/proc`.
//!
//! `COUNTERSIGN_TEST_MIB` changes the size of the largest bodies, 1024 unless it is set; some tests make
//! do with a part of that.

#![cfg(target_os = "linux")]
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test fails by panicking, its helpers too"
)]

mod app;
mod bodies;
mod client;
mod crowd;
mod gateway;
mod http2;
mod pattern;
mod quitters;
mod resets;

use std::time::{Duration, Instant};

/// Only a hang reaches it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Longer than any piece takes that somebody waits for.
pub(crate) const STUCK: Duration = Duration::from_secs(1);

/// What no amount of load may add to the process.
pub(crate) const GROWTH: u64 = 32 << 20;

/// The size of the largest bodies.
pub(crate) fn large() -> u64 {
    let size = std::env::var("COUNTERSIGN_TEST_MIB").ok();
    size.map_or(1024, |size| size.parse::<u64>().expect("a number of MiB")) << 20
}

/// Looks again and again until something is so.
pub(crate) fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "not within {PATIENCE:?}: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Bytes as people read them.
pub(crate) fn mib(bytes: u64) -> String {
    format!("{}.{} MiB", bytes >> 20, (bytes >> 10) % 1024 * 10 / 1024)
}
