//! What every store must do, as tests.
//!
//! Each function takes a fresh store and panics where it breaks the contract. The macro
//! [`contract_tests`](crate::contract_tests) makes a test of each:
//!
//! ```text
//! countersign_store::contract_tests!(MemoryStore::new(rand::random(), MemoryLimits::default()));
//! ```
#![expect(clippy::panic, clippy::unwrap_used, reason = "these are tests; a panic is their verdict")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use countersign::{
    Engine, Holder, Incarnation, Issue, Keyring, Moment, Policy, Random, SessionKey, Spent,
    StoredToken, Ticket, Timestamp, Token,
};

use crate::Store;

const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);
const LIFE: Duration = Duration::from_secs(24 * 60);

/// Makes a test of each function of this module, for the store that the expression makes.
#[macro_export]
macro_rules! contract_tests {
    ($store:expr) => {
        $crate::contract_tests!(@each $store;
            a_ticket_is_spent_once,
            a_ticket_that_was_never_issued_is_unknown,
            sessions_do_not_share_tickets,
            serial_numbers_are_never_given_twice,
            another_incarnation_is_unknown,
            an_ended_session_is_unknown,
            an_ended_session_does_not_come_back,
            spending_brings_fresh_numbers_and_a_refusal_none,
            a_record_past_its_time_is_unknown,
            a_stored_token_stays,
            a_stored_token_ends_with_its_session,
            no_token_is_missing,
        );

        #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
        async fn tickets_presented_twice_at_once_are_accepted_once() {
            $crate::contract::tickets_presented_twice_at_once_are_accepted_once($store).await;
        }
    };
    (@each $store:expr; $($name:ident,)*) => {
        $(
            #[tokio::test]
            async fn $name() {
                $crate::contract::$name(&$store).await;
            }
        )*
    };
}

fn session(number: u8) -> SessionKey {
    SessionKey::from_bytes([number; 16])
}

fn ticket(store: &impl Store, session: SessionKey, serial: u32) -> Ticket {
    Ticket { session, serial, incarnation: store.incarnation(), expires: NOW.plus(LIFE) }
}

async fn reserve(store: &impl Store, session: SessionKey, count: u32) -> Vec<Ticket> {
    let reserved = store.reserve(session, count, NOW.plus(LIFE), NOW).await.unwrap();
    assert_eq!(reserved.serials.len(), count as usize, "as many numbers as asked for");
    assert_eq!(reserved.incarnation, store.incarnation());
    reserved.serials.map(|serial| ticket(store, session, serial)).collect()
}

async fn spend(store: &impl Store, ticket: Ticket) -> Spent {
    store.spend(ticket, 0, NOW.plus(LIFE), NOW).await.spent
}

/// The first time is the only time.
pub async fn a_ticket_is_spent_once(store: &impl Store) {
    for ticket in reserve(store, session(1), 10).await {
        assert_eq!(spend(store, ticket).await, Spent::First);
        assert_eq!(spend(store, ticket).await, Spent::Already);
        assert_eq!(spend(store, ticket).await, Spent::Already);
    }
}

/// Neither a number ahead of those given out, nor any of a session without a record.
pub async fn a_ticket_that_was_never_issued_is_unknown(store: &impl Store) {
    let last = *reserve(store, session(1), 3).await.last().unwrap();
    let ahead = Ticket { serial: last.serial + 1, ..last };
    assert_eq!(spend(store, ahead).await, Spent::Unknown);
    assert_eq!(spend(store, ticket(store, session(2), last.serial)).await, Spent::Unknown);
}

/// Spending one session's ticket leaves the same number of another alone.
pub async fn sessions_do_not_share_tickets(store: &impl Store) {
    let (one, two) = (reserve(store, session(1), 5).await, reserve(store, session(2), 5).await);
    for ticket in one.into_iter().chain(two) {
        assert_eq!(spend(store, ticket).await, Spent::First);
    }
}

/// Two batches of one session have no number in common.
pub async fn serial_numbers_are_never_given_twice(store: &impl Store) {
    let mut all = Vec::new();
    for _ in 0..20 {
        all.extend(reserve(store, session(1), 10).await.iter().map(|ticket| ticket.serial));
    }
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), 200);
}

/// A ticket of another life is not this store's to spend.
pub async fn another_incarnation_is_unknown(store: &impl Store) {
    let [ticket] = reserve(store, session(1), 1).await[..] else { panic!("one was reserved") };
    let other = Ticket { incarnation: Incarnation::from_random(0xdead), ..ticket };
    assert_eq!(spend(store, other).await, Spent::Unknown);
    assert_eq!(spend(store, ticket).await, Spent::First, "and the real one is untouched");
}

/// After logout nothing of the session is worth anything.
pub async fn an_ended_session_is_unknown(store: &impl Store) {
    let tickets = reserve(store, session(1), 2).await;
    store.end(session(1)).await.unwrap();
    for ticket in tickets {
        assert_eq!(spend(store, ticket).await, Spent::Unknown);
    }
}

