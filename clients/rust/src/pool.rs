//! Tokens that are held: first in, first out, each for as long as it is good.

use std::collections::VecDeque;
use std::time::{Duration, SystemTime};

use crate::token::Token;

/// A token is given up this much before its end: a request takes its time.
const MARGIN: Duration = Duration::from_secs(5);

/// However many a server hands out, no more are kept.
const MOST: usize = 1024;

/// A token and when it came.
#[derive(Clone, Debug)]
pub(crate) struct Ticket {
    pub(crate) token: Token,
    pub(crate) at: SystemTime,
    /// Those that came together have the same number, later ones a higher one.
    pub(crate) batch: u64,
}

impl Ticket {
    /// Whether it can still be used. One from the future, after the clock was set back, can.
    pub(crate) fn is_good(&self, lifetime: Option<Duration>, now: SystemTime) -> bool {
        let age = now.duration_since(self.at).unwrap_or_default();
        lifetime.is_none_or(|lifetime| age < lifetime.saturating_sub(MARGIN))
    }
}

/// One-time tokens.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    tickets: VecDeque<Ticket>,
}

impl Pool {
    /// Appends a token, unless it is there already.
    pub(crate) fn put(&mut self, ticket: Ticket) {
        if self.tickets.iter().any(|own| own.token == ticket.token) {
            return;
        }
        if self.tickets.len() == MOST {
            self.tickets.pop_front();
        }
        self.tickets.push_back(ticket);
    }

    /// Takes the oldest that is still good; drops those that are not.
    pub(crate) fn take(&mut self, lifetime: Option<Duration>, now: SystemTime) -> Option<Ticket> {
        std::iter::from_fn(|| self.tickets.pop_front()).find(|ticket| ticket.is_good(lifetime, now))
    }

    /// Puts back in front what was taken and not used, as old as it is.
    pub(crate) fn give_back(&mut self, ticket: Ticket) {
        if self.tickets.iter().all(|own| own.token != ticket.token) {
            self.tickets.push_front(ticket);
        }
    }

    /// Drops what came with `batch` or before.
    pub(crate) fn drop_until(&mut self, batch: u64) {
        self.tickets.retain(|ticket| ticket.batch > batch);
    }

    pub(crate) fn clear(&mut self) {
        self.tickets.clear();
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Ticket> {
        self.tickets.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticket(text: &str, batch: u64) -> Ticket {
        Ticket { token: Token::new(text).unwrap(), at: SystemTime::UNIX_EPOCH, batch }
    }

    fn take(pool: &mut Pool) -> Option<String> {
        pool.take(None, SystemTime::UNIX_EPOCH).map(|own| own.token.as_str().to_owned())
    }

    #[test]
    fn no_more_than_so_many_are_kept_and_the_oldest_go() {
        let mut pool = Pool::default();
        for number in 0..=MOST {
            pool.put(ticket(&number.to_string(), 0));
        }
        assert_eq!(pool.iter().count(), MOST);
        assert_eq!(take(&mut pool).as_deref(), Some("1"));
    }

    #[test]
    fn what_came_after_a_refused_one_is_kept() {
        let mut pool = Pool::default();
        for (text, batch) in [("old", 1), ("refused", 2), ("new", 3)] {
            pool.put(ticket(text, batch));
        }
        pool.drop_until(2);
        assert_eq!(take(&mut pool).as_deref(), Some("new"));
        assert_eq!(take(&mut pool), None);
    }

    #[test]
    fn a_clock_that_is_set_back_makes_no_token_old() {
        let now = SystemTime::UNIX_EPOCH;
        let ahead = Ticket { at: now + Duration::from_secs(1000), ..ticket("a", 0) };
        assert!(ahead.is_good(Some(Duration::from_secs(10)), now));
    }
}
