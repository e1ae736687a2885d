//! Who may come in: the middleware around all handlers, and around the CSRF layer.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use cookie::Cookie;
use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderMap, HeaderValue};

use super::{Vmanage, login, pages};
use crate::auth::{Basic, Visitor};
use crate::db::DbError;
use crate::sessions::Session;

/// Identifies the sender, makes a session for Basic credentials, and answers with the login page where a
/// session is needed and there is none.
pub(super) async fn guard(
    State(vmanage): State<Vmanage>,
    mut request: Request,
    next: Next,
) -> Response {
    let mut visitor = match vmanage.auth.identify(request.headers()).await {
        Ok(visitor) => visitor,
        Err(error) => return error.into_response(),
    };
    let mut begun = None;
    if needs_session(request.uri().path()) {
        begun = match begin_for_basic(&vmanage, &mut visitor).await {
            Ok(begun) => begun,
            Err(error) => return error.into_response(),
        };
        if visitor.user.is_none() || visitor.session.is_none() {
            return turn_away(&vmanage, request.headers(), &visitor);
        }
    }
    visitor.introduce(request.extensions_mut());
    let mut response = next.run(request).await;
    if let Some(session) = begun {
        vmanage.auth.announce(&mut response, Some(&session));
    }
    response
}

/// The API and its description; not the login, which is reached under the API's path as well.
fn needs_session(path: &str) -> bool {
    let within = |prefix: &str| {
        path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    (within("/dataservice") || within("/apidocs")) && !login::PATHS.contains(&path)
}

/// Good Basic credentials without a session of the same user begin one.
async fn begin_for_basic(
    vmanage: &Vmanage,
    visitor: &mut Visitor,
) -> Result<Option<Session>, DbError> {
    let (Basic::Accepted, Some(user)) = (visitor.basic, visitor.user.as_ref()) else {
        return Ok(None);
    };
    if visitor.session.as_ref().and_then(Session::user) == Some(&user.name) {
        return Ok(None);
    }
    let session = vmanage.auth.sessions.create(Some(&user.name)).await?;
    visitor.session = Some(session.clone());
    Ok(Some(session))
}

/// The login page. A cookie whose session is over is taken back with a date in the past: that is how the
/// vendor's clients learn to log in again.
fn turn_away(vmanage: &Vmanage, headers: &HeaderMap, visitor: &Visitor) -> Response {
    let mut response = pages::login(None);
    let name = vmanage.auth.cookie.name;
    if visitor.session.is_none() && has_cookie(headers, name) {
        let past = format!(
            "{name}=expired{}; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
            vmanage.auth.cookie.attributes
        );
        if let Ok(value) = HeaderValue::try_from(past) {
            response.headers_mut().append(SET_COOKIE, value);
        }
    }
    response
}

fn has_cookie(headers: &HeaderMap, name: &str) -> bool {
    let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(Cookie::split_parse).flatten().any(|cookie| cookie.name() == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_needs_a_session() {
        for (path, needs) in [
            ("/dataservice", true),
            ("/dataservice/", true),
            ("/dataservice/device", true),
            ("/dataservice/client/token", true),
            ("/dataservice/j_security_check", false),
            ("/dataservice/j_security_check/", true),
            ("/dataservices", false),
            ("/apidocs", true),
            ("/apidocs/apidocs.js", true),
            ("/j_security_check", false),
            ("/logout", false),
            ("/welcome.html", false),
            ("/", false),
        ] {
            assert_eq!(needs_session(path), needs, "{path}");
        }
    }
}
