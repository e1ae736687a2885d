//! Tickets of one session, as tests present them.

use std::time::Duration;

use countersign::{SessionKey, Spent, Ticket, Timestamp};
use countersign_store::Store;
use countersign_store::redis::RedisStore;

pub(crate) const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);
pub(crate) const LIFE: Duration = Duration::from_secs(24 * 60);

/// Long enough for a machine that is busy; nothing waits for it to pass.
pub(crate) async fn open(url: &str) -> RedisStore {
    open_with(url, "timeout=10s").await
}

pub(crate) async fn open_with(url: &str, query: &str) -> RedisStore {
    RedisStore::open(format!("{url}?{query}").parse().unwrap(), "shop").await.unwrap()
}

pub(crate) fn session(number: u8) -> SessionKey {
    SessionKey::from_bytes([number; 16])
}

/// The key of a session's record.
pub(crate) fn record(number: u8) -> String {
    format!("{{countersign:shop}}:s:{}", format!("{number:02x}").repeat(16))
}

pub(crate) const META: &str = "{countersign:shop}:meta";

pub(crate) async fn reserve(store: &RedisStore, number: u8, count: u32) -> Vec<Ticket> {
    try_reserve(store, number, count).await.expect("the store answers")
}

pub(crate) async fn try_reserve(store: &RedisStore, number: u8, count: u32) -> Option<Vec<Ticket>> {
    let (session, expires) = (session(number), NOW.plus(LIFE));
    let reserved = store.reserve(session, count, expires, NOW).await.ok()?;
    let incarnation = reserved.incarnation;
    let ticket = |serial| Ticket { session, serial, incarnation, expires };
    Some(reserved.serials.map(ticket).collect())
}

pub(crate) async fn spend(store: &RedisStore, ticket: Ticket) -> Spent {
    store.spend(ticket, 1, NOW.plus(LIFE), NOW).await.spent
}
