//! What is held: tokens, the session that they belong to, and the header that carries them.

use std::time::{Duration, SystemTime};

use countersign::ClientDocument;
use http::HeaderName;
use zeroize::Zeroizing;

use crate::learn::Learned;
use crate::pool::{Pool, Ticket};
use crate::saved::{SavedTicket, SavedTokens};
use crate::token::Token;

/// The values of the session cookie, if there is one.
pub(crate) type SessionValue = Option<Zeroizing<String>>;

#[derive(Default)]
pub(crate) struct Held {
    once: bool,
    lifetime: Option<Duration>,
    header: Option<HeaderName>,
    /// Whose tokens these are.
    session: SessionValue,
    /// One-time tokens.
    pool: Pool,
    /// A token that is used again and again.
    token: Option<Ticket>,
    batch: u64,
}

impl Held {
    pub(crate) fn new(document: &ClientDocument) -> Self {
        let token = document.token.as_ref();
        Self {
            once: token.is_some_and(|token| token.once),
            lifetime: token.and_then(|token| token.lifetime).map(Duration::from_secs),
            header: token.map(|token| token.header.name().clone()),
            ..Self::default()
        }
    }

    /// The request header that carries a token: the document's, or what the server said since.
    pub(crate) const fn header(&self) -> Option<&HeaderName> {
        self.header.as_ref()
    }

    /// The number of the newest batch.
    pub(crate) const fn batch(&self) -> u64 {
        self.batch
    }

    /// Rule 6: one-time tokens are added to the others, another kind replaces the one before.
    pub(crate) fn learn(&mut self, learned: Learned, session: &SessionValue, now: SystemTime) {
        if let Some(header) = learned.header {
            self.header = Some(header);
        }
        if learned.tokens.is_empty() {
            return;
        }
        self.enter(session);
        self.batch += 1;
        let batch = self.batch;
        for token in learned.tokens {
            let ticket = Ticket { token, at: now, batch };
            if self.once {
                self.pool.put(ticket);
            } else {
                self.token = Some(ticket);
                // A response brings one; the first source that has it is the best one.
                break;
            }
        }
    }

    /// Rule 4: a token that is not too old and belongs to this session.
    pub(crate) fn take(&mut self, session: &SessionValue, now: SystemTime) -> Option<Ticket> {
        self.enter(session);
        if self.once {
            return self.pool.take(self.lifetime, now);
        }
        self.token.clone().filter(|ticket| ticket.is_good(self.lifetime, now))
    }

    /// Rule 9. What was not taken from the pool is held already.
    pub(crate) fn give_back(&mut self, ticket: Ticket, session: &SessionValue) {
        if self.once && self.session == *session {
            self.pool.give_back(ticket);
        }
    }

    /// Rule 7: one-time tokens that came with a refused one or before are worth no more than it.
    pub(crate) fn refused(&mut self, ticket: &Ticket) {
        self.pool.drop_until(ticket.batch);
    }

    /// Rule 8: at login and logout.
    pub(crate) fn clear(&mut self) {
        self.pool.clear();
        self.token = None;
    }

    /// Rule 8: tokens of another session are dropped.
    fn enter(&mut self, session: &SessionValue) {
        if self.session != *session {
            self.clear();
            self.session.clone_from(session);
        }
    }

    pub(crate) fn save(&self) -> SavedTokens {
        let tickets = self.pool.iter().chain(&self.token).map(SavedTicket::of);
        SavedTokens {
            header: self.header.as_ref().map(ToString::to_string),
            session: self.session.clone(),
            tickets: tickets.collect(),
        }
    }

    pub(crate) fn restore(&mut self, saved: &SavedTokens) {
        if let Some(header) = &saved.header
            && let Ok(name) = HeaderName::from_bytes(header.as_bytes())
        {
            self.header = Some(name);
        }
        self.session.clone_from(&saved.session);
        for ticket in &saved.tickets {
            let Some(token) = Token::new(&ticket.token) else { continue };
            let ticket = Ticket { token, at: ticket.at(), batch: self.batch };
            if self.once {
                self.pool.put(ticket);
            } else {
                self.token = Some(ticket);
            }
        }
    }
}
