//! A [reqwest] client for APIs that are protected against cross-site request forgery, without a line
//! of token code: it obtains the token, carries it, renews it, and never sends it anywhere else.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use countersign_client::Session;
//!
//! let session = Session::builder("https://vmanage.example")
//!     .dialect("vmanage")
//!     .login("admin", "secret")
//!     .build()
//!     .await?;
//! let devices = session.get("/dataservice/device").send().await?.text().await?;
//! # Ok(())
//! # }
//! ```
//!
//! What a server wants is said by its *client document* ([`ClientDocument`]): that of a built-in
//! dialect, or the server's own at `/.well-known/csrf`, which is asked when none is named. The crate
//! knows no dialect by name. The rules that it keeps, the same as Countersign's clients in other
//! languages:
//!
//! 1. **Scope.** A session belongs to one origin: scheme, host and port of a parsed URL. Requests
//!    to others pass untouched. A redirect to another origin takes no token along, nor does one that
//!    comes back from there, which would let that other origin send requests in the user's name.
//! 2. **Need.** Method and path decide whether a request needs a token.
//! 3. **Not twice.** A token header that the caller has set is left alone.
//! 4. **Take.** A held token that is not too old; else a cookie that holds one; else the first
//!    request that brings one, which a hundred waiting callers send once. If there is none, the
//!    request goes without, and the server's refusal is the answer.
//! 5. **Carry.** In the header.
//! 6. **Learn.** Every response of the own origin may bring tokens. Two where there should be one
//!    are none.
//! 7. **Retry once.** After the dialect's own refusal, with a new token, if the body can be sent
//!    again: a stream can be if it is a [`RepeatBody`]. Nothing else is ever retried.
//! 8. **Session.** A token is dropped when the session cookie changes, and at login and logout.
//! 9. **Give back.** A one-time ticket whose request had no response at all is used again.
//! 10. **Secrets.** No token, cookie or password is in a log, an error, a `Debug` or a URL. Held
//!     tokens are wiped from memory.

mod answer;
mod clock;
mod document;
mod error;
mod held;
mod jar;
mod learn;
mod middleware;
mod pool;
mod repeat;
mod rules;
mod saved;
mod session;
mod source;
mod token;

pub use clock::{Clock, SystemClock};
pub use countersign::ClientDocument;
pub use document::{DocumentError, WELL_KNOWN, parse_document};
pub use error::Error;
pub use jar::{Jar, JarError};
pub use repeat::RepeatBody;
pub use saved::SavedTokens;
pub use session::{Session, SessionBuilder};

pub use reqwest;
pub use reqwest_middleware;

#[cfg(test)]
mod vectors;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
