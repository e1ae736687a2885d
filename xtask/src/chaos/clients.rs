//! Those who spend tickets and use tokens, and a list of all that they presented.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, Scope};
use std::time::{Duration, Instant};

use super::http::Client;

/// Between two requests of a client: the servers must find time to come back on a small machine.
const PAUSE: Duration = Duration::from_millis(40);
/// So many tickets later one is presented again.
const LATER: usize = 2;
/// Clients of session-bound tokens.
const HOLDERS: usize = 4;
/// Who present tickets again.
const REPLAYERS: usize = 16;

/// A ticket that was presented, and what came of it.
pub(crate) struct Attempt {
    session: String,
    ticket: String,
    pub(crate) began: Instant,
    pub(crate) ended: Instant,
    pub(crate) status: u16,
}

#[derive(Default)]
pub(crate) struct Crowd {
    gateways: Vec<String>,
    stop: AtomicBool,
    attempts: Mutex<Vec<Attempt>>,
    /// The attempts before this one have been replayed.
    replayed: AtomicUsize,
    pub(crate) tokens_accepted: AtomicUsize,
    pub(crate) tokens_refused: AtomicUsize,
    /// A gateway that was killed answers nobody. That is no refusal.
    pub(crate) unanswered: AtomicUsize,
}

/// Stops the clients when it goes out of scope.
pub(crate) struct Stop<'a>(pub(crate) &'a Crowd);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.stop.store(true, Ordering::SeqCst);
    }
}

impl Crowd {
    pub(crate) fn new(gateways: Vec<String>) -> Self {
        Self { gateways, ..Self::default() }
    }

    pub(crate) fn start<'scope>(&'scope self, scope: &'scope Scope<'scope, '_>, spenders: usize) {
        for number in 0..spenders {
            scope.spawn(move || self.spend(number));
        }
        for number in 0..HOLDERS {
            scope.spawn(move || self.hold(number));
        }
    }

    /// Spends ticket after ticket, and now and then one a second time at the other gateway: at once, or
    /// a while later, when its mark may be lost.
    fn spend(&self, number: usize) {
        let client = Client::new();
        let session = format!("s{number}");
        let mut tickets = Vec::new();
        let mut earlier = VecDeque::new();
        let mut home = number;
        for turn in 0.. {
            thread::sleep(PAUSE);
            if self.stop.load(Ordering::SeqCst) {
                return;
            }
            let Some(ticket) = tickets.pop() else {
                home += 1;
                tickets = client.pool(self.gateway(home), &session);
                continue;
            };
            let elsewhere = usize::from(turn % 4 == 0);
            let fresh = self.present(&client, self.gateway(home + elsewhere), &session, &ticket);
            match fresh {
                Some(fresh) => tickets.insert(0, fresh),
                // The rest are of the same life of the store: as a page does, load the pool again.
                None => tickets.clear(),
            }
            let again = match turn % 8 {
                1 | 5 => Some(&ticket),
                3 | 7 => earlier.front(),
                _ => None,
            };
            if let Some(again) = again {
                self.present(&client, self.gateway(home + 1), &session, again);
            }
            earlier.push_back(ticket);
            earlier.drain(..earlier.len().saturating_sub(LATER));
        }
    }

    /// Uses one session-bound token for ever.
    fn hold(&self, number: usize) {
        let client = Client::new();
        let session = format!("h{number}");
        let mut token = None;
        for turn in number.. {
            thread::sleep(PAUSE);
            if self.stop.load(Ordering::SeqCst) {
                return;
            }
            let Some(token) = &token else {
                token = client.token(self.gateway(turn), &session);
                continue;
            };
            let count = match client.act(self.gateway(turn), &session, token) {
                200 => &self.tokens_accepted,
                0 => &self.unanswered,
                _ => &self.tokens_refused,
            };
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn present(
        &self,
        client: &Client,
        gateway: &str,
        session: &str,
        ticket: &str,
    ) -> Option<String> {
        let began = Instant::now();
        let answer = client.spend(gateway, session, ticket);
        let attempt = Attempt {
            session: session.to_owned(),
            ticket: ticket.to_owned(),
            began,
            ended: Instant::now(),
            status: answer.status,
        };
        self.attempts().push(attempt);
        answer.fresh
    }

    /// Presents everything again that was presented since the last time, at every gateway.
    pub(crate) fn replay_latest(&self) -> usize {
        let latest = self.attempts().len();
        self.replay(self.replayed.swap(latest, Ordering::SeqCst), latest)
    }

    /// Presents everything again that was ever presented, at every gateway.
    pub(crate) fn replay_all(&self) -> usize {
        let all = self.attempts().len();
        self.replay(0, all)
    }

    fn replay(&self, from: usize, to: usize) -> usize {
        let again: Vec<(String, String)> = self
            .attempts()
            .iter()
            .take(to)
            .skip(from)
            .map(|attempt| (attempt.session.clone(), attempt.ticket.clone()))
            .collect();
        thread::scope(|scope| {
            for tickets in again.chunks(again.len().div_ceil(REPLAYERS).max(1)) {
                scope.spawn(move || {
                    let client = Client::new();
                    for (session, ticket) in tickets {
                        for gateway in &self.gateways {
                            // The app counts.
                            let _ = client.spend(gateway, session, ticket);
                        }
                    }
                });
            }
        });
        again.len() * self.gateways.len()
    }

    pub(crate) fn attempts(&self) -> MutexGuard<'_, Vec<Attempt>> {
        self.attempts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// In a few words.
    pub(crate) fn progress(&self) -> String {
        let attempts = self.attempts();
        let accepted = attempts.iter().filter(|attempt| attempt.status == 200).count();
        format!(
            "{accepted} tickets accepted, {} refused, {} tokens refused",
            attempts.len() - accepted,
            self.tokens_refused.load(Ordering::Relaxed)
        )
    }

    fn gateway(&self, turn: usize) -> &str {
        self.gateways.get(turn % self.gateways.len()).map_or("", String::as_str)
    }
}
