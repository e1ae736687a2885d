//! `/me`: the user's own account, and what the agent is doing.

use std::sync::Arc;

use axum::extract::{FromRequestParts, State};
use http::request::Parts;
use serde_json::json;

use super::agent::{CHANNELS, Operation};
use super::body::Fields;
use super::reply::{ApiError, Done};
use super::users::{Links, device_json, devices_of, user_json};
use super::{Genesys, agent};
use crate::auth::Visitor;
use crate::db::User;

/// Where the agent's own events arrive.
const DEVICE_EVENTS: &str = "/v2/me/devices";

/// Whoever is logged in.
pub(super) struct Me(pub(super) Arc<User>);

/// `GET /me`
pub(super) async fn show(Me(user): Me, links: Links) -> Done {
    Done::new().with("user", user_json(&user, &links))
}

/// `POST /me`: an operation by name.
pub(super) async fn operate(
    State(state): State<Genesys>,
    Me(user): Me,
    mut fields: Fields,
) -> Result<Done, ApiError> {
    let operation = read_operation(&mut fields)?;
    let (before, after) = state
        .agents
        .apply(&user.id, &operation)
        .map_err(|reason| ApiError::Invalid(reason.to_owned()))?;
    if before != after {
        announce(&state, &user, after).await?;
    }
    Ok(Done::new())
}

fn read_operation(fields: &mut Fields) -> Result<Operation, ApiError> {
    match fields.text("operationName")?.as_str() {
        "StartContactCenterSession" => Ok(Operation::Start(fields.choices("channels", &CHANNELS)?)),
        "Ready" => Ok(Operation::Ready),
        "NotReady" => Ok(Operation::NotReady),
        "EndContactCenterSession" => Ok(Operation::End),
        other => Err(ApiError::Invalid(format!(
            "the operation `{other}` is unknown; there are `StartContactCenterSession`, `Ready`, \
             `NotReady` and `EndContactCenterSession`"
        ))),
    }
}

/// Tells the agent's open pages.
async fn announce(state: &Genesys, user: &User, now: agent::State) -> Result<(), ApiError> {
    let user_state = json!({ "state": now.name(), "displayName": now.name() });
    let devices = devices_of(&state.db, &user.id).await?;
    let devices: Vec<_> = devices.iter().map(|device| device_json(device, &user_state)).collect();
    let message = json!({
        "messageType": "DeviceStateChangeMessage",
        "userState": user_state,
        "devices": devices,
    });
    state.bayeux.publish(&user.id, DEVICE_EVENTS, &message);
    Ok(())
}

impl<S: Sync> FromRequestParts<S> for Me {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let visitor = parts.extensions.get::<Visitor>();
        let user = visitor.and_then(|visitor| visitor.user.clone());
        user.map(Self).ok_or(ApiError::NotAuthenticated)
    }
}
