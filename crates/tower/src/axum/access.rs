//! Who may call a route, declared with the route. Deny by default: a route without a declaration
//! answers 403, whoever asks.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;

use axum::Router;
use axum::extract::{RawPathParams, Request};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::MethodRouter;
use countersign::RouteAccess;
use countersign_store::{MemoryStore, Store};
use http::StatusCode;

use crate::layer::CsrfLayer;
use crate::session::Principal;

/// Who may call a route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anybody; what the request must prove is the dialect's `unrestricted`.
    Unrestricted,
    /// A user with any of these permissions.
    AnyOf {
        /// The permissions.
        permissions: Vec<String>,
        /// The path parameter that names the resource on which a permission is enough.
        resource: Option<String>,
    },
    /// Nobody has said; nobody may.
    Undeclared,
}

/// A route's methods with a declaration of who may call them.
pub struct Declared<S = ()> {
    access: Access,
    methods: MethodRouter<S>,
}

/// Anybody may call it.
pub fn unrestricted<S>(methods: MethodRouter<S>) -> Declared<S> {
    Declared { access: Access::Unrestricted, methods }
}

/// A user with any of these permissions may call it.
pub fn any_of<S, P: Into<String>>(
    permissions: impl IntoIterator<Item = P>,
    methods: MethodRouter<S>,
) -> Declared<S> {
    let permissions = permissions.into_iter().map(Into::into).collect();
    Declared { access: Access::AnyOf { permissions, resource: None }, methods }
}

/// As [`any_of`]; a permission for only the resource that the path parameter names is enough.
pub fn on_resource<S, P: Into<String>>(
    parameter: &str,
    permissions: impl IntoIterator<Item = P>,
    methods: MethodRouter<S>,
) -> Declared<S> {
    let permissions = permissions.into_iter().map(Into::into).collect();
    let resource = Some(parameter.to_owned());
    Declared { access: Access::AnyOf { permissions, resource }, methods }
}

impl<S> From<MethodRouter<S>> for Declared<S> {
    /// Without a declaration.
    fn from(methods: MethodRouter<S>) -> Self {
        Self { access: Access::Undeclared, methods }
    }
}

/// A router in which each route is protected, and open to those it declares.
pub struct Guarded<S = (), St = MemoryStore> {
    router: Router<S>,
    layer: CsrfLayer<St>,
}

impl<S, St> Guarded<S, St>
where
    S: Clone + Send + Sync + 'static,
    St: Store,
{
    /// A router without routes, protected by `layer`.
    #[must_use]
    pub fn new(layer: CsrfLayer<St>) -> Self {
        Self { router: Router::new(), layer }
    }

    /// Adds a route. One that declares nothing is named in a warning now, and refused later.
    #[must_use]
    pub fn route(mut self, path: &str, declared: impl Into<Declared<S>>) -> Self {
        let Declared { access, methods } = declared.into();
        let route_access = match access {
            Access::Unrestricted => RouteAccess::Unrestricted,
            Access::AnyOf { .. } => RouteAccess::Restricted,
            Access::Undeclared => {
                tracing::warn!(
                    target: "countersign",
                    route = path,
                    "declares no access and answers 403; wrap it in `unrestricted` or `any_of`"
                );
                RouteAccess::Undeclared
            }
        };
        let access = Arc::new(access);
        let authorize = middleware::from_fn(move |params: RawPathParams, request, next| {
            authorize(access.clone(), params, request, next)
        });
        // Protection is outside: a forged request is not even told what it may not do.
        let methods = methods
            .layer::<_, Infallible>(authorize)
            .layer::<_, Infallible>(self.layer.access(route_access));
        self.router = self.router.route(path, methods);
        self
    }

    /// The finished router.
    pub fn into_router(self) -> Router<S> {
        self.router
    }
}

async fn authorize(
    access: Arc<Access>,
    params: RawPathParams,
    request: Request,
    next: Next,
) -> Result<Response, Infallible> {
    let allowed = match &*access {
        Access::Unrestricted => true,
        Access::Undeclared => false,
        Access::AnyOf { permissions, resource } => {
            let params: HashMap<&str, &str> = params.iter().collect();
            let resource = resource.as_deref().and_then(|name| params.get(name).copied());
            request.extensions().get::<Principal>().is_some_and(|user| {
                permissions.iter().any(|permission| user.may(permission, resource))
            })
        }
    };
    Ok(if allowed { next.run(request).await } else { StatusCode::FORBIDDEN.into_response() })
}

impl<S> std::fmt::Debug for Declared<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Declared").field("access", &self.access).finish_non_exhaustive()
    }
}

impl<S, St> std::fmt::Debug for Guarded<S, St> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Guarded")
    }
}
