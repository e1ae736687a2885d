//! Logging in by form, and out.

use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::extract::{Extension, Form, Query, State};
use axum::response::{IntoResponse, Response};
use http::header::LOCATION;
use http::{HeaderValue, StatusCode};
use serde::Deserialize;

use super::{Voss, next, pages, session};
use crate::auth::Visitor;
use crate::csrf::{Csrf, CsrfField};
use crate::db::DbError;

/// The query of `GET /login/`.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Destination {
    next: Option<String>,
}

/// The login form.
#[derive(Deserialize)]
pub(super) struct Login {
    username: String,
    password: String,
    next: Option<String>,
}

/// `GET /login/`
pub(super) async fn show(
    field: CsrfField,
    destination: Result<Query<Destination>, QueryRejection>,
) -> Response {
    let Query(destination) = destination.unwrap_or_default();
    pages::login(&field, destination.next.as_deref(), None)
}

/// `POST /login/`
pub(super) async fn submit(
    State(state): State<Voss>,
    Extension(visitor): Extension<Visitor>,
    field: CsrfField,
    form: Result<Form<Login>, FormRejection>,
) -> Result<Response, DbError> {
    let Ok(Form(login)) = form else {
        let message = "The form could not be read. It needs a user name and a password.";
        let page = pages::login(&field, None, Some(message));
        return Ok((StatusCode::BAD_REQUEST, page).into_response());
    };
    let Some(user) = state.auth.users.authenticate(&login.username, &login.password).await? else {
        let message = "User name and password do not match. Try joe with bloggs.";
        return Ok(pages::login(&field, login.next.as_deref(), Some(message)));
    };
    let mut response = redirect(next::location(login.next.as_deref()));
    session::log_in(&state.auth, &visitor, &user, &mut response).await?;
    Ok(response)
}

/// `POST /logout/`. By POST only: an image on another site must not log anybody out.
pub(super) async fn logout(
    State(state): State<Voss>,
    Extension(visitor): Extension<Visitor>,
    csrf: Csrf,
) -> Result<Response, Response> {
    if let Some(session) = &visitor.session {
        csrf.end().await.map_err(IntoResponse::into_response)?;
        state.auth.sessions.end(session.id()).await.map_err(IntoResponse::into_response)?;
    }
    let mut response = redirect(HeaderValue::from_static("/login/"));
    state.auth.announce(&mut response, None);
    Ok(response)
}

/// 302, as the document has it.
fn redirect(location: HeaderValue) -> Response {
    (StatusCode::FOUND, [(LOCATION, location)]).into_response()
}
