//! For axum: extractors, and access control per route.

mod access;
mod client;
mod extract;

pub use access::{Access, Declared, Guarded, any_of, on_resource, unrestricted};
pub use client::{client_files, token};
pub use extract::{CsrfField, CsrfToken, FreshTickets, TokenUnavailable};
