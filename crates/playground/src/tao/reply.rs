//! What every answer of the API looks like.

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use serde_json::{Value, json};

/// It worked, and this is what was asked for.
pub(super) fn success(data: impl Into<Value>) -> Response {
    written(StatusCode::OK, &json!({ "success": true, "data": data.into() }))
}

/// The application failed, or cannot use the request. `data` describes the exception.
pub(super) fn failure(status: StatusCode, data: &Value, message: &str) -> Response {
    written(status, &json!({ "success": false, "data": data, "message": message }))
}

/// The request cannot be used; `why` says what to change.
pub(super) fn bad_request(status: StatusCode, why: &str) -> Response {
    failure(status, &json!({ "type": "BadRequest" }), why)
}

/// With the charset: the document has it, and clients compare the whole value.
fn written(status: StatusCode, body: &Value) -> Response {
    (status, [(CONTENT_TYPE, "application/json; charset=UTF-8")], body.to_string()).into_response()
}
