//! The tables that all services share.

use std::time::Duration;

use rusqlite::Connection;

use super::DbError;

const SHARED: &str = "
CREATE TABLE IF NOT EXISTS seeded (
    service TEXT PRIMARY KEY
);
CREATE TABLE IF NOT EXISTS users (
    id         TEXT PRIMARY KEY,
    service    TEXT NOT NULL,
    name       TEXT NOT NULL,
    password   TEXT NOT NULL,
    first_name TEXT NOT NULL,
    last_name  TEXT NOT NULL,
    enabled    INTEGER NOT NULL DEFAULT 1,
    details    TEXT NOT NULL DEFAULT '{}',
    UNIQUE (service, name)
);
CREATE TABLE IF NOT EXISTS user_roles (
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role    TEXT NOT NULL,
    PRIMARY KEY (user_id, role)
);
CREATE TABLE IF NOT EXISTS role_permissions (
    service    TEXT NOT NULL,
    role       TEXT NOT NULL,
    permission TEXT NOT NULL,
    PRIMARY KEY (service, role, permission)
);
CREATE TABLE IF NOT EXISTS devices (
    id           TEXT PRIMARY KEY,
    user_id      TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    phone_number TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS settings (
    service TEXT NOT NULL,
    name    TEXT NOT NULL,
    value   TEXT NOT NULL,
    PRIMARY KEY (service, name)
);
CREATE TABLE IF NOT EXISTS sessions (
    service TEXT NOT NULL,
    id_hash BLOB NOT NULL,
    user    TEXT,
    created INTEGER NOT NULL,
    seen    INTEGER NOT NULL,
    PRIMARY KEY (service, id_hash)
);
CREATE INDEX IF NOT EXISTS sessions_by_seen ON sessions (service, seen);
";

/// Sets the connection up and makes the tables that are missing.
pub(super) fn prepare(connection: &Connection) -> Result<(), DbError> {
    // Two playgrounds on one folder wait for each other instead of failing at once.
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.execute_batch(SHARED)?;
    Ok(())
}
