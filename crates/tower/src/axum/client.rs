//! Routes for clients.

use axum::Router;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use countersign::Policy;
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};

use super::TokenUnavailable;
use crate::client_files::{ClientFiles, DOCUMENT_PATH, SCRIPT_PATH};
use crate::handle::Csrf;

/// The [client document](countersign::ClientDocument) of a policy at `/.well-known/csrf`, and the
/// browser client at `/.countersign/csrf.js`. Merge it outside of the layer: both are public.
///
/// ```
/// use axum::Router;
/// use countersign_tower::axum::client_files;
/// use countersign_tower::{CsrfLayer, Policy};
///
/// let policy = Policy::standard();
/// let files = client_files(&policy);
/// let app: Router = Router::new().layer(CsrfLayer::new(policy)?).merge(files);
/// # Ok::<(), countersign_tower::NoRandomness>(())
/// ```
pub fn client_files<S: Clone + Send + Sync + 'static>(policy: &Policy) -> Router<S> {
    let files = ClientFiles::new(policy);
    let answer = get(move |request: Request| async move {
        files.answer(&request.into_parts().0).ok_or(StatusCode::NOT_FOUND)
    });
    Router::new().route(DOCUMENT_PATH, answer.clone()).route(SCRIPT_PATH, answer)
}

/// A handler that hands out the token of the session as `{"token": ".."}`; the dialect `standard`
/// has clients look for it at [`TOKEN_PATH`](crate::TOKEN_PATH). Route it inside of the layer.
///
/// # Errors
/// See [`TokenUnavailable`].
pub async fn token(csrf: Csrf) -> Result<Response, TokenUnavailable> {
    let token = csrf.token().await?;
    // A token has no character that JSON would escape.
    let body = serde_json::json!({ "token": token }).to_string();
    Ok(([(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-store")], body).into_response())
}
