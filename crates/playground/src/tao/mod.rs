//! TAO, the testing platform: one-time tickets, handed out in a pool with the page's configuration.
//!
//! [`router`] holds the handlers. Around them [`session::begin`] resumes the session, and makes one where a
//! page is loaded that hands out tickets.

mod config;
mod form;
mod items;
mod reply;
mod session;

use std::net::SocketAddr;
use std::time::Duration;

use axum::extract::{DefaultBodyLimit, State};
use axum::response::{Html, IntoResponse};
use axum::routing::{delete, get, post};
use axum::{Router, middleware};

use crate::StartError;
use crate::auth::{Authenticator, SessionCookie};
use crate::context::Context;
use crate::csrf::client_files;
use crate::db::{Db, Seed};
use crate::page::page;
use crate::service::Service;
use crate::sessions::Limits;

/// How long a session lives without a request, and a ticket at most: PHP's 24 minutes.
const SESSION: Duration = Duration::from_secs(24 * 60);

const COOKIE: SessionCookie =
    SessionCookie { name: "tao_session", attributes: "; Path=/; HttpOnly" };

const LIMITS: Limits = Limits { idle: SESSION, absolute: Duration::from_secs(24 * 60 * 60) };

/// No request of this API is longer than a label.
const BODY_LIMIT: usize = 64 * 1024;

/// What the service finds in a new database.
pub(crate) const SEED: Seed = Seed {
    service: Service::Tao,
    tables: items::TABLE,
    rows: |seeder| {
        for label in ["Photosynthesis", "The water cycle", "Fractions and decimals"] {
            items::insert(seeder.connection(), label)?;
        }
        Ok(())
    },
};

/// What the handlers share.
#[derive(Clone)]
pub(crate) struct Tao {
    auth: Authenticator,
    db: Db,
    address: SocketAddr,
}

impl Tao {
    /// The service's state.
    pub(crate) fn new(context: &Context) -> Self {
        Self {
            auth: context.authenticator(Service::Tao, COOKIE, LIMITS),
            db: context.db.clone(),
            address: context.addresses.tao,
        }
    }
}

/// The service, complete.
pub(crate) fn app(context: &Context) -> Result<Router, StartError> {
    let tao = Tao::new(context);
    let policy = Service::Tao.policy()?;
    let files = client_files(&policy);
    let protection = context.protection(policy)?;
    let again = form::Again { tao: tao.clone(), protection: protection.clone() };
    Ok(router(tao.clone())
        .layer(protection)
        .layer(middleware::from_fn_with_state(again, form::again))
        .layer(middleware::from_fn_with_state(tao, session::begin))
        .merge(files))
}

/// The handlers.
pub(crate) fn router(tao: Tao) -> Router {
    Router::new()
        .route("/", get(home))
        .route("/tao", get(home))
        .route("/tao/", get(home))
        .route(config::PATH, get(config::config))
        .route("/tao/items", get(items::list).post(items::create))
        .route("/tao/items/fail", post(items::fail))
        .route("/tao/items/{id}", delete(items::remove))
        .route(form::PATH, get(form::show).post(form::submit))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .with_state(tao)
}

async fn home(State(Tao { address, .. }): State<Tao>) -> impl IntoResponse {
    Html(page(
        "TAO",
        &format!(
            "<h1>TAO</h1>\n\
             <p>Every protected call spends one ticket, sent in <code>X-CSRF-Token</code>, and the answer \
             brings a fresh one.</p>\n\
             <ul>\n\
             <li><a href=\"{config}\">The page's configuration</a>, with a pool of tickets</li>\n\
             <li><a href=\"{form}\">A form</a>, with its ticket in a hidden field</li>\n\
             </ul>\n\
             <h2>With curl</h2>\n\
             <pre>curl -s -c tao.txt -o config.js http://{address}{config}\n\
             TICKET=$(grep -o '[0-9a-f]\\{{40\\}}' config.js | head -1)\n\
             curl -i -b tao.txt -H \"X-CSRF-Token: $TICKET\" http://{address}/tao/items</pre>\n\
             <p>Send the last line twice: the second time the ticket is spent.</p>",
            config = config::PATH,
            form = form::PATH,
        ),
    ))
}

#[cfg(test)]
mod tests;
