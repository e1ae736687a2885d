//! A part of the store, under one lock.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ops::Range;

use countersign::{SessionKey, Spent, Timestamp, Token};

use super::MemoryLimits;
use crate::marks::{self, Far, Near};

/// Of so many records the one that expires first is dropped: close to the best choice, at a cost
/// that does not grow with the store.
const SAMPLE: usize = 8;

/// Expired records are looked for when there are twice as many as after the last look, and these.
const SWEEP_FROM: usize = 64;

/// The first half of a session's key.
///
/// The key is a keyed hash, so among a million sessions two have the same half once in forty
/// million stores. They then share a record, which only ever refuses: no number is given out
/// twice, whoever asks, a ticket is good for the session in its MAC alone, and when one of the two
/// ends, the other's tickets end with it.
type Half = u64;

/// Marks in the small form, without slack: the entry and the hash table's byte for it.
const NEAR: usize = size_of::<(Half, Near)>() + 1;
const FAR: usize = size_of::<(Half, Far)>() + 1;
const TOKEN: usize = size_of::<(SessionKey, Kept)>() + 1 + size_of::<Token>();

#[derive(Default)]
pub(super) struct Shard {
    near: HashMap<Half, Near>,
    /// Sessions are in one of the two.
    far: HashMap<Half, Far>,
    tokens: HashMap<SessionKey, Kept>,
    /// What all records take on the heap besides their entries' fixed sizes.
    runs: usize,
    /// Serial numbers of new records begin here.
    floor: u32,
    sweep_at: usize,
}

struct Kept {
    token: Box<Token>,
    until: Timestamp,
}

/// What to drop.
enum Victim {
    Marks(Half),
    Token(SessionKey),
}

impl Shard {
    /// `None` when the numbers of this shard are used up.
    pub(super) fn reserve(
        &mut self,
        session: SessionKey,
        count: u32,
        until: Timestamp,
    ) -> Option<Range<u32>> {
        let half = half(session);
        if let Some(far) = self.far.get_mut(&half) {
            return far.reserve(count, until);
        }
        match self.near.entry(half) {
            Entry::Occupied(entry) => entry.into_mut().reserve(count, until),
            Entry::Vacant(entry) => {
                let mut record = Near::begin(self.floor);
                let serials = record.reserve(count, until)?;
                entry.insert(record);
                Some(serials)
            }
        }
    }

    /// Spends, and if it was unspent reserves `replace` more.
    pub(super) fn spend(
        &mut self,
        session: SessionKey,
        serial: u32,
        (replace, until): (u32, Timestamp),
        now: Timestamp,
    ) -> (Spent, Option<Range<u32>>) {
        let half = half(session);
        let Some(near) = self.near.get_mut(&half) else {
            return self.spend_far(half, serial, (replace, until), now);
        };
        if marks::is_over(near.until, now) {
            return (Spent::Unknown, None);
        }
        match near.spend(serial) {
            Some(Spent::First) if replace > 0 => (Spent::First, near.reserve(replace, until)),
            Some(spent) => (spent, None),
            None => {
                let far = near.widen();
                self.near.remove(&half);
                self.runs += far.runs.bytes();
                self.far.insert(half, far);
                self.spend_far(half, serial, (replace, until), now)
            }
        }
    }

    fn spend_far(
        &mut self,
        half: Half,
        serial: u32,
        (replace, until): (u32, Timestamp),
        now: Timestamp,
    ) -> (Spent, Option<Range<u32>>) {
        let Some(far) = self.far.get_mut(&half).filter(|far| !marks::is_over(far.until, now))
        else {
            return (Spent::Unknown, None);
        };
        let before = far.runs.bytes();
        let spent = far.spend(serial);
        let fresh = match spent {
            Spent::First if replace > 0 => far.reserve(replace, until),
            _ => None,
        };
        let (after, near) = (far.runs.bytes(), far.narrow());
        self.runs = (self.runs + after).saturating_sub(before);
        if let Some(near) = near {
            self.far.remove(&half);
            self.runs = self.runs.saturating_sub(after);
            self.near.insert(half, near);
        }
        (spent, fresh)
    }

