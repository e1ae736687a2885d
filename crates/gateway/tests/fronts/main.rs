//! The gateway in front of apps that know sessions and logins and nothing of CSRF, as the examples
//! configure it: one for each dialect.
//!
//! Each app counts what it is asked. What the gateway refuses it must never see.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, its helpers too"
)]

mod app;
mod caching;
mod client;
mod front;
mod genesys;
mod redback;
mod shell;
mod standard;
mod tao;
mod vmanage;
mod voss;
