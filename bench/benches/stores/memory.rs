//! The memory store: bytes and time by live sessions.

use std::fs;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use allocation_counter::measure as count;
use countersign::Spent;
use countersign_bench::cpu_time;
use countersign_store::{MemoryLimits, MemoryStore, Store};

use crate::sessions::{NOW, POOL, Sessions, UNTIL};
use crate::{Extent, Row, median};

/// What a session's marks may take at a million sessions.
const TARGET: f64 = 64.0;

pub(crate) fn measure(extent: Extent, rows: &mut Vec<Row>) {
    println!("\nmemory store, a pool of {POOL} for each session, one of them spent");
    println!(
        "{:>14}{:>18}{:>18}{:>18}",
        "live sessions", "heap B/session", "resident B/s.", "ns/spend (median)"
    );
    for size in Extent::sizes(extent.memory) {
        let limits =
            MemoryLimits { sessions: usize::MAX, bytes: usize::MAX, idle: Duration::from_secs(1) };
        let (sessions, before) = (Sessions(size), resident());
        let mut store = None;
        let allocated = count(|| store = Some(fill(sessions, limits)));
        let Some(store) = store else { continue };
        let heap = allocated.bytes_current as f64 / size as f64;
        let grown = resident().zip(before).map(|(after, before)| after.saturating_sub(before));
        let grown =
            grown.map_or_else(|| "-".to_owned(), |b| format!("{:.1}", b as f64 / size as f64));
        let ns = spend(&store, sessions, extent);
        let verdict = match size {
            1_000_000 if heap <= TARGET => format!("  target {TARGET} met"),
            1_000_000 => format!("  target {TARGET} MISSED"),
            _ => String::new(),
        };
        println!("{size:>14}{heap:>18.1}{grown:>18}{ns:>18.1}{verdict}");
        let bytes_each = Some(heap);
        rows.push(Row { store: "memory", sessions: size, ns_each: ns, bytes_each });
    }
}

fn fill(sessions: Sessions, limits: MemoryLimits) -> MemoryStore {
    let store = MemoryStore::new(1, limits);
    for number in 0..sessions.0 {
        let reserved = at_once(store.reserve(sessions.key(number), POOL, UNTIL, NOW));
        assert!(reserved.is_ok(), "there is room for all");
    }
    for number in 0..sessions.0 {
        let ticket = sessions.ticket(&store, number);
        assert_eq!(at_once(store.spend(ticket, 0, UNTIL, NOW)).spent, Spent::First);
    }
    store
}

/// Sessions in no order, so that what does not fit the processor's cache is not in it.
fn spend(store: &MemoryStore, sessions: Sessions, extent: Extent) -> f64 {
    let mut next = sessions.0;
    let samples = (0..extent.rounds * 5).map(|_| {
        let tickets: Vec<_> =
            (next..next + extent.spends).map(|number| sessions.ticket(store, number)).collect();
        next += extent.spends;
        let begin = cpu_time();
        for ticket in tickets {
            let answer = at_once(store.spend(ticket, 1, UNTIL, NOW));
            assert_eq!(answer.spent, Spent::First, "each ticket is new");
        }
        cpu_time().saturating_sub(begin).as_secs_f64() * 1e9 / extent.spends as f64
    });
    median(samples.collect())
}

/// Bytes of this process in memory, where the system says so.
fn resident() -> Option<u64> {
    let pages = fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = pages.split(' ').nth(1)?.parse().ok()?;
    Some(pages * rustix::param::page_size() as u64)
}

fn at_once<O>(future: impl Future<Output = O>) -> O {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => unreachable!("the memory store answers at once"),
    }
}
