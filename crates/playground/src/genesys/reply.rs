//! Replies: JSON with a `statusCode`, whatever happens.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::header::WWW_AUTHENTICATE;
use http::{HeaderValue, StatusCode};
use serde_json::{Map, Value, json};

use crate::db::{CreateUserError, DbError};

/// `{"statusCode":0}`, with more beside it.
#[derive(Debug, Default)]
pub(super) struct Done(Map<String, Value>);

/// Why a request did not do what was asked.
#[derive(Debug)]
pub(super) enum ApiError {
    /// 1: something required is missing.
    Missing(String),
    /// 2: something does not fit, or does not fit now.
    Invalid(String),
    /// 3: nobody may do this.
    Forbidden(String),
    /// 5: this user may not.
    NoPermission(&'static str),
    /// 6: there is no such thing.
    NotFound(String),
    /// 20: nobody is logged in.
    NotAuthenticated,
    /// The address is right, the method is not.
    Method,
    /// The body is not JSON, or too long.
    Body(StatusCode, String),
    /// The database failed.
    Db(DbError),
}

impl Done {
    /// Nothing but success.
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// Puts `value` beside the status.
    pub(super) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }
}

impl IntoResponse for Done {
    fn into_response(self) -> Response {
        let mut body = Map::from_iter([("statusCode".to_owned(), json!(0))]);
        body.extend(self.0);
        Json(body).into_response()
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (status, code, message) = match self {
            Self::Missing(message) => (StatusCode::BAD_REQUEST, 1, message),
            Self::Invalid(message) => (StatusCode::CONFLICT, 2, message),
            Self::Forbidden(message) => (StatusCode::FORBIDDEN, 3, message),
            Self::NoPermission(message) => (StatusCode::FORBIDDEN, 5, message.to_owned()),
            Self::NotFound(message) => (StatusCode::NOT_FOUND, 6, message),
            Self::NotAuthenticated => {
                let message = "log in with Basic credentials, or send the cookie of a live session";
                (StatusCode::UNAUTHORIZED, 20, message.to_owned())
            }
            Self::Method => {
                let message = "this method does nothing here; the Allow header says which do";
                (StatusCode::METHOD_NOT_ALLOWED, 3, message.to_owned())
            }
            Self::Body(status, message) => (status, 1, message),
            Self::Db(error) => return error.into_response(),
        };
        let body = Json(json!({ "statusCode": code, "statusMessage": message }));
        let mut response = (status, body).into_response();
        if status == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static("Basic realm=\"genesys\", charset=\"UTF-8\"");
            response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

impl From<DbError> for ApiError {
    fn from(error: DbError) -> Self {
        Self::Db(error)
    }
}

impl From<CreateUserError> for ApiError {
    fn from(error: CreateUserError) -> Self {
        match error {
            CreateUserError::NameTaken(_) => Self::Invalid(error.to_string()),
            CreateUserError::Db(error) => Self::Db(error),
        }
    }
}
