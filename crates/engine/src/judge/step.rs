//! What the engine wants next. Each wish is answered by resuming it with exactly the fact that it
//! asks for; dropping one allows nothing.

use std::borrow::Cow;
use std::fmt;

use super::{Case, token};
use crate::dialect::TokenRules;
use crate::form::Field;
use crate::store::{SessionKey, Spent, StoredToken};
use crate::token::{Shape, Ticket};
use crate::verdict::{Permit, Verdict};

/// One step of judging a request.
#[derive(Debug)]
#[must_use]
pub enum Step<'a> {
    /// Done.
    Decided(Verdict),
    /// A form field may hold the token.
    Form(NeedForm<'a>),
    /// The store may hold the session's token.
    Session(NeedSession<'a>),
    /// The store must spend a one-time token.
    Spend(NeedSpend<'a>),
}

/// Asks for a form field. Read at most [`NeedForm::limit`] bytes of the body for it.
#[must_use]
pub struct NeedForm<'a> {
    pub(super) case: Case<'a>,
    pub(super) rules: &'a TokenRules,
    pub(super) permit: Permit,
    pub(super) field: &'a str,
    pub(super) limit: usize,
}

impl<'a> NeedForm<'a> {
    /// The name of the field.
    #[must_use]
    pub const fn field(&self) -> &'a str {
        self.field
    }

    /// The most bytes to read.
    #[must_use]
    pub const fn limit(&self) -> usize {
        self.limit
    }

    /// Goes on with what was found.
    pub fn resume(self, field: Field) -> Step<'a> {
        token::with_field(self, field)
    }
}

/// Asks for what the store keeps for a session.
#[must_use]
pub struct NeedSession<'a> {
    pub(super) case: Case<'a>,
    pub(super) key: SessionKey,
    pub(super) shape: Shape,
    pub(super) permit: Permit,
    pub(super) text: Cow<'a, [u8]>,
}

impl<'a> NeedSession<'a> {
    /// Which session.
    #[must_use]
    pub const fn session(&self) -> SessionKey {
        self.key
    }

    /// Goes on with the store's answer.
    pub fn resume(self, stored: &StoredToken) -> Step<'a> {
        token::with_stored(self, stored)
    }
}

/// Asks the store to spend a one-time token, once and for all.
#[must_use]
pub struct NeedSpend<'a> {
    pub(super) case: Case<'a>,
    pub(super) ticket: Ticket,
}

impl<'a> NeedSpend<'a> {
    /// Which one.
    #[must_use]
    pub const fn ticket(&self) -> Ticket {
        self.ticket
    }

    /// Goes on with the store's answer.
    pub fn resume(self, spent: Spent) -> Step<'a> {
        token::with_spent(self, spent)
    }
}

impl fmt::Debug for NeedForm<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NeedForm").field("field", &self.field).field("limit", &self.limit).finish()
    }
}

impl fmt::Debug for NeedSession<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NeedSession").field("session", &self.key).finish_non_exhaustive()
    }
}

impl fmt::Debug for NeedSpend<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NeedSpend").field("ticket", &self.ticket).finish_non_exhaustive()
    }
}
