//! `/dataservice/client`: the token, and what a client asks first.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Extension, Query, State};
use axum::response::{IntoResponse, Response};
use cookie::time::OffsetDateTime;
use cookie::time::format_description::well_known::Rfc3339;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::ApiError;
use super::{VERSION, Vmanage};
use crate::auth::Visitor;
use crate::csrf::CsrfToken;

/// The query of `client/token`.
#[derive(Deserialize)]
pub(super) struct TokenQuery {
    #[serde(default)]
    json: bool,
}

/// The session's token, as text or as JSON.
pub(super) async fn token(
    CsrfToken(token): CsrfToken,
    query: Result<Query<TokenQuery>, QueryRejection>,
) -> Result<Response, ApiError> {
    let Query(query) =
        query.map_err(|_| ApiError::bad_request("`json` is `true` or `false`, given once"))?;
    let kept_nowhere = [(CACHE_CONTROL, "no-store")];
    Ok(if query.json {
        (kept_nowhere, Json(json!({ "token": token }))).into_response()
    } else {
        (kept_nowhere, [(CONTENT_TYPE, "text/plain; charset=UTF-8")], token).into_response()
    })
}

/// The server, the user, and the token once more.
pub(super) async fn server(
    Extension(visitor): Extension<Visitor>,
    CsrfToken(token): CsrfToken,
) -> impl IntoResponse {
    let user = visitor.user.as_deref();
    let body = json!({ "data": {
        "server": "localhost",
        "platformVersion": VERSION,
        "CSRFToken": token,
        "tenancyMode": "SingleTenant",
        "userMode": "tenant",
        "viewMode": "tenant",
        "user": user.map(|user| &user.name),
        "roles": user.map_or_else(Vec::new, |user| user.roles.clone()),
        "description": "Countersign playground",
        "locale": "en_US",
        "externalUser": false,
        "isSamlUser": false,
        "isRbacVpnUser": false,
        "vpns": [],
        "capabilities": [],
        "generalTemplate": true,
        "disableFullConfigPush": false,
        "enableServerEvents": false,
        "cloudx": "false",
        "reverseproxy": "false",
        "vmanageMode": "single",
    }});
    ([(CACHE_CONTROL, "no-store")], Json(body))
}

/// Whether the server is ready. It answers, so it is.
pub(super) async fn ready() -> Json<Value> {
    Json(json!({ "isServerReady": true }))
}

/// Name and version.
pub(super) async fn about(State(vmanage): State<Vmanage>) -> Json<Value> {
    let seconds = i64::try_from(vmanage.clock.now().as_secs()).ok();
    let time = seconds
        .and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok())
        .and_then(|time| time.format(&Rfc3339).ok());
    Json(json!({ "data": {
        "title": "vManage in the Countersign playground",
        "version": VERSION,
        "applicationVersion": VERSION,
        "applicationServer": "localhost",
        "copyright": "Copyright (c) The Countersign authors",
        "time": time,
        "timeZone": "UTC",
        "logo": "",
    }}))
}
