//! Sessions, kept in the database.
//!
//! Whoever reads the file learns no session: it holds SHA-256 hashes of ids only. An id is 128 random
//! bits, so there is nothing to guess and a slow or keyed hash would add nothing.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use countersign::Timestamp;
use countersign_tower::Clock;
use rusqlite::{Connection, OptionalExtension, params};
use sha2::{Digest, Sha256};

use crate::db::{Db, DbError, random_id};
use crate::service::Service;

/// How many sessions a service keeps. Anybody can make one by asking for a page. Beyond this the ones idle
/// longest go, those that nobody is logged in to first: a flood of anonymous requests logs nobody out.
const CAPACITY: usize = 100_000;

/// How long a session lives.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Without a request.
    pub(crate) idle: Duration,
    /// In all.
    pub(crate) absolute: Duration,
}

/// The sessions of one service.
#[derive(Clone)]
pub(crate) struct Sessions {
    db: Db,
    service: Service,
    limits: Limits,
    capacity: usize,
    clock: Arc<dyn Clock>,
}

/// A live session.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Session {
    id: String,
    user: Option<String>,
}

impl Session {
    /// The id, as in the cookie. A secret: not for logs.
    #[must_use]
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// Who is logged in; nobody in a pre-session.
    #[must_use]
    pub(crate) fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }
}

impl Sessions {
    /// The sessions of `service`.
    #[must_use]
    pub(crate) fn new(db: Db, service: Service, limits: Limits, clock: Arc<dyn Clock>) -> Self {
        Self { db, service, limits, capacity: CAPACITY, clock }
    }

    /// Begins a session for `user`, or an anonymous one.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) async fn create(&self, user: Option<&str>) -> Result<Session, DbError> {
        self.replace(None, user).await
    }

    /// The session with this id, if it lives; counts as use.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) async fn resume(&self, id: &str) -> Result<Option<Session>, DbError> {
        let (hash, age) = (hash(id), self.age());
        let service = self.service.name();
        let user = self
            .db
            .call(move |db| {
                let mut found = db.prepare_cached(
                    "SELECT user, seen FROM sessions WHERE service = ?1 AND id_hash = ?2
                     AND seen > ?3 AND created > ?4",
                )?;
                let key = params![service, hash, age.seen_after, age.created_after];
                let row = found.query_row(key, |row| Ok((row.get(0)?, row.get::<_, i64>(1)?)));
                let Some((user, seen)) = row.optional()? else { return Ok(None) };
                if seen < age.now {
                    db.execute(
                        "UPDATE sessions SET seen = ?3 WHERE service = ?1 AND id_hash = ?2",
                        params![service, hash, age.now],
                    )?;
                }
                Ok(Some(user))
            })
            .await?;
        Ok(user.map(|user| Session { id: id.to_owned(), user }))
    }

    /// Begins a session for `user` and ends `old` in the same step: at login the id must change, so
    /// that one planted before the login is worth nothing after it.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) async fn renew(
        &self,
        old: &Session,
        user: Option<&str>,
    ) -> Result<Session, DbError> {
        self.replace(Some(hash(old.id())), user).await
    }

    /// Ends the session with this id; nothing happens when there is none.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) async fn end(&self, id: &str) -> Result<(), DbError> {
        let (service, hash) = (self.service.name(), hash(id));
        self.db.call(move |db| remove(db, service, &hash)).await
    }

    async fn replace(&self, old: Option<Hash>, user: Option<&str>) -> Result<Session, DbError> {
        let session = Session { id: random_id()?, user: user.map(str::to_owned) };
        let (service, capacity, age) = (self.service.name(), self.capacity, self.age());
        let (hash, user) = (hash(session.id()), session.user.clone());
        self.db
            .call(move |db| {
                let transaction = db.transaction()?;
                if let Some(old) = old {
                    remove(&transaction, service, &old)?;
                }
                purge(&transaction, service, age)?;
                make_room(&transaction, service, capacity)?;
                transaction.execute(
                    "INSERT INTO sessions (service, id_hash, user, created, seen)
                     VALUES (?1, ?2, ?3, ?4, ?4)",
                    params![service, hash, user, age.now],
                )?;
                Ok(transaction.commit()?)
            })
            .await?;
        Ok(session)
    }

    /// The limits as points in time.
    fn age(&self) -> Age {
        let now = self.clock.now();
        let before =
            |span: Duration| seconds(now) - i64::try_from(span.as_secs()).unwrap_or(i64::MAX);
        Age {
            now: seconds(now),
            seen_after: before(self.limits.idle),
            created_after: before(self.limits.absolute),
        }
    }
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sessions").field("service", &self.service).finish_non_exhaustive()
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("user", &self.user).finish_non_exhaustive()
    }
}

type Hash = [u8; 32];

/// A session lives while both its points in time are later than these.
#[derive(Clone, Copy)]
struct Age {
    now: i64,
    seen_after: i64,
    created_after: i64,
}

fn hash(id: &str) -> Hash {
    Sha256::digest(id.as_bytes()).into()
}

fn seconds(time: Timestamp) -> i64 {
    i64::try_from(time.as_secs()).unwrap_or(i64::MAX)
}

fn remove(db: &Connection, service: &str, hash: &Hash) -> Result<(), DbError> {
    db.execute("DELETE FROM sessions WHERE service = ?1 AND id_hash = ?2", params![service, hash])?;
    Ok(())
}

fn purge(db: &Connection, service: &str, age: Age) -> Result<(), DbError> {
    db.execute(
        "DELETE FROM sessions WHERE service = ?1 AND (seen <= ?2 OR created <= ?3)",
        params![service, age.seen_after, age.created_after],
    )?;
    Ok(())
}

fn count(db: &Connection, service: &str) -> Result<usize, DbError> {
    let sql = "SELECT count(*) FROM sessions WHERE service = ?1";
    let rows: i64 = db.query_row(sql, [service], |row| row.get(0))?;
    Ok(usize::try_from(rows).unwrap_or(0))
}

/// Makes room for one more. A hundredth at a time, so that a full table is sorted now and then and not
/// at every request.
fn make_room(db: &Connection, service: &str, capacity: usize) -> Result<(), DbError> {
    let held = count(db, service)?;
    if held < capacity {
        return Ok(());
    }
    let surplus = held - capacity + 1;
    let drop = i64::try_from(surplus.max(capacity / 100)).unwrap_or(i64::MAX);
    db.execute(
        "DELETE FROM sessions WHERE rowid IN (
             SELECT rowid FROM sessions WHERE service = ?1
             ORDER BY user IS NOT NULL, seen LIMIT ?2)",
        params![service, drop],
    )?;
    Ok(())
}

#[cfg(test)]
mod tests;
