//! VOSS Automate: a site in the manner of Django, with a token in a cookie and the same in a header.
//!
//! [`router`] holds the handlers. Around them [`session::guard`] finds out who is asking and gives every
//! stranger a pre-session, so that the login form has something to bind its token to.

mod login;
mod next;
mod noninteractive;
mod pages;
mod phones;
mod reply;
mod session;

use std::time::Duration;

use axum::extract::{DefaultBodyLimit, OriginalUri};
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Router, middleware};

use self::reply::ApiError;
use crate::StartError;
use crate::auth::{Authenticator, SessionCookie};
use crate::context::Context;
use crate::csrf::client_files;
use crate::db::{Db, NewUser, Seed};
use crate::service::Service;
use crate::sessions::Limits;

const COOKIE: SessionCookie = SessionCookie { name: "sessionid", attributes: "; HttpOnly; Path=/" };

const LIMITS: Limits =
    Limits { idle: Duration::from_secs(30 * 60), absolute: Duration::from_secs(24 * 60 * 60) };

/// No request here says much.
const MAX_BODY: usize = 64 * 1024;

/// What the service finds in a new database.
pub(crate) const SEED: Seed = Seed {
    service: Service::Voss,
    tables: "CREATE TABLE IF NOT EXISTS voss_phones (
                 pkid        TEXT PRIMARY KEY,
                 name        TEXT NOT NULL UNIQUE,
                 description TEXT NOT NULL
             )",
    rows: |seeder| {
        seeder.user(NewUser {
            name: "joe".to_owned(),
            password: "bloggs".to_owned(),
            first_name: "Joe".to_owned(),
            last_name: "Bloggs".to_owned(),
            roles: vec!["administrator".to_owned()],
            ..NewUser::default()
        })?;
        seeder.connection().execute(
            "INSERT INTO voss_phones (pkid, name, description) VALUES (?1, ?2, ?3)",
            [crate::db::random_id()?.as_str(), "SEP001122334455", "Reception"],
        )?;
        Ok(())
    },
};

/// What the handlers share.
#[derive(Clone)]
pub(crate) struct Voss {
    auth: Authenticator,
    db: Db,
}

/// The service, complete.
pub(crate) fn app(context: &Context) -> Result<Router, StartError> {
    let auth = context.authenticator(Service::Voss, COOKIE, LIMITS);
    let state = Voss { auth: auth.clone(), db: context.db.clone() };
    let policy = Service::Voss.policy()?;
    let files = client_files(&policy);
    Ok(router(state)
        .layer(context.protection(policy)?)
        .layer(middleware::from_fn_with_state(auth, session::guard))
        .merge(files))
}

/// The handlers. They know nothing of CSRF beyond the form field that a page shows.
pub(crate) fn router(state: Voss) -> Router {
    let api = Router::new()
        .route("/data/Phone/", get(phones::list).post(phones::create))
        .route(
            "/data/Phone/{pkid}/",
            get(phones::show).put(phones::replace).patch(phones::change).delete(phones::remove),
        )
        .method_not_allowed_fallback(async || ApiError::Method)
        .fallback(async |OriginalUri(uri): OriginalUri| ApiError::no_such_path(uri.path()));
    Router::new()
        .route("/", get(pages::home))
        .route("/login/", get(login::show).post(login::submit))
        .route("/logout/", post(login::logout))
        .route("/noninteractivelogin/", post(noninteractive::log_in))
        .nest("/api", api)
        .fallback(nothing_here)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(state)
}

async fn nothing_here(OriginalUri(uri): OriginalUri) -> Response {
    pages::not_found(uri.path())
}

#[cfg(test)]
mod tests;
