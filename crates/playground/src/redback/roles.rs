//! `roleManagementService`: what people are, and what that allows.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use rusqlite::Connection;
use serde::Deserialize;

use super::error::{Failure, RestError};
use super::format::Format;
use super::model::{PermissionBody, RoleBody};
use super::{Redback, users};
use crate::db::{Db, DbError};
use crate::service::Service;

/// The roles there are, also those that nobody has and that allow nothing.
pub(super) const TABLE: &str = "CREATE TABLE IF NOT EXISTS redback_roles (name TEXT PRIMARY KEY)";

/// Adds a role.
pub(super) fn insert(db: &Connection, name: &str) -> Result<(), DbError> {
    db.execute("INSERT OR IGNORE INTO redback_roles (name) VALUES (?1)", [name])?;
    Ok(())
}

/// The query of `assignRole`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Assignment {
    role_name: String,
    principal: String,
}

/// Every role.
pub(super) async fn all_roles(
    State(redback): State<Redback>,
    format: Format,
) -> Result<Response, Failure> {
    let roles = load(&redback.db).await?;
    Ok(format.list("roles", "role", &roles))
}

/// The roles of one user.
pub(super) async fn assigned_roles(
    State(redback): State<Redback>,
    Path(name): Path<String>,
    format: Format,
) -> Result<Response, Failure> {
    let user = users::find(&redback, &name, format).await?;
    let mut roles = load(&redback.db).await?;
    roles.retain(|role| user.roles.contains(&role.name));
    Ok(format.list("roles", "role", &roles))
}

/// Gives a user one more role.
pub(super) async fn assign_role(
    State(redback): State<Redback>,
    format: Format,
    query: Result<Query<Assignment>, QueryRejection>,
) -> Result<Response, Failure> {
    let Query(Assignment { role_name, principal }) = query.map_err(|_| {
        RestError::bad_request("give `roleName` and `principal`, once each").wanted_as(format)
    })?;
    let user = users::find(&redback, &principal, format).await?;
    if !load(&redback.db).await?.iter().any(|role| role.name == role_name) {
        return Err(RestError::no_role(&role_name).wanted_as(format));
    }
    let sql = "INSERT OR IGNORE INTO user_roles (user_id, role) VALUES (?1, ?2)";
    redback.db.call(move |db| Ok(db.execute(sql, [user.id, role_name])?)).await?;
    Ok(format.one("boolean", &true))
}

async fn load(db: &Db) -> Result<Vec<RoleBody>, DbError> {
    db.call(|db| {
        let mut roles = db.prepare_cached("SELECT name FROM redback_roles ORDER BY name")?;
        let mut permissions = db.prepare_cached(
            "SELECT permission FROM role_permissions WHERE service = ?1 AND role = ?2
             ORDER BY permission",
        )?;
        let names = roles.query_map([], |row| row.get(0))?.collect::<Result<Vec<String>, _>>()?;
        names
            .into_iter()
            .map(|name| {
                let held = permissions.query_map([Service::Redback.name(), &name], |row| {
                    Ok(PermissionBody { name: row.get(0)? })
                })?;
                let permissions = held.collect::<Result<_, _>>()?;
                Ok(RoleBody { name, assignable: true, permanent: true, permissions })
            })
            .collect()
    })
    .await
}
