//! The file store: durable spends by live sessions.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use countersign::Spent;
use countersign_store::Store;
use countersign_store::file::{FileLimits, FileSite, FileStore};
use tokio::runtime::Runtime;

use crate::sessions::{NOW, POOL, Sessions, UNTIL};
use crate::{Extent, Result, Row, median};

const TASKS: u64 = 64;

/// Reservations that wait together while the store is filled.
const FILLERS: u64 = 1024;

pub(crate) fn measure(extent: Extent, rows: &mut Vec<Row>) -> Result<()> {
    println!("\nfile store, a pool of {POOL} for each session; {TASKS} tasks spend durably");
    println!(
        "{:>14}{:>18}{:>18}{:>18}{:>18}",
        "live sessions", "file B/session", "spends/s", "us/spend (median)", "opening, ms"
    );
    for size in Extent::sizes(extent.file) {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
        let limits = FileLimits { sessions: u64::MAX, bytes: u64::MAX, ..FileLimits::default() };
        let sessions = Sessions(size);
        let store = FileStore::open(folder.path(), limits)?;
        let runtime = runtime()?;
        fill(&runtime, &store.site("bench"), sessions)?;
        drop(store);
        let begin = Instant::now();
        let store = FileStore::open(folder.path(), limits)?;
        let opening = begin.elapsed().as_secs_f64() * 1e3;
        let site = store.site("bench");
        let next = Arc::new(AtomicU64::new(0));
        let mut samples = Vec::new();
        for _ in 0..extent.rounds {
            samples.push(spend(&runtime, &site, sessions, TASKS, extent.spends, &next)?);
        }
        let each = median(samples);
        let bytes = std::fs::metadata(folder.path().join("store.redb"))?.len() as f64 / size as f64;
        let (us, rate) = (each * 1e6, 1.0 / each);
        println!("{size:>14}{bytes:>18.1}{rate:>18.0}{us:>18.1}{opening:>18.1}");
        let (ns_each, bytes_each) = (each * 1e9, Some(bytes));
        rows.push(Row { store: "file, 64 at once", sessions: size, ns_each, bytes_each });
    }
    Ok(())
}

pub(crate) fn runtime() -> Result<Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build()?)
}

pub(crate) fn fill(runtime: &Runtime, site: &FileSite, sessions: Sessions) -> Result<()> {
    let next = Arc::new(AtomicU64::new(0));
    together(runtime, FILLERS.min(sessions.0), || {
        let (site, next) = (site.clone(), next.clone());
        async move {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= sessions.0 {
                    return Ok(());
                }
                site.reserve(sessions.key(number), POOL, UNTIL, NOW).await?;
            }
        }
    })
}

/// Seconds for each of `count` spends, as many at once as there are tasks.
pub(crate) fn spend(
    runtime: &Runtime,
    site: &FileSite,
    sessions: Sessions,
    tasks: u64,
    count: u64,
    next: &Arc<AtomicU64>,
) -> Result<f64> {
    let end = next.load(Ordering::Relaxed) + count;
    let begin = Instant::now();
    together(runtime, tasks, || {
        let (site, next) = (site.clone(), next.clone());
        async move {
            loop {
                let taken = next.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |number| {
                    (number < end).then_some(number + 1)
                });
                let Ok(number) = taken else { return Ok(()) };
                let ticket = sessions.ticket(&site, number);
                let answer = site.spend(ticket, 1, UNTIL, NOW).await;
                if answer.spent != Spent::First {
                    return Err(format!("ticket {number}: {:?}", answer.spent).into());
                }
            }
        }
    })?;
    Ok(begin.elapsed().as_secs_f64() / count as f64)
}

fn together<F>(runtime: &Runtime, tasks: u64, task: impl Fn() -> F) -> Result<()>
where
    F: Future<Output = Result<()>> + Send + 'static,
{
    let tasks: Vec<_> = (0..tasks).map(|_| runtime.spawn(task())).collect();
    runtime.block_on(async {
        for task in tasks {
            task.await??;
        }
        Ok(())
    })
}
