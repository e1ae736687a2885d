//! The portal's page.

use std::fmt::Write;

use axum::extract::State;
use axum::response::Html;
use countersign::builtin;

use super::Portal;
use crate::guide::{Section, sections};
use crate::page::text;

/// The page, with the real addresses.
pub(super) async fn show(State(portal): State<Portal>) -> Html<String> {
    let cards: String = sections(&portal.addresses).iter().map(card).collect();
    Html(format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>Countersign playground</title>\n<link rel=\"icon\" href=\"data:,\">\n\
         <link rel=\"stylesheet\" href=\"/portal.css\">\n\
         <script src=\"/portal.js\" defer></script>\n</head>\n<body>\n\
         <header>\n<h1>Countersign playground</h1>\n\
         <p>Five services, each guarded by its own convention against cross-site request forgery. \
         Send a request without its token and see why it is refused; send it with its token and see \
         it pass.</p>\n</header>\n<main>\n{cards}</main>\n</body>\n</html>\n"
    ))
}

fn card(section: &Section) -> String {
    let name = section.service.name();
    let (title, address) = (text(section.title), text(&section.address));
    let summary = builtin(name).map(|dialect| dialect.summary).unwrap_or_default();
    let mut steps = String::new();
    for (hint, command) in &section.steps {
        // Writing to a string cannot fail.
        let _ = writeln!(steps, "<span># {}</span>\n{}", text(hint), text(command));
    }
    format!(
        "<section data-service=\"{name}\" aria-labelledby=\"{name}-title\">\n\
         <h2 id=\"{name}-title\">{title}</h2>\n\
         <p><a href=\"{address}/\">{address}</a></p>\n<p>{summary}</p>\n\
         <p class=\"tries\"><button type=\"button\" data-try=\"without\">Without the token</button>\n\
         <button type=\"button\" data-try=\"with\">With the token</button></p>\n\
         <div data-result role=\"status\"></div>\n\
         <details><summary>With curl</summary>\n<pre>{steps}</pre></details>\n</section>\n",
        summary = text(&summary),
    )
}
