//! The JSON API.

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, PathRejection};
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::LOCATION;
use serde::Deserialize;
use serde_json::json;

use super::Bank;
use super::customer::ApiCustomer;
use super::ledger::{Order, Refused};
use super::money::Amount;

/// A transfer as a program asks for it, over HTTP or over the live connection.
#[derive(Debug, Deserialize)]
pub(super) struct Wanted {
    to: String,
    cents: i64,
    #[serde(default)]
    note: String,
}

impl Wanted {
    /// As an order.
    ///
    /// # Errors
    /// When it cannot be one.
    pub(super) fn order(&self) -> Result<Order, Refused> {
        Order::new(&self.to, Amount::from_cents(self.cents), &self.note)
    }
}

/// `GET /api/accounts`
pub(super) async fn accounts(
    State(bank): State<Bank>,
    ApiCustomer(customer): ApiCustomer,
) -> Result<Response, Refused> {
    let cents = bank.ledger.balance(&customer.name).await?;
    Ok(Json(json!([{ "owner": customer.name, "cents": cents }])).into_response())
}

/// `GET /api/transfers`
pub(super) async fn list(
    State(bank): State<Bank>,
    ApiCustomer(customer): ApiCustomer,
) -> Result<Response, Refused> {
    Ok(Json(bank.ledger.transfers(&customer.name, "").await?).into_response())
}

/// `POST /api/transfers`. Whatever calls itself anything and is JSON will do, as in many a real service:
/// that is what lets a page elsewhere send it as `text/plain`, without a preflight.
pub(super) async fn create(
    State(bank): State<Bank>,
    ApiCustomer(customer): ApiCustomer,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Refused> {
    let body = match body {
        Ok(body) => body,
        Err(rejection) => return Ok(failure(rejection.status(), "the body is too long")),
    };
    let wanted = match serde_json::from_slice::<Wanted>(&body) {
        Ok(wanted) => wanted,
        Err(error) => return Ok(failure(StatusCode::BAD_REQUEST, &unreadable(&error))),
    };
    let made = bank.ledger.send(&customer.name, wanted.order()?).await?;
    let location = format!("/api/transfers/{}", made.id);
    Ok((StatusCode::CREATED, [(LOCATION, location)], Json(made)).into_response())
}

/// `DELETE /api/transfers/{id}`
pub(super) async fn take_back(
    State(bank): State<Bank>,
    ApiCustomer(customer): ApiCustomer,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, Refused> {
    let Ok(Path(id)) = id else { return Err(Refused::NotFound) };
    bank.ledger.take_back(&customer.name, &id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// What a body that is no transfer is answered with.
pub(super) fn unreadable(error: &serde_json::Error) -> String {
    format!(
        "that is no transfer: {error}; send {{\"to\": \"bob\", \"cents\": 500, \"note\": \"..\"}}"
    )
}

/// An error, as JSON.
pub(super) fn failure(status: StatusCode, message: &str) -> Response {
    (status, Json(json!({ "error": message }))).into_response()
}

impl Refused {
    /// The status that says what kind of refusal it is.
    #[must_use]
    pub(super) const fn status(&self) -> StatusCode {
        match self {
            Self::NoAccount(_) | Self::OwnAccount | Self::Amount | Self::Note | Self::Funds(_) => {
                StatusCode::BAD_REQUEST
            }
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Spent(_) => StatusCode::CONFLICT,
            Self::Db(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        match self {
            Self::Db(error) => error.into_response(),
            refused => failure(refused.status(), &refused.to_string()),
        }
    }
}
