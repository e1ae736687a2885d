//! Whatever becomes of Redis, no ticket is accepted twice, and fresh ones are.

use std::sync::Arc;

use countersign::{Spent, Timestamp};
use countersign_store::Store;
use tempfile::TempDir;

use crate::servers::cluster::Cluster;
use crate::servers::proxy::{Fault, Proxy};
use crate::servers::sentinel::Sentinel;
use crate::servers::tickets::{
    LIFE, META, NOW, open, open_with, record, reserve, session, spend, try_reserve,
};
use crate::servers::{Server, until};

/// Fresh tickets come again, and work; until then everything is refused.
async fn recovers(store: &countersign_store::redis::RedisStore, number: u8) {
    until("fresh tickets", async || match try_reserve(store, number, 1).await.as_deref() {
        Some([ticket]) => spend(store, *ticket).await == Spent::First,
        _ => false,
    })
    .await;
}

#[tokio::test]
async fn after_a_restart_with_an_old_snapshot_earlier_tickets_are_refused() {
    let mut server = Server::with(&["--save", "3600 1", "--appendonly", "no"]);
    let store = open_with(&server.url(), "timeout=1s").await;
    let [kept, lost, unspent] = reserve(&store, 1, 3).await[..] else { panic!() };
    assert_eq!(spend(&store, kept).await, Spent::First);
    let () = server.run("SAVE").await;
    assert_eq!(spend(&store, lost).await, Spent::First, "its mark is not in the snapshot");

    server.process.restart();
    recovers(&store, 2).await;
    for ticket in [kept, lost, unspent] {
        assert_eq!(spend(&store, ticket).await, Spent::Unknown, "{ticket:?}");
    }
    recovers(&store, 1).await;
}

#[tokio::test]
async fn after_flushall_earlier_tickets_are_refused() {
    let server = Server::start();
    let store = open(&server.url()).await;
    let [spent, unspent] = reserve(&store, 1, 2).await[..] else { panic!() };
    assert_eq!(spend(&store, spent).await, Spent::First);
    let () = server.run("FLUSHALL").await;
    assert_eq!(spend(&store, spent).await, Spent::Unknown);
    assert_eq!(spend(&store, unspent).await, Spent::Unknown);
    let [fresh] = reserve(&store, 1, 1).await[..] else { panic!() };
    assert_eq!(fresh.serial, spent.serial, "numbers begin again");
    assert_ne!(fresh.incarnation, spent.incarnation, "so the incarnation must be another");
    assert_eq!(spend(&store, fresh).await, Spent::First);
    assert_eq!(spend(&store, spent).await, Spent::Unknown);
}

#[tokio::test]
async fn flushall_is_noticed_without_traffic() {
    let server = Server::start();
    let store = open(&server.url()).await;
    let before = store.incarnation();
    let () = server.run("FLUSHALL").await;
    until("another incarnation", async || store.incarnation() != before).await;
}

#[tokio::test]
async fn an_evicted_record_never_gives_out_its_numbers_again() {
    let server = Server::start();
    let store = open(&server.url()).await;
    let mut seen = Vec::new();
    for _ in 0..50 {
        let ticket = reserve(&store, 1, 1).await[0];
        let answer = store.spend(ticket, 1, NOW.plus(LIFE), NOW).await;
        assert_eq!(answer.spent, Spent::First);
        let fresh = answer.fresh.unwrap().serials.start;
        seen.extend([ticket, countersign::Ticket { serial: fresh, ..ticket }]);
        assert_eq!(spend(&store, seen[seen.len() - 1]).await, Spent::First);
        let _: u8 = server.run(&format!("DEL {}", record(1))).await;
        for ticket in &seen {
            assert_ne!(spend(&store, *ticket).await, Spent::First, "{ticket:?}, evicted");
        }
        let _ = reserve(&store, 1, 40).await;
        for ticket in &seen {
            assert_ne!(spend(&store, *ticket).await, Spent::First, "{ticket:?}, and back");
        }
    }
}

