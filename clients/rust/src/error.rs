//! What can go wrong before a request is sent.

use http::StatusCode;

use crate::document::{DocumentError, WELL_KNOWN};

/// Why a [`Session`](crate::Session) could not be made, logged in or out.
///
/// No error holds a token, a cookie or a password.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The base URL has no origin that requests could be sent to.
    #[error("`{0}` is not the URL of a server; write it like `https://app.example`")]
    Base(String),
    /// A name or a password stands in the base URL.
    #[error("the URL of `{0}` holds a user name or a password; hand them to `login`")]
    Userinfo(String),
    /// There is no dialect of this name.
    #[error("there is no dialect `{name}`; take one of {known}, or hand over a document")]
    Dialect {
        /// The name.
        name: String,
        /// All that there are.
        known: String,
    },
    /// The server says no document.
    #[error("`{origin}` says no dialect at {WELL_KNOWN} ({status}); name one")]
    NoDocument {
        /// Whom we asked.
        origin: String,
        /// The answer.
        status: StatusCode,
    },
    /// What the server says is no document.
    #[error("what `{origin}` says at {WELL_KNOWN} cannot be used: {source}")]
    BadDocument {
        /// Whom we asked.
        origin: String,
        /// What is wrong with it.
        source: DocumentError,
    },
    /// The dialect does not say how to log in or out.
    #[error(
        "the dialect `{dialect}` does not say how to log {direction}; send the request yourself"
    )]
    NoSuchStep {
        /// The dialect's name.
        dialect: String,
        /// `in` or `out`
        direction: &'static str,
    },
    /// The document's login or logout is not a request to this origin.
    #[error("`{0}` is not a request to the session's own origin; correct the document")]
    BadRequest(String),
    /// The server has refused to log in or out.
    #[error("the server refused to log {direction} ({status})")]
    Refused {
        /// `in` or `out`
        direction: &'static str,
        /// The answer, which may be 200 beside a page that asks again.
        status: StatusCode,
    },
    /// The HTTP client could not be made.
    #[error("cannot make an HTTP client: {0}")]
    Client(#[source] reqwest::Error),
    /// A request had no answer.
    #[error(transparent)]
    Transport(#[from] reqwest_middleware::Error),
}
