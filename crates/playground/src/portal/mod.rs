//! The page that shows all services: what to paste, and a request without and with its token.
//!
//! The requests are real: they go to the services through sockets, from here and not from the browser,
//! since to the services this page is as foreign as any other site. The page itself is guarded by the
//! `standard` dialect.

mod client;
mod page;
mod tries;

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use countersign::Policy;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use rustls::RootCertStore;
use serde_json::json;

use crate::StartError;
use crate::context::{Addresses, Context};
use crate::service::Service;

/// What the handlers share.
#[derive(Clone)]
pub(crate) struct Portal {
    addresses: Addresses,
    /// Trusts the certificate of this run and nothing else.
    roots: Arc<RootCertStore>,
}

/// The portal, complete.
pub(crate) fn app(context: &Context, roots: Arc<RootCertStore>) -> Result<Router, StartError> {
    let portal = Portal { addresses: context.addresses.clone(), roots };
    Ok(router(portal).layer(context.protection(Policy::standard())?))
}

fn router(portal: Portal) -> Router {
    Router::new()
        .route("/", get(page::show))
        .route("/portal.js", get(script))
        .route("/portal.css", get(style))
        .route("/try/{service}/{how}", post(attempt))
        .with_state(portal)
}

async fn script() -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/javascript; charset=utf-8")], include_str!("portal.js"))
}

async fn style() -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("portal.css"))
}

/// Plays one scene and tells what happened.
async fn attempt(
    State(portal): State<Portal>,
    Path((service, how)): Path<(String, String)>,
) -> Response {
    let service = Service::ALL.into_iter().find(|one| one.name() == service);
    let with = match how.as_str() {
        // The bank has no token that could be sent.
        "with" => (service != Some(Service::Bank)).then_some(true),
        "without" => Some(false),
        _ => None,
    };
    let (Some(service), Some(with)) = (service, with) else {
        let error = "try one of the services, `with` or `without`";
        return (StatusCode::NOT_FOUND, Json(json!({ "error": error }))).into_response();
    };
    match tries::play(&portal, service, with).await {
        Ok(scene) => Json(scene).into_response(),
        Err(error) => {
            let error = format!("the service did not answer as expected: {error}");
            (StatusCode::BAD_GATEWAY, Json(json!({ "error": error }))).into_response()
        }
    }
}

#[cfg(test)]
mod tests;