#[tokio::test]
async fn an_evicted_epoch_ends_all_tickets() {
    let server = Server::start();
    let store = open(&server.url()).await;
    let [spent, unspent] = reserve(&store, 1, 2).await[..] else { panic!() };
    assert_eq!(spend(&store, spent).await, Spent::First);
    let _: u8 = server.run(&format!("DEL {META}")).await;
    for ticket in [spent, unspent] {
        assert_eq!(spend(&store, ticket).await, Spent::Unknown, "{ticket:?}");
    }
    let fresh = reserve(&store, 1, 1).await[0];
    assert_eq!(spend(&store, fresh).await, Spent::First);
}

#[tokio::test]
async fn a_primary_demoted_and_promoted_behind_the_connection_is_another_life() {
    let (server, other) = (Server::start(), Server::start());
    let store = open_with(&server.url(), "timeout=1s").await;
    let [spent, unspent] = reserve(&store, 1, 2).await[..] else { panic!() };
    assert_eq!(spend(&store, spent).await, Spent::First);
    let clients = async || -> String { server.run("CLIENT LIST").await };
    let before = clients().await;
    let () = server.run(&format!("REPLICAOF 127.0.0.1 {}", other.port())).await;
    let () = server.run("REPLICAOF NO ONE").await;
    let kept = before.split_whitespace().find(|word| word.starts_with("id=")).unwrap().to_owned();
    assert!(clients().await.contains(&format!("{kept} ")), "the connection survives");

    for ticket in [spent, unspent] {
        assert_ne!(spend(&store, ticket).await, Spent::First, "{ticket:?}");
    }
    recovers(&store, 2).await;
    for ticket in [spent, unspent] {
        assert_eq!(spend(&store, ticket).await, Spent::Unknown, "{ticket:?}");
    }
}

/// The spend has done its work, and its confirmation is still on the way.
#[tokio::test]
async fn a_demotion_between_the_spend_and_its_confirmation_is_no_first() {
    const INFO: &str = "*2\r\n$4\r\nINFO\r\n$11\r\nreplication\r\n";
    for (case, commands, expected) in [
        ("nothing", &[][..], Spent::First),
        ("demoted", &["REPLICAOF 127.0.0.1 1"], Spent::Unavailable),
        ("and promoted", &["REPLICAOF 127.0.0.1 1", "REPLICAOF NO ONE"], Spent::Unavailable),
    ] {
        let server = Server::start();
        let proxy = Proxy::start(server.port()).await;
        let store = Arc::new(open_with(&proxy.url(), "timeout=10s").await);
        let ticket = reserve(&store, 1, 1).await[0];
        let record = async || server.run::<Vec<u8>>(&format!("GET {}", record(1))).await;
        let before = record().await;
        proxy.set(Fault::HoldEnd(INFO.len()));
        let spending = store.clone();
        let answer = tokio::spawn(async move { spend(&spending, ticket).await });
        until("the mark is made", async || record().await != before).await;
        assert!(!answer.is_finished(), "{case}: nobody has an answer yet");
        for command in commands {
            let () = server.run(command).await;
        }
        proxy.set(Fault::None);
        assert_eq!(answer.await.unwrap(), expected, "{case}");

        let () = server.run("REPLICAOF NO ONE").await;
        recovers(&store, 2).await;
        assert_ne!(spend(&store, ticket).await, Spent::First, "{case}");
    }
}

