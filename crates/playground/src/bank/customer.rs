//! Who is at the counter: the session behind the cookie, logging in and out.

use std::convert::Infallible;

use axum::extract::rejection::FormRejection;
use axum::extract::{Extension, Form, FromRequestParts, OptionalFromRequestParts, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;
use http::request::Parts;
use serde::Deserialize;

use super::{Bank, api, pages};
use crate::auth::Visitor;
use crate::db::DbError;
use crate::sessions::Session;

/// Whoever has logged in. Without one a handler of a page sends the browser to the login form.
#[derive(Clone, Debug)]
pub(super) struct Customer {
    pub(super) name: String,
    session: Session,
}

/// [`Customer`], for programs: without one they are told so in JSON.
#[derive(Clone, Debug)]
pub(super) struct ApiCustomer(pub(super) Customer);

/// The login form.
#[derive(Deserialize)]
pub(super) struct Login {
    username: String,
    password: String,
}

impl Customer {
    /// Whether they are still logged in. What holds a connection open asks now and then.
    ///
    /// # Errors
    /// When the database fails.
    pub(super) async fn is_here(&self, bank: &Bank) -> Result<bool, DbError> {
        Ok(bank.auth.sessions.resume(self.session.id()).await?.is_some())
    }

    fn of(parts: &Parts) -> Option<Self> {
        let session = parts.extensions.get::<Visitor>()?.session.clone()?;
        Some(Self { name: session.user()?.to_owned(), session })
    }
}

impl<S: Sync> FromRequestParts<S> for Customer {
    type Rejection = Redirect;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Redirect> {
        Self::of(parts).ok_or_else(|| Redirect::to("/login"))
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for Customer {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Infallible> {
        Ok(Self::of(parts))
    }
}

impl<S: Sync> FromRequestParts<S> for ApiCustomer {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Response> {
        let nobody =
            || api::failure(StatusCode::UNAUTHORIZED, "nobody is logged in; post to /login first");
        Customer::of(parts).map(Self).ok_or_else(nobody)
    }
}

/// `GET /`
pub(super) async fn home(customer: Option<Customer>) -> Redirect {
    Redirect::to(if customer.is_some() { "/account" } else { "/login" })
}

/// `GET /login`
pub(super) async fn show() -> Response {
    pages::login(StatusCode::OK, None)
}

/// `POST /login`
pub(super) async fn log_in(
    State(bank): State<Bank>,
    Extension(visitor): Extension<Visitor>,
    form: Result<Form<Login>, FormRejection>,
) -> Result<Response, DbError> {
    let refuse = |message| Ok(pages::login(StatusCode::BAD_REQUEST, Some(message)));
    let Ok(Form(login)) = form else {
        return refuse("The form could not be read. It needs a user name and a password.");
    };
    let auth = &bank.auth;
    let Some(user) = auth.users.authenticate(&login.username, &login.password).await? else {
        return refuse("User name and password do not match. Try alice with wonderland.");
    };
    let session = match &visitor.session {
        Some(old) => auth.sessions.renew(old, Some(&user.name)).await?,
        None => auth.sessions.create(Some(&user.name)).await?,
    };
    let mut response = Redirect::to("/account").into_response();
    auth.announce(&mut response, Some(&session));
    Ok(response)
}

/// `POST /logout`
pub(super) async fn log_out(
    State(bank): State<Bank>,
    Extension(visitor): Extension<Visitor>,
) -> Result<Response, DbError> {
    if let Some(session) = &visitor.session {
        bank.auth.sessions.end(session.id()).await?;
    }
    let mut response = Redirect::to("/login").into_response();
    bank.auth.announce(&mut response, None);
    Ok(response)
}
