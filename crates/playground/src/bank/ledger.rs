//! Accounts and transfers. Money is moved, never made: the sum of all accounts stays what it was.

use std::fmt;
use std::sync::Arc;

use countersign_tower::Clock;
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::Serialize;
use tokio::sync::broadcast;

use super::money::{Amount, Euros};
use crate::db::{Db, DbError, random_id};

/// Accounts, transfers and filed statements.
pub(super) const TABLES: &str = "
CREATE TABLE IF NOT EXISTS bank_accounts (
    owner TEXT PRIMARY KEY,
    cents INTEGER NOT NULL CHECK (cents >= 0)
);
CREATE TABLE IF NOT EXISTS bank_transfers (
    id       TEXT PRIMARY KEY,
    sender   TEXT NOT NULL,
    receiver TEXT NOT NULL,
    cents    INTEGER NOT NULL CHECK (cents > 0),
    note     TEXT NOT NULL,
    at       INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS bank_statements (
    id    TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    note  TEXT NOT NULL,
    file  TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    at    INTEGER NOT NULL
);";

/// The longest note, in characters.
pub(super) const LONGEST_NOTE: usize = 140;

/// Older transfers are forgotten; the money stays where it is.
const KEPT: i64 = 1000;

/// Changes that a slow listener may be behind before it is told the balance instead.
const BACKLOG: usize = 64;

/// The accounts, and word of every change.
#[derive(Clone)]
pub(super) struct Ledger {
    db: Db,
    clock: Arc<dyn Clock>,
    changes: broadcast::Sender<Change>,
}

/// What a customer wants sent.
#[derive(Clone, Debug)]
pub(super) struct Order {
    to: String,
    amount: Amount,
    note: String,
}

/// A transfer that was made.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Transfer {
    pub(super) id: String,
    pub(super) from: String,
    pub(super) to: String,
    pub(super) cents: i64,
    pub(super) note: String,
    /// In UTC.
    pub(super) at: String,
}

/// Money has moved.
#[derive(Clone, Debug)]
pub(super) struct Change {
    pub(super) transfer: Transfer,
    /// Whether it went back to its sender.
    pub(super) taken_back: bool,
    sender_cents: i64,
    receiver_cents: i64,
}

/// Why no money moved.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refused {
    #[error("`{0}` has no account here; send to another customer, such as `bob`")]
    NoAccount(String),
    #[error("that is your own account; send to another customer")]
    OwnAccount,
    #[error("the amount must be from 0.01 to 1000000.00, such as `12.50`")]
    Amount,
    #[error("the note must be one line of at most {LONGEST_NOTE} characters")]
    Note,
    #[error("there is not enough money in the account; send at most {}", Euros(*.0))]
    Funds(i64),
    #[error("you have made no such transfer; it may have been taken back already")]
    NotFound,
    #[error("`{0}` has spent the money already; ask for it back")]
    Spent(String),
    #[error(transparent)]
    Db(#[from] DbError),
}

impl Order {
    /// An order to send `amount` to `to`.
    ///
    /// # Errors
    /// When there is no amount, or the note is too long or not on one line.
    pub(super) fn new(to: &str, amount: Option<Amount>, note: &str) -> Result<Self, Refused> {
        let amount = amount.ok_or(Refused::Amount)?;
        let note = one_line(note).ok_or(Refused::Note)?;
        Ok(Self { to: to.trim().to_owned(), amount, note })
    }
}

impl Change {
    /// What `owner` has after it; nothing where it is not about them.
    #[must_use]
    pub(super) fn balance_of(&self, owner: &str) -> Option<i64> {
        if self.transfer.from == owner {
            Some(self.sender_cents)
        } else if self.transfer.to == owner {
            Some(self.receiver_cents)
        } else {
            None
        }
    }
}

impl Ledger {
    /// The accounts in `db`.
    #[must_use]
    pub(super) fn new(db: Db, clock: Arc<dyn Clock>) -> Self {
        Self { db, clock, changes: broadcast::Sender::new(BACKLOG) }
    }

    /// The database, for what else belongs to an account.
    #[must_use]
    pub(super) const fn db(&self) -> &Db {
        &self.db
    }

    /// Seconds since the epoch.
    #[must_use]
    pub(super) fn now(&self) -> i64 {
        i64::try_from(self.clock.now().as_secs()).unwrap_or(i64::MAX)
    }

    /// Every change from now on.
    #[must_use]
    pub(super) fn subscribe(&self) -> broadcast::Receiver<Change> {
        self.changes.subscribe()
    }

    /// What `owner` has.
    ///
    /// # Errors
    /// When the database fails.
    pub(super) async fn balance(&self, owner: &str) -> Result<i64, DbError> {
        let owner = owner.to_owned();
        self.db.call(move |db| balance(db, &owner)).await
    }

    /// The transfers that `owner` sent or received, the newest first. With a `query` only those whose
    /// names or note hold it.
    ///
    /// # Errors
    /// When the database fails.
    pub(super) async fn transfers(
        &self,
        owner: &str,
        query: &str,
    ) -> Result<Vec<Transfer>, DbError> {
        let (owner, query) = (owner.to_owned(), query.to_owned());
        self.db
            .call(move |db| {
                let mut found = db.prepare_cached(
                    "SELECT id, sender, receiver, cents, note,
                            strftime('%Y-%m-%d %H:%M', at, 'unixepoch')
                     FROM bank_transfers WHERE (sender = ?1 OR receiver = ?1)
                       AND instr(lower(sender || ' ' || receiver || ' ' || note), lower(?2)) > 0
                     ORDER BY rowid DESC LIMIT 50",
                )?;
                let rows = found.query_map(params![owner, query], transfer_of)?;
                Ok(rows.collect::<Result<_, _>>()?)
            })
            .await
    }

