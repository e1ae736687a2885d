//! Disks that fail and lose power: the store opens again, and nothing acknowledged is lost.

use std::io::ErrorKind;

use proptest::prelude::*;

use super::disk::Fault;
use super::*;

/// A few sessions get tickets and spend most of them, several at once. Returns those that were
/// acknowledged; failures are passed over.
async fn work(site: &FileSite, rounds: u64) -> Vec<Ticket> {
    let mut accepted = Vec::new();
    for round in 0..rounds {
        let (one, two) = tokio::join!(reserve(site, round % 3, 6), reserve(site, 50 + round, 3));
        let tickets: Vec<Ticket> = [one, two].into_iter().flatten().flatten().collect();
        for pair in tickets.chunks(2) {
            let [first, rest @ ..] = pair else { continue };
            let second = async {
                match rest.first() {
                    Some(ticket) => Some((*ticket, spend(site, *ticket).await)),
                    None => None,
                }
            };
            let (spent, second) = tokio::join!(spend(site, *first), second);
            let both = [Some((*first, spent)), second].into_iter().flatten();
            accepted.extend(both.filter(|(_, s)| *s == Spent::First).map(|(ticket, _)| ticket));
        }
        let _ = site.end(key(50 + round)).await;
    }
    accepted
}

async fn none_is_accepted_again(site: &FileSite, accepted: &[Ticket], case: &str) {
    for ticket in accepted {
        let again = spend(site, *ticket).await;
        assert_ne!(again, Spent::First, "{ticket:?} accepted twice: {case}");
    }
}

/// The store opens its file again by itself, some time soon.
async fn until_it_answers(site: &FileSite) {
    let begin = std::time::Instant::now();
    while reserve(site, 999, 1).await.is_err() {
        assert!(begin.elapsed() < Duration::from_secs(20), "it never answers again");
        tokio::task::yield_now().await;
    }
}

fn changes_without_faults() -> u64 {
    let disk = Disk::with_store();
    let accepted = block_on(work(&store(&disk).unwrap().site("a"), 3));
    assert_eq!(accepted.len(), 27, "each ticket is accepted");
    disk.changes()
}

#[test]
fn a_change_that_fails_is_survived_wherever_it_happens() {
    let kinds = [ErrorKind::StorageFull, ErrorKind::Other];
    for from in 0..changes_without_faults() {
        let kind = kinds[from as usize % 2];
        let count = [1, 4, 40][from as usize % 3];
        let case = format!("{count} of {kind:?} from change {from}");
        let disk = Disk::with_store();
        disk.fail(Some(Fault::at(from, count, kind)));
        let Ok(store) = store(&disk) else {
            disk.fail(None);
            assert!(super::store(&disk).is_ok(), "opens when the disk is well again: {case}");
            continue;
        };
        let site = store.site("a");
        block_on(async {
            let accepted = work(&site, 3).await;
            until_it_answers(&site).await;
            none_is_accepted_again(&site, &accepted, &case).await;
            drop((site, store));
            disk.fail(None);
            let after = super::store(&disk).unwrap_or_else(|error| panic!("{error}: {case}"));
            none_is_accepted_again(&after.site("a"), &accepted, &case).await;
        });
    }
}

#[test]
fn a_full_disk_refuses_until_there_is_room() {
    let disk = Disk::with_store();
    let store = store(&disk).unwrap();
    let site = store.site("a");
    block_on(async {
        let tickets = reserve(&site, 1, 3).await.unwrap();
        assert_eq!(spend(&site, tickets[0]).await, Spent::First);
        disk.fail(Some(Fault::at(0, u64::MAX, ErrorKind::StorageFull)));
        assert_eq!(spend(&site, tickets[1]).await, Spent::Unavailable);
        for _ in 0..100 {
            assert_ne!(spend(&site, tickets[1]).await, Spent::First);
            assert_eq!(reserve(&site, 2, 1).await, Err(Unavailable));
        }
        disk.fail(None);
        until_it_answers(&site).await;
        assert_eq!(spend(&site, tickets[0]).await, Spent::Already);
        assert_eq!(spend(&site, tickets[2]).await, Spent::First);
    });
}

/// Tickets that are on the disk, unspent: losing their marks would bring them back.
fn with_tickets(disk: &Disk) -> Vec<Ticket> {
    let site = store(disk).unwrap().site("a");
    let tickets = block_on(async {
        let (one, two) = tokio::join!(reserve(&site, 0, 20), reserve(&site, 70, 20));
        [one.unwrap(), two.unwrap()].concat()
    });
    drop(site);
    disk.synced();
    tickets
}

