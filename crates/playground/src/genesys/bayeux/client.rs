//! One client: its subscriptions, what waits for it, and the connect that is held for it.

use std::collections::{BTreeSet, VecDeque};

use tokio::sync::oneshot;
use tokio::time::Instant;

use super::channel::{Channel, Pattern};
use super::message::Event;
use super::{Limits, Owner};

/// What the server remembers of a client.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) owner: Owner,
    pub(super) subscriptions: BTreeSet<Pattern>,
    /// Both sides use the acknowledgement extension.
    pub(super) acknowledges: bool,
    /// Has connected since the handshake.
    pub(super) connected: bool,
    /// Oldest first. With acknowledgement: the delivered but unconfirmed ones, then the new ones.
    waiting: VecDeque<(Batch, Event)>,
    /// The last batch that was put on the wire.
    batch: u64,
    held: Option<Held>,
    /// Tells one held connect from the next.
    turn: u64,
    seen: Instant,
}

/// Whether and in which batch an event has been delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Batch {
    New,
    Sent(u64),
}

#[derive(Debug)]
struct Held {
    turn: u64,
    release: oneshot::Sender<Release>,
}

/// Why a held connect is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Release {
    /// There is something to deliver.
    Events,
    /// The client has connected again elsewhere, or is gone.
    Over,
}

impl Client {
    pub(super) fn new(owner: Owner, acknowledges: bool, now: Instant) -> Self {
        Self {
            owner,
            subscriptions: BTreeSet::new(),
            acknowledges,
            connected: false,
            waiting: VecDeque::new(),
            batch: 0,
            held: None,
            turn: 0,
            seen: now,
        }
    }

    /// Has stayed away for too long. A client whose connect is held is there.
    pub(super) fn is_lost(&self, limits: &Limits, now: Instant) -> bool {
        self.held.is_none() && now.duration_since(self.seen) >= limits.max_interval
    }

    pub(super) fn seen(&mut self, now: Instant) {
        self.seen = now;
    }

    pub(super) fn wants(&self, channel: &Channel) -> bool {
        self.subscriptions.iter().any(|pattern| pattern.matches(channel))
    }

    /// Puts an event in the queue and answers the held connect; false when the queue is full.
    #[must_use]
    pub(super) fn deliver(&mut self, event: Event, limits: &Limits) -> bool {
        if self.waiting.len() >= limits.events {
            return false;
        }
        self.waiting.push_back((Batch::New, event));
        self.release(Release::Events);
        true
    }

    /// Forgets what the client has confirmed. What is left was lost on the way: it counts as new again.
    pub(super) fn acknowledge(&mut self, confirmed: u64) {
        self.waiting.retain(|(batch, _)| !matches!(batch, Batch::Sent(n) if *n <= confirmed));
        for (batch, _) in &mut self.waiting {
            *batch = Batch::New;
        }
    }

    pub(super) fn has_news(&self) -> bool {
        self.waiting.iter().any(|(batch, _)| *batch == Batch::New)
    }

    /// Everything new, and the number of its batch. With acknowledgement a copy is kept until confirmed.
    pub(super) fn take_news(&mut self) -> (Vec<Event>, u64) {
        if !self.acknowledges {
            return (self.waiting.drain(..).map(|(_, event)| event).collect(), self.batch);
        }
        if self.has_news() {
            self.batch += 1;
        }
        let mut news = Vec::new();
        for (batch, event) in &mut self.waiting {
            if *batch == Batch::New {
                *batch = Batch::Sent(self.batch);
                news.push(event.clone());
            }
        }
        (news, self.batch)
    }

    /// Holds a connect; an earlier one is let go. Gives the turn for [`Client::let_go`].
    pub(super) fn hold(&mut self) -> (u64, oneshot::Receiver<Release>) {
        self.release(Release::Over);
        self.turn += 1;
        let (release, released) = oneshot::channel();
        self.held = Some(Held { turn: self.turn, release });
        (self.turn, released)
    }

    /// The held connect of this turn has ended, answered or broken off.
    pub(super) fn let_go(&mut self, turn: u64, now: Instant) {
        self.held.take_if(|held| held.turn == turn);
        self.seen = now;
    }

    /// Answers the held connect, if there is one.
    pub(super) fn release(&mut self, release: Release) {
        if let Some(held) = self.held.take() {
            // A connect that was broken off meanwhile needs no answer.
            let _ = held.release.send(release);
        }
    }
}