    pub(super) fn keep(
        &mut self,
        session: SessionKey,
        token: Box<Token>,
        until: Timestamp,
        now: Timestamp,
    ) -> Box<Token> {
        if let Some(kept) = self.token(session, until, now) {
            return kept;
        }
        self.tokens.insert(session, Kept { token: token.clone(), until });
        token
    }

    /// The session's token, which then lives until `until` at least.
    pub(super) fn token(
        &mut self,
        session: SessionKey,
        until: Timestamp,
        now: Timestamp,
    ) -> Option<Box<Token>> {
        let kept = self.tokens.get_mut(&session).filter(|kept| now <= kept.until)?;
        kept.until = kept.until.max(until);
        Some(kept.token.clone())
    }

    pub(super) fn end(&mut self, session: SessionKey) {
        self.drop_record(&Victim::Marks(half(session)));
        self.drop_record(&Victim::Token(session));
    }

    pub(super) fn sessions(&self) -> usize {
        self.near.len() + self.far.len() + self.tokens.len()
    }

    pub(super) fn bytes(&self) -> usize {
        self.near.len() * NEAR + self.far.len() * FAR + self.tokens.len() * TOKEN + self.runs
    }

    /// Drops what is expired now and then, and what is too much at once; `newest` last of all.
    pub(super) fn keep_bounds(
        &mut self,
        newest: SessionKey,
        now: Timestamp,
        limits: &MemoryLimits,
    ) {
        if self.sessions() > self.sweep_at {
            self.sweep(now);
            self.sweep_at = (2 * self.sessions()).max(SWEEP_FROM);
        }
        while self.sessions() > limits.sessions || self.bytes() > limits.bytes {
            match self.first_to_expire(newest) {
                Some(victim) => self.drop_record(&victim),
                None => return self.end(newest),
            }
        }
    }

    fn sweep(&mut self, now: Timestamp) {
        let Self { near, far, tokens, floor, runs, .. } = self;
        near.retain(|_, record| {
            let over = marks::is_over(record.until, now);
            *floor = (*floor).max(if over { record.next } else { 0 });
            !over
        });
        far.retain(|_, record| {
            let over = marks::is_over(record.until, now);
            *floor = (*floor).max(if over { record.next } else { 0 });
            *runs = runs.saturating_sub(if over { record.runs.bytes() } else { 0 });
            !over
        });
        tokens.retain(|_, kept| now <= kept.until);
    }

    /// Of a few of each kind.
    fn first_to_expire(&self, newest: SessionKey) -> Option<Victim> {
        let own = half(newest);
        let moment = |until: u32| Timestamp::from_secs(until.into());
        let near = self.near.iter().filter(|(half, _)| **half != own).take(SAMPLE);
        let near = near.map(|(half, record)| (moment(record.until), Victim::Marks(*half)));
        let far = self.far.iter().filter(|(half, _)| **half != own).take(SAMPLE);
        let far = far.map(|(half, record)| (moment(record.until), Victim::Marks(*half)));
        let tokens = self.tokens.iter().filter(|(session, _)| **session != newest).take(SAMPLE);
        let tokens = tokens.map(|(session, kept)| (kept.until, Victim::Token(*session)));
        near.chain(far).chain(tokens).min_by_key(|(until, _)| *until).map(|(_, victim)| victim)
    }

    fn drop_record(&mut self, victim: &Victim) {
        match victim {
            Victim::Marks(half) => {
                if let Some(near) = self.near.remove(half) {
                    self.floor = self.floor.max(near.next);
                }
                if let Some(far) = self.far.remove(half) {
                    self.floor = self.floor.max(far.next);
                    self.runs = self.runs.saturating_sub(far.runs.bytes());
                }
            }
            Victim::Token(session) => {
                self.tokens.remove(session);
            }
        }
    }
}

fn half(session: SessionKey) -> Half {
    let [a, b, c, d, e, f, g, h, ..] = session.to_bytes();
    Half::from_le_bytes([a, b, c, d, e, f, g, h])
}
