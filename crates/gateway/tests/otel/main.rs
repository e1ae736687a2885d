//! Traces as a collector receives them: each test's gateway is a process with an environment of its
//! own, since that is where traces are configured.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, its helpers too"
)]

mod collector;
#[path = "../common/mod.rs"]
#[expect(dead_code, reason = "the gateway's other tests need more of it")]
mod common;
mod forward_auth;
mod parents;
mod process;
mod secrets;
mod spans;
mod trouble;
