//! What must hold for every input, and not only for those that somebody thought of.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, its helpers too"
)]

#[path = "../common/mod.rs"]
mod common;

mod files;
mod forms;
mod judging;
mod origins;
mod paths;
mod tokens;
