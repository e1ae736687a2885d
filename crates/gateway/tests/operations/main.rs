//! Operating the gateway: what it counts, records and tells, seen over real sockets.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test that cannot go on fails there")]

mod admin;
mod audit;
mod metrics;
mod setup;
