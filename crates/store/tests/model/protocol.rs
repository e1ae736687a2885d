//! What one site has in Redis, and what the scripts do with it.
//!
//! Each function is one script: Redis runs it alone and whole, so here it is one step. There is one
//! session; a second one would share nothing with it but `high`, which [`Rules::high_covers`] breaks
//! without it.

/// Everything that two lives of a server do not share. Numbers stand for the random ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Life {
    /// `run_id`: another after each start.
    pub(crate) run: u8,
    /// `master_replid`: another after each promotion.
    pub(crate) replid: u8,
    /// `cluster_my_epoch`: another after each slot that the server takes over.
    pub(crate) slots: u8,
}

/// `{prefix:site}:meta`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Meta {
    pub(crate) epoch: u8,
    pub(crate) life: Life,
    high: u8,
}

/// `{prefix:site}:s:<session>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Record {
    begin: u8,
    next: u8,
    /// One bit for each serial number.
    spent: u8,
}

/// The keys of the site; each may be missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Data {
    pub(crate) meta: Option<Meta>,
    pub(crate) record: Option<Record>,
}

/// The parts of the protocol, each of which can be left out to see what it is good for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    /// The spend script compares the ticket's epoch with the one in `meta`.
    pub(crate) epoch_checked: bool,
    /// A claim keeps an epoch only if it was drawn in the same life.
    pub(crate) epoch_per_life: bool,
    /// Which ids make up a life.
    pub(crate) life: fn(Life) -> Life,
    /// A spend counts only once the server has said after it that its life is still the same.
    pub(crate) confirmed: bool,
    /// A connection spends only tickets of the epoch that it has claimed itself.
    pub(crate) own_epoch_only: bool,
    /// A new record begins at `high`, not at 0.
    pub(crate) begins_at_high: bool,
    /// `high` is raised by every reservation, not only by the one that makes a record.
    pub(crate) high_covers: bool,
}

impl Rules {
    /// The protocol as it is.
    pub(crate) const WHOLE: Self = Self {
        epoch_checked: true,
        epoch_per_life: true,
        life: |life| life,
        confirmed: true,
        own_epoch_only: true,
        begins_at_high: true,
        high_covers: true,
    };
}

impl Data {
    /// Answers the epoch of this life; the first to ask draws it.
    pub(crate) fn claim(&mut self, life: Life, random: u8, rules: &Rules) -> u8 {
        let known = self
            .meta
            .filter(|meta| !rules.epoch_per_life || (rules.life)(meta.life) == (rules.life)(life));
        self.meta.replace(known.unwrap_or(Meta { epoch: random, life, high: 0 }));
        known.map_or(random, |meta| meta.epoch)
    }

    /// Sets one serial number aside.
    pub(crate) fn reserve(&mut self, epoch: u8, rules: &Rules) -> Option<u8> {
        let meta = self.meta.as_mut().filter(|meta| meta.epoch == epoch)?;
        let is_new = self.record.is_none();
        let begin = if rules.begins_at_high { meta.high } else { 0 };
        let record = self.record.get_or_insert(Record { begin, next: begin, spent: 0 });
        let serial = record.next;
        record.next += 1;
        if rules.high_covers || is_new {
            meta.high = meta.high.max(record.next);
        }
        Some(serial)
    }

    /// Marks a ticket; true if it was unspent.
    pub(crate) fn spend(&mut self, epoch: u8, serial: u8, rules: &Rules) -> bool {
        if rules.epoch_checked && self.meta.is_none_or(|meta| meta.epoch != epoch) {
            return false;
        }
        let Some(record) = &mut self.record else { return false };
        let mark = 1 << serial;
        let unspent = (record.begin..record.next).contains(&serial) && record.spent & mark == 0;
        record.spent |= if unspent { mark } else { 0 };
        unspent
    }

    /// True if the mark of a ticket is there.
    pub(crate) fn remembers(&self, serial: u8) -> bool {
        self.record.is_some_and(|record| record.spent & 1 << serial != 0)
    }
}
