//! Redback, the user management of Apache Archiva: each operation declares who may call it.
//!
//! [`operations`] is the table of operations. Around it [`crate::auth::identify`] finds out who is asking.

mod error;
mod format;
mod login;
mod model;
mod roles;
mod users;

use std::time::Duration;

use axum::extract::DefaultBodyLimit;
use axum::response::{Html, IntoResponse};
use axum::routing::{get, post};
use axum::{Router, middleware};
use countersign::Policy;
use countersign_tower::CsrfLayer;
use serde_json::json;

use crate::StartError;
use crate::auth::{self, Authenticator, SessionCookie};
use crate::context::Context;
use crate::csrf::{Guarded, any_of, client_files, unrestricted};
use crate::db::{Db, NewUser, Seed};
use crate::page::page;
use crate::service::Service;
use crate::sessions::Limits;

const COOKIE: SessionCookie =
    SessionCookie { name: "JSESSIONID", attributes: "; Path=/; HttpOnly" };

const LIMITS: Limits =
    Limits { idle: Duration::from_secs(30 * 60), absolute: Duration::from_secs(24 * 60 * 60) };

/// Where the operations are: the address of the document, and the one that Archiva has.
const BASES: [&str; 2] = ["/restServices/redbackServices", "/services/redbackServices"];

/// No request of this API is longer than a user.
const BODY_LIMIT: usize = 64 * 1024;

const LIST: &str = "user-management-user-list";
const CREATE: &str = "user-management-user-create";
const EDIT: &str = "user-management-user-edit";
const DELETE: &str = "user-management-user-delete";
const GRANT: &str = "user-management-role-grant";
const RBAC: &str = "user-management-rbac-admin";

/// What the service finds in a new database.
pub(crate) const SEED: Seed = Seed {
    service: Service::Redback,
    tables: roles::TABLE,
    rows: |seeder| {
        for (role, permissions) in [
            ("System Administrator", &[LIST, CREATE, EDIT, DELETE, GRANT, RBAC][..]),
            ("User Administrator", &[LIST, CREATE, EDIT, DELETE]),
            ("Guest", &[]),
        ] {
            roles::insert(seeder.connection(), role)?;
            for permission in permissions {
                seeder.permission(role, permission)?;
            }
        }
        for (name, password, full_name, role) in [
            ("admin", "admin1", "the administrator", "System Administrator"),
            ("guest-user", "guest1", "a guest", "Guest"),
        ] {
            let details = json!({
                "fullName": full_name,
                "email": format!("{name}@localhost"),
                "permanent": true,
            });
            seeder.user(NewUser {
                name: name.to_owned(),
                password: password.to_owned(),
                roles: vec![role.to_owned()],
                details: details.as_object().cloned().unwrap_or_default(),
                ..NewUser::default()
            })?;
        }
        Ok(())
    },
};

/// What the handlers share.
#[derive(Clone)]
pub(crate) struct Redback {
    auth: Authenticator,
    db: Db,
}

impl Redback {
    /// The service's state.
    pub(crate) fn new(context: &Context) -> Self {
        Self {
            auth: context.authenticator(Service::Redback, COOKIE, LIMITS),
            db: context.db.clone(),
        }
    }
}

/// The service, complete.
pub(crate) fn app(context: &Context) -> Result<Router, StartError> {
    let redback = Redback::new(context);
    let authenticator = redback.auth.clone();
    let policy = policy(context)?;
    let files = client_files(&policy);
    Ok(router(redback, context.protection(policy)?)
        .layer(middleware::from_fn_with_state(authenticator, auth::identify))
        .merge(files))
}

/// The dialect's policy, with the settings of the properties file.
fn policy(context: &Context) -> Result<Policy, StartError> {
    let policy = Service::Redback.policy()?;
    let Some(path) = &context.options.redback_properties else { return Ok(policy) };
    let refuse = |message| StartError::Properties { file: path.display().to_string(), message };
    let text = std::fs::read_to_string(path).map_err(|error| refuse(error.to_string()))?;
    policy.with_properties(&text).map_err(|error| refuse(error.to_string()))
}

/// The handlers.
pub(crate) fn router(redback: Redback, protection: CsrfLayer) -> Router {
    let operations = operations(protection).into_router();
    let mut router = Router::new().route("/", get(home));
    for base in BASES {
        router = router.nest(base, operations.clone());
    }
    router.layer(DefaultBodyLimit::max(BODY_LIMIT)).with_state(redback)
}

/// Every operation, and who may call it.
fn operations(protection: CsrfLayer) -> Guarded<Redback> {
    Guarded::new(protection)
        .route("/loginService/logIn", unrestricted(post(login::log_in)))
        .route("/loginService/ping", unrestricted(get(login::ping)))
        .route("/loginService/isLogged", unrestricted(get(login::is_logged)))
        .route("/loginService/logout", unrestricted(get(login::log_out)))
        .route("/userService/getUsers", any_of([LIST], get(users::get_users)))
        .route("/userService/getUser/{name}", any_of([EDIT], get(users::get_user)))
        .route("/userService/createUser", any_of([CREATE], post(users::create_user)))
        .route("/userService/deleteUser/{name}", any_of([DELETE], get(users::delete_user)))
        .route("/userService/lockUser/{name}", any_of([EDIT], get(users::lock_user)))
        .route("/userService/unlockUser/{name}", any_of([EDIT], get(users::unlock_user)))
        // Somebody added it and did not say for whom. It stays shut until they do.
        .route("/userService/exportUsers", get(users::get_users))
        .route("/roleManagementService/allRoles", any_of([RBAC], get(roles::all_roles)))
        .route(
            "/roleManagementService/getEffectivelyAssignedRoles/{name}",
            any_of([RBAC], get(roles::assigned_roles)),
        )
        .route("/roleManagementService/assignRole", any_of([RBAC, GRANT], get(roles::assign_role)))
}

async fn home() -> impl IntoResponse {
    Html(page(
        "Redback",
        "<h1>Redback</h1>\n\
         <p>A REST service for users and their roles. It has no pages of its own: its operations are under \
         <code>/restServices/redbackServices</code>, in JSON and in XML.</p>\n\
         <p>Every call needs an <code>Origin</code> or <code>Referer</code> that matches this address. \
         Operations that are not open to everybody also need a login and the \
         <code>validationToken</code> of its answer, in the <code>X-XSRF-TOKEN</code> header.</p>",
    ))
}

#[cfg(test)]
mod tests;
