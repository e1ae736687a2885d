//! The pages a person sees: the login form and the welcome page.

use axum::response::{Html, IntoResponse, Response};
use http::header::CONTENT_TYPE;

use crate::page::{page, text};

/// The login page. Clients of the API get it too, with status 200, and know it by its `<html>`.
pub(super) fn login(message: Option<&str>) -> Response {
    let message = message.map(|message| format!("<p role=\"alert\">{}</p>\n", text(message)));
    let body = format!(
        "<h1>vManage</h1>\n{}\
         <form id=\"login\" method=\"post\" action=\"/j_security_check\">\n\
         <p><label for=\"j_username\">User name</label>\n\
         <input id=\"j_username\" name=\"j_username\" autocomplete=\"username\" required></p>\n\
         <p><label for=\"j_password\">Password</label>\n\
         <input id=\"j_password\" name=\"j_password\" type=\"password\" \
         autocomplete=\"current-password\" required></p>\n\
         <p><button>Log in</button></p>\n\
         </form>\n\
         <script src=\"/login.js\"></script>",
        message.unwrap_or_default(),
    );
    Html(page("Log in to vManage", &body)).into_response()
}

/// `/`: the login page.
pub(super) async fn home() -> Response {
    login(None)
}

/// `/welcome.html`: where a logout leads.
pub(super) async fn welcome() -> Response {
    let body = "<h1>vManage</h1>\n\
                <p>You are not logged in. The session that you had, if any, is gone with everything \
                kept for it.</p>\n\
                <p><a href=\"/\">Log in</a></p>";
    Html(page("Welcome to vManage", body)).into_response()
}

/// `/login.js`: takes a person who has logged in onwards, for the answer to a login is an empty page.
pub(super) async fn login_script() -> Response {
    ([(CONTENT_TYPE, "text/javascript; charset=UTF-8")], include_str!("login.js")).into_response()
}
