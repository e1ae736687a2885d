//! What is kept for one session.

use std::ops::Range;

use countersign::{Spent, Timestamp, Token};

use super::runs::Runs;

pub(super) struct Record {
    /// The first serial number that this record ever gave out.
    begin: u32,
    /// The next one to give out.
    next: u32,
    spent: Runs,
    token: Option<Box<Token>>,
    until: Timestamp,
}

impl Record {
    pub(super) const fn begin(floor: u32) -> Self {
        Self {
            begin: floor,
            next: floor,
            spent: Runs::none(),
            token: None,
            until: Timestamp::from_secs(0),
        }
    }

    /// `None` when the serial numbers of this shard are used up, after four thousand million.
    pub(super) fn reserve(&mut self, count: u32, until: Timestamp) -> Option<Range<u32>> {
        let first = self.next;
        self.next = first.checked_add(count)?;
        self.until = self.until.max(until);
        Some(first..self.next)
    }

    pub(super) fn spend(&mut self, serial: u32) -> Spent {
        if !(self.begin..self.next).contains(&serial) {
            return Spent::Unknown;
        }
        if self.spent.add(serial) { Spent::First } else { Spent::Already }
    }

    pub(super) fn keep(
        &mut self,
        token: Box<Token>,
        until: Timestamp,
        now: Timestamp,
    ) -> Box<Token> {
        if self.is_over(now) {
            self.token = None;
        }
        self.until = self.until.max(until);
        self.token.get_or_insert(token).clone()
    }

    pub(super) fn token(&mut self, until: Timestamp, now: Timestamp) -> Option<Box<Token>> {
        let token = self.token.as_ref().filter(|_| now <= self.until)?.clone();
        self.until = self.until.max(until);
        Some(token)
    }

    pub(super) fn is_over(&self, now: Timestamp) -> bool {
        now > self.until
    }

    pub(super) const fn until(&self) -> Timestamp {
        self.until
    }

    pub(super) const fn next(&self) -> u32 {
        self.next
    }

    pub(super) fn bytes(&self) -> usize {
        let token = if self.token.is_some() { size_of::<Token>() } else { 0 };
        size_of::<Self>() + size_of::<countersign::SessionKey>() + self.spent.bytes() + token
    }
}
