//! A store in this process's memory, with hard bounds.
//!
//! When it is full, the record that would expire first is dropped. Dropping can only ever refuse:
//! the tickets of a dropped record are unknown, and serial numbers that it gave out are never
//! given out again, because each shard begins new records above the highest number it has dropped.

mod record;
mod runs;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use countersign::{Incarnation, SessionKey, Spent, StoredToken, Ticket, Timestamp, Token};

use crate::{Reserved, SpendAnswer, Store, Unavailable};
use record::Record;

/// Enough that two cores seldom meet, few enough that a bound divided by it is still useful.
const SHARDS: usize = 16;

/// Of so many records the one that expires first is dropped: close to the best choice, at a cost
/// that does not grow with the store.
const SAMPLE: usize = 8;

/// How much a [`MemoryStore`] may hold.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Sessions.
    pub sessions: usize,
    /// Bytes of records, as this store counts them; the hash table's own slack comes on top, at
    /// most as much again.
    pub bytes: usize,
    /// How long a stored token outlives its last use.
    pub idle: Duration,
}

impl Default for Limits {
    /// A million sessions, 256 MiB, a day.
    fn default() -> Self {
        Self { sessions: 1_000_000, bytes: 256 * 1024 * 1024, idle: Duration::from_secs(24 * 3600) }
    }
}

/// The store for one process that may forget at a restart.
pub struct MemoryStore {
    shards: [Mutex<Shard>; SHARDS],
    incarnation: Incarnation,
    limits: Limits,
}

#[derive(Default)]
struct Shard {
    records: HashMap<SessionKey, Record>,
    bytes: usize,
    /// Serial numbers of new records begin here.
    floor: u32,
    /// Expired records are looked for when there are so many.
    sweep_at: usize,
}

impl MemoryStore {
    /// An empty store, whose life is named by a random number that the caller drew.
    #[must_use]
    pub fn new(random: u64, limits: Limits) -> Self {
        let limits = Limits {
            sessions: limits.sessions.div_ceil(SHARDS),
            bytes: limits.bytes.div_ceil(SHARDS),
            idle: limits.idle,
        };
        Self { shards: Default::default(), incarnation: Incarnation::from_random(random), limits }
    }

    /// How many sessions it holds, expired ones included until they are swept.
    #[must_use]
    pub fn sessions(&self) -> usize {
        self.shards.iter().map(|shard| lock(shard).records.len()).sum()
    }

    /// How many bytes its records take.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.shards.iter().map(|shard| lock(shard).bytes).sum()
    }

    #[expect(clippy::indexing_slicing, reason = "a remainder of SHARDS is an index")]
    fn shard(&self, session: SessionKey) -> MutexGuard<'_, Shard> {
        // The key is a keyed hash already: any byte of it spreads evenly.
        let [first, ..] = session.to_bytes();
        lock(&self.shards[usize::from(first) % SHARDS])
    }

    fn change<T>(
        &self,
        session: SessionKey,
        now: Timestamp,
        act: impl FnOnce(&mut Record) -> T,
    ) -> T {
        self.shard(session).change(session, now, &self.limits, act)
    }
}

impl Shard {
    /// Acts on a record, made if missing, and then keeps the bounds.
    fn change<T>(
        &mut self,
        session: SessionKey,
        now: Timestamp,
        limits: &Limits,
        act: impl FnOnce(&mut Record) -> T,
    ) -> T {
        let floor = self.floor;
        let record = match self.records.entry(session) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => {
                let record = Record::begin(floor);
                self.bytes += record.bytes();
                entry.insert(record)
            }
        };
        let before = record.bytes();
        let outcome = act(record);
        self.bytes = (self.bytes + record.bytes()).saturating_sub(before);
        self.keep_bounds(session, now, limits);
        outcome
    }

    fn keep_bounds(&mut self, newest: SessionKey, now: Timestamp, limits: &Limits) {
        if self.records.len() > self.sweep_at {
            let expired: Vec<SessionKey> = self
                .records
                .iter()
                .filter_map(|(key, record)| record.is_over(now).then_some(*key))
                .collect();
            expired.into_iter().for_each(|key| self.drop_record(key));
            self.sweep_at = (2 * self.records.len()).max(64);
        }
        while self.records.len() > limits.sessions || self.bytes > limits.bytes {
            let others = self.records.iter().filter(|(key, _)| **key != newest).take(SAMPLE);
            let Some(key) = others.min_by_key(|(_, record)| record.until()).map(|(key, _)| *key)
            else {
                return self.drop_record(newest);
            };
            self.drop_record(key);
        }
    }

    fn drop_record(&mut self, session: SessionKey) {
        if let Some(record) = self.records.remove(&session) {
            self.bytes = self.bytes.saturating_sub(record.bytes());
            self.floor = self.floor.max(record.next());
        }
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
        let serials = self.change(session, now, |record| record.reserve(count, until));
        serials
            .map(|serials| Reserved { serials, incarnation: self.incarnation })
            .ok_or(Unavailable)
    }

    async fn spend(
        &self,
        ticket: Ticket,
        replace: u32,
        until: Timestamp,
        now: Timestamp,
    ) -> SpendAnswer {
        let mut shard = self.shard(ticket.session);
        let known = shard.records.get(&ticket.session).is_some_and(|record| !record.is_over(now));
        if !known || ticket.incarnation != self.incarnation {
            return Spent::Unknown.into();
        }
        shard.change(ticket.session, now, &self.limits, |record| {
            let spent = record.spend(ticket.serial);
            let serials = match spent {
                Spent::First if replace > 0 => record.reserve(replace, until),
                _ => None,
            };
            let incarnation = self.incarnation;
            SpendAnswer { spent, fresh: serials.map(|serials| Reserved { serials, incarnation }) }
        })
    }

    async fn keep(
        &self,
        session: SessionKey,
        token: Box<Token>,
        now: Timestamp,
    ) -> Result<Box<Token>, Unavailable> {
        let until = now.plus(self.limits.idle);
        Ok(self.change(session, now, |record| record.keep(token, until, now)))
    }

    async fn stored(&self, session: SessionKey, now: Timestamp) -> StoredToken {
        let until = now.plus(self.limits.idle);
        let mut shard = self.shard(session);
        let token = shard.records.get_mut(&session).and_then(|record| record.token(until, now));
        token.map_or(StoredToken::Missing, StoredToken::Found)
    }

    async fn end(&self, session: SessionKey) -> Result<(), Unavailable> {
        self.shard(session).drop_record(session);
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
