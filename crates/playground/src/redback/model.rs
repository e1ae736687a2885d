//! Users and roles as they are on the wire.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::db::User;

/// What `logIn` takes.
#[derive(Deserialize)]
pub(super) struct LoginRequest {
    pub(super) username: String,
    pub(super) password: String,
}

/// A user, as answered.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct UserBody {
    username: String,
    full_name: String,
    email: String,
    validated: bool,
    locked: bool,
    password_change_required: bool,
    permanent: bool,
    read_only: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    assigned_roles: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    validation_token: Option<String>,
}

/// What `createUser` takes. The other fields of a user may be sent, and say nothing about a new one.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NewUserBody {
    pub(super) username: String,
    pub(super) password: String,
    pub(super) confirm_password: Option<String>,
    #[serde(default)]
    pub(super) full_name: String,
    #[serde(default)]
    pub(super) email: String,
}

/// A role, as answered.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RoleBody {
    pub(super) name: String,
    pub(super) assignable: bool,
    pub(super) permanent: bool,
    pub(super) permissions: Vec<PermissionBody>,
}

/// A permission, as answered inside a role.
#[derive(Debug, Serialize)]
pub(super) struct PermissionBody {
    pub(super) name: String,
}

impl UserBody {
    /// With the token that only a login hands out.
    pub(super) fn with_token(self, token: String) -> Self {
        Self { validation_token: Some(token), ..self }
    }
}

impl From<&User> for UserBody {
    fn from(user: &User) -> Self {
        let detail = |name| user.details.get(name).and_then(Value::as_str).unwrap_or_default();
        Self {
            username: user.name.clone(),
            full_name: detail("fullName").to_owned(),
            email: detail("email").to_owned(),
            validated: true,
            locked: !user.enabled,
            password_change_required: false,
            permanent: is_permanent(user),
            read_only: false,
            assigned_roles: user.roles.clone(),
            validation_token: None,
        }
    }
}

/// Whether the user can be neither locked nor deleted.
pub(super) fn is_permanent(user: &User) -> bool {
    user.details.get("permanent").and_then(Value::as_bool).unwrap_or_default()
}
