//! `loginService`: open to everybody.

use axum::Extension;
use axum::extract::State;
use axum::response::Response;

use super::Redback;
use super::error::{Failure, RestError};
use super::format::{Body, Format};
use super::model::{LoginRequest, UserBody};
use crate::auth::Visitor;
use crate::csrf::Csrf;
use crate::db::DbError;

/// Begins a session; the answer is the user with the token for everything that follows.
pub(super) async fn log_in(
    State(redback): State<Redback>,
    Extension(visitor): Extension<Visitor>,
    format: Format,
    csrf: Csrf,
    Body(LoginRequest { username, password }): Body<LoginRequest>,
) -> Result<Response, Failure> {
    let auth = &redback.auth;
    let user = auth.users.authenticate(&username, &password).await?;
    let user = user.ok_or_else(|| RestError::credentials().wanted_as(format))?;
    let token = csrf.token_for_user(&user.name).await?;
    let session = match &visitor.session {
        Some(old) => auth.sessions.renew(old, Some(&user.name)).await?,
        None => auth.sessions.create(Some(&user.name)).await?,
    };
    let mut response = format.one("user", &UserBody::from(&user).with_token(token));
    auth.announce(&mut response, Some(&session));
    Ok(response)
}

/// Says that the service is there.
pub(super) async fn ping(format: Format) -> Response {
    format.one("boolean", &true)
}

/// The user who is logged in, or nothing.
pub(super) async fn is_logged(Extension(visitor): Extension<Visitor>, format: Format) -> Response {
    format.one("user", &visitor.user.as_deref().map(UserBody::from))
}

/// Ends the session.
pub(super) async fn log_out(
    State(redback): State<Redback>,
    Extension(visitor): Extension<Visitor>,
    format: Format,
) -> Result<Response, DbError> {
    let mut response = format.one("boolean", &true);
    if let Some(session) = &visitor.session {
        redback.auth.sessions.end(session.id()).await?;
        redback.auth.announce(&mut response, None);
    }
    Ok(response)
}
