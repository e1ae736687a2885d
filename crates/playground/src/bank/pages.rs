//! The bank's pages: plain HTML from the server. Style and script are files, so that the strictest policy
//! a page can have holds.

use std::fmt::Write;

use axum::response::{Html, IntoResponse, Response};
use http::{StatusCode, Uri};

use super::accounts::{Outcome, Sent};
use super::ledger::{LONGEST_NOTE, Transfer};
use super::money::Euros;
use super::statements::Statement;
use crate::page::text;

/// What the account page shows.
pub(super) struct Account<'a> {
    pub(super) owner: &'a str,
    pub(super) cents: i64,
    pub(super) transfers: Vec<Transfer>,
    pub(super) statements: Vec<Statement>,
    pub(super) outcome: Outcome<'a>,
    pub(super) sent: Sent,
    /// What the transfers were searched for; empty for all.
    pub(super) query: &'a str,
}

/// The login form, with what went wrong the last time.
pub(super) fn login(status: StatusCode, message: Option<&str>) -> Response {
    let alert = message.map(|message| format!("<p role=\"alert\">{}</p>\n", text(message)));
    let main = format!(
        "<section class=\"narrow\">\n<h1>Good to see you</h1>\n{alert}\
         <form method=\"post\" action=\"/login\">\n\
         <label>User name\n<input name=\"username\" autocomplete=\"username\" required autofocus></label>\n\
         <label>Password\n<input name=\"password\" type=\"password\" autocomplete=\"current-password\" \
         required></label>\n<button>Log in</button>\n</form>\n\
         <p class=\"hint\">Try <code>alice</code> with <code>wonderland</code>, or <code>bob</code> with \
         <code>builder</code>.</p>\n</section>\n",
        alert = alert.unwrap_or_default(),
    );
    layout(status, "Log in", None, &main)
}

/// The account.
pub(super) fn account(status: StatusCode, account: &Account<'_>) -> Response {
    let main = format!(
        "{outcome}<div class=\"columns\">\n<div>\n{balance}{transfers}{statements}</div>\n\
         <div>\n{send}{quick}{donation}</div>\n</div>\n",
        outcome = outcome(account.outcome),
        balance = balance(account.cents),
        transfers = transfers(account),
        send = send(&account.sent),
        quick = QUICK,
        statements = statements(&account.statements),
        donation = DONATION,
    );
    layout(status, "Your account", Some(account.owner), &main)
}

/// For every path that leads nowhere.
pub(super) async fn not_found(uri: Uri) -> Response {
    let main = format!(
        "<section class=\"narrow\">\n<h1>Not found</h1>\n\
         <p>There is nothing at <code>{}</code>. <a href=\"/\">Back to the account</a></p>\n</section>\n",
        text(uri.path())
    );
    layout(StatusCode::NOT_FOUND, "Not found", None, &main)
}

/// By script: once by `fetch`, once over the WebSocket.
const QUICK: &str = "<section>\n<h2>Quick transfer</h2>\n\
    <form data-quick>\n<div class=\"row\">\n\
    <label>To\n<input name=\"to\" value=\"bob\" autocomplete=\"off\" required></label>\n\
    <label>Cents\n<input name=\"cents\" type=\"number\" min=\"1\" max=\"100000000\" value=\"500\" required>\
    </label>\n</div>\n\
    <p class=\"buttons\"><button value=\"fetch\">Send by fetch</button>\n\
    <button value=\"socket\" class=\"second\">Send by WebSocket</button></p>\n\
    <p role=\"status\" hidden></p>\n</form>\n</section>\n";

/// Goes to another site: whatever protects this one must put nothing of its own in here.
const DONATION: &str = "<section>\n<h2>A good cause</h2>\n\
    <form method=\"post\" action=\"http://donations.example/give\">\n<div class=\"row end\">\n\
    <label>Euros\n<input name=\"amount\" inputmode=\"decimal\" value=\"5.00\" required></label>\n\
    <button class=\"second\">Give</button>\n</div>\n</form>\n\
    <p class=\"hint\">This form goes to another site, <code>donations.example</code>.</p>\n</section>\n";

fn outcome(outcome: Outcome<'_>) -> String {
    match outcome {
        Outcome::Nothing => String::new(),
        Outcome::Fine(message) => format!("<p role=\"status\">{}</p>\n", text(message)),
        Outcome::Wrong(message) => {
            format!("<p role=\"alert\">Nothing was done: {}.</p>\n", text(message))
        }
    }
}

fn balance(cents: i64) -> String {
    format!(
        "<section class=\"balance\">\n<h1>Balance</h1>\n\
         <p><output data-balance>{}</output></p>\n\
         <p class=\"hint\" data-live>As of now. It moves by itself with the script on.</p>\n</section>\n",
        Euros(cents)
    )
}

