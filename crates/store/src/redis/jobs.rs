//! What is asked of Redis for one request, and what its answer means.
//!
//! Whoever asks waits for a reply; when a job is dropped, for whatever reason, that is the reply: the store
//! did not answer.

use countersign::{Incarnation, SessionKey, Spent, StoredToken, Ticket, Timestamp, Token};
use redis::{Cmd, ServerErrorKind, Value};
use tokio::sync::oneshot;

use super::keys::Keys;
use super::scripts::Scripts;
use crate::{Reserved, SpendAnswer};

pub(super) struct Job {
    pub(super) work: Work,
    pub(super) session: SessionKey,
}

pub(super) enum Work {
    Spend {
        ticket: Ticket,
        replace: u32,
        until: Timestamp,
        now: Timestamp,
        reply: oneshot::Sender<SpendAnswer>,
    },
    Reserve {
        count: u32,
        until: Timestamp,
        now: Timestamp,
        reply: oneshot::Sender<Reserved>,
    },
    Keep {
        token: Box<Token>,
        idle: u64,
        reply: oneshot::Sender<Box<Token>>,
    },
    Stored {
        idle: u64,
        reply: oneshot::Sender<StoredToken>,
    },
    End {
        reply: oneshot::Sender<()>,
    },
}

/// What one answer asks for.
pub(super) enum Settled {
    /// It was passed on.
    Done,
    /// It was passed on, and it says that the epoch is over.
    Stale,
    /// Nothing happened, and after this is put right it can be asked once more.
    Again(Job, Mend),
    /// What happened is not known.
    Failed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mend {
    /// Redis has forgotten the scripts.
    Scripts,
    /// The epoch is over.
    Epoch,
    /// The epoch has no serial numbers left.
    Serials,
}

/// An epoch as scripts know it.
pub(super) fn spelled(epoch: u64) -> String {
    format!("{epoch:016x}")
}

impl Job {
    /// Whether the caller has stopped waiting.
    pub(super) fn is_abandoned(&self) -> bool {
        match &self.work {
            Work::Spend { reply, .. } => reply.is_closed(),
            Work::Reserve { reply, .. } => reply.is_closed(),
            Work::Keep { reply, .. } => reply.is_closed(),
            Work::Stored { reply, .. } => reply.is_closed(),
            Work::End { reply } => reply.is_closed(),
        }
    }

    /// Whether it spends a ticket of another epoch than this.
    pub(super) fn is_of_another(&self, epoch: u64) -> bool {
        matches!(&self.work, Work::Spend { ticket, .. }
            if ticket.incarnation != Incarnation::from_random(epoch))
    }

    /// Refuses a ticket of another epoch, without asking.
    pub(super) fn refuse(self) {
        if let Work::Spend { reply, .. } = self.work {
            // Nobody waits any more, then.
            let _ = reply.send(Spent::Unknown.into());
        }
    }

    /// The command, for the server on which this epoch was claimed.
    pub(super) fn command(&self, keys: &Keys, scripts: &Scripts, epoch: &str) -> Cmd {
        let session = self.session;
        match &self.work {
            Work::Spend { ticket, replace, until, now, .. } => {
                let mut call = scripts.spend.call(&[&keys.meta, &keys.record(session)]);
                call.arg(epoch).arg(Keys::high_mark(session)).arg(ticket.serial).arg(*replace);
                call.arg(seconds(*until)).arg(seconds(*now));
                call
            }
            Work::Reserve { count, until, now, .. } => {
                let mut call = scripts.reserve.call(&[&keys.meta, &keys.record(session)]);
                call.arg(epoch).arg(Keys::high_mark(session)).arg(*count);
                call.arg(seconds(*until)).arg(seconds(*now));
                call
            }
            Work::Keep { token, idle, .. } => {
                let mut call = scripts.keep.call(&[&keys.token(session)]);
                call.arg(token.as_str()).arg(*idle);
                call
            }
            Work::Stored { idle, .. } => {
                let mut get = redis::cmd("GETEX");
                get.arg(keys.token(session)).arg("EX").arg(*idle);
                get
            }
            Work::End { .. } => {
                let mut delete = redis::cmd("DEL");
                delete.arg(keys.record(session)).arg(keys.token(session));
                delete
            }
        }
    }

    /// Passes the answer on. The server's life must have been confirmed after the answer was made.
    pub(super) fn settle(self, answer: Value, epoch: u64) -> Settled {
        let incarnation = Incarnation::from_random(epoch);
        let session = self.session;
        match (self.work, answer) {
            (work, Value::ServerError(error))
                if error.kind() == Some(ServerErrorKind::NoScript) =>
            {
                Settled::Again(Self { work, session }, Mend::Scripts)
            }
            (work @ Work::Reserve { .. }, Value::Int(-1)) => {
                Settled::Again(Self { work, session }, Mend::Epoch)
            }
            (work @ Work::Reserve { .. }, Value::Int(-2)) => {
                Settled::Again(Self { work, session }, Mend::Serials)
            }
            (Work::Spend { replace, reply, .. }, Value::Int(code)) => {
                let Some(answer) = spend_answer(code, replace, incarnation) else {
                    return Settled::Failed;
                };
                let _ = reply.send(answer);
                if code == 0 { Settled::Stale } else { Settled::Done }
            }
            (Work::Reserve { count, reply, .. }, Value::Int(first)) => {
                let Some(serials) = serials(first, count) else { return Settled::Failed };
                let _ = reply.send(Reserved { serials, incarnation });
                Settled::Done
            }
            (Work::Keep { reply, .. }, Value::BulkString(text)) => {
                let Some(token) = token(&text) else { return Settled::Failed };
                let _ = reply.send(token);
                Settled::Done
            }
            (Work::Stored { reply, .. }, Value::Nil) => {
                let _ = reply.send(StoredToken::Missing);
                Settled::Done
            }
            (Work::Stored { reply, .. }, Value::BulkString(text)) => {
                let Some(token) = token(&text) else { return Settled::Failed };
                let _ = reply.send(StoredToken::Found(token));
                Settled::Done
            }
            (Work::End { reply }, Value::Int(_)) => {
                let _ = reply.send(());
                Settled::Done
            }
            _ => Settled::Failed,
        }
    }
}

/// As the script numbers its answers.
fn spend_answer(code: i64, replace: u32, incarnation: Incarnation) -> Option<SpendAnswer> {
    let spent = match code {
        0 | 1 => Spent::Unknown,
        2 => Spent::Already,
        3.. => Spent::First,
        _ => return None,
    };
    let fresh = match code.checked_sub(4) {
        Some(first @ 0..) => Some(Reserved { serials: serials(first, replace)?, incarnation }),
        _ => None,
    };
    Some(SpendAnswer { spent, fresh })
}

fn serials(first: i64, count: u32) -> Option<std::ops::Range<u32>> {
    let first = u32::try_from(first).ok()?;
    Some(first..first.checked_add(count)?)
}

fn token(text: &[u8]) -> Option<Box<Token>> {
    Token::from_stored(std::str::from_utf8(text).ok()?).map(Box::new)
}

/// Records hold 32 bits of seconds, as tickets do: enough until the year 2106.
fn seconds(time: Timestamp) -> u32 {
    u32::try_from(time.as_secs()).unwrap_or(u32::MAX)
}
