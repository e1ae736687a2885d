//! Durable spends beside what the disk can do: one appended line and sync after the other, and the
//! same database with a transaction for each.

use std::fs::File;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Instant;

use countersign_store::file::{FileLimits, FileStore};
use redb::{Database, TableDefinition};

use crate::file::{fill, runtime, spend};
use crate::sessions::Sessions;
use crate::{Extent, Result, median};

const SESSIONS: Sessions = Sessions(10_000);
const TASKS: [u64; 3] = [1, 16, 64];
const TABLE: TableDefinition<'static, u128, &[u8]> = TableDefinition::new("marks");

/// Syncs in a sample, so that slow disks do not make it last for minutes.
const SYNCS: u64 = 200;

/// Cases take turns, so that a disk that is busy for a second slows all of them.
pub(crate) fn measure(extent: Extent) -> Result<()> {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let syncs = SYNCS.min(extent.spends);
    let mut log = File::create(folder.path().join("log"))?;
    let bare = Database::create(folder.path().join("bare.redb"))?;
    let store = FileStore::open(&folder.path().join("store"), FileLimits::default())?;
    let site = store.site("bench");
    let runtime = runtime()?;
    fill(&runtime, &site, SESSIONS)?;
    let next = Arc::new(AtomicU64::new(0));

    let mut cases = vec![
        ("append a line and sync, one by one".to_owned(), Vec::new()),
        ("redb, a transaction each, one by one".to_owned(), Vec::new()),
    ];
    cases.extend(TASKS.map(|tasks| (format!("file store, {tasks} at once"), Vec::new())));
    for _ in 0..extent.rounds {
        let mut seconds = vec![append(&mut log, syncs)?, transactions(&bare, syncs)?];
        for tasks in TASKS {
            let count = (syncs * tasks).min(extent.spends);
            seconds.push(spend(&runtime, &site, SESSIONS, tasks, count, &next)?);
        }
        cases.iter_mut().zip(seconds).for_each(|((_, samples), each)| samples.push(each));
    }
    report(&cases);
    Ok(())
}

fn report(cases: &[(String, Vec<f64>)]) {
    println!("\ndurable writes, {} live sessions", SESSIONS.0);
    println!("{:<40}{:>12}{:>12}{:>14}", "", "a second", "us each", "to appending");
    let Some((_, floor)) = cases.first() else { return };
    for (name, samples) in cases {
        let each = median(samples.clone());
        let ratios = floor.iter().zip(samples).map(|(floor, own)| floor / own).collect();
        let (rate, us, ratio) = (1.0 / each, each * 1e6, median(ratios));
        println!("  {name:<38}{rate:>12.0}{us:>12.1}{ratio:>13.2}x");
    }
}

fn append(log: &mut File, count: u64) -> Result<f64> {
    let begin = Instant::now();
    for number in 0..count {
        writeln!(log, "{number:032x}")?;
        log.sync_data()?;
    }
    Ok(begin.elapsed().as_secs_f64() / count as f64)
}

fn transactions(database: &Database, count: u64) -> Result<f64> {
    let begin = Instant::now();
    for number in 0..count {
        let transaction = database.begin_write()?;
        let key = u128::from_be_bytes(SESSIONS.key(number % SESSIONS.0).to_bytes());
        transaction.open_table(TABLE)?.insert(key, [0; 16].as_slice())?;
        transaction.commit()?;
    }
    Ok(begin.elapsed().as_secs_f64() / count as f64)
}
