//! The client against real servers on loopback: the five services of the playground, and small ones
//! that record what they are sent.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test fails by panicking, its helpers too"
)]

mod concurrent;
#[path = "../../examples/items.rs"]
#[expect(dead_code, unreachable_pub, reason = "an example is a program of its own")]
mod example;
mod learning;
mod redirects;
mod retries;
mod server;
mod services;
mod sessions;
