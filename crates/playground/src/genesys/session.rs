//! The middleware around the handlers: who is asking, and the session that goes with it.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, EXPIRES, PRAGMA};
use http::{HeaderMap, HeaderValue, Method};

use super::VERSION_PATH;
use crate::auth::{Authenticator, Basic, Visitor};
use crate::db::DbError;

/// Identifies the sender, and gives out a session with the reply to a GET:
///
/// * Basic credentials that hold good log a session in. One that belonged to nobody or to somebody else is
///   replaced by a new one, so an id planted beforehand is worth nothing;
/// * `diagnostics/version` always hands out the session, an anonymous one to a stranger;
/// * no other method gives out a session. Credentials on it count for that one request: its sender may not
///   look at the response's cookies, and its token belongs to the session that it came with.
pub(super) async fn guard(
    State(authenticator): State<Authenticator>,
    mut request: Request,
    next: Next,
) -> Response {
    let (method, path) = (request.method(), request.uri().path());
    let welcomed = welcome(&authenticator, method, path, request.headers()).await;
    let (visitor, changed) = match welcomed {
        Ok(welcomed) => welcomed,
        Err(error) => return error.into_response(),
    };
    let session = visitor.session.clone().filter(|_| changed);
    visitor.introduce(request.extensions_mut());
    let mut response = next.run(request).await;
    if let Some(session) = session {
        authenticator.announce(&mut response, Some(&session));
    }
    forbid_caching(&mut response);
    response
}

/// The sender, and whether the client has to be told of the session.
async fn welcome(
    authenticator: &Authenticator,
    method: &Method,
    path: &str,
    headers: &HeaderMap,
) -> Result<(Visitor, bool), DbError> {
    let visitor = authenticator.identify(headers).await?;
    if !matches!(*method, Method::GET | Method::HEAD) {
        return Ok((visitor, false));
    }
    let by_basic = visitor.user.clone().filter(|_| visitor.basic == Basic::Accepted);
    let is_version = path == VERSION_PATH;
    let sessions = &authenticator.sessions;
    let session = match (&visitor.session, by_basic) {
        (Some(live), Some(user)) if live.user() != Some(&user.name) => {
            sessions.renew(live, Some(&user.name)).await?
        }
        (None, Some(user)) => sessions.create(Some(&user.name)).await?,
        (None, None) if is_version => sessions.create(None).await?,
        (_, _) => return Ok((visitor, is_version)),
    };
    Ok((Visitor { session: Some(session), ..visitor }, true))
}

/// In the document's own words: two lines, not one with a comma.
fn forbid_caching(response: &mut Response) {
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.append(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
    headers.insert(EXPIRES, HeaderValue::from_static("Thu, 01 Jan 1970 00:00:00 GMT"));
}
