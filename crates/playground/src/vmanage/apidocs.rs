//! `/apidocs`: Swagger UI, served from this binary, that puts the session's token on every call by itself.

use axum::Router;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use swagger_ui_dist::{ApiDefinition, OpenApiSource};

/// Scripts come from here only. Swagger UI sets styles of its own and draws its icons as data.
const POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                      base-uri 'none'; frame-ancestors 'none'";

/// The page and what it loads.
pub(super) fn router<S>() -> Router<S>
where
    S: Clone + Send + Sync + 'static,
{
    // Two of its files are wanted, and not its page: that one knows nothing of tokens.
    let swagger_ui = swagger_ui_dist::generate_routes(ApiDefinition {
        uri_prefix: "/apidocs",
        api_definition: OpenApiSource::Uri(""),
        title: None,
    });
    Router::new()
        .route("/apidocs", get(page))
        .route("/apidocs/", get(page))
        .route("/apidocs/openapi.json", get(description))
        .route("/apidocs/apidocs.js", get(script))
        .route_service("/apidocs/swagger-ui.css", swagger_ui.clone())
        .route_service("/apidocs/swagger-ui-bundle.js", swagger_ui)
}

async fn page() -> Response {
    ([(CONTENT_SECURITY_POLICY, POLICY)], Html(include_str!("apidocs/index.html"))).into_response()
}

async fn description() -> Response {
    ([(CONTENT_TYPE, "application/json")], include_str!("apidocs/openapi.json")).into_response()
}

async fn script() -> Response {
    ([(CONTENT_TYPE, "text/javascript; charset=UTF-8")], include_str!("apidocs/apidocs.js"))
        .into_response()
}
