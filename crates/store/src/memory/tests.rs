use super::*;

const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);
const LIFE: Duration = Duration::from_secs(24 * 60);

fn key(number: u32) -> SessionKey {
    let mut bytes = [0; 16];
    bytes[..4].copy_from_slice(&number.wrapping_mul(2_654_435_761).to_be_bytes());
    bytes[4..8].copy_from_slice(&number.to_be_bytes());
    SessionKey::from_bytes(bytes)
}

fn ticket(store: &MemoryStore, session: SessionKey, serial: u32) -> Ticket {
    Ticket { session, serial, incarnation: store.incarnation(), expires: NOW.plus(LIFE) }
}

#[tokio::test]
async fn the_number_of_sessions_is_bounded() {
    let store = MemoryStore::new(1, MemoryLimits { sessions: 160, ..MemoryLimits::default() });
    for number in 0..10_000 {
        store.reserve(key(number), 10, NOW.plus(LIFE), NOW).await.unwrap();
    }
    assert!(store.sessions() <= 160, "{}", store.sessions());
}

#[tokio::test]
async fn the_number_of_bytes_is_bounded() {
    let limits = MemoryLimits { bytes: 64 * 1024, ..MemoryLimits::default() };
    let store = MemoryStore::new(1, limits);
    for number in 0..2_000 {
        let session = key(number);
        let reserved = store.reserve(session, 40, NOW.plus(LIFE), NOW).await.unwrap();
        for serial in reserved.serials.step_by(2) {
            let _ = store.spend(ticket(&store, session, serial), 0, NOW, NOW).await;
        }
        assert!(store.bytes() <= 64 * 1024, "after session {number}: {}", store.bytes());
    }
}

#[tokio::test]
async fn an_evicted_session_never_takes_a_spent_ticket_again() {
    let store = MemoryStore::new(1, MemoryLimits { sessions: 16, ..MemoryLimits::default() });
    let mut seen = Vec::new();
    for round in 0..200 {
        for number in 0..64 {
            let session = key(number);
            let reserved = store.reserve(session, 2, NOW.plus(LIFE), NOW).await.unwrap();
            for serial in reserved.serials {
                let spent = ticket(&store, session, serial);
                let _ = store.spend(spent, 0, NOW.plus(LIFE), NOW).await;
                seen.push(spent);
            }
        }
        for spent in &seen {
            let again = store.spend(*spent, 0, NOW.plus(LIFE), NOW).await.spent;
            assert_ne!(again, Spent::First, "{spent:?} in round {round}");
        }
        seen.truncate(256);
    }
}

#[tokio::test]
async fn expired_sessions_make_room() {
    let store = MemoryStore::new(1, MemoryLimits::default());
    let mut now = NOW;
    for number in 0..50_000 {
        store.reserve(key(number), 1, now.plus(LIFE), now).await.unwrap();
        now = now.plus(Duration::from_secs(1));
    }
    // At one session a second, 1441 are alive at any time.
    assert!(store.sessions() < 4 * 1441 + SHARDS * 64, "{}", store.sessions());
}
