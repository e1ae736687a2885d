//! What callers ask of the writer, and how it is done within a transaction.

use std::time::Duration;

use countersign::{Incarnation, SessionKey, Spent, Ticket, Timestamp, Token};
use redb::{ReadableTable, ReadableTableMetadata, Table, WriteTransaction};
use tokio::sync::oneshot;

use super::record::{Kept, Key, Marks, SITES, SiteRow};
use super::tables::{self, Site, damaged};
use super::{Arc, FileLimits, Ordering};
use crate::marks::{is_over, seconds};
use crate::{Reserved, SpendAnswer};

/// Of so many records the one that expires first makes room.
const SAMPLE: usize = 8;

/// Bytes of a record besides runs and tokens' text: the key, the length and the fixed numbers.
const MARKS: u64 = 36;
const TOKEN: u64 = 64;

pub(super) struct Request {
    pub(super) site: Arc<Site>,
    pub(super) what: What,
    pub(super) now: Timestamp,
    /// Nobody waits for a touch.
    pub(super) answer: Option<oneshot::Sender<Answer>>,
}

pub(super) enum What {
    Reserve { session: SessionKey, count: u32, until: Timestamp },
    Spend { ticket: Ticket, replace: u32, until: Timestamp },
    Keep { session: SessionKey, token: Box<Token> },
    Touch { session: SessionKey },
    End { session: SessionKey },
}

pub(super) enum Answer {
    Reserved(Reserved),
    Spent(SpendAnswer),
    Kept(Box<Token>),
    Ended,
}

impl Request {
    /// Nobody waits for the answer any more, so that it need not be done.
    pub(super) fn is_given_up(&self) -> bool {
        self.answer.as_ref().is_some_and(oneshot::Sender::is_closed)
    }
}

/// Whether a token's use must be written down: a tenth of its life has gone by since the last.
pub(super) fn is_worth_touching(until: u32, idle: Duration, now: Timestamp) -> bool {
    let left = Timestamp::from_secs(until.into()).since(now);
    left < idle - idle / 10
}

pub(super) type Records<'t> = Table<'t, &'static Key, &'static [u8]>;

/// One site within one transaction.
pub(super) struct Open<'t> {
    pub(super) marks: Records<'t>,
    pub(super) tokens: Records<'t>,
    pub(super) row: SiteRow,
    before: Option<SiteRow>,
    limits: FileLimits,
    /// Whether anything is to be committed.
    pub(super) dirty: bool,
}

impl<'t> Open<'t> {
    pub(super) fn new(
        transaction: &'t WriteTransaction,
        site: &Site,
        limits: FileLimits,
    ) -> Result<Self, redb::Error> {
        let before = {
            let table = transaction.open_table(SITES)?;
            let row = table.get(site.name.as_str())?;
            row.map(|row| SiteRow::decode(row.value()).ok_or_else(|| damaged("site")))
                .transpose()?
        };
        let new = || SiteRow::begin(site.incarnation.load(Ordering::Acquire));
        Ok(Self {
            marks: transaction.open_table(site.marks())?,
            tokens: transaction.open_table(site.tokens())?,
            row: before.unwrap_or_else(new),
            before,
            limits,
            dirty: false,
        })
    }

    /// Puts down what has changed about the site itself.
    pub(super) fn close(
        self,
        transaction: &WriteTransaction,
        site: &Site,
    ) -> Result<SiteRow, redb::Error> {
        if self.dirty && self.before != Some(self.row) {
            let mut table = transaction.open_table(SITES)?;
            table.insert(site.name.as_str(), self.row.encode().as_slice())?;
        }
        Ok(self.row)
    }

    pub(super) fn act(&mut self, what: &What, now: Timestamp) -> Result<Answer, redb::Error> {
        Ok(match what {
            What::Reserve { session, count, until } => {
                Answer::Reserved(self.reserve(*session, *count, *until)?)
            }
            What::Spend { ticket, replace, until } => {
                Answer::Spent(self.spend(*ticket, *replace, *until, now)?)
            }
            What::Keep { session, token } => Answer::Kept(self.keep(*session, token, now)?),
            What::Touch { session } => {
                self.touch(*session, now)?;
                Answer::Ended
            }
            What::End { session } => {
                self.drop_marks(session.to_bytes())?;
                self.drop_token(session.to_bytes())?;
                Answer::Ended
            }
        })
    }

    fn reserve(
        &mut self,
        session: SessionKey,
        count: u32,
        until: Timestamp,
    ) -> Result<Reserved, redb::Error> {
        let key = session.to_bytes();
        let known = self.marks(key)?;
        let runs = known.as_ref().map_or(0, Marks::runs);
        let mut marks = known.unwrap_or_else(|| Marks::begin(self.row.floor));
        let serials = match marks.reserve(count, until) {
            Some(serials) => serials,
            None => {
                self.begin_anew()?;
                marks = Marks::begin(0);
                marks.reserve(count, until).unwrap_or_default()
            }
        };
        self.put_marks(key, &marks, runs)?;
        self.keep_bounds(key)?;
        Ok(self.reserved(serials))
    }