    /// Sends money.
    ///
    /// # Errors
    /// When it cannot be sent, or the database fails; then none has moved.
    pub(super) async fn send(&self, from: &str, order: Order) -> Result<Transfer, Refused> {
        if order.to == from {
            return Err(Refused::OwnAccount);
        }
        let (from, at, changes) = (from.to_owned(), self.now(), self.changes.clone());
        self.settle(move |db| {
            let Order { to, amount, note } = order;
            let transaction = db.transaction().map_err(DbError::from)?;
            if !take(&transaction, &from, amount.cents())? {
                return Err(Refused::Funds(balance(&transaction, &from)?));
            }
            if !give(&transaction, &to, amount.cents())? {
                return Err(Refused::NoAccount(to));
            }
            let transfer = record(&transaction, (&from, &to), amount, &note, at)?;
            let change = change(&transaction, transfer.clone(), false)?;
            transaction.commit().map_err(DbError::from)?;
            // Told from the database's own thread, so that changes are heard in their order. Nobody
            // may be listening.
            let _ = changes.send(change);
            Ok(transfer)
        })
        .await
    }

    /// Takes a transfer back that `sender` made, as long as its receiver still has the money.
    ///
    /// # Errors
    /// When it cannot be taken back, or the database fails; then no money has moved.
    pub(super) async fn take_back(&self, sender: &str, id: &str) -> Result<(), Refused> {
        let (sender, id, changes) = (sender.to_owned(), id.to_owned(), self.changes.clone());
        self.settle(move |db| {
            let transaction = db.transaction().map_err(DbError::from)?;
            let made = made_by(&transaction, &sender, &id)?.ok_or(Refused::NotFound)?;
            if !take(&transaction, &made.to, made.cents)? {
                return Err(Refused::Spent(made.to));
            }
            give(&transaction, &sender, made.cents)?;
            transaction
                .execute("DELETE FROM bank_transfers WHERE id = ?1", [id])
                .map_err(DbError::from)?;
            let change = change(&transaction, made, true)?;
            transaction.commit().map_err(DbError::from)?;
            let _ = changes.send(change);
            Ok(())
        })
        .await
    }

    /// Runs `work` on the database thread. What it has begun and not committed is undone.
    async fn settle<T, F>(&self, work: F) -> Result<T, Refused>
    where
        T: Send + 'static,
        F: FnOnce(&mut Connection) -> Result<T, Refused> + Send + 'static,
    {
        self.db.call(move |db| Ok(work(db))).await?
    }
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ledger")
    }
}

/// Opens an account with money in it: the only place where money comes from.
pub(super) fn open_account(db: &Connection, owner: &str, cents: i64) -> Result<(), DbError> {
    let sql = "INSERT INTO bank_accounts (owner, cents) VALUES (?1, ?2)";
    db.execute(sql, params![owner, cents])?;
    Ok(())
}

/// `text` without space around it, if it is one line that fits.
#[must_use]
pub(super) fn one_line(text: &str) -> Option<String> {
    let text = text.trim();
    let fits = text.chars().count() <= LONGEST_NOTE && !text.chars().any(char::is_control);
    fits.then(|| text.to_owned())
}

fn balance(db: &Connection, owner: &str) -> Result<i64, DbError> {
    let sql = "SELECT cents FROM bank_accounts WHERE owner = ?1";
    Ok(db.query_row(sql, [owner], |row| row.get(0)).optional()?.unwrap_or(0))
}

/// Whether the account had as much.
fn take(db: &Connection, owner: &str, cents: i64) -> Result<bool, DbError> {
    let sql = "UPDATE bank_accounts SET cents = cents - ?2 WHERE owner = ?1 AND cents >= ?2";
    Ok(db.execute(sql, params![owner, cents])? == 1)
}

/// Whether there is such an account.
fn give(db: &Connection, owner: &str, cents: i64) -> Result<bool, DbError> {
    let sql = "UPDATE bank_accounts SET cents = cents + ?2 WHERE owner = ?1";
    Ok(db.execute(sql, params![owner, cents])? == 1)
}

fn record(
    db: &Connection,
    (from, to): (&str, &str),
    amount: Amount,
    note: &str,
    at: i64,
) -> Result<Transfer, DbError> {
    let id = random_id()?;
    db.execute(
        "INSERT INTO bank_transfers (id, sender, receiver, cents, note, at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![id, from, to, amount.cents(), note, at],
    )?;
    db.execute(
        "DELETE FROM bank_transfers
         WHERE rowid <= (SELECT max(rowid) FROM bank_transfers) - ?1",
        [KEPT],
    )?;
    Ok(made_by(db, from, &id)?.ok_or(rusqlite::Error::QueryReturnedNoRows)?)
}

fn made_by(db: &Connection, sender: &str, id: &str) -> Result<Option<Transfer>, DbError> {
    let sql = "SELECT id, sender, receiver, cents, note,
                      strftime('%Y-%m-%d %H:%M', at, 'unixepoch')
               FROM bank_transfers WHERE sender = ?1 AND id = ?2";
    Ok(db.query_row(sql, [sender, id], transfer_of).optional()?)
}

fn transfer_of(row: &Row<'_>) -> rusqlite::Result<Transfer> {
    Ok(Transfer {
        id: row.get(0)?,
        from: row.get(1)?,
        to: row.get(2)?,
        cents: row.get(3)?,
        note: row.get(4)?,
        at: row.get(5)?,
    })
}

fn change(db: &Connection, transfer: Transfer, taken_back: bool) -> Result<Change, DbError> {
    let sender_cents = balance(db, &transfer.from)?;
    let receiver_cents = balance(db, &transfer.to)?;
    Ok(Change { transfer, taken_back, sender_cents, receiver_cents })
}
