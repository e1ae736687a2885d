//! Filing a document: a form with a file.
//!
//! What is kept is that a file of some name and length was filed. The bytes are counted as they come and
//! let go.

use axum::extract::State;
use axum::extract::multipart::{Field, Multipart, MultipartError, MultipartRejection};
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;
use rusqlite::params;

use super::Bank;
use super::accounts::{self, Sent};
use super::customer::Customer;
use super::ledger::{Ledger, one_line};
use crate::db::{DbError, random_id};

/// The longest form, file and all.
pub(super) const LONGEST: usize = 16 * 1024 * 1024;

/// A note of [`one_line`] in UTF-8 is never longer.
const LONGEST_NOTE: usize = 1024;

/// Older ones are forgotten.
const KEPT: i64 = 50;

/// A filed document.
#[derive(Clone, Debug)]
pub(super) struct Statement {
    pub(super) note: String,
    pub(super) file: String,
    pub(super) bytes: i64,
    /// In UTC.
    pub(super) at: String,
}

/// What the form holds.
struct Filed {
    note: String,
    file: String,
    bytes: i64,
}

/// Why nothing was filed.
#[derive(Debug, thiserror::Error)]
enum Unfit {
    #[error("the form could not be read: {0}")]
    Rejected(#[from] MultipartRejection),
    #[error("the form could not be read: {}", .0.body_text())]
    Broken(#[from] MultipartError),
    #[error("there is no file in the form; choose one")]
    NoFile,
    #[error("the note and the file's name must each be one line of at most 140 characters")]
    Line,
}

impl Unfit {
    fn status(&self) -> StatusCode {
        match self {
            Self::Broken(error) if error.status() == StatusCode::PAYLOAD_TOO_LARGE => {
                StatusCode::PAYLOAD_TOO_LARGE
            }
            _ => StatusCode::BAD_REQUEST,
        }
    }
}

/// `POST /statements`
pub(super) async fn file(
    State(bank): State<Bank>,
    customer: Customer,
    form: Result<Multipart, MultipartRejection>,
) -> Result<Response, DbError> {
    match read(form).await {
        Ok(filed) => {
            keep(&bank.ledger, &customer.name, filed).await?;
            Ok(Redirect::to("/account?done=filed").into_response())
        }
        Err(unfit) => {
            let (status, message) = (unfit.status(), unfit.to_string());
            accounts::refuse(&bank, &customer, status, &message, Sent::default()).await
        }
    }
}

/// What `owner` has filed, the newest first.
pub(super) async fn all(ledger: &Ledger, owner: &str) -> Result<Vec<Statement>, DbError> {
    let owner = owner.to_owned();
    ledger
        .db()
        .call(move |db| {
            let mut found = db.prepare_cached(
                "SELECT note, file, bytes, strftime('%Y-%m-%d %H:%M', at, 'unixepoch')
                 FROM bank_statements WHERE owner = ?1 ORDER BY rowid DESC",
            )?;
            let rows = found.query_map([owner], |row| {
                Ok(Statement {
                    note: row.get(0)?,
                    file: row.get(1)?,
                    bytes: row.get(2)?,
                    at: row.get(3)?,
                })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
}

async fn read(form: Result<Multipart, MultipartRejection>) -> Result<Filed, Unfit> {
    let mut form = form?;
    let (mut note, mut found) = (String::new(), None);
    while let Some(field) = form.next_field().await? {
        match field.name() {
            Some("note") => note = text(field).await?,
            Some("file") => {
                let name = field.file_name().unwrap_or_default();
                let name = one_line(name).ok_or(Unfit::Line)?;
                found = Some((name, count(field).await?));
            }
            _ => {}
        }
    }
    // A form without a chosen file sends one without a name.
    let (file, bytes) = found.filter(|(name, _)| !name.is_empty()).ok_or(Unfit::NoFile)?;
    let note = one_line(&note).ok_or(Unfit::Line)?;
    Ok(Filed { note, file, bytes })
}

async fn text(mut field: Field<'_>) -> Result<String, Unfit> {
    let mut bytes = Vec::new();
    while let Some(chunk) = field.chunk().await? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > LONGEST_NOTE {
            return Err(Unfit::Line);
        }
    }
    String::from_utf8(bytes).map_err(|_| Unfit::Line)
}

async fn count(mut field: Field<'_>) -> Result<i64, Unfit> {
    let mut bytes = 0_i64;
    while let Some(chunk) = field.chunk().await? {
        bytes = bytes.saturating_add(i64::try_from(chunk.len()).unwrap_or(i64::MAX));
    }
    Ok(bytes)
}

async fn keep(ledger: &Ledger, owner: &str, filed: Filed) -> Result<(), DbError> {
    let (owner, at) = (owner.to_owned(), ledger.now());
    ledger
        .db()
        .call(move |db| {
            let id = random_id()?;
            db.execute(
                "INSERT INTO bank_statements (id, owner, note, file, bytes, at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                params![id, owner, filed.note, filed.file, filed.bytes, at],
            )?;
            db.execute(
                "DELETE FROM bank_statements WHERE owner = ?1 AND rowid NOT IN (
                     SELECT rowid FROM bank_statements WHERE owner = ?1
                     ORDER BY rowid DESC LIMIT ?2)",
                params![owner, KEPT],
            )?;
            Ok(())
        })
        .await
}