    fn spend(
        &mut self,
        ticket: Ticket,
        replace: u32,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<SpendAnswer, redb::Error> {
        let key = ticket.session.to_bytes();
        if ticket.incarnation != Incarnation::from_random(self.row.incarnation) {
            return Ok(Spent::Unknown.into());
        }
        let Some(mut marks) = self.marks(key)?.filter(|marks| !is_over(marks.until(), now)) else {
            return Ok(Spent::Unknown.into());
        };
        let runs = marks.runs();
        let spent = marks.spend(ticket.serial);
        if spent != Spent::First {
            return Ok(spent.into());
        }
        let fresh = if replace > 0 { marks.reserve(replace, until) } else { None };
        self.put_marks(key, &marks, runs)?;
        self.keep_bounds(key)?;
        Ok(SpendAnswer { spent, fresh: fresh.map(|serials| self.reserved(serials)) })
    }

    fn keep(
        &mut self,
        session: SessionKey,
        token: &Token,
        now: Timestamp,
    ) -> Result<Box<Token>, redb::Error> {
        let key = session.to_bytes();
        if let Some(kept) = self.token(key)?.filter(|kept| !is_over(kept.until, now)) {
            self.touch(session, now)?;
            return Ok(Box::new(kept.token));
        }
        let until = seconds(now.plus(self.limits.idle));
        let kept = Kept { until, token: token.clone() };
        self.put_token(key, &kept)?;
        self.keep_bounds(key)?;
        Ok(Box::new(kept.token))
    }

    fn touch(&mut self, session: SessionKey, now: Timestamp) -> Result<(), redb::Error> {
        let key = session.to_bytes();
        let Some(mut kept) = self.token(key)?.filter(|kept| !is_over(kept.until, now)) else {
            return Ok(());
        };
        if is_worth_touching(kept.until, self.limits.idle, now) {
            kept.until = seconds(now.plus(self.limits.idle)).max(kept.until);
            self.put_token(key, &kept)?;
        }
        Ok(())
    }

    /// The serial numbers are used up, so that the site begins a new life without records.
    fn begin_anew(&mut self) -> Result<(), redb::Error> {
        self.marks.retain(|_, _| false)?;
        self.row = SiteRow::begin(tables::draw());
        self.dirty = true;
        Ok(())
    }

    fn reserved(&self, serials: std::ops::Range<u32>) -> Reserved {
        Reserved { serials, incarnation: Incarnation::from_random(self.row.incarnation) }
    }

    fn marks(&self, key: Key) -> Result<Option<Marks>, redb::Error> {
        let entry = self.marks.get(&key)?;
        entry.map(|entry| Marks::decode(entry.value()).ok_or_else(|| damaged("marks"))).transpose()
    }

    fn token(&self, key: Key) -> Result<Option<Kept>, redb::Error> {
        let entry = self.tokens.get(&key)?;
        entry.map(|entry| Kept::decode(entry.value()).ok_or_else(|| damaged("token"))).transpose()
    }

    fn put_marks(&mut self, key: Key, marks: &Marks, runs: u64) -> Result<(), redb::Error> {
        self.marks.insert(&key, marks.encode().as_slice())?;
        self.row.runs = (self.row.runs + marks.runs()).saturating_sub(runs);
        self.dirty = true;
        Ok(())
    }

    fn put_token(&mut self, key: Key, kept: &Kept) -> Result<(), redb::Error> {
        self.tokens.insert(&key, kept.encode().as_slice())?;
        self.dirty = true;
        Ok(())
    }

    pub(super) fn drop_marks(&mut self, key: Key) -> Result<(), redb::Error> {
        let Some(entry) = self.marks.remove(&key)? else { return Ok(()) };
        let marks = Marks::decode(entry.value()).ok_or_else(|| damaged("marks"))?;
        self.row.floor = self.row.floor.max(marks.next());
        self.row.runs = self.row.runs.saturating_sub(marks.runs());
        self.dirty = true;
        Ok(())
    }

    pub(super) fn drop_token(&mut self, key: Key) -> Result<(), redb::Error> {
        self.dirty |= self.tokens.remove(&key)?.is_some();
        Ok(())
    }

    /// Makes room at the expense of other sessions, or in the end of this one.
    fn keep_bounds(&mut self, newest: Key) -> Result<(), redb::Error> {
        loop {
            let (marks, tokens) = (self.marks.len()?, self.tokens.len()?);
            let bytes = marks * MARKS + tokens * TOKEN + self.row.runs;
            if marks + tokens <= self.limits.sessions && bytes <= self.limits.bytes {
                return Ok(());
            }
            let marks =
                sample(&self.marks, newest, |value| Marks::decode(value).map(|m| m.until()))?;
            let tokens =
                sample(&self.tokens, newest, |value| Kept::decode(value).map(|k| k.until))?;
            match (marks, tokens) {
                (Some((until, key)), Some((other, _))) if until <= other => self.drop_marks(key)?,
                (_, Some((_, key))) => self.drop_token(key)?,
                (Some((_, key)), None) => self.drop_marks(key)?,
                (None, None) => {
                    self.drop_token(newest)?;
                    return self.drop_marks(newest);
                }
            }
        }
    }
}

/// The first to expire of a few records, from a place that nobody can choose: keys are keyed hashes.
fn sample(
    records: &Records<'_>,
    newest: Key,
    until: impl Fn(&[u8]) -> Option<u32>,
) -> Result<Option<(u32, Key)>, redb::Error> {
    let mut found: Option<(u32, Key)> = None;
    let above = records.range::<&Key>(&newest..)?;
    let below = records.range::<&Key>(..&newest)?.rev();
    for entry in above.chain(below).take(SAMPLE + 1) {
        let (key, value) = entry?;
        let candidate = (until(value.value()).ok_or_else(|| damaged("stored"))?, *key.value());
        if *key.value() != newest && found.is_none_or(|found| candidate.0 < found.0) {
            found = Some(candidate);
        }
    }
    Ok(found)
}
