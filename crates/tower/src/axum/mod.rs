//! For axum: extractors, and access control per route.

mod access;
mod extract;

pub use access::{Access, Declared, Guarded, any_of, on_resource, unrestricted};
pub use extract::{CsrfField, CsrfToken, FreshTickets, TokenUnavailable};
