//! Changing keys while several instances are at work.
//!
//! Each instance reads the keyring when it gets round to it, so a key must be accepted everywhere
//! before it is used anywhere: [`Keyring::with_pending`] first, and [`Keyring::promoted`] once every
//! instance has read that. Where there is one instance, [`Keyring::rotated`] does both.

use crate::time::Timestamp;

use super::{Key, KeyId, Keyring, Secret, State, is_over};

/// What a key is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyState {
    /// Its tokens are accepted; none are made with it yet.
    Pending,
    /// Tokens are made with it.
    Current,
    /// No more tokens are made with it; those there are accepted to the end of the grace.
    Retired {
        /// The last moment at which its tokens are accepted.
        until: Timestamp,
    },
}

/// What may be said of a key: everything but its secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyInfo {
    /// Its name.
    pub id: KeyId,
    /// When it was made, where that is known.
    pub made: Option<Timestamp>,
    /// What it is good for.
    pub state: KeyState,
}

/// Why keys stay as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RotationError {
    /// All 62 ids are taken.
    #[error("the keyring is full; retire a key first")]
    Full,
    /// Nothing to turn to.
    #[error("no key is pending; make one first")]
    NonePending,
    /// No key is called so.
    #[error("there is no key {0}")]
    Unknown(u8),
    /// New tokens need it.
    #[error("key {0} is the current one; rotate first")]
    Current(u8),
}

impl Keyring {
    /// All keys: what is pending, the current one, and earlier ones whose grace has not passed at
    /// `now`.
    pub fn keys(&self, now: Timestamp) -> impl Iterator<Item = KeyInfo> {
        let (pending, retired): (Vec<&Key>, Vec<&Key>) =
            self.keys.iter().partition(|key| key.state == State::Pending);
        let all = pending.into_iter().chain([&self.current]).chain(retired);
        all.filter(move |key| !is_over(key, self.grace, now)).map(|key| KeyInfo {
            id: key.id,
            made: key.made,
            state: match key.state {
                State::Pending => KeyState::Pending,
                State::Current => KeyState::Current,
                State::Retired(since) => KeyState::Retired { until: since.plus(self.grace) },
            },
        })
    }

    /// How long tokens of a retired key are still accepted.
    #[must_use]
    pub const fn grace(&self) -> std::time::Duration {
        self.grace
    }

    /// Adds a key of 32 random bytes whose tokens are accepted from now on, and which nobody uses
    /// until it is [promoted](Keyring::promoted).
    ///
    /// # Errors
    /// When the keyring is full.
    pub fn with_pending(mut self, bytes: &[u8; 32], now: Timestamp) -> Result<Self, RotationError> {
        self.drop_over(now);
        let id = self.free_id().ok_or(RotationError::Full)?;
        self.keys.insert(0, Key::new(id, Secret::from_slice(bytes), Some(now), State::Pending));
        Ok(self)
    }

    /// Makes the key that has been pending longest the current one; the one before is retired at
    /// `now`, and its tokens are good for the grace period.
    ///
    /// # Errors
    /// When none is pending.
    pub fn promoted(mut self, now: Timestamp) -> Result<Self, RotationError> {
        let at = self.keys.iter().rposition(|key| key.state == State::Pending);
        let mut next = self.keys.remove(at.ok_or(RotationError::NonePending)?);
        next.state = State::Current;
        Ok(self.succeeded_by(next, now))
    }

    /// Makes a new current key of 32 random bytes; the old one is retired at `now`. Instances that
    /// have not read this keyring yet refuse the new key's tokens.
    #[must_use]
    pub fn rotated(mut self, bytes: &[u8; 32], now: Timestamp) -> Self {
        self.drop_over(now);
        // However often keys are rotated within one grace period, no id is in use twice: the oldest
        // key makes room.
        let id = self.free_id().or_else(|| self.keys.pop().map(|oldest| oldest.id));
        let key = |id| Key::new(id, Secret::from_slice(bytes), Some(now), State::Current);
        match id {
            Some(id) => self.succeeded_by(key(id), now),
            None => self,
        }
    }

    /// Drops a key: its tokens are refused from now on.
    ///
    /// # Errors
    /// When there is no such key, or when it is the current one.
    pub fn without(mut self, id: KeyId) -> Result<Self, RotationError> {
        if id == self.current.id {
            return Err(RotationError::Current(id.get()));
        }
        let before = self.keys.len();
        self.keys.retain(|key| key.id != id);
        if self.keys.len() == before { Err(RotationError::Unknown(id.get())) } else { Ok(self) }
    }

    fn succeeded_by(self, next: Key, now: Timestamp) -> Self {
        let Self { mut keys, mut current, pseudonym_secret, grace, .. } = self;
        current.state = State::Retired(now);
        keys.insert(0, current);
        let mut ring = Self::assemble(next, keys, pseudonym_secret, grace);
        ring.drop_over(now);
        ring
    }

    fn drop_over(&mut self, now: Timestamp) {
        let grace = self.grace;
        self.keys.retain(|key| !is_over(key, grace, now));
    }

    /// The next id after the current one that no key has.
    fn free_id(&self) -> Option<KeyId> {
        let after = (1..KeyId::COUNT).map(|step| KeyId((self.current.id.0 + step) % KeyId::COUNT));
        after.into_iter().find(|id| self.keys.iter().all(|key| key.id != *id))
    }
}