/// The power goes while the store is open: closing it would write what should be there already.
fn work_until_power_loss(disk: &Disk, tickets: &[Ticket], seed: u64) -> (Vec<Ticket>, Disk) {
    let store = store(disk);
    let mut accepted = Vec::new();
    if let Ok(store) = &store {
        let site = store.site("a");
        block_on(async {
            for ticket in tickets {
                if spend(&site, *ticket).await == Spent::First {
                    accepted.push(*ticket);
                }
            }
            accepted.extend(work(&site, 3).await);
        });
    }
    (accepted, disk.after_power_loss(bits(seed)))
}

/// Bits that look random and are the same for the same seed (xorshift64).
fn bits(seed: u64) -> impl FnMut() -> bool {
    let mut state = seed | 1;
    move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state >> 40 & 1 == 1
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn power_may_go_at_any_moment(from in 0..400u64, seed: u64) {
        let case = format!("power lost at change {from}, seed {seed}");
        let disk = Disk::with_store();
        let tickets = with_tickets(&disk);
        disk.fail(Some(Fault::at(from, u64::MAX, ErrorKind::Other)));
        let (accepted, found) = work_until_power_loss(&disk, &tickets, seed);
        let store = store(&found).unwrap_or_else(|error| panic!("{error}: {case}"));
        let site = store.site("a");
        block_on(async {
            none_is_accepted_again(&site, &accepted, &case).await;
            work(&site, 2).await;
        });
    }

    /// A sync fails and takes with it what was written, later ones succeed, and then the power goes.
    /// The file may be beyond help then, but it must not open as if nothing had happened.
    #[test]
    fn a_sync_that_forgets_never_brings_a_ticket_back(from in 0..200u64, count in 1..4u64, seed: u64) {
        let disk = Disk::with_store();
        let tickets = with_tickets(&disk);
        disk.fail(Some(Fault { forgets: true, ..Fault::at(from, count, ErrorKind::Other) }));
        let (accepted, found) = work_until_power_loss(&disk, &tickets, seed);
        if let Ok(store) = store(&found) {
            block_on(none_is_accepted_again(&store.site("a"), &accepted, "after a forgetful sync"));
        }
    }
}

/// redb panics on some of these; then too it is an error.
#[test]
fn a_damaged_file_is_an_error_or_as_good_as_before() {
    let disk = Disk::with_store();
    let accepted = block_on(work(&store(&disk).unwrap().site("a"), 6));
    let length = disk.length();
    let mut refused = 0;
    let mut check = |damaged: Disk, case: String| match store(&damaged) {
        Ok(store) => block_on(none_is_accepted_again(&store.site("a"), &accepted, &case)),
        Err(error) => {
            refused += 1;
            let text = error.to_string();
            assert!(text.contains("is damaged") || text.contains("format"), "{case}: {text}");
        }
    };
    let copy = || disk.after_power_loss(|| true);
    for offset in (0..320).step_by(3).chain((320..length).step_by(1_511)) {
        let damaged = copy();
        damaged.flip(offset, 1 << (offset % 8));
        check(damaged, format!("a bit flipped at {offset}"));
    }
    for length in [1, 8, 9, 64, 300, 4_095, 4_096, 5_000, 65_536, length / 2, length - 1] {
        let damaged = copy();
        damaged.cut(length);
        check(damaged, format!("cut after {length} bytes"));
    }
    assert!(refused > 20, "damage is noticed: {refused}");
}

/// One bit less in the number below which all are spent, and they would be good again.
#[test]
fn a_bit_that_would_bring_tickets_back_is_noticed() {
    let disk = Disk::with_store();
    let accepted = block_on(work(&store(&disk).unwrap().site("a"), 6));
    let until = (NOW.plus(LIFE).as_secs() as u32).to_le_bytes();
    let places = disk.find(&until);
    assert!(!places.is_empty(), "the records are found");
    let mut refused = 0;
    for (place, bit) in places.into_iter().flat_map(|place| (0..5).map(move |bit| (place, bit))) {
        let damaged = disk.after_power_loss(|| true);
        // `low` and `next` come before it.
        damaged.flip(place - 8, 1 << bit);
        match store(&damaged) {
            // A copy in a page that is free by now is nobody's.
            Ok(store) => block_on(none_is_accepted_again(&store.site("a"), &accepted, "one bit")),
            Err(_) => refused += 1,
        }
    }
    assert!(refused > 0, "some of the copies are in use");
}
