//! Settings that outlive a restart, in the shared database.

use rusqlite::{OptionalExtension, params};

use crate::db::{Db, DbError};
use crate::service::Service;

/// The JSON kept under `name`, if any was kept.
pub(super) async fn load(db: &Db, name: &'static str) -> Result<Option<String>, DbError> {
    db.call(move |db| {
        let sql = "SELECT value FROM settings WHERE service = ?1 AND name = ?2";
        Ok(db.query_row(sql, [Service::Vmanage.name(), name], |row| row.get(0)).optional()?)
    })
    .await
}

/// Keeps `json` under `name`.
pub(super) async fn keep(db: &Db, name: &'static str, json: String) -> Result<(), DbError> {
    db.call(move |db| {
        db.execute(
            "INSERT OR REPLACE INTO settings (service, name, value) VALUES (?1, ?2, ?3)",
            params![Service::Vmanage.name(), name, json],
        )?;
        Ok(())
    })
    .await
}
