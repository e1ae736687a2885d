//! The file stays as large as what is alive in it.

use super::*;

#[test]
fn generations_of_sessions_use_the_same_pages() {
    const SESSIONS: u64 = 400;
    let disk = Disk::with_store();
    let store = store(&disk).unwrap();
    let site = store.site("a");
    let mut largest_of_early = 0;
    block_on(async {
        for generation in 0..40 {
            let now = NOW.plus(LIFE * 2 * generation);
            let numbers = (0..SESSIONS).map(|n| n + u64::from(generation) * SESSIONS);
            let reserves = numbers.map(|n| site.reserve(key(n), 10, now.plus(LIFE), now));
            for reserved in join_all(reserves).await {
                reserved.unwrap();
            }
            match generation {
                ..5 => largest_of_early = largest_of_early.max(disk.length()),
                _ => assert!(disk.length() <= largest_of_early, "generation {generation}"),
            }
        }
    });
    let alive = records(&store, &site);
    assert!(alive < 3 * SESSIONS, "{alive} records");
}

#[test]
fn what_is_over_goes_while_nobody_asks() {
    let disk = Disk::with_store();
    let store = store(&disk).unwrap();
    let site = store.site("a");
    let later = NOW.plus(LIFE * 2);
    block_on(async {
        let reserves = (0..2_000).map(|n| site.reserve(key(n), 1, NOW.plus(LIFE), NOW));
        assert!(join_all(reserves).await.iter().all(Result::is_ok));
        site.reserve(key(5_000), 1, later.plus(LIFE), later).await.unwrap();
    });
    let begin = std::time::Instant::now();
    while records(&store, &site) > 1 {
        assert!(begin.elapsed() < Duration::from_secs(20), "{}", records(&store, &site));
        std::thread::yield_now();
    }
}

#[test]
fn a_full_store_drops_what_expires_first_and_accepts_nothing_twice() {
    let disk = Disk::with_store();
    let limits = FileLimits { sessions: 50, ..FileLimits::default() };
    let store = FileStore::with(disk.opener(), limits, QUEUE, HASTE).unwrap();
    let site = store.site("a");
    block_on(async {
        let mut spent = Vec::new();
        for number in 0..200 {
            let life = Duration::from_secs(if number % 2 == 0 { 60 } else { 6_000 });
            let reserved = site.reserve(key(number), 2, NOW.plus(life), NOW).await.unwrap();
            let Reserved { serials, incarnation } = reserved;
            let (session, expires) = (key(number), NOW.plus(life));
            let ticket = Ticket { session, serial: serials.start, incarnation, expires };
            assert_eq!(spend(&site, ticket).await, Spent::First);
            spent.push(ticket);
            assert!(records(&store, &site) <= 50);
            // The session comes back after its record may have been dropped.
            site.reserve(key(number / 2), 2, NOW.plus(life), NOW).await.unwrap();
        }
        for ticket in spent {
            assert_ne!(spend(&site, ticket).await, Spent::First);
        }
    });
}

#[test]
fn bytes_are_bounded_whatever_sessions_do() {
    let disk = Disk::with_store();
    let limits = FileLimits { bytes: 8 * 1024, ..FileLimits::default() };
    let store = FileStore::with(disk.opener(), limits, QUEUE, HASTE).unwrap();
    let site = store.site("a");
    block_on(async {
        for number in 0..20 {
            let tickets = reserve(&site, number, 200).await.unwrap();
            let spends = tickets.into_iter().step_by(2).map(|ticket| spend(&site, ticket));
            join_all(spends).await;
        }
    });
    let bytes: usize = store
        .0
        .base
        .with(|database| {
            use redb::{ReadableDatabase, ReadableTable};
            let table = database.begin_read()?.open_table(site.site.marks())?;
            Ok(table.iter()?.map(|entry| entry.unwrap().1.value().len() + 20).sum())
        })
        .unwrap();
    assert!((1..=8 * 1024).contains(&bytes), "{bytes}");
}

#[test]
fn used_up_numbers_begin_a_new_life() {
    let disk = Disk::with_store();
    let store = store(&disk).unwrap();
    let site = store.site("a");
    block_on(async {
        let before = reserve(&site, 1, 2).await.unwrap();
        let all_but_few = site.reserve(key(2), u32::MAX - 3, NOW.plus(LIFE), NOW).await.unwrap();
        site.end(key(2)).await.unwrap();
        let after = reserve(&site, 3, 100).await.unwrap();
        assert_ne!(after[0].incarnation, all_but_few.incarnation);
        assert_eq!(site.incarnation(), after[0].incarnation);
        assert_eq!(spend(&site, before[0]).await, Spent::Unknown);
        assert_eq!(spend(&site, after[0]).await, Spent::First);
        drop((site, store));
        let site = super::store(&disk).unwrap().site("a");
        assert_eq!(site.incarnation(), after[0].incarnation, "which is on the disk, too");
        assert_eq!(spend(&site, after[0]).await, Spent::Already);
    });
}

#[test]
fn a_token_that_is_used_lives_on_without_a_write_each_time() {
    let disk = Disk::with_store();
    let store = store(&disk).unwrap();
    let site = store.site("a");
    let token = || Box::new(Token::from_stored("0123456789abcdef").unwrap());
    let hours = |hours: u64| NOW.plus(Duration::from_secs(hours * 3600));
    block_on(async {
        let _ = site.keep(key(1), token(), NOW).await.unwrap();
        let before = disk.changes();
        for minute in 0..60 {
            let now = NOW.plus(Duration::from_secs(minute * 60));
            assert!(matches!(site.stored(key(1), now).await, StoredToken::Found(_)));
        }
        assert_eq!(disk.changes(), before, "an hour of a day is not worth a write");
        for hour in (0..100).step_by(5) {
            assert!(matches!(site.stored(key(1), hours(hour)).await, StoredToken::Found(_)));
            // The touch is queued before this, so it is done before this is answered.
            site.end(key(2)).await.unwrap();
        }
        assert!(disk.changes() > before);
        assert!(matches!(site.stored(key(1), hours(120)).await, StoredToken::Missing));
        let again = site.keep(key(1), token(), hours(120)).await;
        assert!(again.is_ok(), "and a new one can be kept");
    });
}

fn records(store: &FileStore, site: &FileSite) -> u64 {
    use redb::{ReadableDatabase, ReadableTableMetadata};
    let count = |database: &redb::Database| {
        Ok(database.begin_read()?.open_table(site.site.marks())?.len()?)
    };
    store.0.base.with(count).unwrap()
}

/// Polls all of them at once, so that they go into few transactions.
async fn join_all<F: Future>(futures: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut futures: Vec<_> = futures.map(|future| Box::pin(future)).collect();
    let mut outputs: Vec<Option<F::Output>> = futures.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        let mut pending = false;
        for (future, output) in futures.iter_mut().zip(&mut outputs) {
            if output.is_none() {
                match future.as_mut().poll(context) {
                    std::task::Poll::Ready(done) => *output = Some(done),
                    std::task::Poll::Pending => pending = true,
                }
            }
        }
        if pending { std::task::Poll::Pending } else { std::task::Poll::Ready(()) }
    })
    .await;
    outputs.into_iter().flatten().collect()
}
