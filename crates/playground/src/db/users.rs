//! The users of one service.

use std::fmt;

use data_encoding::HEXLOWER;
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde_json::{Map, Value};

use super::{Db, DbError};
use crate::passwords::Passwords;
use crate::service::Service;

const COLUMNS: &str = "id, name, first_name, last_name, enabled, details";

/// The users of one service, and how they prove who they are.
#[derive(Clone, Debug)]
pub(crate) struct Users {
    db: Db,
    passwords: Passwords,
    service: Service,
}

/// A user, without the password.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct User {
    /// Never changes; 32 hex digits.
    pub(crate) id: String,
    /// The name to log in with.
    pub(crate) name: String,
    /// First name.
    pub(crate) first_name: String,
    /// Last name.
    pub(crate) last_name: String,
    /// Roles, in alphabetical order.
    pub(crate) roles: Vec<String>,
    /// A disabled user cannot log in, and its sessions are dead.
    pub(crate) enabled: bool,
    /// What only this service knows of its users, as JSON.
    pub(crate) details: Map<String, Value>,
}

/// A user to be added. The password is clear text here and nowhere else.
#[derive(Clone, Default)]
pub(crate) struct NewUser {
    /// The name to log in with.
    pub(crate) name: String,
    /// The password.
    pub(crate) password: String,
    /// First name.
    pub(crate) first_name: String,
    /// Last name.
    pub(crate) last_name: String,
    /// Roles.
    pub(crate) roles: Vec<String>,
    /// What only this service knows of its users.
    pub(crate) details: Map<String, Value>,
}

/// Why a user was not added.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum CreateUserError {
    /// Somebody of this service has the name already.
    #[error("the user name `{0}` is taken; choose another one")]
    NameTaken(String),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
}

impl Users {
    /// The users of `service`.
    #[must_use]
    pub(crate) const fn new(db: Db, passwords: Passwords, service: Service) -> Self {
        Self { db, passwords, service }
    }

    /// The user who has this name and this password, if enabled.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) async fn authenticate(
        &self,
        name: &str,
        password: &str,
    ) -> Result<Option<User>, DbError> {
        let (service, wanted) = (self.service, name.to_owned());
        let found = self
            .db
            .call(move |db| {
                let hash = password_hash(db, service, &wanted)?;
                Ok(find(db, service, &wanted)?.zip(hash))
            })
            .await?;
        let (user, hash) = found.unzip();
        let matches = self.passwords.verify(password, hash).await?;
        Ok(user.filter(|user| matches && user.enabled))
    }

    /// The user with this name.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) async fn find(&self, name: &str) -> Result<Option<User>, DbError> {
        let (service, name) = (self.service, name.to_owned());
        self.db.call(move |db| find(db, service, &name)).await
    }

    /// The user with this id.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) async fn find_by_id(&self, id: &str) -> Result<Option<User>, DbError> {
        let (service, id) = (self.service, id.to_owned());
        self.db
            .call(move |db| {
                let sql = format!("SELECT {COLUMNS} FROM users WHERE service = ?1 AND id = ?2");
                let row = db.query_row(&sql, [service.name(), &id], UserRow::read).optional()?;
                row.map(|row| row.finish(db)).transpose()
            })
            .await
    }

    /// Everybody, by name.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) async fn all(&self) -> Result<Vec<User>, DbError> {
        let service = self.service;
        self.db
            .call(move |db| {
                let sql = format!("SELECT {COLUMNS} FROM users WHERE service = ?1 ORDER BY name");
                let mut statement = db.prepare(&sql)?;
                let rows = statement.query_map([service.name()], UserRow::read)?;
                rows.map(|row| row?.finish(db)).collect()
            })
            .await
    }

    /// Adds a user.
    ///
    /// # Errors
    /// When the name is taken, or the database fails.
    pub(crate) async fn create(&self, new: NewUser) -> Result<User, CreateUserError> {
        let hash = self.passwords.hash_in_background(&new.password).await.map_err(DbError::from)?;
        let service = self.service;
        self.db
            .call(move |db| {
                let transaction = db.transaction()?;
                if find(&transaction, service, &new.name)?.is_some() {
                    return Ok(Err(CreateUserError::NameTaken(new.name)));
                }
                let user = insert(&transaction, service, new, &hash)?;
                transaction.commit()?;
                Ok(Ok(user))
            })
            .await?
    }

    /// Writes back everything of `user` but the password; false when it is no longer there.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) async fn update(&self, user: User) -> Result<bool, DbError> {
        let service = self.service;
        self.db
            .call(move |db| {
                let transaction = db.transaction()?;
                let changed = transaction.execute(
                    "UPDATE users SET name = ?3, first_name = ?4, last_name = ?5, enabled = ?6,
                     details = ?7 WHERE service = ?1 AND id = ?2",
                    params![
                        service.name(),
                        user.id,
                        user.name,
                        user.first_name,
                        user.last_name,
                        user.enabled,
                        serde_json::to_string(&user.details)?,
                    ],
                )?;
                if changed > 0 {
                    transaction.execute("DELETE FROM user_roles WHERE user_id = ?1", [&user.id])?;
                    insert_roles(&transaction, &user.id, &user.roles)?;
                }
                transaction.commit()?;
                Ok(changed > 0)
            })
            .await
    }

    /// Removes a user with all its sessions and devices; false when there is no such user.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) async fn remove(&self, name: &str) -> Result<bool, DbError> {
        let (service, name) = (self.service, name.to_owned());
        self.db
            .call(move |db| {
                let transaction = db.transaction()?;
                let who = [service.name(), &name];
                transaction
                    .execute("DELETE FROM sessions WHERE service = ?1 AND user = ?2", who)?;
                let gone = transaction
                    .execute("DELETE FROM users WHERE service = ?1 AND name = ?2", who)?;
                transaction.commit()?;
                Ok(gone > 0)
            })
            .await
    }

    /// What the user's roles allow, in alphabetical order.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) async fn permissions(&self, user: &User) -> Result<Vec<String>, DbError> {
        let (service, id) = (self.service, user.id.clone());
        self.db
            .call(move |db| {
                let mut statement = db.prepare_cached(
                    "SELECT DISTINCT permission FROM role_permissions
                     JOIN user_roles USING (role)
                     WHERE service = ?1 AND user_id = ?2 ORDER BY permission",
                )?;
                let rows = statement.query_map([service.name(), &id], |row| row.get(0))?;
                Ok(rows.collect::<Result<_, _>>()?)
            })
            .await
    }
}