/// Not even when the same session gets new tickets: old numbers are not given out again.
pub async fn an_ended_session_does_not_come_back(store: &impl Store) {
    let before = reserve(store, session(1), 3).await;
    for ticket in &before {
        assert_eq!(spend(store, *ticket).await, Spent::First);
    }
    store.end(session(1)).await.unwrap();
    let after = reserve(store, session(1), 3).await;
    for ticket in before {
        assert_ne!(spend(store, ticket).await, Spent::First);
    }
    for ticket in after {
        assert_eq!(spend(store, ticket).await, Spent::First);
    }
}

/// Each accepted ticket is replaced in the same stroke; a refused one is not.
pub async fn spending_brings_fresh_numbers_and_a_refusal_none(store: &impl Store) {
    let [ticket] = reserve(store, session(1), 1).await[..] else { panic!("one was reserved") };
    let answer = store.spend(ticket, 1, NOW.plus(LIFE), NOW).await;
    let fresh = answer.fresh.unwrap();
    assert_eq!(fresh.serials.len(), 1);
    let next = Ticket { serial: fresh.serials.start, ..ticket };
    assert_eq!(store.spend(ticket, 1, NOW.plus(LIFE), NOW).await, Spent::Already.into());
    assert_eq!(spend(store, next).await, Spent::First);
}

/// A record may be dropped once its last ticket has expired, so it counts as dropped.
pub async fn a_record_past_its_time_is_unknown(store: &impl Store) {
    let [ticket] = reserve(store, session(1), 1).await[..] else { panic!("one was reserved") };
    let later = NOW.plus(LIFE + Duration::from_secs(1));
    let answer = store.spend(ticket, 0, later, later).await;
    assert_eq!(answer.spent, Spent::Unknown);
}

/// The first token kept for a session is the one that everybody gets.
pub async fn a_stored_token_stays(store: &impl Store) {
    let (one, two) = (token(1), token(2));
    assert_ne!(one.as_str(), two.as_str());
    let kept = store.keep(session(1), one.clone(), NOW).await.unwrap();
    assert_eq!(kept.as_str(), one.as_str());
    let kept = store.keep(session(1), two, NOW).await.unwrap();
    assert_eq!(kept.as_str(), one.as_str());
    let StoredToken::Found(found) = store.stored(session(1), NOW).await else {
        panic!("the token is found")
    };
    assert_eq!(found.as_str(), one.as_str());
}

/// Ending the session forgets its token.
pub async fn a_stored_token_ends_with_its_session(store: &impl Store) {
    let _ = store.keep(session(1), token(1), NOW).await.unwrap();
    store.end(session(1)).await.unwrap();
    assert!(matches!(store.stored(session(1), NOW).await, StoredToken::Missing));
}

/// A session without a token has none.
pub async fn no_token_is_missing(store: &impl Store) {
    let _ = reserve(store, session(1), 1).await;
    for number in [1, 2] {
        assert!(matches!(store.stored(session(number), NOW).await, StoredToken::Missing));
    }
}

/// 64 tasks, 100,000 tickets, each presented twice at the same moment.
pub async fn tickets_presented_twice_at_once_are_accepted_once(store: impl Store) {
    const TASKS: usize = 64;
    const TICKETS: u32 = 100_000;
    let mut tickets = Vec::new();
    for number in 0..=u8::MAX {
        tickets.extend(reserve(&store, session(number), TICKETS.div_ceil(256)).await);
    }
    tickets.truncate(TICKETS as usize);

    let (store, tickets) = (Arc::new(store), Arc::new(tickets));
    let counts: Arc<[AtomicUsize; 3]> = Arc::default();
    let mut tasks = Vec::new();
    for task in 0..TASKS {
        let (store, tickets, counts) = (store.clone(), tickets.clone(), counts.clone());
        // Tasks 2n and 2n+1 walk over the same tickets side by side.
        tasks.push(tokio::spawn(async move {
            for ticket in tickets.iter().skip(task / 2).step_by(TASKS / 2) {
                let [first, already, other] = &*counts;
                let count = match spend(&*store, *ticket).await {
                    Spent::First => first,
                    Spent::Already => already,
                    Spent::Unknown | Spent::Unavailable => other,
                };
                count.fetch_add(1, Ordering::Relaxed);
                tokio::task::yield_now().await;
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    let counts = counts.each_ref().map(|count| count.load(Ordering::Relaxed));
    assert_eq!(counts, [TICKETS as usize, TICKETS as usize, 0], "accepted, refused, other");
}

struct Fixed(u8);

impl Random for Fixed {
    fn fill(&mut self, bytes: &mut [u8]) {
        bytes.fill(self.0);
    }
}

fn token(number: u8) -> Box<Token> {
    let dialect = countersign::Dialect::parse("contract", STORED).unwrap();
    let engine = Engine::new(Policy::new(dialect), Keyring::from_random(&[1; 64]));
    let moment = Moment { now: NOW, incarnation: Incarnation::from_random(1) };
    let holder = Holder::Session(b"anyone".to_vec());
    match engine.issue(&holder, moment, &mut Fixed(number)) {
        Issue::Store(_, token) => token,
        Issue::Token(_) | Issue::Tickets(_) | Issue::None => panic!("the pattern stores its token"),
    }
}

const STORED: &str = r#"
name = "contract"
title = "Contract"
summary = "Stores its tokens."
[protect]
methods = "unsafe"
require = "token"
[session]
cookie = "session"
[token]
pattern = "stored-synchronizer"
shape = { base64url = 32 }
header = "X-CSRF-Token"
"#;
