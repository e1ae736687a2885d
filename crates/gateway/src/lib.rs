//! The gateway: protects an app in any language without changing it.
//!
//! One request through it:
//!
//! 1. [`wire`] sees the bytes before hyper does, and finds framing that servers read in different
//!    ways; [`head`] checks what hyper made of them. What fails is answered 400 and goes no further.
//! 2. [`routes`] finds the site by host and path.
//! 3. [`site`] puts the request through the tower layer, the same that guards a Rust app. A refused
//!    request is answered here; its body was read only as far as a form's token was looked for.
//! 4. Behind the layer, [`site`] answers what the dialect lets clients fetch (tokens, the script), or
//!    forwards the request: [`proxy`] strips what is between neighbours, says who asked, and keeps
//!    the upstream's connections.
//! 5. On the way back the site follows what the app did to its session, [`html`] places tokens in
//!    pages, and the layer puts them on the response as the dialect says.
//!
//! [`wire`]: self

mod admin;
mod audit;
mod auth;
pub mod config;
mod files;
mod gateway;
mod head;
mod html;
mod keyring;
mod listener;
mod metrics;
mod observe;
mod proxy;
mod routes;
mod server;
mod site;
mod state;
mod stores;
mod tls;
mod trace;
mod wire;

pub use audit::AuditError;
pub use config::Config;
pub use files::Files;
#[doc(hidden)]
pub use gateway::Environment;
pub use gateway::{Addresses, Gateway, GatewayError};
pub use keyring::{KeyringError, KeyringPlace};
pub use state::StateError;
pub use stores::StoresError;
pub use tls::TlsError;
pub use trace::TracesError;