impl fmt::Debug for NewUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewUser").field("name", &self.name).finish_non_exhaustive()
    }
}

pub(super) fn insert(
    db: &Connection,
    service: Service,
    new: NewUser,
    password_hash: &str,
) -> Result<User, DbError> {
    let id = random_id()?;
    db.execute(
        "INSERT INTO users (id, service, name, password, first_name, last_name, details)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![
            id,
            service.name(),
            new.name,
            password_hash,
            new.first_name,
            new.last_name,
            serde_json::to_string(&new.details)?,
        ],
    )?;
    insert_roles(db, &id, &new.roles)?;
    let mut roles = new.roles;
    roles.sort();
    roles.dedup();
    Ok(User {
        id,
        name: new.name,
        first_name: new.first_name,
        last_name: new.last_name,
        roles,
        enabled: true,
        details: new.details,
    })
}

/// An id that nobody can guess: 32 hex digits.
pub(crate) fn random_id() -> Result<String, DbError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)?;
    Ok(HEXLOWER.encode(&bytes))
}

fn insert_roles(db: &Connection, user_id: &str, roles: &[String]) -> Result<(), DbError> {
    for role in roles {
        db.execute(
            "INSERT OR IGNORE INTO user_roles (user_id, role) VALUES (?1, ?2)",
            [user_id, role],
        )?;
    }
    Ok(())
}

fn find(db: &Connection, service: Service, name: &str) -> Result<Option<User>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM users WHERE service = ?1 AND name = ?2");
    let mut statement = db.prepare_cached(&sql)?;
    let row = statement.query_row([service.name(), name], UserRow::read).optional()?;
    row.map(|row| row.finish(db)).transpose()
}

fn password_hash(db: &Connection, service: Service, name: &str) -> Result<Option<String>, DbError> {
    let mut statement =
        db.prepare_cached("SELECT password FROM users WHERE service = ?1 AND name = ?2")?;
    Ok(statement.query_row([service.name(), name], |row| row.get(0)).optional()?)
}

/// A row of `users`, before its roles are fetched and its details are read as JSON.
struct UserRow {
    user: User,
    details: String,
}

impl UserRow {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let user = User {
            id: row.get(0)?,
            name: row.get(1)?,
            first_name: row.get(2)?,
            last_name: row.get(3)?,
            roles: Vec::new(),
            enabled: row.get(4)?,
            details: Map::new(),
        };
        Ok(Self { user, details: row.get(5)? })
    }

    fn finish(self, db: &Connection) -> Result<User, DbError> {
        let mut statement =
            db.prepare_cached("SELECT role FROM user_roles WHERE user_id = ?1 ORDER BY role")?;
        let roles = statement.query_map([&self.user.id], |row| row.get(0))?;
        let roles = roles.collect::<Result<_, _>>()?;
        Ok(User { roles, details: serde_json::from_str(&self.details)?, ..self.user })
    }
}
