//! Callers that wait, that cannot, and that do not any more.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::Poll;

use super::*;

/// Sends what the future asks for, and comes back before it is answered.
async fn start<F: Future>(mut future: Pin<&mut F>) {
    poll_fn(|context| {
        assert!(future.as_mut().poll(context).is_pending(), "the disk is held");
        Poll::Ready(())
    })
    .await;
}

#[test]
fn a_full_queue_refuses_at_once() {
    let disk = Disk::with_store();
    let store = FileStore::with(disk.opener(), FileLimits::default(), 4, HASTE).unwrap();
    let site = store.site("a");
    block_on(async {
        disk.hold();
        let mut first = pin!(reserve(&site, 0, 1));
        start(first.as_mut()).await;
        disk.until_a_sync_waits();
        let mut waiting: Vec<_> = (1..5).map(|n| Box::pin(reserve(&site, n, 1))).collect();
        for future in &mut waiting {
            start(future.as_mut()).await;
        }
        assert_eq!(reserve(&site, 9, 1).await, Err(Unavailable), "the fifth finds no place");
        disk.release();
        assert!(first.await.is_ok());
        for future in waiting {
            assert!(future.await.is_ok());
        }
        assert!(reserve(&site, 9, 1).await.is_ok());
    });
}

#[test]
fn a_disk_that_has_stopped_without_a_word_refuses() {
    let disk = Disk::with_store();
    let store = store(&disk).unwrap();
    let site = store.site("a");
    let ticket = block_on(async { reserve(&site, 0, 1).await.unwrap()[0] });
    disk.hold();
    block_on(async {
        // Only the waiting passes: the clock moves as soon as nothing else is left to do.
        tokio::time::pause();
        assert_eq!(spend(&site, ticket).await, Spent::Unavailable);
    });
    disk.release();
    // Nobody was let in for it, so it may still be good: once.
    let after = block_on(async { [spend(&site, ticket).await, spend(&site, ticket).await] });
    assert_eq!(after[1], Spent::Already, "{after:?}");
}

#[test]
fn a_caller_that_gives_up_leaves_a_ticket_good_or_spent() {
    let disk = Disk::with_store();
    let store = store(&disk).unwrap();
    let site = store.site("a");
    block_on(async {
        let tickets = reserve(&site, 0, 3).await.unwrap();
        disk.hold();
        {
            let mut writing = pin!(spend(&site, tickets[0]));
            start(writing.as_mut()).await;
            disk.until_a_sync_waits();
            let mut queued = pin!(spend(&site, tickets[1]));
            start(queued.as_mut()).await;
        }
        disk.release();
        assert_eq!(spend(&site, tickets[0]).await, Spent::Already, "it was being written");
        assert_eq!(spend(&site, tickets[1]).await, Spent::First, "it was not begun");
        assert_eq!(spend(&site, tickets[1]).await, Spent::Already);
        assert_eq!(spend(&site, tickets[2]).await, Spent::First);
    });
}

#[test]
fn dropping_the_last_handle_answers_what_is_queued() {
    let disk = Disk::with_store();
    let store = store(&disk).unwrap();
    let site = store.site("a");
    let (first, second) =
        block_on(async { (reserve(&site, 0, 1).await, reserve(&site, 1, 1).await) });
    let [first, second] = [first.unwrap()[0], second.unwrap()[0]];
    disk.hold();
    let spends: Vec<_> = [first, second]
        .map(|ticket| {
            let site = site.clone();
            std::thread::spawn(move || block_on(spend(&site, ticket)))
        })
        .into();
    disk.until_a_sync_waits();
    disk.release();
    drop((store, site));
    for spend in spends {
        assert_eq!(spend.join().unwrap(), Spent::First);
    }
    // Only a file that was closed can be opened again with everything in it.
    let site = super::store(&disk).unwrap().site("a");
    assert_eq!(block_on(spend(&site, first)), Spent::Already);
}

#[test]
fn refusals_and_reads_wait_for_no_disk() {
    let disk = Disk::with_store();
    let store = store(&disk).unwrap();
    let site = store.site("a");
    block_on(async {
        let tickets = reserve(&site, 0, 2).await.unwrap();
        assert_eq!(spend(&site, tickets[0]).await, Spent::First);
        disk.hold();
        let mut other = pin!(reserve(&site, 1, 1));
        start(other.as_mut()).await;
        disk.until_a_sync_waits();
        assert_eq!(spend(&site, tickets[0]).await, Spent::Already);
        assert_eq!(spend(&site, Ticket { session: key(7), ..tickets[0] }).await, Spent::Unknown);
        assert!(matches!(site.stored(key(0), NOW).await, StoredToken::Missing));
        disk.release();
        assert!(other.await.is_ok());
    });
}
