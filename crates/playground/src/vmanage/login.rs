//! Logging in and out.

use axum::Extension;
use axum::extract::rejection::FormRejection;
use axum::extract::{Form, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::LOCATION;
use serde::Deserialize;

use super::{Vmanage, pages};
use crate::auth::Visitor;
use crate::csrf::Csrf;
use crate::db::DbError;

/// Where a login may be sent to: one thing under the three names that clients in the field use.
pub(super) const PATHS: [&str; 3] =
    ["/j_security_check", "/dataservice/j_security_check", "/jts/authenticated/j_security_check"];

/// The fields of the login form.
#[derive(Deserialize)]
pub(super) struct Credentials {
    j_username: String,
    j_password: String,
}

/// An empty page and a session, or the login page: both with status 200.
pub(super) async fn log_in(
    State(vmanage): State<Vmanage>,
    Extension(visitor): Extension<Visitor>,
    form: Result<Form<Credentials>, FormRejection>,
) -> Result<Response, DbError> {
    let Ok(Form(Credentials { j_username, j_password })) = form else {
        return Ok(pages::login(Some("Send j_username and j_password, once each, as a form.")));
    };
    let auth = &vmanage.auth;
    let Some(user) = auth.users.authenticate(&j_username, &j_password).await? else {
        return Ok(pages::login(Some("The user name or the password is wrong.")));
    };
    let session = match &visitor.session {
        Some(old) => auth.sessions.renew(old, Some(&user.name)).await?,
        None => auth.sessions.create(Some(&user.name)).await?,
    };
    let mut response = StatusCode::OK.into_response();
    auth.announce(&mut response, Some(&session));
    Ok(response)
}

/// Ends the session and leads to the welcome page.
pub(super) async fn log_out(
    State(vmanage): State<Vmanage>,
    Extension(visitor): Extension<Visitor>,
    csrf: Csrf,
) -> Result<Response, Response> {
    // The query keeps caches from showing the page of an earlier logout.
    let welcome = format!("/welcome.html?nocache={}", vmanage.clock.now());
    let mut response = (StatusCode::FOUND, [(LOCATION, welcome)]).into_response();
    if let Some(session) = &visitor.session {
        csrf.end().await.map_err(IntoResponse::into_response)?;
        vmanage.auth.sessions.end(session.id()).await.map_err(IntoResponse::into_response)?;
        vmanage.auth.announce(&mut response, None);
    }
    Ok(response)
}
