//! The portal's page.

use std::fmt::Write;

use axum::extract::State;
use axum::response::Html;
use countersign::builtin;

use super::Portal;
use crate::context::{Addresses, attacker_url};
use crate::guide::{Section, sections};
use crate::page::text;
use crate::service::Service;

/// Plays the scenes of a described service.
const TRIES: &str = "<button type=\"button\" data-try=\"without\">Without the token</button>\n\
                     <button type=\"button\" data-try=\"with\">With the token</button>";

/// The bank has but one scene.
const FORGE: &str =
    "<button type=\"button\" data-try=\"without\">A transfer from another site</button>";

/// The page, with the real addresses.
pub(super) async fn show(State(portal): State<Portal>) -> Html<String> {
    let cards: String =
        sections(&portal.addresses).iter().map(|one| card(one, &portal.addresses)).collect();
    Html(format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>Countersign playground</title>\n<link rel=\"icon\" href=\"data:,\">\n\
         <link rel=\"stylesheet\" href=\"/portal.css\">\n\
         <script src=\"/portal.js\" defer></script>\n</head>\n<body>\n\
         <header>\n<h1>Countersign playground</h1>\n\
         <p>Five services, each guarded by its own convention against cross-site request forgery. \
         Send a request without its token and see why it is refused; send it with its token and see \
         it pass. Last comes a bank that nothing guards.</p>\n</header>\n<main>\n{cards}</main>\n</body>\n</html>\n"
    ))
}

fn card(section: &Section, addresses: &Addresses) -> String {
    let name = section.service.name();
    let (title, address) = (text(section.title), text(&section.address));
    let (summary, tries) = match builtin(name) {
        Some(dialect) => (text(&dialect.summary).into_owned(), TRIES),
        None if section.service == Service::Bank => (attacks(addresses), FORGE),
        None => (String::new(), TRIES),
    };
    let mut steps = String::new();
    for (hint, command) in &section.steps {
        // Writing to a string cannot fail.
        let _ = writeln!(steps, "<span># {}</span>\n{}", text(hint), text(command));
    }
    format!(
        "<section data-service=\"{name}\" aria-labelledby=\"{name}-title\">\n\
         <h2 id=\"{name}-title\">{title}</h2>\n\
         <p><a href=\"{address}/\">{address}</a></p>\n<p>{summary}</p>\n\
         <p class=\"tries\">{tries}</p>\n\
         <div data-result role=\"status\"></div>\n\
         <details><summary>In a shell</summary>\n<pre>{steps}</pre></details>\n</section>\n"
    )
}

fn attacks(addresses: &Addresses) -> String {
    format!(
        "Forms, JSON, uploads and a WebSocket, and nobody asks where a request comes from. Log in as \
         <code>alice</code> with <code>wonderland</code>, then visit <a href=\"{0}/\">the page of somebody \
         who wants her money</a>.",
        text(&attacker_url(&addresses.attacker))
    )
}
