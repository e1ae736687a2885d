//! How Redback says that an operation failed: `errorMessages`, in the client's format.

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::Serialize;

use super::format::Format;
use crate::csrf::IssueError;
use crate::db::DbError;

/// A failed operation.
#[derive(Debug)]
pub(super) struct RestError {
    status: StatusCode,
    key: &'static str,
    args: Vec<String>,
    message: String,
}

/// Why an operation gave no result.
#[derive(Debug)]
pub(super) enum Failure {
    /// The client can do something about it.
    Rest(RestError, Format),
    /// The database failed.
    Db(DbError),
    /// No token could be made.
    Token(IssueError),
}

#[derive(Serialize)]
struct Errors<'a> {
    #[serde(rename = "errorMessages")]
    messages: [ErrorMessage<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ErrorMessage<'a> {
    error_key: &'a str,
    args: &'a [String],
    message: &'a str,
}

impl RestError {
    /// Wrong name or wrong password: which of them is nobody's business.
    pub(super) const fn credentials() -> Self {
        Self {
            status: StatusCode::FORBIDDEN,
            key: "incorrect.username.password",
            args: Vec::new(),
            message: String::new(),
        }
    }

    /// The request cannot be used; `why` says what to change.
    pub(super) const fn invalid(status: StatusCode, why: String) -> Self {
        Self { status, key: "request.invalid", args: Vec::new(), message: why }
    }

    /// As [`RestError::invalid`], with status 400.
    pub(super) fn bad_request(why: impl Into<String>) -> Self {
        Self::invalid(StatusCode::BAD_REQUEST, why.into())
    }

    /// There is no user of this name.
    pub(super) fn no_user(name: &str) -> Self {
        Self {
            status: StatusCode::NOT_FOUND,
            key: "user.not.found",
            args: vec![name.to_owned()],
            message: format!("there is no user `{name}`"),
        }
    }

    /// There is no role of this name.
    pub(super) fn no_role(name: &str) -> Self {
        Self {
            status: StatusCode::NOT_FOUND,
            key: "role.not.found",
            args: vec![name.to_owned()],
            message: format!("there is no role `{name}`; `allRoles` lists them"),
        }
    }

    /// The name is taken.
    pub(super) fn exists(name: &str) -> Self {
        Self {
            status: StatusCode::CONFLICT,
            key: "username.already.exists",
            args: vec![name.to_owned()],
            message: format!("there is a user `{name}` already; choose another name"),
        }
    }

    /// The user must stay.
    pub(super) fn permanent(name: &str) -> Self {
        Self {
            status: StatusCode::CONFLICT,
            key: "user.permanent",
            args: vec![name.to_owned()],
            message: format!(
                "the user `{name}` is permanent and can be neither locked nor deleted"
            ),
        }
    }

    /// The answer, in the format that the client wants.
    pub(super) fn into_response(self, format: Format) -> Response {
        let error = ErrorMessage { error_key: self.key, args: &self.args, message: &self.message };
        let body = format.one("redbackRestError", &Errors { messages: [error] });
        (self.status, body).into_response()
    }

    /// For `?`.
    pub(super) const fn wanted_as(self, format: Format) -> Failure {
        Failure::Rest(self, format)
    }
}

impl From<DbError> for Failure {
    fn from(error: DbError) -> Self {
        Self::Db(error)
    }
}

impl From<IssueError> for Failure {
    fn from(error: IssueError) -> Self {
        Self::Token(error)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        match self {
            Self::Rest(error, format) => error.into_response(format),
            Self::Db(error) => error.into_response(),
            Self::Token(error) => error.into_response(),
        }
    }
}
