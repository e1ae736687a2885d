//! A resource to read and to change: telephones.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{FromRequestParts, Path, State};
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use rusqlite::{Connection, OptionalExtension, Row};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Voss;
use super::reply::{ApiError, read_json};
use crate::auth::Visitor;
use crate::db::{DbError, random_id};

/// More are not kept.
const CAPACITY: i64 = 1_000;

/// Longer texts are refused.
const MAX_TEXT: usize = 128;

/// Somebody is logged in.
pub(super) struct LoggedIn;

/// A telephone.
#[derive(Debug, Serialize)]
pub(super) struct Phone {
    pkid: String,
    name: String,
    description: String,
}

/// What a client may set. An absent field keeps its value where there is one.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    name: Option<String>,
    description: Option<String>,
}

/// `GET /api/data/Phone/`
pub(super) async fn list(State(state): State<Voss>, _: LoggedIn) -> Result<Json<Value>, ApiError> {
    let phones = state
        .db
        .call(|db| {
            let mut statement =
                db.prepare("SELECT pkid, name, description FROM voss_phones ORDER BY name")?;
            let rows = statement.query_map([], Phone::read)?;
            Ok(rows.collect::<Result<Vec<_>, _>>()?)
        })
        .await?;
    Ok(Json(json!({ "pagination": { "total": phones.len() }, "resources": phones })))
}

/// `POST /api/data/Phone/`
pub(super) async fn create(
    State(state): State<Voss>,
    _: LoggedIn,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, ApiError> {
    let change = Change::read(&headers, &body)?;
    let name = change.name.ok_or_else(|| ApiError::Invalid("`name` is missing".to_owned()))?;
    let phone =
        Phone { pkid: random_id()?, name, description: change.description.unwrap_or_default() };
    let phone = state
        .db
        .call(move |db| {
            let transaction = db.transaction()?;
            let held: i64 =
                transaction.query_row("SELECT count(*) FROM voss_phones", [], |row| row.get(0))?;
            if held >= CAPACITY {
                return Ok(Err(format!("there are {CAPACITY} phones; delete some first")));
            }
            if !phone.store(&transaction)? {
                return Ok(Err(phone.taken()));
            }
            transaction.commit()?;
            Ok(Ok(phone))
        })
        .await?
        .map_err(ApiError::Conflict)?;
    Ok((StatusCode::CREATED, Json(phone)).into_response())
}

/// `GET /api/data/Phone/{pkid}/`
pub(super) async fn show(
    State(state): State<Voss>,
    _: LoggedIn,
    Path(pkid): Path<String>,
) -> Result<Json<Phone>, ApiError> {
    let wanted = pkid.clone();
    let phone = state.db.call(move |db| Phone::find(db, &wanted)).await?;
    phone.map(Json).ok_or_else(|| no_phone(&pkid))
}

/// `PUT /api/data/Phone/{pkid}/`: everything anew.
pub(super) async fn replace(
    state: State<Voss>,
    _: LoggedIn,
    pkid: Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Phone>, ApiError> {
    let change = Change::read(&headers, &body)?;
    if change.name.is_none() {
        return Err(ApiError::Invalid("`name` is missing; use PATCH to change a part".to_owned()));
    }
    let description = Some(change.description.unwrap_or_default());
    apply(state, pkid, Change { description, ..change }).await
}

/// `PATCH /api/data/Phone/{pkid}/`: what is given.
pub(super) async fn change(
    state: State<Voss>,
    _: LoggedIn,
    pkid: Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Phone>, ApiError> {
    apply(state, pkid, Change::read(&headers, &body)?).await
}

/// `DELETE /api/data/Phone/{pkid}/`
pub(super) async fn remove(
    State(state): State<Voss>,
    _: LoggedIn,
    Path(pkid): Path<String>,
) -> Result<StatusCode, ApiError> {
    let wanted = pkid.clone();
    let gone = state
        .db
        .call(move |db| Ok(db.execute("DELETE FROM voss_phones WHERE pkid = ?1", [wanted])?))
        .await?;
    if gone > 0 { Ok(StatusCode::NO_CONTENT) } else { Err(no_phone(&pkid)) }
}

async fn apply(
    State(state): State<Voss>,
    Path(pkid): Path<String>,
    change: Change,
) -> Result<Json<Phone>, ApiError> {
    let wanted = pkid.clone();
    let changed = state
        .db
        .call(move |db| {
            let transaction = db.transaction()?;
            let Some(mut phone) = Phone::find(&transaction, &wanted)? else { return Ok(None) };
            phone.name = change.name.unwrap_or(phone.name);
            phone.description = change.description.unwrap_or(phone.description);
            if !phone.store(&transaction)? {
                return Ok(Some(Err(phone.taken())));
            }
            transaction.commit()?;
            Ok(Some(Ok(phone)))
        })
        .await?;
    changed.ok_or_else(|| no_phone(&pkid))?.map(Json).map_err(ApiError::Conflict)
}

impl Phone {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self { pkid: row.get(0)?, name: row.get(1)?, description: row.get(2)? })
    }

    fn find(db: &Connection, pkid: &str) -> Result<Option<Self>, DbError> {
        let sql = "SELECT pkid, name, description FROM voss_phones WHERE pkid = ?1";
        Ok(db.query_row(sql, [pkid], Self::read).optional()?)
    }

    /// Adds it, or changes the one with its key; false when another one has the name.
    fn store(&self, db: &Connection) -> Result<bool, DbError> {
        let sql = "SELECT 1 FROM voss_phones WHERE name = ?1 AND pkid <> ?2";
        if db.query_row(sql, [&self.name, &self.pkid], |_| Ok(())).optional()?.is_some() {
            return Ok(false);
        }
        db.execute(
            "INSERT OR REPLACE INTO voss_phones (pkid, name, description) VALUES (?1, ?2, ?3)",
            [&self.pkid, &self.name, &self.description],
        )?;
        Ok(true)
    }

    fn taken(&self) -> String {
        format!("there is a phone `{}` already; choose another name", self.name)
    }
}

impl Change {
    fn read(headers: &HeaderMap, body: &[u8]) -> Result<Self, ApiError> {
        let change: Self = read_json(headers, body)?;
        let texts = [("name", &change.name), ("description", &change.description)];
        for (field, text) in texts {
            if text.as_ref().is_some_and(|text| text.len() > MAX_TEXT) {
                let detail = format!("`{field}` is too long; give {MAX_TEXT} bytes at most");
                return Err(ApiError::Invalid(detail));
            }
        }
        if change.name.as_deref() == Some("") {
            return Err(ApiError::Invalid("`name` is empty; give a name".to_owned()));
        }
        Ok(change)
    }
}

impl<S: Sync> FromRequestParts<S> for LoggedIn {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let visitor = parts.extensions.get::<Visitor>();
        let user = visitor.and_then(|visitor| visitor.user.as_ref());
        user.map(|_| Self).ok_or(ApiError::NotAuthenticated)
    }
}

fn no_phone(pkid: &str) -> ApiError {
    ApiError::NotFound(format!("there is no phone `{pkid}`; /api/data/Phone/ lists them"))
}
