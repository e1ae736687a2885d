//! Extractors for what handlers hand to clients.

use std::fmt;

use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::request::Parts;

use crate::handle::{Csrf, IssueError};

/// The token of this request's session, for a response that carries it.
#[derive(Clone)]
pub struct CsrfToken(pub String);

/// A hidden form field with the token, masked anew each time (BREACH). Its `Display` is HTML.
#[derive(Clone)]
pub struct CsrfField {
    name: String,
    value: String,
}

/// A fresh pool of one-time tokens.
#[derive(Clone)]
pub struct FreshTickets(pub Vec<String>);

/// Why an extractor had no token to give: 403 where the request has no session to bind one to, 503
/// where the store is away, 500 where the layer is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenUnavailable {
    /// `CsrfLayer` is not around this route.
    #[error("no CsrfLayer is around this route")]
    NoLayer,
    /// See [`IssueError`].
    #[error(transparent)]
    Issue(#[from] IssueError),
}

impl IntoResponse for TokenUnavailable {
    fn into_response(self) -> Response {
        match self {
            Self::NoLayer => {
                tracing::error!(target: "countersign", "a handler asks for a token: {self}");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
            Self::Issue(error) => error.into_response(),
        }
    }
}

impl IntoResponse for IssueError {
    fn into_response(self) -> Response {
        let status = match self {
            Self::NoToken => {
                tracing::error!(target: "countersign", "a handler asks for a token: {self}");
                StatusCode::INTERNAL_SERVER_ERROR
            }
            Self::NoHolder => StatusCode::FORBIDDEN,
            Self::Store => StatusCode::SERVICE_UNAVAILABLE,
        };
        status.into_response()
    }
}

impl<S: Sync> FromRequestParts<S> for Csrf {
    type Rejection = TokenUnavailable;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, TokenUnavailable> {
        Self::from_parts(parts).ok_or(TokenUnavailable::NoLayer)
    }
}

impl<S: Sync> FromRequestParts<S> for CsrfToken {
    type Rejection = TokenUnavailable;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, TokenUnavailable> {
        let csrf = Csrf::from_request_parts(parts, state).await?;
        Ok(Self(csrf.token().await?))
    }
}

impl<S: Sync> FromRequestParts<S> for CsrfField {
    type Rejection = TokenUnavailable;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, TokenUnavailable> {
        let csrf = Csrf::from_request_parts(parts, state).await?;
        Ok(Self::of(&csrf).await?)
    }
}

impl<S: Sync> FromRequestParts<S> for FreshTickets {
    type Rejection = TokenUnavailable;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, TokenUnavailable> {
        let csrf = Csrf::from_request_parts(parts, state).await?;
        Ok(Self(csrf.tickets().await?))
    }
}

impl CsrfField {
    /// The field for the session of `csrf`.
    ///
    /// # Errors
    /// See [`IssueError`].
    pub async fn of(csrf: &Csrf) -> Result<Self, IssueError> {
        let name = csrf.field_name().ok_or(IssueError::NoToken)?;
        let token = csrf.token().await?;
        Ok(Self { name, value: csrf.masked(&token) })
    }

    /// The field's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its value, masked.
    #[must_use]
    pub fn value(&self) -> &str {
        &self.value
    }
}

impl fmt::Display for CsrfField {
    /// A token's symbols need no escaping; a field's name might.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;");
        write!(f, r#"<input type="hidden" name="{name}" value="{}">"#, self.value)
    }
}
