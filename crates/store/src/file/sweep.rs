//! Looking for expired records, a few at a time.
//!
//! Records lie in the order of their keys, so a few neighbours are read and dropped at the cost of
//! a page or two; an index by expiry would cost every spend a second write, and every drop a page
//! of its own.

use std::time::Duration;

use countersign::Timestamp;
use redb::{ReadableTable, ReadableTableMetadata};

use super::batch::{Open, Records};
use super::record::{Kept, Key, Marks};
use super::tables::damaged;
use crate::marks::is_over;

/// A pass over all records begins so long after the last, or when they have doubled.
const PAUSE: Duration = Duration::from_secs(300);

/// Fewer records are not worth a pass.
const FEW: u64 = 64;

const FIRST: Key = [0; 16];

/// How far one site has been looked through.
#[derive(Default)]
pub(super) struct Sweep {
    marks: Pass,
    tokens: Pass,
}

#[derive(Default)]
struct Pass {
    /// Where a pass under way goes on.
    at: Option<Key>,
    due: Timestamp,
    /// So many records begin a pass, whatever the time.
    full: u64,
}

impl Sweep {
    /// Looks at so many records of each kind.
    pub(super) fn step(
        &mut self,
        open: &mut Open<'_>,
        now: Timestamp,
        count: usize,
    ) -> Result<(), redb::Error> {
        let until = |value: &[u8]| Marks::decode(value).map(|marks| marks.until());
        for key in self.marks.step(&open.marks, until, now, count)? {
            open.drop_marks(key)?;
        }
        let until = |value: &[u8]| Kept::decode(value).map(|kept| kept.until);
        for key in self.tokens.step(&open.tokens, until, now, count)? {
            open.drop_token(key)?;
        }
        Ok(())
    }

    /// Whether there is something left to look at before the next pause.
    pub(super) const fn is_under_way(&self) -> bool {
        self.marks.at.is_some() || self.tokens.at.is_some()
    }
}

impl Pass {
    /// The expired ones among the next few.
    fn step(
        &mut self,
        records: &Records<'_>,
        until: impl Fn(&[u8]) -> Option<u32>,
        now: Timestamp,
        count: usize,
    ) -> Result<Vec<Key>, redb::Error> {
        let Some(at) = self.at.or((now >= self.due || records.len()? > self.full).then_some(FIRST))
        else {
            return Ok(Vec::new());
        };
        let (mut expired, mut looked_at, mut last) = (Vec::new(), 0, at);
        for entry in records.range::<&Key>(&at..)?.take(count + 1) {
            let (key, value) = entry?;
            last = *key.value();
            looked_at += 1;
            if looked_at > count {
                break;
            }
            let until = until(value.value()).ok_or_else(|| damaged("stored"))?;
            if is_over(until, now) {
                expired.push(last);
            }
        }
        self.at = (looked_at > count).then_some(last);
        if self.at.is_none() {
            self.due = now.plus(PAUSE);
            self.full = (2 * records.len()?).max(FEW);
        }
        Ok(expired)
    }
}
