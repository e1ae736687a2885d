//! `/tao/items`: the test items of the demonstration.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Tao, reply};
use crate::db::{Db, DbError, random_id};

/// The items of the service.
pub(super) const TABLE: &str =
    "CREATE TABLE IF NOT EXISTS tao_items (id TEXT PRIMARY KEY, label TEXT NOT NULL)";

/// Nobody logs in here, so there is an end to what can be stored.
const MOST: usize = 1000;

/// The longest label, in bytes.
const LONGEST: usize = 200;

/// An item. Its URI is where it can be deleted.
#[derive(Debug, Serialize)]
pub(super) struct Item {
    pub(super) uri: String,
    pub(super) label: String,
}

/// What [`create`] takes.
#[derive(Deserialize)]
pub(super) struct NewItem {
    label: String,
}

/// Why there is no new item.
#[derive(Debug)]
pub(super) enum AddError {
    /// The label is empty or too long.
    Label,
    /// There are too many.
    Full,
    /// The database failed.
    Db(DbError),
}

/// Every item.
pub(super) async fn list(State(tao): State<Tao>) -> Result<Response, DbError> {
    Ok(reply::success(serde_json::to_value(all(&tao.db).await?)?))
}

/// Adds an item.
pub(super) async fn create(
    State(tao): State<Tao>,
    body: Result<Json<NewItem>, JsonRejection>,
) -> Result<Response, DbError> {
    let label = match body {
        Ok(Json(NewItem { label })) => label,
        Err(rejection) => {
            return Ok(reply::bad_request(rejection.status(), &rejection.body_text()));
        }
    };
    match add(&tao.db, &label).await {
        Ok(item) => Ok(reply::success(serde_json::to_value(item)?)),
        Err(AddError::Db(error)) => Err(error),
        Err(error) => Ok(reply::bad_request(StatusCode::BAD_REQUEST, &error.to_string())),
    }
}

/// Removes an item.
pub(super) async fn remove(
    State(tao): State<Tao>,
    Path(id): Path<String>,
) -> Result<Response, DbError> {
    let gone =
        tao.db.call(move |db| Ok(db.execute("DELETE FROM tao_items WHERE id = ?1", [id])?)).await?;
    Ok(if gone > 0 {
        StatusCode::NO_CONTENT.into_response()
    } else {
        reply::failure(
            StatusCode::NOT_FOUND,
            &json!({ "type": "NotFound" }),
            "there is no such item",
        )
    })
}

/// Fails, as an application may. The ticket is spent all the same, and a fresh one comes along.
pub(super) async fn fail() -> Response {
    let exception = json!({ "type": "Exception", "code": 0 });
    reply::failure(StatusCode::OK, &exception, "Something went wrong")
}

/// Every item, by label.
pub(super) async fn all(db: &Db) -> Result<Vec<Item>, DbError> {
    db.call(|db| {
        let mut items = db.prepare_cached("SELECT id, label FROM tao_items ORDER BY label, id")?;
        let rows = items.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        rows.map(|row| Ok(row.map(|(id, label): (String, _)| item(&id, label))?)).collect()
    })
    .await
}

/// Adds an item with this label.
pub(super) async fn add(db: &Db, label: &str) -> Result<Item, AddError> {
    let label = label.trim().to_owned();
    if label.is_empty() || label.len() > LONGEST || label.chars().any(char::is_control) {
        return Err(AddError::Label);
    }
    let added = db.call(move |db| {
        let transaction = db.transaction()?;
        let held: i64 =
            transaction.query_row("SELECT count(*) FROM tao_items", [], |row| row.get(0))?;
        if usize::try_from(held).is_ok_and(|held| held >= MOST) {
            return Ok(None);
        }
        let id = insert(&transaction, &label)?;
        transaction.commit()?;
        Ok(Some(item(&id, label)))
    });
    added.await.map_err(AddError::Db)?.ok_or(AddError::Full)
}

/// Writes an item, and returns its id.
pub(super) fn insert(db: &Connection, label: &str) -> Result<String, DbError> {
    let id = random_id()?;
    db.execute("INSERT INTO tao_items (id, label) VALUES (?1, ?2)", params![id, label])?;
    Ok(id)
}

fn item(id: &str, label: String) -> Item {
    Item { uri: format!("/tao/items/{id}"), label }
}

impl std::fmt::Display for AddError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Label => {
                write!(f, "the label is empty, over {LONGEST} bytes long, or not on one line")
            }
            Self::Full => write!(f, "there are {MOST} items already; delete one first"),
            Self::Db(error) => error.fmt(f),
        }
    }
}
