//! `/users`: accounts and their devices, for administrators.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::{FromRequestParts, Path, State};
use http::header::HOST;
use http::request::Parts;
use http::uri::Authority;
use rusqlite::params;
use serde_json::{Value, json};

use super::Genesys;
use super::body::Fields;
use super::me::Me;
use super::reply::{ApiError, Done};
use crate::db::{Db, DbError, NewUser, User, random_id};

const ROLES: [&str; 3] = ["ROLE_AGENT", "ROLE_SUPERVISOR", "ROLE_ADMIN"];

/// A telephone.
#[derive(Debug)]
pub(super) struct Device {
    id: String,
    phone_number: String,
}

/// An administrator is logged in.
pub(super) struct Admin(Arc<User>);

/// The address that the client used, for links in replies.
pub(super) struct Links(String);

/// `GET /users`
pub(super) async fn list(
    State(state): State<Genesys>,
    _: Admin,
    links: Links,
) -> Result<Done, ApiError> {
    let users = state.users.all().await?;
    let users: Vec<_> = users.iter().map(|user| user_json(user, &links)).collect();
    Ok(Done::new().with("users", users))
}

/// `POST /users`
pub(super) async fn create(
    State(state): State<Genesys>,
    _: Admin,
    links: Links,
    mut fields: Fields,
) -> Result<Done, ApiError> {
    let new = NewUser {
        name: fields.text("userName")?,
        password: fields.text("password")?,
        first_name: fields.optional_text("firstName")?.unwrap_or_default(),
        last_name: fields.optional_text("lastName")?.unwrap_or_default(),
        roles: fields.choices("roles", &ROLES)?,
        ..NewUser::default()
    };
    let user = state.users.create(new).await?;
    Ok(Done::new().with("id", user.id.as_str()).with("uri", links.uri(&user.id)))
}

/// `GET /users/{id}`
pub(super) async fn show(
    State(state): State<Genesys>,
    _: Admin,
    links: Links,
    Path(id): Path<String>,
) -> Result<Done, ApiError> {
    let user = find(&state, &id).await?;
    Ok(Done::new().with("user", user_json(&user, &links)))
}

/// `PUT /users/{id}`: changes what is given, and leaves the rest.
pub(super) async fn change(
    State(state): State<Genesys>,
    _: Admin,
    Path(id): Path<String>,
    mut fields: Fields,
) -> Result<Done, ApiError> {
    let mut user = find(&state, &id).await?;
    if let Some(first_name) = fields.optional_text("firstName")? {
        user.first_name = first_name;
    }
    if let Some(last_name) = fields.optional_text("lastName")? {
        user.last_name = last_name;
    }
    if state.users.update(user).await? { Ok(Done::new()) } else { Err(no_user(&id)) }
}

/// `DELETE /users/{id}`
pub(super) async fn remove(
    State(state): State<Genesys>,
    Admin(admin): Admin,
    Path(id): Path<String>,
) -> Result<Done, ApiError> {
    if id == admin.id {
        let message = "nobody can remove the own account; ask another administrator";
        return Err(ApiError::Forbidden(message.to_owned()));
    }
    let user = find(&state, &id).await?;
    state.users.remove(&user.name).await?;
    state.agents.forget(&id);
    Ok(Done::new())
}

/// `GET /users/{id}/devices`
pub(super) async fn list_devices(
    State(state): State<Genesys>,
    _: Admin,
    Path(id): Path<String>,
) -> Result<Done, ApiError> {
    find(&state, &id).await?;
    let devices = devices_of(&state.db, &id).await?;
    let devices: Vec<_> = devices
        .iter()
        .map(|device| json!({ "id": device.id, "phoneNumber": device.phone_number }))
        .collect();
    Ok(Done::new().with("devices", devices))
}

/// `POST /users/{id}/devices`
pub(super) async fn add_device(
    State(state): State<Genesys>,
    _: Admin,
    Path(id): Path<String>,
    mut fields: Fields,
) -> Result<Done, ApiError> {
    let phone_number = fields.text("phoneNumber")?;
    if !phone_number.chars().all(|c| c.is_ascii_digit() || "+*#".contains(c)) {
        let message = format!("`{phone_number}` is no phone number; give digits, `+`, `*` and `#`");
        return Err(ApiError::Invalid(message));
    }
    find(&state, &id).await?;
    let device_id = random_id()?;
    let row = (device_id.clone(), id, phone_number);
    state
        .db
        .call(move |db| {
            let sql = "INSERT INTO devices (id, user_id, phone_number) VALUES (?1, ?2, ?3)";
            Ok(db.execute(sql, params![row.0, row.1, row.2])?)
        })
        .await?;
    Ok(Done::new().with("id", device_id))
}

/// The user's devices, by number.
pub(super) async fn devices_of(db: &Db, user_id: &str) -> Result<Vec<Device>, DbError> {
    let user_id = user_id.to_owned();
    db.call(move |db| {
        let mut statement = db.prepare_cached(
            "SELECT id, phone_number FROM devices WHERE user_id = ?1 ORDER BY phone_number, id",
        )?;
        let rows = statement.query_map([user_id], |row| {
            Ok(Device { id: row.get(0)?, phone_number: row.get(1)? })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    })
    .await
}

/// A user as replies show one.
pub(super) fn user_json(user: &User, links: &Links) -> Value {
    json!({
        "id": user.id,
        "userName": user.name,
        "firstName": user.first_name,
        "lastName": user.last_name,
        "roles": user.roles,
        "enabled": user.enabled,
        "uri": links.uri(&user.id),
        "path": format!("/users/{}", user.id),
    })
}

/// A device as events show one.
pub(super) fn device_json(device: &Device, user_state: &Value) -> Value {
    json!({
        "id": device.id,
        "phoneNumber": device.phone_number,
        "deviceState": "Active",
        "userState": user_state,
    })
}

async fn find(state: &Genesys, id: &str) -> Result<User, ApiError> {
    state.users.find_by_id(id).await?.ok_or_else(|| no_user(id))
}

fn no_user(id: &str) -> ApiError {
    ApiError::NotFound(format!("there is no user `{id}`; `GET /api/v2/users` lists them"))
}

impl Links {
    fn uri(&self, user_id: &str) -> String {
        format!("http://{}/api/v2/users/{user_id}", self.0)
    }
}

impl FromRequestParts<Genesys> for Links {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &Genesys) -> Result<Self, Infallible> {
        let host = parts.headers.get(HOST).and_then(|host| host.to_str().ok());
        let host = host.filter(|host| host.parse::<Authority>().is_ok());
        Ok(Self(host.map_or_else(|| state.address.to_string(), str::to_owned)))
    }
}

impl FromRequestParts<Genesys> for Admin {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &Genesys) -> Result<Self, ApiError> {
        let Me(user) = Me::from_request_parts(parts, state).await?;
        if user.roles.iter().any(|role| role == "ROLE_ADMIN") {
            Ok(Self(user))
        } else {
            Err(ApiError::NoPermission("only an administrator may do this"))
        }
    }
}
