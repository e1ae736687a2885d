//! `userService`: who there is.

use axum::extract::{Path, State};
use axum::response::Response;
use rusqlite::params;
use serde_json::json;

use super::Redback;
use super::error::{Failure, RestError};
use super::format::{Body, Format};
use super::model::{NewUserBody, UserBody, is_permanent};
use crate::db::{CreateUserError, NewUser, User};

/// The longest name, and the longest of everything else that a user is described by.
const LONGEST: usize = 200;

/// Everybody.
pub(super) async fn get_users(
    State(redback): State<Redback>,
    format: Format,
) -> Result<Response, Failure> {
    let users = redback.auth.users.all().await?;
    let users: Vec<_> = users.iter().map(UserBody::from).collect();
    Ok(format.list("users", "user", &users))
}

/// One user.
pub(super) async fn get_user(
    State(redback): State<Redback>,
    Path(name): Path<String>,
    format: Format,
) -> Result<Response, Failure> {
    let user = find(&redback, &name, format).await?;
    Ok(format.one("user", &UserBody::from(&user)))
}

/// Adds a user without roles.
pub(super) async fn create_user(
    State(redback): State<Redback>,
    format: Format,
    Body(body): Body<NewUserBody>,
) -> Result<Response, Failure> {
    let new = checked(body).map_err(|error| error.wanted_as(format))?;
    match redback.auth.users.create(new).await {
        Ok(_) => Ok(format.one("boolean", &true)),
        Err(CreateUserError::NameTaken(name)) => Err(RestError::exists(&name).wanted_as(format)),
        Err(CreateUserError::Db(error)) => Err(error.into()),
    }
}

/// Removes a user. A GET, as the original has it: this API protects every method.
pub(super) async fn delete_user(
    State(redback): State<Redback>,
    Path(name): Path<String>,
    format: Format,
) -> Result<Response, Failure> {
    find_passing(&redback, &name, format).await?;
    let gone = redback.auth.users.remove(&name).await?;
    Ok(format.one("boolean", &gone))
}

/// Locks a user out; live sessions are dead from now on.
pub(super) async fn lock_user(
    State(redback): State<Redback>,
    Path(name): Path<String>,
    format: Format,
) -> Result<Response, Failure> {
    let user = find_passing(&redback, &name, format).await?;
    set_enabled(&redback, user.id, false, format).await
}

/// Lets a user in again.
pub(super) async fn unlock_user(
    State(redback): State<Redback>,
    Path(name): Path<String>,
    format: Format,
) -> Result<Response, Failure> {
    let user = find(&redback, &name, format).await?;
    set_enabled(&redback, user.id, true, format).await
}

/// Writes this one column: a role given to the user at the same moment must not be lost.
async fn set_enabled(
    redback: &Redback,
    id: String,
    enabled: bool,
    format: Format,
) -> Result<Response, Failure> {
    let sql = "UPDATE users SET enabled = ?2 WHERE id = ?1";
    let changed = redback.db.call(move |db| Ok(db.execute(sql, params![id, enabled])?)).await?;
    Ok(format.one("boolean", &(changed > 0)))
}

/// The user of this name.
pub(super) async fn find(redback: &Redback, name: &str, format: Format) -> Result<User, Failure> {
    let user = redback.auth.users.find(name).await?;
    user.ok_or_else(|| RestError::no_user(name).wanted_as(format))
}

/// The user of this name, unless it must stay.
async fn find_passing(redback: &Redback, name: &str, format: Format) -> Result<User, Failure> {
    let user = find(redback, name, format).await?;
    if is_permanent(&user) {
        return Err(RestError::permanent(name).wanted_as(format));
    }
    Ok(user)
}

fn checked(body: NewUserBody) -> Result<NewUser, RestError> {
    let NewUserBody { username, password, confirm_password, full_name, email } = body;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.@".contains(&byte);
    if username.is_empty() || username.len() > LONGEST || !username.bytes().all(plain) {
        return Err(RestError::bad_request(format!(
            "`username` is 1 to {LONGEST} of letters, digits, `-`, `_`, `.` and `@`"
        )));
    }
    if password.is_empty() || password.len() > LONGEST {
        return Err(RestError::bad_request(format!("`password` is 1 to {LONGEST} bytes long")));
    }
    if confirm_password.is_some_and(|confirmed| confirmed != password) {
        return Err(RestError::bad_request("`confirmPassword` is not the same as `password`"));
    }
    for (name, value) in [("fullName", &full_name), ("email", &email)] {
        if value.len() > LONGEST || value.chars().any(char::is_control) {
            return Err(RestError::bad_request(format!(
                "`{name}` is at most {LONGEST} bytes long and on one line"
            )));
        }
    }
    let details = json!({ "fullName": full_name, "email": email });
    Ok(NewUser {
        name: username,
        password,
        details: details.as_object().cloned().unwrap_or_default(),
        ..NewUser::default()
    })
}
