//! The gateway between real sockets: what a client of it and an app behind it meet.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, its helpers too"
)]

mod bodies;
mod client_files;
#[path = "../common/mod.rs"]
mod common;
mod crowd;
mod deadlines;
mod early;
mod forwarding;
mod reload;
mod sessions;
mod sites;
mod strict;
mod upstreams;
mod websocket;
