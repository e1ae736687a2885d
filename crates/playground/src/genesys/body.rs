//! Request bodies: JSON objects, whose missing and wrong fields are named.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, Request};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use serde_json::{Map, Value};

use super::reply::ApiError;

/// Longer texts are refused: nothing here is a document.
const MAX_TEXT: usize = 256;

/// A JSON object from a request body.
pub(super) struct Fields(Map<String, Value>);

impl Fields {
    /// The text under `name`, not empty.
    pub(super) fn text(&mut self, name: &str) -> Result<String, ApiError> {
        self.optional_text(name)?
            .filter(|text| !text.is_empty())
            .ok_or_else(|| ApiError::Missing(format!("`{name}` is missing; give a text")))
    }

    /// The text under `name`, if there is one.
    pub(super) fn optional_text(&mut self, name: &str) -> Result<Option<String>, ApiError> {
        match self.0.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if text.len() <= MAX_TEXT => Ok(Some(text)),
            Some(Value::String(_)) => Err(ApiError::Invalid(format!(
                "`{name}` is too long; give {MAX_TEXT} bytes at most"
            ))),
            Some(_) => Err(ApiError::Invalid(format!("`{name}` is no text; give a text"))),
        }
    }

    /// The list of texts under `name`, not empty, each one of `known`.
    pub(super) fn choices(&mut self, name: &str, known: &[&str]) -> Result<Vec<String>, ApiError> {
        let Some(value) = self.0.remove(name) else {
            return Err(ApiError::Missing(format!("`{name}` is missing; give a list of texts")));
        };
        let texts: Vec<String> = serde_json::from_value(value)
            .map_err(|_| ApiError::Invalid(format!("`{name}` is no list of texts; give one")))?;
        if texts.is_empty() {
            return Err(ApiError::Missing(format!("`{name}` is empty; give at least one")));
        }
        match texts.iter().find(|text| !known.contains(&text.as_str())) {
            Some(other) => {
                let known = known.join("`, `");
                let message = format!("`{other}` is unknown in `{name}`; there are `{known}`");
                Err(ApiError::Invalid(message))
            }
            None => Ok(texts),
        }
    }
}

impl<S: Send + Sync> FromRequest<S> for Fields {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        if !is_json(&request) {
            let message = "the body is not declared as JSON; send `Content-Type: application/json`";
            return Err(ApiError::Body(StatusCode::UNSUPPORTED_MEDIA_TYPE, message.to_owned()));
        }
        let bytes = Bytes::from_request(request, state).await.map_err(unreadable)?;
        serde_json::from_slice(&bytes).map(Self).map_err(|error| {
            let message = format!("the body is no JSON object: {error}");
            ApiError::Body(StatusCode::BAD_REQUEST, message)
        })
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn unreadable(rejection: BytesRejection) -> ApiError {
    ApiError::Body(rejection.status(), "the body is too long or broke off; send less".to_owned())
}

fn is_json(request: &Request) -> bool {
    let Some(Ok(kind)) = request.headers().get(CONTENT_TYPE).map(|value| value.to_str()) else {
        return false;
    };
    let essence = kind.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
}
