//! Genesys Web Services: a call center's API, with a token in a header that each GET hands out.
//!
//! [`router`] holds the handlers. Around them [`session::guard`] finds out who is asking, and around that
//! [`cors::allow`] lets pages of trusted origins read the replies, refusals too.

mod agent;
mod bayeux;
mod body;
mod cors;
mod me;
mod notifications;
mod page;
mod reply;
mod session;
mod users;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{DefaultBodyLimit, OriginalUri};
use axum::routing::{get, post};
use axum::{Router, middleware};
use countersign::Policy;

use self::agent::Agents;
use self::bayeux::Bayeux;
use self::reply::{ApiError, Done};
use crate::StartError;
use crate::auth::SessionCookie;
use crate::context::Context;
use crate::csrf::client_files;
use crate::db::{Db, NewUser, Seed, Users};
use crate::service::Service;
use crate::sessions::Limits;

/// Needs no login, and always hands out the session: where scripts begin.
const VERSION_PATH: &str = "/api/v2/diagnostics/version";

/// The browser extension that the document's example request comes from.
const DOCUMENTED_CLIENT: &str = "chrome-extension://hgmloofddffdnphfgcellkdfbfbjeloo";

/// As the document writes it. Its clients send the whole line back as their cookie.
const COOKIE: SessionCookie = SessionCookie { name: "JSESSIONID", attributes: ";Path=/" };

const LIMITS: Limits =
    Limits { idle: Duration::from_secs(30 * 60), absolute: Duration::from_secs(24 * 60 * 60) };

/// No request here says much.
const MAX_BODY: usize = 256 * 1024;

/// What the service finds in a new database.
pub(crate) const SEED: Seed = Seed {
    service: Service::Genesys,
    tables: "",
    rows: |seeder| {
        let agent = seeder.user(NewUser {
            name: "paveld@redwings.com".to_owned(),
            password: "password".to_owned(),
            first_name: "Pavel".to_owned(),
            last_name: "Datsyuk".to_owned(),
            roles: vec!["ROLE_AGENT".to_owned()],
            ..NewUser::default()
        })?;
        seeder.user(NewUser {
            name: "mikeb@redwings.com".to_owned(),
            password: "password".to_owned(),
            first_name: "Mike".to_owned(),
            last_name: "Babcock".to_owned(),
            roles: vec!["ROLE_ADMIN".to_owned()],
            ..NewUser::default()
        })?;
        seeder.connection().execute(
            "INSERT INTO devices (id, user_id, phone_number) VALUES (?1, ?2, '5001')",
            [crate::db::random_id()?, agent.id],
        )?;
        Ok(())
    },
};

/// What the handlers share.
#[derive(Clone)]
pub(crate) struct Genesys {
    db: Db,
    users: Users,
    agents: Agents,
    bayeux: Bayeux,
    address: SocketAddr,
}

/// The service, complete.
pub(crate) fn app(context: &Context) -> Result<Router, StartError> {
    let authenticator = context.authenticator(Service::Genesys, COOKIE, LIMITS);
    let state = Genesys {
        db: context.db.clone(),
        users: authenticator.users.clone(),
        agents: Agents::default(),
        bayeux: Bayeux::new(bayeux::Limits::default(), context.stop.clone()),
        address: context.addresses.genesys,
    };
    let policy = policy(context)?;
    let files = client_files(&policy);
    let trusted: Arc<[_]> = context.options.trusted_origins.as_slice().into();
    let api = router(state)
        .layer(context.protection(policy)?)
        .layer(middleware::from_fn_with_state(authenticator, session::guard))
        .layer(middleware::from_fn_with_state(trusted, cors::allow));
    Ok(page::router().merge(api).merge(files))
}

/// The dialect's policy, with the origins that may call, and the switch that the product has too.
fn policy(context: &Context) -> Result<Policy, StartError> {
    let mut policy = Service::Genesys.policy()?.with_trusted_origin(DOCUMENTED_CLIENT)?;
    for origin in &context.options.trusted_origins {
        policy = policy.with_trusted_origin(&origin.to_string())?;
    }
    let on = context.options.genesys_csrf.is_on();
    Ok(if on { policy } else { policy.insecure_disabled() })
}

/// The handlers. They know nothing of sessions beyond who is asking, and nothing of CSRF.
pub(crate) fn router(state: Genesys) -> Router {
    let api = Router::new()
        .route("/me", get(me::show).post(me::operate))
        .route("/diagnostics/version", get(version))
        .route("/users", get(users::list).post(users::create))
        .route("/users/{id}", get(users::show).put(users::change).delete(users::remove))
        .route("/users/{id}/devices", get(users::list_devices).post(users::add_device))
        .route("/notifications", post(notifications::receive))
        .route("/notifications/", post(notifications::receive))
        .route("/notifications/{*kind}", post(notifications::receive))
        .method_not_allowed_fallback(async || ApiError::Method)
        .fallback(nothing_here);
    Router::new()
        .nest("/api/v2", api)
        .fallback(nothing_here)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(state)
}

async fn version() -> Done {
    Done::new().with("version", env!("CARGO_PKG_VERSION")).with("name", "countersign playground")
}

async fn nothing_here(OriginalUri(uri): OriginalUri) -> ApiError {
    ApiError::NotFound(format!("there is nothing at `{}`; try /api/v2/me", uri.path()))
}

#[cfg(test)]
mod tests;
