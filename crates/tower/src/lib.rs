//! Protects an axum, hyper or tonic service against cross-site request forgery.
//!
//! ```
//! use axum::{Router, routing::post};
//! use countersign_tower::{CsrfLayer, Policy};
//!
//! let policy = Policy::standard().with_public_origin("https://app.example")?;
//! let app: Router = Router::new()
//!     .route("/transfer", post(|| async { "done" }))
//!     .layer(CsrfLayer::new(policy)?);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A refused request never reaches the handler. Its body is read only when a form field may hold
//! the token, up to the policy's limit, and is handed on unchanged.

#[cfg(feature = "axum")]
pub mod axum;
mod body;
mod client_files;
mod clock;
mod deliver;
mod drive;
mod form;
mod future;
mod handle;
mod layer;
mod leftover;
mod log;
mod observe;
mod random;
mod reason_phrase;
mod rejection;
mod response;
mod service;
mod session;
mod twins;

pub use body::HeldBody;
pub use client_files::{ClientFiles, DOCUMENT_PATH, SCRIPT_PATH, TOKEN_PATH};
pub use clock::{Clock, ManualClock, SystemClock};
pub use countersign::{Keyring, Policy};
pub use form::form_field;
pub use future::ResponseFuture;
pub use handle::{Csrf, IssueError};
pub use layer::{Connection, CsrfLayer, keys_for};
pub use observe::{Judged, Judgement, Observer};
pub use random::{NoRandomness, ThreadRandom, fresh_key, fresh_keyring};
pub use rejection::{Rejection, say_token};
pub use response::{keep_private, may_carry_token, session_change};
pub use service::{CsrfBody, CsrfService};
pub use session::{Principal, SessionBinding};

/// Compiles the examples of the README.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
