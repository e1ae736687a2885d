//! Forward-auth: other proxies ask whether a request may pass.
//!
//! A proxy that serves the app already describes each request to the gateway, and passes it on if the
//! answer is 204. What it describes is judged exactly as if the request had come here itself, but for
//! the body: nobody sends it along, so a token in a form field cannot be found.
//!
//! Paths of the listener:
//!
//! - `/verify/nginx`, `/verify/caddy`, `/verify/traefik`, `/verify/haproxy`, `/verify/envoy/..`: the
//!   question.
//! - `/token/nginx` and so on: a token for the session of the described request, in the form of the
//!   dialect's token endpoint at the described path, or as JSON if it has none there.
//! - `/refusal/nginx`: the page for a refused request, which nginx cannot take from the answer.

mod answer;
mod describe;
#[cfg(feature = "grpc")]
mod grpc;

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;

use crate::site::{Client, own};
use crate::state::State;
use crate::trace::Span;
use describe::Caller;

#[cfg(feature = "grpc")]
pub(crate) use grpc::answer_grpc;

const TEXT: &str = "text/plain; charset=utf-8";

/// What a proxy wants to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Question {
    Verify,
    Token,
    Refusal,
}

/// Answers another proxy's question. The question's own body is of no interest, and is not read.
pub(crate) async fn answer<B>(
    state: &Arc<State>,
    client: &Arc<Client>,
    request: Request<B>,
    span: &Span,
) -> Response<Full<Bytes>> {
    if !is_trusted(state, client) {
        tracing::warn!(
            target: "countersign",
            peer = ?client.address,
            "somebody asks who is not among `trusted_peers` of [forward_auth]"
        );
        return nothing(StatusCode::FORBIDDEN);
    }
    let (parts, _) = request.into_parts();
    let Some((question, caller)) = read_path(parts.uri.path()) else {
        let text = "ask at /verify/nginx, /verify/caddy, /verify/traefik, /verify/haproxy or /verify/envoy\n";
        return own(StatusCode::NOT_FOUND, TEXT, text);
    };
    let asked = match caller.describe(parts, client) {
        Ok(asked) => asked,
        Err(bad) => {
            tracing::warn!(
                target: "countersign",
                peer = ?client.address,
                reason = %bad,
                "a proxy does not say enough about a request; see the recipe for it"
            );
            return nothing(caller.refusal(StatusCode::BAD_REQUEST));
        }
    };
    let found = state.routes.find(&asked.addressed, asked.parts.uri.path());
    span.begin(&asked.seen(found.ok()));
    let site = match found {
        Ok(site) => site,
        Err(reason) => {
            tracing::warn!(
                target: "countersign",
                peer = ?client.address,
                host = asked.addressed.host,
                ?reason,
                "a proxy asks about a request that means no site"
            );
            return nothing(caller.refusal(StatusCode::FORBIDDEN));
        }
    };
    match question {
        Question::Verify => answer::verify(site, caller, asked, span).await,
        Question::Token => answer::token(site, asked, span).await,
        Question::Refusal => answer::refusal(site, &asked),
    }
}

/// Whether a peer is a proxy whose word counts. Who has no address came over the socket file, whose
/// permissions say who may.
fn is_trusted(state: &State, client: &Client) -> bool {
    let Some(forward_auth) = &state.config.forward_auth else { return false };
    client.peer.address.map(|address| address.to_canonical()).is_none_or(|address| {
        forward_auth.trusted_peers.iter().any(|network| network.contains(&address))
    })
}

fn read_path(path: &str) -> Option<(Question, Caller)> {
    let mut steps = path.strip_prefix('/')?.splitn(3, '/');
    let question = match steps.next()? {
        "verify" => Question::Verify,
        "token" => Question::Token,
        "refusal" => Question::Refusal,
        _ => return None,
    };
    let caller = Caller::named(steps.next()?)?;
    // What Envoy asks about stands behind the prefix.
    let is_whole = steps.next().is_none() || caller == Caller::Envoy;
    let may_ask = question != Question::Refusal || caller == Caller::Nginx;
    (is_whole && may_ask).then_some((question, caller))
}

/// An answer without a body: with one, nginx would not use the connection again.
fn nothing(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_says_who_asks_what() {
        for (path, expected) in [
            ("/verify/nginx", Some((Question::Verify, Caller::Nginx))),
            ("/verify/caddy", Some((Question::Verify, Caller::Caddy))),
            ("/verify/envoy", Some((Question::Verify, Caller::Envoy))),
            ("/verify/envoy/any/path", Some((Question::Verify, Caller::Envoy))),
            ("/token/traefik", Some((Question::Token, Caller::Traefik))),
            ("/refusal/nginx", Some((Question::Refusal, Caller::Nginx))),
            ("/refusal/caddy", None),
            ("/verify/nginx/any/path", None),
            ("/verify/apache", None),
            ("/verify", None),
            ("/verify/", None),
            ("/", None),
        ] {
            assert_eq!(read_path(path), expected, "{path}");
        }
    }
}
