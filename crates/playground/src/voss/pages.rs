//! The pages that a person sees.

use axum::extract::Extension;
use axum::response::{Html, IntoResponse, Response};
use http::StatusCode;
use http::header::CONTENT_SECURITY_POLICY;

use crate::auth::Visitor;
use crate::csrf::CsrfField;
use crate::page::{page, text};

/// Forms that go to this site, no scripts, in nobody's frame.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; \
                      form-action 'self'; frame-ancestors 'none'";

/// `GET /`
pub(super) async fn home(Extension(visitor): Extension<Visitor>, field: CsrfField) -> Response {
    let body = match &visitor.user {
        Some(user) => format!(
            "<h1>VOSS Automate</h1>\n<p>Logged in as <strong>{}</strong>.</p>\n\
             <p>The telephones are at <a href=\"/api/data/Phone/\"><code>/api/data/Phone/</code></a>; a call \
             that changes one carries the token of this session.</p>\n\
             <form method=\"post\" action=\"/logout/\">{field}<button>Log out</button></form>",
            text(&user.name),
        ),
        None => {
            "<h1>VOSS Automate</h1>\n<p>Nobody is logged in. <a href=\"/login/\">Log in</a></p>"
                .to_owned()
        }
    };
    respond("VOSS Automate", &body)
}

/// The login form, with what went wrong the last time.
pub(super) fn login(field: &CsrfField, next: Option<&str>, message: Option<&str>) -> Response {
    let alert = message.map(|message| format!("<p role=\"alert\">{}</p>\n", text(message)));
    let body = format!(
        "<h1>Log in</h1>\n{alert}<form method=\"post\" action=\"/login/\">\n{field}\n\
         <input type=\"hidden\" name=\"next\" value=\"{next}\">\n\
         <p><label for=\"username\">User name</label>\
         <input id=\"username\" name=\"username\" autocomplete=\"username\" required autofocus></p>\n\
         <p><label for=\"password\">Password</label>\
         <input id=\"password\" name=\"password\" type=\"password\" autocomplete=\"current-password\" \
         required></p>\n<p><button>Log in</button></p>\n</form>",
        alert = alert.unwrap_or_default(),
        next = text(next.unwrap_or("/")),
    );
    respond("Log in", &body)
}

/// For every path that leads nowhere.
pub(super) fn not_found(path: &str) -> Response {
    let body = format!(
        "<h1>Not found</h1>\n<p>There is nothing at <code>{}</code>. <a href=\"/\">Home</a></p>",
        text(path)
    );
    (StatusCode::NOT_FOUND, respond("Not found", &body)).into_response()
}

fn respond(title: &str, body: &str) -> Response {
    ([(CONTENT_SECURITY_POLICY, POLICY)], Html(page(title, body))).into_response()
}
