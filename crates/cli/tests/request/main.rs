//! `request`: against the playground, through the gateway, and against servers that record what they
//! are sent.

#![cfg(unix)]
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that cannot go on must end"
)]

#[path = "../command/mod.rs"]
mod command;
#[path = "../running/mod.rs"]
#[expect(dead_code, reason = "the log is read by other tests")]
mod running;

mod answers;
mod bodies;
mod call;
mod documents;
mod exchange;
mod gateway;
mod jar;
mod server;
mod services;
mod uploads;
