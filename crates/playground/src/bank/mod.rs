//! A small bank without any protection against cross-site request forgery: what the gateway is put in
//! front of, and what the page of [`attacker`] tries its hand at.
//!
//! It is careful about everything else: who is logged in, what a form may hold, that money is moved and
//! never made. Only whether a request was meant, nobody asks.

mod accounts;
mod api;
mod assets;
pub(crate) mod attacker;
mod customer;
mod gateway;
mod ledger;
mod live;
mod money;
mod pages;
mod statements;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{delete, get, post};
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, X_CONTENT_TYPE_OPTIONS};
use tokio::sync::Semaphore;

use crate::auth::{self, Authenticator, SessionCookie};
use crate::context::Context;
use crate::db::{NewUser, Seed};
use crate::listen::Stop;
use crate::service::Service;
use crate::sessions::Limits;
pub(crate) use gateway::{configure, gateway};
use ledger::Ledger;

/// Without `SameSite`, as most cookies in the world are. What a browser makes of that differs.
const COOKIE: SessionCookie =
    SessionCookie { name: "bank_session", attributes: "; Path=/; HttpOnly" };

const LIMITS: Limits =
    Limits { idle: Duration::from_secs(30 * 60), absolute: Duration::from_secs(12 * 60 * 60) };

/// No request is longer, but for filed statements.
const BODY_LIMIT: usize = 64 * 1024;

/// Everything a page loads comes from the bank itself.
const POLICY: HeaderValue = HeaderValue::from_static("default-src 'self'");

/// User name, password and money at the start.
const CUSTOMERS: [(&str, &str, i64); 3] = [
    ("alice", "wonderland", 100_000),
    ("bob", "builder", 50_000),
    (attacker::NAME, attacker::PASSWORD, 0),
];

/// What the service finds in a new database.
pub(crate) const SEED: Seed = Seed {
    service: Service::Bank,
    tables: ledger::TABLES,
    rows: |seeder| {
        for (name, password, cents) in CUSTOMERS {
            let new = NewUser {
                name: name.to_owned(),
                password: password.to_owned(),
                ..NewUser::default()
            };
            seeder.user(new)?;
            ledger::open_account(seeder.connection(), name, cents)?;
        }
        Ok(())
    },
};

/// What the handlers share.
#[derive(Clone)]
pub(crate) struct Bank {
    auth: Authenticator,
    ledger: Ledger,
    /// Places for live connections.
    places: Arc<Semaphore>,
    stop: Stop,
}

impl Bank {
    /// The service's state.
    pub(crate) fn new(context: &Context) -> Self {
        Self {
            auth: context.authenticator(Service::Bank, COOKIE, LIMITS),
            ledger: Ledger::new(context.db.clone(), Arc::clone(&context.clock)),
            places: Arc::new(Semaphore::new(live::MOST)),
            stop: context.stop.clone(),
        }
    }
}

/// The service, complete.
pub(crate) fn app(bank: Bank) -> Router {
    let auth = bank.auth.clone();
    Router::new()
        .route("/", get(customer::home))
        .route("/login", get(customer::show).post(customer::log_in))
        .route("/logout", post(customer::log_out))
        .route("/account", get(accounts::show))
        .route("/transfer", get(accounts::prepare).post(accounts::transfer))
        .route("/search", get(accounts::search))
        .route("/api/accounts", get(api::accounts))
        .route("/api/transfers", get(api::list).post(api::create))
        .route("/api/transfers/{id}", delete(api::take_back))
        .route("/live", get(live::socket))
        .route("/events", get(live::events))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .route(
            "/statements",
            post(statements::file).layer(DefaultBodyLimit::max(statements::LONGEST)),
        )
        .fallback(pages::not_found)
        .layer(middleware::from_fn_with_state(auth, auth::identify))
        .merge(assets::router())
        .layer(middleware::from_fn(describe))
        .with_state(bank)
}

/// Sets what every answer says of itself. What belongs to a customer is kept nowhere.
async fn describe(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, POLICY);
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests;
