//! Forward-auth behind the real proxies of the recipes in `examples/`, each started from its recipe's
//! own files: what the gateway refuses never reaches the app.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, its helpers too"
)]

mod app;
mod client;
mod corpus;
#[cfg(feature = "grpc")]
mod grpc;
mod proxy;
mod recipe;
mod relay;
mod setup;
mod tokens;
mod verdicts;

// What the corpus is made of, as the engine's own runner reads it.
#[path = "../../../engine/tests/common/mod.rs"]
#[expect(dead_code, reason = "the engine's runner answers steps; here the gateway does")]
mod common;
#[path = "../../../engine/tests/corpus/format.rs"]
#[expect(dead_code, reason = "the engine's runner looks at the files as well")]
mod format;
#[path = "../../../engine/tests/corpus/placeholders.rs"]
#[expect(dead_code, reason = "the engine's runner looks for secrets")]
mod placeholders;
