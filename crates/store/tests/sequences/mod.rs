//! Random sequences of what callers do, beside a plain model that forgets nothing.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a panic is a test's verdict, in its helpers as well"
)]

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use countersign::{SessionKey, Spent, Ticket, Timestamp};
use countersign_store::Store;
use proptest::prelude::*;

const START: Timestamp = Timestamp::from_secs(1_800_000_000);

#[derive(Clone, Debug)]
pub(crate) enum Step {
    Reserve {
        session: u8,
        count: u32,
        life: u64,
    },
    /// One of the tickets that there are, in the order of their issue.
    Spend {
        which: prop::sample::Index,
        replace: u32,
        life: u64,
    },
    /// A number that may never have been given out.
    Guess {
        session: u8,
        serial: u32,
    },
    End {
        session: u8,
    },
    Wait {
        seconds: u64,
    },
}

pub(crate) fn steps() -> impl Strategy<Value = Vec<Step>> {
    let life = 1..2_000u64;
    let step = prop_oneof![
        3 => (0..4u8, 1..60u32, life.clone())
            .prop_map(|(session, count, life)| Step::Reserve { session, count, life }),
        30 => (any::<prop::sample::Index>(), 0..3u32, life)
            .prop_map(|(which, replace, life)| Step::Spend { which, replace, life }),
        1 => (0..4u8, 0..400u32).prop_map(|(session, serial)| Step::Guess { session, serial }),
        1 => (0..4u8).prop_map(|session| Step::End { session }),
        1 => (0..900u64).prop_map(|seconds| Step::Wait { seconds }),
    ];
    prop::collection::vec(step, 1..250)
}

/// One session as the model has it.
#[derive(Default)]
struct Session {
    /// Must be accepted, once.
    good: HashSet<u32>,
    /// Of a time that had passed before the session got more: may be forgotten, may be remembered.
    doubtful: HashSet<u32>,
    until: u64,
}

/// Panics where the store accepts what it must not, or refuses what it must accept.
pub(crate) async fn agree(store: &impl Store, steps: Vec<Step>) {
    let mut now = START;
    let mut sessions: HashMap<u8, Session> = HashMap::new();
    let mut tickets: Vec<(u8, u32)> = Vec::new();
    let mut accepted: HashSet<(u8, u32)> = HashSet::new();
    for step in steps {
        match step {
            Step::Reserve { session, count, life } => {
                let until = now.plus(Duration::from_secs(life));
                let reserved = store.reserve(key(session), count, until, now).await.unwrap();
                let model = sessions.entry(session).or_default();
                model.give(reserved.serials.clone(), until, now);
                tickets.extend(reserved.serials.map(|serial| (session, serial)));
            }
            Step::Spend { which, replace, life } if !tickets.is_empty() => {
                let (session, serial) = tickets[which.index(tickets.len())];
                let until = now.plus(Duration::from_secs(life));
                let answer = store.spend(ticket(store, session, serial), replace, until, now).await;
                let model = sessions.entry(session).or_default();
                let first = answer.spent == Spent::First;
                assert!(!first || accepted.insert((session, serial)), "{serial} accepted twice");
                let alive = now.as_secs() <= model.until;
                let good = model.good.remove(&serial);
                let doubtful = model.doubtful.remove(&serial);
                assert!(first || !(alive && good), "{serial} refused: {:?}", answer.spent);
                assert!(!first || alive && (good || doubtful), "{serial} was worth nothing");
                assert_eq!(answer.fresh.is_some(), first && replace > 0);
                // Refused past its time, it may still be good if the session then gets more.
                if !first && (good || doubtful) {
                    model.doubtful.insert(serial);
                }
                if let Some(fresh) = answer.fresh {
                    model.give(fresh.serials.clone(), until, now);
                    tickets.extend(fresh.serials.map(|serial| (session, serial)));
                }
            }
            Step::Spend { .. } => {}
            Step::Guess { session, serial } => {
                if !tickets.contains(&(session, serial)) {
                    let guess = ticket(store, session, serial);
                    let spent = store.spend(guess, 0, now, now).await.spent;
                    assert_ne!(spent, Spent::First, "{serial} was never given out");
                }
            }
            Step::End { session } => {
                store.end(key(session)).await.unwrap();
                sessions.remove(&session);
            }
            Step::Wait { seconds } => now = now.plus(Duration::from_secs(seconds)),
        }
    }
}

impl Session {
    fn give(&mut self, serials: std::ops::Range<u32>, until: Timestamp, now: Timestamp) {
        if now.as_secs() > self.until {
            self.doubtful.extend(self.good.drain());
        }
        for serial in serials {
            assert!(self.good.insert(serial), "{serial} given out twice");
        }
        self.until = self.until.max(until.as_secs());
    }
}

fn key(session: u8) -> SessionKey {
    SessionKey::from_bytes([session; 16])
}

fn ticket(store: &impl Store, session: u8, serial: u32) -> Ticket {
    Ticket { session: key(session), serial, incarnation: store.incarnation(), expires: START }
}