#[tokio::test]
async fn of_two_primaries_at_most_one_accepts_a_ticket() {
    let old = Server::start();
    let replica =
        Server::with(&["--save", "", "--replicaof", "127.0.0.1", &old.port().to_string()]);
    until("the replica is in step", async || {
        replica.run::<String>("INFO replication").await.contains("master_link_status:up")
    })
    .await;
    let one = open_with(&old.url(), "timeout=1s").await;
    let tickets = reserve(&one, 1, 20).await;
    until("the replica has the record", async || {
        replica.run::<u8>(&format!("EXISTS {}", record(1))).await == 1
    })
    .await;
    // The replica is promoted, and the old primary does not notice.
    let () = replica.run("REPLICAOF NO ONE").await;
    let two = open_with(&replica.url(), "timeout=1s").await;
    assert_ne!(one.incarnation(), two.incarnation());
    for (at, ticket) in tickets.iter().enumerate() {
        let spent = if at % 2 == 0 {
            [spend(&one, *ticket).await, spend(&two, *ticket).await]
        } else {
            [spend(&two, *ticket).await, spend(&one, *ticket).await]
        };
        let firsts = spent.iter().filter(|spent| **spent == Spent::First).count();
        assert_eq!(firsts, 1, "{ticket:?}: {spent:?}");
    }
    // And the other way round: tickets of the new primary at the old one.
    for ticket in reserve(&two, 2, 5).await {
        assert_eq!(spend(&one, ticket).await, Spent::Unknown);
        assert_eq!(spend(&two, ticket).await, Spent::First);
    }
}

#[tokio::test]
async fn sentinel_fails_over_and_earlier_tickets_are_refused() {
    let mut sentinel = Sentinel::start().await;
    let store = open_with(&sentinel.url(), "timeout=1s").await;
    let [spent, unspent] = reserve(&store, 1, 2).await[..] else { panic!() };
    assert_eq!(spend(&store, spent).await, Spent::First);
    let before = sentinel.primary().await;
    sentinel.servers[0].process.kill();
    recovers(&store, 2).await;
    assert_ne!(sentinel.primary().await, before);
    for ticket in [spent, unspent] {
        assert_eq!(spend(&store, ticket).await, Spent::Unknown, "{ticket:?}");
    }
}

/// Sentinel moves on while the old primary still answers whoever is connected to it.
#[tokio::test]
async fn the_store_follows_sentinel_without_an_error_to_tell_it() {
    let sentinel = Sentinel::start().await;
    let store = open_with(&sentinel.url(), "timeout=1s").await;
    let before = store.incarnation();
    let ticket = reserve(&store, 1, 1).await[0];
    let () = sentinel.ask("SENTINEL failover main").await;
    until("another incarnation", async || store.incarnation() != before).await;
    recovers(&store, 2).await;
    assert_eq!(spend(&store, ticket).await, Spent::Unknown);
}

#[tokio::test]
async fn a_slot_that_moves_in_the_cluster_takes_the_site_along() {
    let cluster = Cluster::start().await;
    let store = open_with(&cluster.url(), "timeout=1s").await;
    let [spent, unspent] = reserve(&store, 1, 2).await[..] else { panic!() };
    assert_eq!(spend(&store, spent).await, Spent::First);
    let (from, to) = cluster.move_slot_of(META).await;
    assert_ne!(from, to);
    recovers(&store, 2).await;
    for ticket in [spent, unspent] {
        assert_eq!(spend(&store, ticket).await, Spent::Unknown, "{ticket:?}");
    }
}

#[tokio::test]
async fn clocks_that_jump_only_refuse() {
    let server = Server::start();
    let store = open(&server.url()).await;
    let (early, late) = (Timestamp::from_secs(1_000), Timestamp::from_secs(4_000_000_000));
    let tickets = reserve(&store, 1, 3).await;
    let at = async |ticket, now: Timestamp| store.spend(ticket, 1, now.plus(LIFE), now).await.spent;
    assert_eq!(at(tickets[0], NOW).await, Spent::First);
    assert_eq!(at(tickets[0], early).await, Spent::Already);
    assert_eq!(at(tickets[1], late).await, Spent::Unknown, "its record is over by then");
    assert_eq!(at(tickets[1], early).await, Spent::First, "the clock was put right");
    assert_eq!(at(tickets[1], NOW).await, Spent::Already);

    // Redis' own clock runs ahead: the record expires there before anybody's ticket does.
    let _: u8 = server.run(&format!("PEXPIRE {} 1", record(1))).await;
    until("Redis drops the record", async || {
        server.run::<u8>(&format!("EXISTS {}", record(1))).await == 0
    })
    .await;
    let again = reserve(&store, 1, 3).await;
    for ticket in tickets {
        assert_eq!(at(ticket, NOW).await, Spent::Unknown);
    }
    assert_eq!(at(again[0], NOW).await, Spent::First);
}

