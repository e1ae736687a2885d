//! Logging in without a form: JSON, or Basic credentials. For scripts, so it needs no earlier request.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Extension, State};
use axum::response::{IntoResponse, Response};
use http::HeaderMap;
use serde::Deserialize;
use serde_json::json;

use super::reply::{ApiError, read_json};
use super::{Voss, session};
use crate::auth::{Basic, Visitor};

#[derive(Deserialize)]
struct Credentials {
    username: String,
    password: String,
}

/// `POST /noninteractivelogin/`
pub(super) async fn log_in(
    State(state): State<Voss>,
    Extension(visitor): Extension<Visitor>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, ApiError> {
    let user = match visitor.basic {
        Basic::Accepted => visitor.user.as_deref().cloned(),
        Basic::Rejected => None,
        Basic::Absent => {
            let given: Credentials = read_json(&headers, &body)?;
            state.auth.users.authenticate(&given.username, &given.password).await?
        }
    };
    let user = user.ok_or(ApiError::WrongCredentials)?;
    let mut response = Json(json!({ "username": user.name })).into_response();
    session::log_in(&state.auth, &visitor, &user, &mut response).await?;
    Ok(response)
}
