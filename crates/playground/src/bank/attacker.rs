//! The page of somebody who wants the customers' money: everything that another site can make a visitor's
//! browser send, to the bank itself and to the bank behind the gateway, side by side.
//!
//! The page cannot read what is answered, and does not pretend to. But the attacker is a customer too: what
//! has arrived on an account of their own they can see, and that is what the page shows.

use std::fmt::Write;
use std::net::SocketAddr;

use axum::extract::State;
use axum::response::{Html, IntoResponse};
use axum::routing::get;
use axum::{Json, Router};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use serde_json::json;

use super::Bank;
use super::ledger::Ledger;
use crate::context::{Addresses, attacker_url};
use crate::db::DbError;
use crate::page::text;

/// The attacker's own name at the bank.
pub(super) const NAME: &str = "mallory";

/// And password.
pub(super) const PASSWORD: &str = "moneybags";

/// One way to make a browser send something.
struct Attack {
    /// What the script knows it by.
    id: &'static str,
    title: &'static str,
    how: &'static str,
    /// What a browser makes of it by itself, before anybody checks anything.
    browser: &'static str,
}

const ATTACKS: [Attack; 6] = [
    Attack {
        id: "form",
        title: "A form",
        how: "A form that sends itself to <code>POST /transfer</code>, in a new tab.",
        browser: "Firefox and Safari send the cookie along. Chromium does so within two minutes of the \
                  login, and always from a sister site.",
    },
    Attack {
        id: "fetch",
        title: "JSON in disguise",
        how: "<code>fetch</code> to <code>POST /api/transfers</code> with <code>mode: no-cors</code>: \
              called <code>text/plain</code>, JSON needs no preflight.",
        browser: "From another site Chromium keeps the cookie back, and so does whatever blocks cookies of \
                  third parties. From a sister site it comes along.",
    },
    Attack {
        id: "image",
        title: "A picture",
        how: "An image whose address is <code>GET /transfer?to=mallory</code>.",
        browser: "Never takes anything: the bank changes nothing on a GET. A gateway has to be \
                  told of a GET that does.",
    },
    Attack {
        id: "socket",
        title: "A WebSocket",
        how: "A connection to <code>/live</code>, and an order sent over it. No preflight, no CORS, and \
              answers that any page may read.",
        browser: "As with fetch, the cookie decides: from a sister site it is there.",
    },
    Attack {
        id: "upload",
        title: "An upload",
        how: "A form with a file that the script has put in, to <code>POST /statements</code>.",
        browser: "As the form. Mallory cannot see whether it was filed: look at the tab that opens.",
    },
    Attack {
        id: "login",
        title: "A login",
        how: "A form to <code>POST /login</code> that makes the visitor mallory, who then reads along.",
        browser: "Needs no cookie at all, so none that is held back helps. Look at the tab that opens; \
                  then log in as alice again.",
    },
];

/// What the handlers share.
#[derive(Clone)]
struct Attacker {
    ledger: Ledger,
    addresses: Addresses,
}

/// The attacker's site.
pub(crate) fn app(bank: &Bank, addresses: &Addresses) -> Router {
    let attacker = Attacker { ledger: bank.ledger.clone(), addresses: addresses.clone() };
    let css = ([(CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("attacker/attacker.css"));
    let js =
        ([(CONTENT_TYPE, "text/javascript; charset=utf-8")], include_str!("attacker/attacker.js"));
    Router::new()
        .route("/", get(show))
        .route("/loot", get(loot))
        .route("/attacker.css", get(async move || css))
        .route("/attacker.js", get(async move || js))
        .with_state(attacker)
}

/// What mallory sees on an account of their own.
async fn loot(State(attacker): State<Attacker>) -> Result<impl IntoResponse, DbError> {
    let cents = attacker.ledger.balance(NAME).await?;
    let mut arrived = attacker.ledger.transfers(NAME, "").await?;
    arrived.retain(|transfer| transfer.to == NAME);
    Ok(([(CACHE_CONTROL, "no-store")], Json(json!({ "cents": cents, "arrived": arrived }))))
}

async fn show(State(Attacker { addresses, .. }): State<Attacker>) -> Html<String> {
    let (bank, gateway) = (url(addresses.bank), url(addresses.gateway));
    let (other_site, sister) = (attacker_url(&addresses.attacker), url(addresses.attacker));
    let rows: String = ATTACKS.iter().map(row).collect();
    Html(format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>You have won!</title>\n<link rel=\"icon\" href=\"data:,\">\n\
         <link rel=\"stylesheet\" href=\"/attacker.css\">\n\
         <script src=\"/attacker.js\" defer></script>\n</head>\n<body>\n\
         <header>\n<h1>You have won!</h1>\n\
         <p>Press any button to claim your prize of &euro;10.00. <small>(It is <em>your</em> &euro;10.00, \
         and the prize is mallory's.)</small></p>\n</header>\n\
         <main data-bank=\"{bank}\" data-gateway=\"{gateway}\">\n\
         <section>\n<h2>How to play</h2>\n<ol>\n\
         <li>Log in as <code>alice</code> with <code>wonderland</code>, at the \
         <a href=\"{bank}/login\" target=\"_blank\" rel=\"noopener\">bank</a> and at the \
         <a href=\"{gateway}/login\" target=\"_blank\" rel=\"noopener\">bank behind Countersign</a>.</li>\n\
         <li>Come back here and press the buttons.</li>\n\
         <li>See what has arrived below, and look at alice's account.</li>\n</ol>\n\
         <p class=\"sites\">Open this page as <a href=\"{other_site}/\">another site</a> or as a \
         <a href=\"{sister}/\">sister site</a> of the bank, such as a neighbouring subdomain that \
         somebody has taken over. Browsers hold some cookies back from the first and none from the \
         second. You are on <strong data-here></strong>.</p>\n</section>\n\
         <section>\n<table>\n<thead><tr><th>Attack</th><th>Unprotected<br><code>{bank}</code></th>\
         <th>Behind Countersign<br><code>{gateway}</code></th></tr></thead>\n\
         <tbody>\n{rows}</tbody>\n</table>\n</section>\n\
         <section>\n<h2>Mallory's account</h2>\n\
         <p><output data-cents>&hellip;</output></p>\n<ul data-arrived></ul>\n\
         <p><small>This page cannot read the bank's answers. What it shows is what mallory, a customer \
         like any other, sees on an account of their own.</small></p>\n</section>\n\
         </main>\n</body>\n</html>\n",
        bank = text(&bank),
        gateway = text(&gateway),
        other_site = text(&other_site),
        sister = text(&sister),
    ))
}

fn row(Attack { id, title, how, browser }: &Attack) -> String {
    let mut row = format!(
        "<tr>\n<th scope=\"row\"><b>{title}</b><p>{how}</p><p><small>{browser}</small></p></th>\n"
    );
    for (target, label) in [("bank", "Unprotected"), ("gateway", "Behind Countersign")] {
        // Writing to a string cannot fail.
        let _ = writeln!(
            row,
            "<td data-label=\"{label}\"><button type=\"button\" data-attack=\"{id}\" \
             data-target=\"{target}\">Claim</button><p role=\"status\"></p></td>"
        );
    }
    row.push_str("</tr>\n");
    row
}

fn url(address: SocketAddr) -> String {
    format!("http://{address}")
}
