//! How vManage says that a call cannot be answered: `{"error":{"message":..,"details":..,"code":..}}`.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::json;

/// An error that a client can read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ApiError {
    status: StatusCode,
    code: &'static str,
    message: &'static str,
    details: String,
}

impl ApiError {
    /// The request cannot be used; `details` say what to change.
    pub(super) fn bad_request(details: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            code: "REST0400",
            message: "Invalid request",
            details: details.into(),
        }
    }

    /// There is nothing at this address.
    pub(super) fn not_found(path: &str) -> Self {
        Self {
            status: StatusCode::NOT_FOUND,
            code: "REST0404",
            message: "Not found",
            details: format!("there is nothing at `{path}`; see /apidocs for what there is"),
        }
    }

    /// The address is right, the method is not.
    pub(super) fn method_not_allowed(method: &http::Method) -> Self {
        Self {
            status: StatusCode::METHOD_NOT_ALLOWED,
            code: "REST0405",
            message: "Method not allowed",
            details: format!("`{method}` does nothing here; see the Allow header for what does"),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let Self { status, code, message, details } = self;
        let body = json!({ "error": { "message": message, "details": details, "code": code } });
        (status, Json(body)).into_response()
    }
}
