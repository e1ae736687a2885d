//! The words that the engine and a store have in common. The engine itself stores nothing.

use std::fmt;

use crate::token::Token;

/// The name under which a store keeps a session: a keyed hash of the session's id, so that neither
/// a store's content nor a log line can be used as a cookie.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionKey([u8; 16]);

impl SessionKey {
    /// Takes over the 16 bytes of such a hash.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The hash itself.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 16] {
        self.0
    }
}

impl fmt::Debug for SessionKey {
    /// As logs show it: enough to tell sessions apart.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().take(6).try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// One life of a store, from a start that may have lost marks to the next.
///
/// Tickets of an earlier incarnation are refused, because nobody can tell any more which of them
/// were spent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Incarnation(u64);

impl Incarnation {
    /// A life with this random number.
    #[must_use]
    pub const fn from_random(number: u64) -> Self {
        Self(number)
    }

    pub(crate) const fn to_bytes(self) -> [u8; 8] {
        self.0.to_be_bytes()
    }

    pub(crate) const fn hint(self) -> u8 {
        self.0 as u8
    }
}

/// What the store says when told to spend a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Spent {
    /// It was unspent until this moment, and is spent now.
    First,
    /// It was spent before.
    Already,
    /// The store knows nothing of such a ticket: the session ended, was evicted, or the ticket is
    /// of another incarnation.
    Unknown,
    /// The store did not answer in time. Nobody is let through without its word.
    Unavailable,
}

/// What the store says when asked for a session's token.
#[derive(Clone)]
#[must_use]
pub enum StoredToken {
    /// The session has this token.
    Found(Box<Token>),
    /// The session has none.
    Missing,
    /// The store did not answer in time.
    Unavailable,
}
