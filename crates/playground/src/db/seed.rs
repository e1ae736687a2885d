//! What a service finds in the database on its first day.

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::DbError;
use super::users::{self, NewUser, User};
use crate::passwords::Passwords;
use crate::service::Service;

/// A service's own tables, and the rows that it starts with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seed {
    /// Whose they are.
    pub(crate) service: Service,
    /// `CREATE TABLE IF NOT EXISTS ..` statements; run at each start.
    pub(crate) tables: &'static str,
    /// Writes the first rows; run once in a database's life.
    pub(crate) rows: fn(&Seeder<'_>) -> Result<(), DbError>,
}

/// Writes the first rows of one service.
pub(crate) struct Seeder<'a> {
    transaction: &'a Transaction<'a>,
    passwords: &'a Passwords,
    service: Service,
}

impl Seeder<'_> {
    /// Adds a user.
    ///
    /// # Errors
    /// When the name is taken, or the database fails.
    pub(crate) fn user(&self, new: NewUser) -> Result<User, DbError> {
        let hash = self.passwords.hash(&new.password)?;
        users::insert(self.transaction, self.service, new, &hash)
    }

    /// Gives `permission` to everybody with `role`.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) fn permission(&self, role: &str, permission: &str) -> Result<(), DbError> {
        self.transaction.execute(
            "INSERT OR IGNORE INTO role_permissions (service, role, permission) VALUES (?1, ?2, ?3)",
            params![self.service.name(), role, permission],
        )?;
        Ok(())
    }

    /// For rows of the service's own tables.
    #[must_use]
    pub(crate) fn connection(&self) -> &Connection {
        self.transaction
    }
}

/// Makes each service's tables, and its first rows where it has none yet.
pub(super) fn plant(
    connection: &mut Connection,
    passwords: &Passwords,
    seeds: &[Seed],
) -> Result<(), DbError> {
    for seed in seeds {
        let transaction = connection.transaction()?;
        transaction.execute_batch(seed.tables)?;
        let name = seed.service.name();
        let known = transaction
            .query_row("SELECT 1 FROM seeded WHERE service = ?1", [name], |_| Ok(()))
            .optional()?;
        if known.is_none() {
            (seed.rows)(&Seeder { transaction: &transaction, passwords, service: seed.service })?;
            transaction.execute("INSERT INTO seeded (service) VALUES (?1)", [name])?;
        }
        transaction.commit()?;
    }
    Ok(())
}