#[tokio::test]
async fn a_record_does_not_outlive_its_tickets_by_more_than_a_minute() {
    let server = Server::start();
    let store = open(&server.url()).await;
    let ticket = reserve(&store, 1, 1).await[0];
    for _ in 0..2 {
        let ttl: u64 = server.run(&format!("TTL {}", record(1))).await;
        assert!((LIFE.as_secs()..=LIFE.as_secs() + 60).contains(&ttl), "{ttl}");
        let _ = spend(&store, ticket).await;
    }
}

#[tokio::test]
async fn when_serial_numbers_run_out_a_new_incarnation_begins() {
    let server = Server::start();
    let store = open(&server.url()).await;
    let near = u64::from(u32::MAX) - 6;
    let () = server.run(&format!("HSET {META} h1 {near}")).await;
    let tickets = reserve(&store, 1, 4).await;
    for ticket in &tickets {
        assert_eq!(store.spend(*ticket, 4, NOW.plus(LIFE), NOW).await.spent, Spent::First);
    }
    let fresh = reserve(&store, 1, 10).await;
    assert_ne!(fresh[0].incarnation, tickets[0].incarnation);
    for ticket in tickets {
        assert_eq!(spend(&store, ticket).await, Spent::Unknown);
    }
    for ticket in fresh {
        assert_eq!(spend(&store, ticket).await, Spent::First);
    }
}

#[tokio::test]
async fn too_many_gaps_close_the_oldest_and_marks_stay() {
    let server = Server::start();
    let store = open(&server.url()).await;
    let tickets = reserve(&store, 1, 2 * 1024 + 2).await;
    let spend = async |ticket| store.spend(ticket, 0, NOW.plus(LIFE), NOW).await.spent;
    for ticket in tickets.iter().step_by(2) {
        assert_eq!(spend(*ticket).await, Spent::First);
    }
    for ticket in tickets.iter().step_by(2) {
        assert_eq!(spend(*ticket).await, Spent::Already, "{ticket:?}");
    }
    assert_eq!(spend(tickets[1]).await, Spent::Already, "the oldest gap counts as spent");
    assert_eq!(spend(tickets[3]).await, Spent::First, "the next is still good");
    let bytes: usize = server.run(&format!("STRLEN {}", record(1))).await;
    assert!(bytes <= 12 + 8 * 1024, "{bytes}");
}

/// Against the simplest thing that could be right: a set.
#[tokio::test]
async fn in_any_order_each_ticket_is_first_once() {
    let server = Server::start();
    let store = open(&server.url()).await;
    let tickets = reserve(&store, 1, 211).await;
    let mut spent = std::collections::HashSet::new();
    for step in [37, 101, 5, 1, 64] {
        for turn in 0..90 {
            let ticket = tickets[(turn * step) % 211];
            let expected = if spent.insert(ticket.serial) { Spent::First } else { Spent::Already };
            let answer = store.spend(ticket, 0, NOW.plus(LIFE), NOW).await.spent;
            assert_eq!(answer, expected, "serial {}, step {step}", ticket.serial);
        }
    }
}

