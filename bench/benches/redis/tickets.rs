//! Sessions and tickets to measure with.

use std::time::Duration;

use countersign::{SessionKey, Ticket, Timestamp};
use countersign_store::Store;
use countersign_store::redis::RedisStore;
use futures_util::future::join_all;

use super::Outcome;

pub(crate) const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);
/// As many as the tao dialect gives out at once.
pub(crate) const POOL: u32 = 10;

pub(crate) fn until() -> Timestamp {
    NOW.plus(Duration::from_secs(1440))
}

/// Patient enough for a machine that does other things.
pub(crate) async fn open(url: &str) -> Outcome<RedisStore> {
    Ok(RedisStore::open(format!("{url}?timeout=10s").parse()?, "bench").await?)
}

/// Spread as the keyed hashes are that these keys really are.
pub(crate) fn session(number: usize) -> SessionKey {
    let spread = (number as u128).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
    SessionKey::from_bytes(spread.to_le_bytes())
}

/// So many unspent tickets, in pools of sessions that begin with this number.
pub(crate) async fn issue(store: &RedisStore, first: usize, count: usize) -> Outcome<Vec<Ticket>> {
    let mut tickets = Vec::with_capacity(count);
    let sessions: Vec<_> = (first..first + count.div_ceil(POOL as usize)).collect();
    for sessions in sessions.chunks(64) {
        tickets.extend(pools(store, sessions).await?);
    }
    tickets.truncate(count);
    Ok(tickets)
}

/// A pool for each of these sessions, asked for at the same time.
pub(crate) async fn pools(store: &RedisStore, sessions: &[usize]) -> Outcome<Vec<Ticket>> {
    let asked = sessions.iter().map(|number| store.reserve(session(*number), POOL, until(), NOW));
    let mut tickets = Vec::new();
    for (number, reserved) in sessions.iter().zip(join_all(asked).await) {
        let reserved = reserved?;
        tickets.extend(reserved.serials.map(|serial| Ticket {
            session: session(*number),
            serial,
            incarnation: reserved.incarnation,
            expires: until(),
        }));
    }
    Ok(tickets)
}
