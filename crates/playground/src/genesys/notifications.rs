//! `/notifications`: events, over CometD.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequestParts, State};
use axum::response::Response;
use http::request::Parts;

use super::Genesys;
use super::bayeux::{self, Owner};
use super::me::Me;
use super::reply::ApiError;
use crate::auth::Visitor;

/// `POST /notifications`, and everything below it: the messages say what is wanted, not the path.
pub(super) async fn receive(
    State(state): State<Genesys>,
    owner: Owner,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    match body {
        Ok(body) => bayeux::respond(&state.bayeux, &owner, &body).await,
        Err(rejection) => bayeux::refuse_body(rejection.status()),
    }
}

impl<S: Sync> FromRequestParts<S> for Owner {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let Me(user) = Me::from_request_parts(parts, state).await?;
        let session = parts.extensions.get::<Visitor>().and_then(|v| v.session.as_ref());
        // Without a session, which takes Basic credentials on each request, the user is the owner. User ids
        // and session ids are both random: neither can be taken for the other.
        let session = session.map_or(user.id.as_str(), |session| session.id());
        Ok(Self { session: session.to_owned(), user: user.id.clone() })
    }
}
