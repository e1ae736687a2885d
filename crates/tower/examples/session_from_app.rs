//! Sessions that the app keeps itself: the layer is told which ones live, so that a cookie of one
//! that is over counts for nothing, and a login's answer carries the new session's token.
//!
//! `cargo run -p countersign-tower --example session_from_app`, then:
//!
//! ```sh
//! curl -i -X POST http://127.0.0.1:3000/noninteractivelogin/
//! ```

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};
use cookie::Cookie;
use countersign_tower::{CsrfLayer, Policy, SessionBinding};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app()?).await?)
}

type Sessions = Arc<Mutex<HashSet<String>>>;

pub(crate) fn app() -> Result<Router, Box<dyn std::error::Error>> {
    let sessions = Sessions::default();
    // A dialect that hands tokens out in the headers of ordinary answers.
    let policy = Policy::builtin("voss").ok_or("the dialect is built in")?;
    Ok(Router::new()
        .route("/", get(async || "hello\n").post(async || "done\n"))
        .route("/noninteractivelogin/", post(login))
        .layer(CsrfLayer::new(policy)?)
        .layer(from_fn_with_state(sessions.clone(), look_up))
        .with_state(sessions))
}

/// Outside of the layer: it must know before it judges.
async fn look_up(State(sessions): State<Sessions>, mut request: Request, next: Next) -> Response {
    let cookies = request.headers().get("cookie").and_then(|cookies| cookies.to_str().ok());
    let sent = Cookie::split_parse(cookies.unwrap_or_default()).flatten();
    let ids = sent.filter(|cookie| cookie.name() == "sessionid").map(|id| id.value().to_owned());
    let live = ids.last().filter(|id| lock(&sessions).contains(id));
    let binding = live.map_or(SessionBinding::none(), SessionBinding::live);
    request.extensions_mut().insert(binding);
    next.run(request).await
}

/// Passwords are left out. What the dialect calls `/noninteractivelogin/` needs no token.
async fn login(State(sessions): State<Sessions>) -> impl IntoResponse {
    let id = format!("{:032x}", rand::random::<u128>());
    lock(&sessions).insert(id.clone());
    let cookie = format!("sessionid={id}; HttpOnly; SameSite=Lax; Path=/");
    (Extension(SessionBinding::live(id)), [("set-cookie", cookie)], "welcome\n")
}

fn lock(sessions: &Sessions) -> std::sync::MutexGuard<'_, HashSet<String>> {
    sessions.lock().unwrap_or_else(PoisonError::into_inner)
}
