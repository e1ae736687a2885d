//! The way to an upstream and back: bodies, header fields, connections.

pub(crate) mod body;
pub(crate) mod headers;
mod hearing;
pub(crate) mod pool;
