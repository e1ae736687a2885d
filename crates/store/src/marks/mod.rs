//! Which tickets of one session are spent.
//!
//! Tickets are spent nearly in the order of their issue, so nearly always [`Near`] is enough: a
//! number below which nothing is good, and one bit for each of the next 32. A session whose open
//! pages hold older tickets back outgrows that and becomes [`Far`], until it has caught up.

mod runs;

use std::ops::Range;

use countersign::{Spent, Timestamp};

pub(crate) use runs::Runs;

/// Marks of a session that spends its tickets nearly in order: 16 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Near {
    /// Every number below is spent, or was never this record's to give.
    pub(crate) low: u32,
    /// The next number to give out.
    pub(crate) next: u32,
    /// When the last ticket expires; seconds fit in 32 bits until the year 2106.
    pub(crate) until: u32,
    /// Bit `n` is set where `low + n` is spent; bit 0 never is.
    pub(crate) window: u32,
}

impl Near {
    /// A record that has given out nothing yet, and will give out nothing below `floor`.
    pub(crate) const fn begin(floor: u32) -> Self {
        Self { low: floor, next: floor, until: 0, window: 0 }
    }

    /// `None` when the numbers are used up, after four thousand million.
    pub(crate) fn reserve(&mut self, count: u32, until: Timestamp) -> Option<Range<u32>> {
        take(&mut self.next, &mut self.until, count, until)
    }

    /// `None` when the window does not reach as far: [`Self::widen`] first.
    pub(crate) fn spend(&mut self, serial: u32) -> Option<Spent> {
        // Below `low`, "spent" and "never given out" cannot be told apart; both are refused.
        let Some(offset) = serial.checked_sub(self.low) else { return Some(Spent::Already) };
        if serial >= self.next {
            return Some(Spent::Unknown);
        }
        let bit = 1u32.checked_shl(offset)?;
        if self.window & bit != 0 {
            return Some(Spent::Already);
        }
        self.window |= bit;
        let done = self.window.trailing_ones();
        self.window = self.window.checked_shr(done).unwrap_or(0);
        self.low += done;
        Some(Spent::First)
    }

    pub(crate) fn widen(self) -> Far {
        let mut runs = Runs::none();
        let spent = (0..u32::BITS).filter(|bit| self.window >> bit & 1 == 1);
        spent.for_each(|bit| {
            runs.add(self.low + bit);
        });
        Far { low: self.low, next: self.next, until: self.until, runs }
    }
}

/// Marks of a session with tickets left over far behind its latest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Far {
    pub(crate) low: u32,
    pub(crate) next: u32,
    pub(crate) until: u32,
    /// Spent numbers above `low`.
    pub(crate) runs: Runs,
}

impl Far {
    pub(crate) fn reserve(&mut self, count: u32, until: Timestamp) -> Option<Range<u32>> {
        take(&mut self.next, &mut self.until, count, until)
    }

    pub(crate) fn spend(&mut self, serial: u32) -> Spent {
        if serial < self.low {
            return Spent::Already;
        }
        if serial >= self.next {
            return Spent::Unknown;
        }
        if !self.runs.add(serial) {
            return Spent::Already;
        }
        if let Some(last) = self.runs.take_first_at(self.low) {
            self.low = last + 1;
        }
        Spent::First
    }

    /// The small form, once nothing is left over.
    pub(crate) fn narrow(&self) -> Option<Near> {
        let Self { low, next, until, ref runs } = *self;
        runs.is_empty().then_some(Near { low, next, until, window: 0 })
    }
}

fn take(next: &mut u32, latest: &mut u32, count: u32, until: Timestamp) -> Option<Range<u32>> {
    let first = *next;
    *next = first.checked_add(count)?;
    *latest = seconds(until).max(*latest);
    Some(first..*next)
}

/// A moment in the 32 bits that a record has for it.
pub(crate) fn seconds(moment: Timestamp) -> u32 {
    u32::try_from(moment.as_secs()).unwrap_or(u32::MAX)
}

/// Whether a record of that moment is over.
pub(crate) fn is_over(until: u32, now: Timestamp) -> bool {
    now > Timestamp::from_secs(until.into())
}

#[cfg(test)]
mod tests;
