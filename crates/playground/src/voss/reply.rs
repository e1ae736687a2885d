//! How the API says no: `{"detail":".."}` and a status.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::db::DbError;

/// Why a call did not do what was asked.
#[derive(Debug)]
pub(super) enum ApiError {
    /// The body cannot be used.
    Invalid(String),
    /// The body is not declared as JSON.
    MediaType,
    /// Nobody is logged in.
    NotAuthenticated,
    /// User name and password do not match.
    WrongCredentials,
    /// There is no such thing.
    NotFound(String),
    /// The address is right, the method is not.
    Method,
    /// What is asked for collides with what is there.
    Conflict(String),
    /// The database failed.
    Db(DbError),
}

impl ApiError {
    /// There is nothing at this path.
    pub(super) fn no_such_path(path: &str) -> Self {
        Self::NotFound(format!("there is nothing at `{path}`; try /api/data/Phone/"))
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (status, detail) = match self {
            Self::Invalid(detail) => (StatusCode::BAD_REQUEST, detail),
            Self::MediaType => {
                let detail =
                    "the body is not declared as JSON; send `Content-Type: application/json`";
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, detail.to_owned())
            }
            Self::NotAuthenticated => {
                let detail =
                    "log in at /login/ or /noninteractivelogin/, or send Basic credentials";
                (StatusCode::UNAUTHORIZED, detail.to_owned())
            }
            Self::WrongCredentials => {
                (StatusCode::UNAUTHORIZED, "user name and password do not match".to_owned())
            }
            Self::NotFound(detail) => (StatusCode::NOT_FOUND, detail),
            Self::Method => {
                let detail = "this method does nothing here; the Allow header says which do";
                (StatusCode::METHOD_NOT_ALLOWED, detail.to_owned())
            }
            Self::Conflict(detail) => (StatusCode::CONFLICT, detail),
            Self::Db(error) => return error.into_response(),
        };
        let mut response = (status, Json(json!({ "detail": detail }))).into_response();
        if status == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static("Basic realm=\"voss\", charset=\"UTF-8\"");
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

/// Reads a body that is declared as JSON. A cross-site form cannot declare that.
pub(super) fn read_json<T: DeserializeOwned>(
    headers: &HeaderMap,
    body: &[u8],
) -> Result<T, ApiError> {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        return Err(ApiError::MediaType);
    }
    serde_json::from_slice(body)
        .map_err(|error| ApiError::Invalid(format!("the body cannot be read: {error}")))
}