fn send(sent: &Sent) -> String {
    format!(
        "<section>\n<h2>Send money</h2>\n<form method=\"post\" action=\"/transfer\">\n\
         <div class=\"row\">\n\
         <label>To\n<input name=\"to\" value=\"{to}\" autocomplete=\"off\" placeholder=\"bob\" required>\
         </label>\n\
         <label>Euros\n<input name=\"amount\" value=\"{amount}\" inputmode=\"decimal\" \
         autocomplete=\"off\" placeholder=\"12.50\" required></label>\n</div>\n\
         <label>Note\n<input name=\"note\" value=\"{note}\" maxlength=\"{LONGEST_NOTE}\" \
         autocomplete=\"off\"></label>\n<button>Send</button>\n</form>\n</section>\n",
        to = text(&sent.to),
        amount = text(&sent.amount),
        note = text(&sent.note),
    )
}

fn transfers(account: &Account<'_>) -> String {
    let mut rows = String::new();
    for transfer in &account.transfers {
        row(&mut rows, transfer, account.owner);
    }
    let list = match (rows.is_empty(), account.query.is_empty()) {
        (true, true) => "<p class=\"hint\">No transfers yet.</p>\n".to_owned(),
        (true, false) => "<p class=\"hint\">Nothing was found.</p>\n".to_owned(),
        (false, _) => format!("<ul class=\"transfers\">\n{rows}</ul>\n"),
    };
    let all = if account.query.is_empty() { "" } else { "<a href=\"/account\">Show all</a>\n" };
    format!(
        "<section>\n<h2>Transfers</h2>\n\
         <form action=\"/search\" role=\"search\">\n<div class=\"row end\">\n\
         <label>Name or word\n<input type=\"search\" name=\"q\" value=\"{query}\"></label>\n\
         <button class=\"second\">Search</button>\n</div>\n</form>\n{list}{all}</section>\n",
        query = text(account.query),
    )
}

/// The button works by script only: a form cannot ask for a DELETE.
fn row(rows: &mut String, transfer: &Transfer, owner: &str) {
    let sent = transfer.from == owner;
    let (sign, direction, other) =
        if sent { ("−", "to", &transfer.to) } else { ("+", "from", &transfer.from) };
    let button = if sent {
        let id = &transfer.id;
        format!("<button class=\"small\" data-take-back=\"{id}\" hidden>Take back</button>")
    } else {
        String::new()
    };
    // Writing to a string cannot fail.
    let _ = writeln!(
        rows,
        "<li>\n<span><b>{direction} {other}</b> <small>{at}</small><br>{note}</span>\n\
         <span class=\"amount {direction}\">{sign}{amount}</span>{button}\n</li>",
        other = text(other),
        at = transfer.at,
        note = text(&transfer.note),
        amount = Euros(transfer.cents),
    );
}

fn statements(filed: &[Statement]) -> String {
    let mut rows = String::new();
    for Statement { note, file, bytes, at } in filed {
        let (note, file) = (text(note), text(file));
        let _ = writeln!(
            rows,
            "<li><span><b>{file}</b> <small>{at}, {bytes} bytes</small><br>{note}</span></li>"
        );
    }
    format!(
        "<section>\n<h2>File a statement</h2>\n\
         <form method=\"post\" action=\"/statements\" enctype=\"multipart/form-data\">\n\
         <label>File\n<input type=\"file\" name=\"file\" required></label>\n\
         <label>Note\n<input name=\"note\" maxlength=\"{LONGEST_NOTE}\" autocomplete=\"off\"></label>\n\
         <button>File it</button>\n</form>\n<ul class=\"transfers\">\n{rows}</ul>\n</section>\n"
    )
}

fn layout(status: StatusCode, title: &str, owner: Option<&str>, main: &str) -> Response {
    let owner = owner.map(|owner| {
        format!(
            "<form method=\"post\" action=\"/logout\">\n<span>{}</span>\n\
             <button class=\"small\">Log out</button>\n</form>\n",
            text(owner)
        )
    });
    let html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title} - Pocket Bank</title>\n\
         <link rel=\"icon\" href=\"/static/bank.svg\" type=\"image/svg+xml\">\n\
         <link rel=\"stylesheet\" href=\"/static/bank.css\">\n\
         <script src=\"/static/bank.js\" defer></script>\n</head>\n<body>\n\
         <header>\n<a href=\"/\"><img src=\"/static/bank.svg\" alt=\"\" width=\"32\" height=\"32\">\
         Pocket Bank</a>\n{owner}</header>\n<main>\n{main}</main>\n\
         <footer>A bank for trying things out. The money is not real, and nothing here guards it against \
         requests from other sites.</footer>\n</body>\n</html>\n",
        owner = owner.unwrap_or_default(),
    );
    (status, Html(html)).into_response()
}
