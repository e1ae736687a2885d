//! A store in this process's memory, with hard bounds.
//!
//! When it is full, the record that would expire first is dropped. Dropping can only ever refuse:
//! the tickets of a dropped record are unknown, and serial numbers that it gave out are never
//! given out again, because each shard begins new records above the highest number it has dropped.
//!
//! A session with tickets nearly always takes 25 bytes of a hash table, at most 58 with the table's
//! slack.

mod shard;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use countersign::{Incarnation, SessionKey, Spent, StoredToken, Ticket, Timestamp, Token};

use crate::{Reserved, SpendAnswer, Store, Unavailable};
use shard::Shard;

/// Enough that two cores seldom meet, few enough that a bound divided by it is still useful.
const SHARDS: usize = 16;

/// How much a [`MemoryStore`] may hold.
#[derive(Clone, Copy, Debug)]
pub struct MemoryLimits {
    /// Sessions; one that has both tickets and a stored token counts as two.
    pub sessions: usize,
    /// Bytes of records, as this store counts them; the hash table's own slack comes on top, at
    /// most one and a third times as much again.
    pub bytes: usize,
    /// How long a stored token outlives its last use.
    pub idle: Duration,
}

impl Default for MemoryLimits {
    /// A million sessions, 256 MiB, a day.
    fn default() -> Self {
        Self { sessions: 1_000_000, bytes: 256 * 1024 * 1024, idle: Duration::from_secs(24 * 3600) }
    }
}

/// The store for one process that may forget at a restart.
pub struct MemoryStore {
    shards: [Mutex<Shard>; SHARDS],
    incarnation: Incarnation,
    limits: MemoryLimits,
}

impl MemoryStore {
    /// An empty store, whose life is named by a random number that the caller drew.
    #[must_use]
    pub fn new(random: u64, limits: MemoryLimits) -> Self {
        let limits = MemoryLimits {
            sessions: limits.sessions.div_ceil(SHARDS),
            bytes: limits.bytes.div_ceil(SHARDS),
            idle: limits.idle,
        };
        Self { shards: Default::default(), incarnation: Incarnation::from_random(random), limits }
    }

    /// How many sessions it holds, expired ones included until they are swept.
    #[must_use]
    pub fn sessions(&self) -> usize {
        self.shards.iter().map(|shard| lock(shard).sessions()).sum()
    }

    /// How many bytes its records take.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.shards.iter().map(|shard| lock(shard).bytes()).sum()
    }

    #[expect(clippy::indexing_slicing, reason = "a remainder of SHARDS is an index")]
    fn shard(&self, session: SessionKey) -> MutexGuard<'_, Shard> {
        // The key is a keyed hash already: any byte of it spreads evenly.
        let [first, ..] = session.to_bytes();
        lock(&self.shards[usize::from(first) % SHARDS])
    }
}

impl Store for MemoryStore {
    fn incarnation(&self) -> Incarnation {
        self.incarnation
    }

    async fn reserve(
        &self,
        session: SessionKey,
        count: u32,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<Reserved, Unavailable> {
        let mut shard = self.shard(session);
        let serials = shard.reserve(session, count, until).ok_or(Unavailable)?;
        shard.keep_bounds(session, now, &self.limits);
        Ok(Reserved { serials, incarnation: self.incarnation })
    }

    async fn spend(
        &self,
        ticket: Ticket,
        replace: u32,
        until: Timestamp,
        now: Timestamp,
    ) -> SpendAnswer {
        if ticket.incarnation != self.incarnation {
            return Spent::Unknown.into();
        }
        let mut shard = self.shard(ticket.session);
        let (spent, fresh) = shard.spend(ticket.session, ticket.serial, (replace, until), now);
        shard.keep_bounds(ticket.session, now, &self.limits);
        let incarnation = self.incarnation;
        SpendAnswer { spent, fresh: fresh.map(|serials| Reserved { serials, incarnation }) }
    }

    async fn keep(
        &self,
        session: SessionKey,
        token: Box<Token>,
        now: Timestamp,
    ) -> Result<Box<Token>, Unavailable> {
        let until = now.plus(self.limits.idle);
        let mut shard = self.shard(session);
        let kept = shard.keep(session, token, until, now);
        shard.keep_bounds(session, now, &self.limits);
        Ok(kept)
    }

    async fn stored(&self, session: SessionKey, now: Timestamp) -> StoredToken {
        let until = now.plus(self.limits.idle);
        let token = self.shard(session).token(session, until, now);
        token.map_or(StoredToken::Missing, StoredToken::Found)
    }

    async fn end(&self, session: SessionKey) -> Result<(), Unavailable> {
        self.shard(session).end(session);
        Ok(())
    }
}

/// A thread that panicked while it held the lock left a record at worst half-way between two valid
/// states, each of which refuses what the other does; going on is safe.
fn lock(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
