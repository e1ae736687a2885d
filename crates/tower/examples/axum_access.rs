//! Access declared with each route: a route that declares nothing answers 403.
//!
//! `cargo run -p countersign-tower --example axum_access`, then:
//!
//! ```sh
//! curl -i http://127.0.0.1:3000/ping
//! curl -i -H 'X-User: alice' http://127.0.0.1:3000/users/alice
//! curl -i -H 'X-User: alice' http://127.0.0.1:3000/users/bob
//! ```

use axum::Router;
use axum::extract::{Path, Request};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::routing::get;
use countersign_tower::axum::{Guarded, any_of, on_resource, unrestricted};
use countersign_tower::{CsrfLayer, NoRandomness, Policy, Principal};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app()?).await?)
}

pub(crate) fn app() -> Result<Router, NoRandomness> {
    let profile = get(async |Path(name): Path<String>| format!("the profile of {name}\n"));
    let guarded = Guarded::new(CsrfLayer::new(Policy::standard())?)
        .route("/ping", unrestricted(get(async || "pong\n")))
        .route("/users", any_of(["list-users"], get(async || "alice, bob\n")))
        .route("/users/{name}", on_resource("name", ["view"], profile))
        .route("/forgotten", get(async || "nobody sees this\n"));
    // Outside of the layer, so that it knows the user before anything is decided.
    Ok(guarded.into_router().layer(from_fn(authenticate)))
}

/// Stands for a real login: whoever the header names.
async fn authenticate(mut request: Request, next: Next) -> Response {
    let name = request.headers().get("x-user").and_then(|name| name.to_str().ok());
    if let Some(name) = name.map(str::to_owned) {
        let mut user = Principal::new(&name, ["greet"]);
        user.on_resource.push(("view".to_owned(), name));
        request.extensions_mut().insert(user);
    }
    next.run(request).await
}
