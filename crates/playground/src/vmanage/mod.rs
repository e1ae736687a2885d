//! vManage, the SD-WAN manager: a session with its own token, sent with every call, reads too.
//!
//! [`router`] holds the handlers. Around them [`session::guard`] finds out who is asking, and answers with
//! the login page where nobody is logged in.

mod apidocs;
mod client;
mod email;
mod error;
mod inventory;
mod login;
mod pages;
mod resources;
mod session;
mod settings;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::OriginalUri;
use axum::routing::{get, post};
use axum::{Router, middleware};
use countersign_tower::Clock;
use http::Method;

use self::error::ApiError;
use crate::StartError;
use crate::auth::{Authenticator, SessionCookie};
use crate::context::Context;
use crate::csrf::client_files;
use crate::db::{Db, NewUser, Seed};
use crate::service::Service;
use crate::sessions::Limits;

/// The release that this copy behaves like. Clients choose what to send by it.
const VERSION: &str = "20.15.1";

const HTTPS_COOKIE: SessionCookie =
    SessionCookie { name: "JSESSIONID", attributes: "; Path=/; Secure; HttpOnly" };

/// Clients would never send a `Secure` cookie back to the plain listener.
const HTTP_COOKIE: SessionCookie =
    SessionCookie { name: "JSESSIONID", attributes: "; Path=/; HttpOnly" };

const LIMITS: Limits =
    Limits { idle: Duration::from_secs(30 * 60), absolute: Duration::from_secs(24 * 60 * 60) };

/// What the service finds in a new database.
pub(crate) const SEED: Seed = Seed {
    service: Service::Vmanage,
    tables: "",
    rows: |seeder| {
        seeder.user(NewUser {
            name: "admin".to_owned(),
            password: "admin".to_owned(),
            first_name: "Network".to_owned(),
            last_name: "Admin".to_owned(),
            roles: vec!["netadmin".to_owned()],
            ..NewUser::default()
        })?;
        Ok(())
    },
};

/// Which of its two listeners the service is put together for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transport {
    /// With TLS.
    Https,
    /// Without.
    Http,
}

/// What the handlers share.
#[derive(Clone)]
pub(crate) struct Vmanage {
    auth: Authenticator,
    db: Db,
    clock: Arc<dyn Clock>,
}

impl Vmanage {
    /// The service's state, for one of its listeners.
    pub(crate) fn new(context: &Context, transport: Transport) -> Self {
        let cookie = match transport {
            Transport::Https => HTTPS_COOKIE,
            Transport::Http => HTTP_COOKIE,
        };
        Self {
            auth: context.authenticator(Service::Vmanage, cookie, LIMITS),
            db: context.db.clone(),
            clock: Arc::clone(&context.clock),
        }
    }
}

/// The service, complete, for one of its listeners.
pub(crate) fn app(context: &Context, transport: Transport) -> Result<Router, StartError> {
    let vmanage = Vmanage::new(context, transport);
    let policy = Service::Vmanage.policy()?;
    let files = client_files(&policy);
    let protection = context.protection(policy)?;
    let protection = match transport {
        Transport::Https => protection.https(),
        Transport::Http => protection,
    };
    Ok(router(vmanage.clone())
        .layer(protection)
        .layer(middleware::from_fn_with_state(vmanage, session::guard))
        .merge(files))
}

/// The handlers.
pub(crate) fn router(vmanage: Vmanage) -> Router {
    let dataservice = Router::new()
        .route("/client/token", get(client::token))
        .route("/client/server", get(client::server))
        .route("/client/server/ready", get(client::ready))
        .route("/client/about", get(client::about))
        .route("/server/info", get(resources::server_info))
        .route("/device", get(resources::devices))
        .route("/device/system/info", get(resources::system_info))
        .route("/system/device/vedges", get(resources::edges))
        .route("/certificate/vedge/list", get(resources::certificates))
        .route(
            "/settings/configuration/emailNotificationSettings",
            get(resources::email_settings).post(resources::change_email_settings),
        );
    let mut router = Router::new()
        .route("/", get(pages::home))
        .route("/login.js", get(pages::login_script))
        .route("/welcome.html", get(pages::welcome))
        .route("/logout", get(login::log_out).post(login::log_out))
        .nest("/dataservice", dataservice)
        .merge(apidocs::router());
    for path in login::PATHS {
        router = router.route(path, post(login::log_in));
    }
    router
        .fallback(async |OriginalUri(uri): OriginalUri| ApiError::not_found(uri.path()))
        .method_not_allowed_fallback(async |method: Method| ApiError::method_not_allowed(&method))
        .with_state(vmanage)
}

#[cfg(test)]
mod tests;
