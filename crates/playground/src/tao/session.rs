//! Whose tickets they are: the middleware around all handlers, and around the CSRF layer.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::Method;

use super::{Tao, config, form};

/// Resumes the session. A page that hands out tickets begins one when there is none: a ticket belongs to
/// a session, and nobody needs to log in here to have one.
pub(super) async fn begin(State(tao): State<Tao>, mut request: Request, next: Next) -> Response {
    let mut visitor = match tao.auth.identify(request.headers()).await {
        Ok(visitor) => visitor,
        Err(error) => return error.into_response(),
    };
    let mut begun = None;
    if visitor.session.is_none() && hands_out_tickets(&request) {
        let session = match tao.auth.sessions.create(None).await {
            Ok(session) => session,
            Err(error) => return error.into_response(),
        };
        visitor.session = Some(session.clone());
        begun = Some(session);
    }
    visitor.introduce(request.extensions_mut());
    let mut response = next.run(request).await;
    if let Some(session) = begun {
        tao.auth.announce(&mut response, Some(&session));
    }
    response
}

fn hands_out_tickets(request: &Request) -> bool {
    let path = request.uri().path();
    request.method() == Method::GET && (path == config::PATH || path == form::PATH)
}
