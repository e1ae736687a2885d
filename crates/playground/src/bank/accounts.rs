//! The account page, and the forms on it that are sent back to it.

use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::extract::{Form, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;
use serde::Deserialize;

use super::customer::Customer;
use super::ledger::{Order, Refused};
use super::money::Amount;
use super::{Bank, pages, statements};
use crate::db::DbError;

/// The longest search, in bytes.
const LONGEST_QUERY: usize = 200;

/// The transfer form: as it was sent, or as a link such as `/transfer?to=bob&amount=5` fills it in.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Sent {
    pub(super) to: String,
    pub(super) amount: String,
    pub(super) note: String,
}

/// What has just been done, after the redirect that follows a form.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Done {
    done: String,
}

/// The search form.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Search {
    q: String,
}

/// How what was sent has fared.
#[derive(Clone, Copy, Debug)]
pub(super) enum Outcome<'a> {
    Nothing,
    Fine(&'a str),
    Wrong(&'a str),
}

/// `GET /account`
pub(super) async fn show(
    State(bank): State<Bank>,
    customer: Customer,
    done: Result<Query<Done>, QueryRejection>,
) -> Result<Response, DbError> {
    let Query(Done { done }) = done.unwrap_or_default();
    let outcome = match done.as_str() {
        "sent" => Outcome::Fine("The money has been sent."),
        "filed" => Outcome::Fine("The statement has been filed."),
        _ => Outcome::Nothing,
    };
    render(&bank, &customer, StatusCode::OK, outcome, Sent::default(), "").await
}

/// `GET /transfer`: the form, filled in by a link. It changes nothing, so a picture or a link on another
/// site cannot either.
pub(super) async fn prepare(
    State(bank): State<Bank>,
    customer: Customer,
    sent: Result<Query<Sent>, QueryRejection>,
) -> Result<Response, DbError> {
    match sent {
        Ok(Query(sent)) => {
            render(&bank, &customer, StatusCode::OK, Outcome::Nothing, sent, "").await
        }
        Err(_) => {
            let message = "the link could not be read";
            refuse(&bank, &customer, StatusCode::BAD_REQUEST, message, Sent::default()).await
        }
    }
}

/// `POST /transfer`
pub(super) async fn transfer(
    State(bank): State<Bank>,
    customer: Customer,
    form: Result<Form<Sent>, FormRejection>,
) -> Result<Response, DbError> {
    let sent = match form {
        Ok(Form(sent)) => sent,
        Err(rejection) => {
            let message = "the form could not be read; it needs a receiver and an amount";
            let status = match rejection.status() {
                StatusCode::PAYLOAD_TOO_LARGE => StatusCode::PAYLOAD_TOO_LARGE,
                _ => StatusCode::BAD_REQUEST,
            };
            return refuse(&bank, &customer, status, message, Sent::default()).await;
        }
    };
    let made = match Order::new(&sent.to, Amount::parse(&sent.amount), &sent.note) {
        Ok(order) => bank.ledger.send(&customer.name, order).await,
        Err(refused) => Err(refused),
    };
    match made {
        Ok(_) => Ok(Redirect::to("/account?done=sent").into_response()),
        Err(Refused::Db(error)) => Err(error),
        Err(refused) => {
            refuse(&bank, &customer, refused.status(), &refused.to_string(), sent).await
        }
    }
}

/// `GET /search`
pub(super) async fn search(
    State(bank): State<Bank>,
    customer: Customer,
    search: Result<Query<Search>, QueryRejection>,
) -> Result<Response, DbError> {
    match search {
        Ok(Query(Search { q })) if q.len() <= LONGEST_QUERY => {
            let outcome = Outcome::Nothing;
            render(&bank, &customer, StatusCode::OK, outcome, Sent::default(), &q).await
        }
        _ => {
            let message = "the search could not be read; search for a name or a word";
            refuse(&bank, &customer, StatusCode::BAD_REQUEST, message, Sent::default()).await
        }
    }
}

/// The account page once more, with what was wrong.
pub(super) async fn refuse(
    bank: &Bank,
    customer: &Customer,
    status: StatusCode,
    message: &str,
    sent: Sent,
) -> Result<Response, DbError> {
    render(bank, customer, status, Outcome::Wrong(message), sent, "").await
}

async fn render(
    bank: &Bank,
    customer: &Customer,
    status: StatusCode,
    outcome: Outcome<'_>,
    sent: Sent,
    query: &str,
) -> Result<Response, DbError> {
    let account = pages::Account {
        owner: &customer.name,
        cents: bank.ledger.balance(&customer.name).await?,
        transfers: bank.ledger.transfers(&customer.name, query).await?,
        statements: statements::all(&bank.ledger, &customer.name).await?,
        outcome,
        sent,
        query,
    };
    Ok(pages::account(status, &account))
}