#[tokio::test]
async fn two_stores_are_one() {
    let server = Server::start();
    let (one, two) = (open(&server.url()).await, open(&server.url()).await);
    assert_eq!(one.incarnation(), two.incarnation());
    let [a, b] = reserve(&one, 1, 2).await[..] else { panic!() };
    let c = reserve(&two, 1, 1).await[0];
    assert_ne!(b.serial, c.serial);
    assert_eq!(spend(&two, a).await, Spent::First);
    assert_eq!(spend(&one, a).await, Spent::Already);
    assert_eq!(spend(&one, c).await, Spent::First);
    one.end(session(1)).await.unwrap();
    assert_eq!(spend(&two, b).await, Spent::Unknown);
}

/// A gateway has a connection for each thread, and what one of them learns the others must not doubt.
#[test]
fn connections_of_one_store_follow_one_anothers_claims() {
    let build = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (one, two) = (build(), build());
    let server = Server::start();
    let store = one.block_on(open(&server.url()));
    let before = two.block_on(reserve(&store, 1, 1))[0];
    let () = one.block_on(server.run("FLUSHALL"));
    let after = one.block_on(reserve(&store, 1, 1))[0];
    assert_ne!(before.incarnation, after.incarnation);
    assert_eq!(two.block_on(spend(&store, after)), Spent::First);
    assert_eq!(one.block_on(spend(&store, after)), Spent::Already);
    assert_eq!(two.block_on(spend(&store, before)), Spent::Unknown);
}

#[tokio::test]
async fn sites_and_prefixes_do_not_share() {
    let server = Server::start();
    let shop = open(&server.url()).await;
    let config = || format!("{}?timeout=10s", server.url()).parse().unwrap();
    let blog = countersign_store::redis::RedisStore::open(config(), "blog").await.unwrap();
    let other = open_with(&server.url(), "timeout=10s&prefix=other").await;
    let ticket = reserve(&shop, 1, 1).await[0];
    for stranger in [&blog, &other] {
        let _ = reserve(stranger, 1, 5).await;
        assert_eq!(spend(stranger, ticket).await, Spent::Unknown);
    }
    assert_eq!(spend(&shop, ticket).await, Spent::First);
    let keys: Vec<String> = server.run("KEYS *").await;
    assert!(
        keys.iter().all(|key| key.starts_with("{countersign:") || key.starts_with("{other:")),
        "{keys:?}"
    );
}

#[tokio::test]
async fn a_store_opened_while_redis_is_down_recovers_by_itself() {
    let folder = TempDir::new().unwrap();
    let mut server = Server::in_folder(folder, &["--save", ""]);
    server.process.kill();
    let store = open_with(&server.url(), "timeout=50ms").await;
    assert!(try_reserve(&store, 1, 1).await.is_none());
    server.process.restart();
    recovers(&store, 1).await;
}

#[tokio::test]
async fn forgotten_scripts_are_loaded_again() {
    let server = Server::start();
    let store = open(&server.url()).await;
    let tickets = reserve(&store, 1, 4).await;
    for ticket in tickets {
        let () = server.run("SCRIPT FLUSH").await;
        assert_eq!(spend(&store, ticket).await, Spent::First);
        assert_eq!(spend(&store, ticket).await, Spent::Already);
    }
    let () = server.run("SCRIPT FLUSH").await;
    let _ = reserve(&store, 1, 1).await;
}

#[tokio::test]
async fn a_full_redis_refuses_and_goes_on() {
    let server = Server::start();
    let store = open_with(&server.url(), "timeout=1s").await;
    let [one, two] = reserve(&store, 1, 2).await[..] else { panic!() };
    let () = server.run("CONFIG SET maxmemory 1").await;
    assert_eq!(spend(&store, one).await, Spent::Unavailable);
    assert!(try_reserve(&store, 2, 1).await.is_none());
    let () = server.run("CONFIG SET maxmemory 0").await;
    let spent = [spend(&store, one).await, spend(&store, two).await];
    assert_eq!(spent, [Spent::First; 2], "nothing was lost");
}
