//! The layer, through real sockets.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, its helpers too"
)]

mod common;

mod access;
mod bad_input;
mod body;
mod contention;
mod deliver;
mod double_submit;
mod extract;
mod form;
mod leftover;
mod logs;
mod observe;
mod one_time;
mod patterns;
mod refusal;
mod rollout;
mod service;
