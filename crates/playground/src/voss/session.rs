//! The middleware around the handlers: who is asking, and a pre-session for strangers.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_LANGUAGE, SET_COOKIE, VARY};
use http::{HeaderMap, HeaderValue, Method};

use crate::auth::{Authenticator, Visitor};
use crate::db::{DbError, User};
use crate::sessions::Session;

/// What a reply may depend on: language and compression by this service, the rest by who is asking.
const VARIES_BY: [&str; 4] = ["Accept-Encoding", "Cookie", "Accept-Language", "X-CSRFToken"];

/// There is no single sign-on here; clients expect the cookie all the same.
const SSO_COOKIE: HeaderValue = HeaderValue::from_static("sso_login_url=; Path=/");

/// Identifies the sender, and gives a stranger who asks for a page an anonymous session.
pub(super) async fn guard(
    State(auth): State<Authenticator>,
    mut request: Request,
    next: Next,
) -> Response {
    let welcomed = welcome(&auth, request.method(), request.headers()).await;
    let (visitor, made) = match welcomed {
        Ok(welcomed) => welcomed,
        Err(error) => return error.into_response(),
    };
    visitor.introduce(request.extensions_mut());
    let mut response = next.run(request).await;
    if let Some(session) = made {
        hand_out(&auth, &mut response, &session);
    }
    describe(response.headers_mut());
    response
}

/// Logs `user` in: a session under a new id, handed out with `response`. The old one, which may have been
/// planted, is dead.
pub(super) async fn log_in(
    auth: &Authenticator,
    visitor: &Visitor,
    user: &User,
    response: &mut Response,
) -> Result<(), DbError> {
    let session = match &visitor.session {
        Some(old) => auth.sessions.renew(old, Some(&user.name)).await?,
        None => auth.sessions.create(Some(&user.name)).await?,
    };
    hand_out(auth, response, &session);
    Ok(())
}

/// The sender, and the session that was made for it, if one was.
async fn welcome(
    auth: &Authenticator,
    method: &Method,
    headers: &HeaderMap,
) -> Result<(Visitor, Option<Session>), DbError> {
    let visitor = auth.identify(headers).await?;
    if visitor.session.is_some() || !matches!(*method, Method::GET | Method::HEAD) {
        return Ok((visitor, None));
    }
    let made = auth.sessions.create(None).await?;
    Ok((Visitor { session: Some(made.clone()), ..visitor }, Some(made)))
}

fn hand_out(auth: &Authenticator, response: &mut Response, session: &Session) {
    auth.announce(response, Some(session));
    response.headers_mut().append(SET_COOKIE, SSO_COOKIE);
}

/// Sets what every reply says of itself. `Vary` becomes one line, with what others have added kept.
fn describe(headers: &mut HeaderMap) {
    let mut varies_by: Vec<String> = VARIES_BY.map(str::to_owned).to_vec();
    for line in headers.get_all(VARY) {
        for name in line.to_str().unwrap_or_default().split(',').map(str::trim) {
            let known = varies_by.iter().any(|one| one.eq_ignore_ascii_case(name));
            if !known && !name.is_empty() {
                varies_by.push(name.to_owned());
            }
        }
    }
    if let Ok(line) = HeaderValue::try_from(varies_by.join(", ")) {
        headers.insert(VARY, line);
    }
    headers.insert(CONTENT_LANGUAGE, HeaderValue::from_static("en-us"));
    headers
        .entry(CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("max-age=0, no-store, private"));
}
