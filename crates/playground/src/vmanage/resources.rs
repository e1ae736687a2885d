//! The rest of `/dataservice`: a machine, a network, and one setting.

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, QueryRejection};
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::email::EmailSettings;
use super::error::ApiError;
use super::{Vmanage, inventory, settings};
use crate::db::DbError;

const EMAIL_SETTINGS: &str = "emailNotificationSettings";

/// Letter for letter as the document prints it.
pub(super) async fn server_info() -> Json<Value> {
    Json(json!({ "Achitecture": "amd64", "Available processors": 2 }))
}

/// Every device.
pub(super) async fn devices() -> Json<Value> {
    Json(inventory::devices())
}

/// The devices whose `deviceId` is given, once for each.
pub(super) async fn system_info(
    query: Result<Query<Vec<(String, String)>>, QueryRejection>,
) -> Result<Json<Value>, ApiError> {
    let Query(query) = query.map_err(|_| ApiError::bad_request("the query is no list of pairs"))?;
    let wanted = query.iter().filter(|(name, _)| name == "deviceId");
    let wanted: Vec<_> = wanted.map(|(_, system_ip)| system_ip.as_str()).collect();
    Ok(Json(inventory::system_info(&wanted)))
}

/// The query of `system/device/vedges`.
#[derive(Deserialize)]
pub(super) struct EdgeQuery {
    uuid: Option<String>,
}

/// The WAN edge devices.
pub(super) async fn edges(
    query: Result<Query<EdgeQuery>, QueryRejection>,
) -> Result<Json<Value>, ApiError> {
    let Query(query) = query.map_err(|_| ApiError::bad_request("`uuid` may be given once"))?;
    Ok(Json(inventory::edges(query.uuid.as_deref())))
}

/// The WAN edge devices' certificates.
pub(super) async fn certificates() -> Json<Value> {
    Json(inventory::certificates())
}

/// `{"data":[..]}`, with the fields of what is inside in their own order.
#[derive(Serialize)]
struct Data<T> {
    data: [T; 1],
}

/// How notifications are mailed.
pub(super) async fn email_settings(State(vmanage): State<Vmanage>) -> Result<Response, DbError> {
    Ok(match settings::load(&vmanage.db, EMAIL_SETTINGS).await? {
        Some(kept) => data(serde_json::from_str::<EmailSettings>(&kept)?),
        None => data(json!({ "enabled": false })),
    })
}

/// Changes how notifications are mailed, and answers what is kept from now on.
pub(super) async fn change_email_settings(
    State(vmanage): State<Vmanage>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, DbError> {
    let parsed = body
        .map_err(|_| ApiError::bad_request("the body is cut off or too large"))
        .and_then(|body| EmailSettings::parse(&body));
    let settings = match parsed {
        Ok(settings) => settings,
        Err(error) => return Ok(error.into_response()),
    };
    settings::keep(&vmanage.db, EMAIL_SETTINGS, serde_json::to_string(&settings)?).await?;
    Ok(data(settings))
}

fn data(inner: impl Serialize) -> Response {
    Json(Data { data: [inner] }).into_response()
}
