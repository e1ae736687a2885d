//! What CSRF protection must remember: which one-time tokens are spent, and tokens that live in a
//! session's record.
//!
//! A store's word is what lets a one-time token pass, so everything that can go wrong in one must
//! end in a refusal: [`Store`] says how, and [`contract`] holds every implementation to it.

#[cfg(feature = "any")]
mod any;
#[cfg(feature = "contract")]
pub mod contract;
#[cfg(feature = "file")]
pub mod file;
mod marks;
mod memory;
#[cfg(feature = "redis")]
pub mod redis;

use std::future::Future;
use std::ops::Range;
use std::sync::Arc;

use countersign::{Incarnation, SessionKey, Spent, StoredToken, Ticket, Timestamp, Token};

#[cfg(feature = "any")]
pub use any::{AnyStore, OpenError, StoreUrl, StoreUrlError, Stores};
pub use memory::{MemoryLimits, MemoryStore};

/// The store did not answer, or has no more room in a way that only a refusal can express.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the store did not answer")]
pub struct Unavailable;

/// Serial numbers that no other ticket of the session has in this incarnation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reserved {
    /// The numbers.
    pub serials: Range<u32>,
    /// The life of the store that they belong to.
    pub incarnation: Incarnation,
}

/// What came of spending a ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct SpendAnswer {
    /// The store's word.
    pub spent: Spent,
    /// The numbers for the tickets that replace it; only where it was unspent.
    pub fresh: Option<Reserved>,
}

impl From<Spent> for SpendAnswer {
    fn from(spent: Spent) -> Self {
        Self { spent, fresh: None }
    }
}

/// Remembers across requests.
///
/// Whatever a store forgets, loses or cannot say must lead to a refusal:
///
/// - [`Spent::First`] is answered at most once for each ticket, whatever happens to the store.
/// - What may have been forgotten is [`Spent::Unknown`], never [`Spent::First`].
/// - A store that may have lost marks begins a new [`Incarnation`].
pub trait Store: Send + Sync + 'static {
    /// The store's present life, as last seen. Costs nothing: tickets are checked against it before
    /// the store is asked, and the store checks it again itself.
    fn incarnation(&self) -> Incarnation;

    /// Sets `count` serial numbers aside for tickets of `session` that expire at `until`.
    fn reserve(
        &self,
        session: SessionKey,
        count: u32,
        until: Timestamp,
        now: Timestamp,
    ) -> impl Future<Output = Result<Reserved, Unavailable>> + Send;

    /// Spends a ticket, and in the same stroke sets `replace` serial numbers aside for fresh ones
    /// that expire at `until`, so that a request costs one round trip.
    fn spend(
        &self,
        ticket: Ticket,
        replace: u32,
        until: Timestamp,
        now: Timestamp,
    ) -> impl Future<Output = SpendAnswer> + Send;

    /// The token that the session has; else keeps `token` and gives it back.
    fn keep(
        &self,
        session: SessionKey,
        token: Box<Token>,
        now: Timestamp,
    ) -> impl Future<Output = Result<Box<Token>, Unavailable>> + Send;

    /// The token that the session has.
    fn stored(
        &self,
        session: SessionKey,
        now: Timestamp,
    ) -> impl Future<Output = StoredToken> + Send;

    /// Forgets the session: its tickets and its token are worth nothing from now on.
    fn end(&self, session: SessionKey) -> impl Future<Output = Result<(), Unavailable>> + Send;
}

/// Several layers may share one.
impl<S: Store> Store for Arc<S> {
    fn incarnation(&self) -> Incarnation {
        (**self).incarnation()
    }

    fn reserve(
        &self,
        session: SessionKey,
        count: u32,
        until: Timestamp,
        now: Timestamp,
    ) -> impl Future<Output = Result<Reserved, Unavailable>> + Send {
        (**self).reserve(session, count, until, now)
    }

    fn spend(
        &self,
        ticket: Ticket,
        replace: u32,
        until: Timestamp,
        now: Timestamp,
    ) -> impl Future<Output = SpendAnswer> + Send {
        (**self).spend(ticket, replace, until, now)
    }

    fn keep(
        &self,
        session: SessionKey,
        token: Box<Token>,
        now: Timestamp,
    ) -> impl Future<Output = Result<Box<Token>, Unavailable>> + Send {
        (**self).keep(session, token, now)
    }

    fn stored(
        &self,
        session: SessionKey,
        now: Timestamp,
    ) -> impl Future<Output = StoredToken> + Send {
        (**self).stored(session, now)
    }

    fn end(&self, session: SessionKey) -> impl Future<Output = Result<(), Unavailable>> + Send {
        (**self).end(session)
    }
}
