//! Two gateways that share Redis are one.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::app;
use crate::client::{act, pool, spend, token};
use crate::command::run;
use crate::gateway::{Gateway, configuration};
use crate::redis::Redis;
use crate::until;

struct Pair {
    redis: Redis,
    file: std::path::PathBuf,
    gateways: [Gateway; 2],
    _folder: tempfile::TempDir,
}

fn pair() -> Pair {
    let redis = Redis::start();
    let folder = tempfile::tempdir().unwrap();
    let file = configuration(folder.path(), &app::start(), &format!("store = \"{}\"", redis.url()));
    // Both begin with an empty Redis, and at once: they must end up with the same keys.
    let gateways = std::thread::scope(|scope| {
        [(); 2].map(|()| scope.spawn(|| Gateway::start(&file))).map(|thread| thread.join().unwrap())
    });
    Pair { redis, file, gateways, _folder: folder }
}

#[test]
fn a_ticket_of_one_is_spent_once_at_either() {
    let Pair { gateways: [one, other], redis: _redis, .. } = &pair();
    for (from, to) in [(one, other), (other, one)] {
        for ticket in pool(&from.address, "s1") {
            let reply = spend(&to.address, "s1", &ticket).unwrap();
            assert_eq!(reply.status, 200);
            for again in [from, to] {
                assert_eq!(spend(&again.address, "s1", &ticket).unwrap().status, 403);
            }
            let fresh = reply.header("x-csrf-token").unwrap();
            assert_eq!(spend(&from.address, "s1", &fresh).unwrap().status, 200);
        }
    }
}

#[test]
fn a_ticket_presented_to_both_at_once_is_accepted_once() {
    let Pair { gateways, redis: _redis, .. } = &pair();
    for round in 0..20 {
        let session = format!("s{round}");
        let tickets = pool(&gateways[0].address, &session);
        let accepted: Vec<AtomicUsize> = tickets.iter().map(|_| AtomicUsize::new(0)).collect();
        std::thread::scope(|scope| {
            for gateway in gateways {
                let (tickets, accepted, session) = (&tickets, &accepted, &session);
                scope.spawn(move || {
                    for (ticket, accepted) in tickets.iter().zip(accepted) {
                        if spend(&gateway.address, session, ticket).unwrap().status == 200 {
                            accepted.fetch_add(1, Ordering::SeqCst);
                        }
                    }
                });
            }
        });
        let accepted: Vec<usize> =
            accepted.iter().map(|count| count.load(Ordering::SeqCst)).collect();
        assert_eq!(accepted, vec![1; tickets.len()], "round {round}");
    }
}

#[test]
fn a_token_of_one_is_good_at_the_other() {
    let Pair { gateways: [one, other], redis: _redis, .. } = &pair();
    let tied = token(&one.address, "s1");
    assert_eq!(act(&other.address, "s1", &tied).unwrap().status, 200);
    assert_eq!(act(&other.address, "s2", &tied).unwrap().status, 403);
}

#[test]
fn without_redis_tickets_are_refused_and_tokens_go_on() {
    let Pair { gateways: [gateway, _], mut redis, .. } = pair();
    let address = &gateway.address;
    let (tickets, tied) = (pool(address, "s1"), token(address, "s1"));
    redis.kill();
    let refused = spend(address, "s1", &tickets[0]).unwrap().status;
    assert!([403, 503].contains(&refused), "{refused}");
    assert_eq!(act(address, "s1", &tied).unwrap().status, 200);
    redis.restart();
    until("the gateway to find Redis again", || {
        let fresh = crate::client::try_pool(address, "s1");
        fresh.first().is_some_and(|ticket| {
            spend(address, "s1", ticket).is_some_and(|reply| reply.status == 200)
        })
    });
    for ticket in &tickets {
        let status = spend(address, "s1", ticket).unwrap().status;
        assert_eq!(status, 403, "nobody can tell which tickets of before are spent");
    }
}

#[test]
fn the_keys_in_redis_are_changed_from_anywhere() {
    let Pair { gateways: [one, other], redis, file, .. } = &pair();
    let before = token(&one.address, "s1");
    Gateway::after_reading_again(&[one, other], || {
        let ran = run(&["keys", "rotate", "--now", "--store", &redis.url()], "");
        assert_eq!(ran.status, 0, "{}", ran.err);
    });
    let after = token(&other.address, "s1");
    assert_ne!(before, after);
    for gateway in [one, other] {
        for token in [&before, &after] {
            assert_eq!(act(&gateway.address, "s1", token).unwrap().status, 200);
        }
    }
    let listed = run(&["keys", "list", "--config", file.to_str().unwrap()], "");
    assert!(listed.out.contains("retired"), "{}{}", listed.out, listed.err);
}

#[test]
fn keys_that_redis_has_lost_are_put_back_by_who_knows_them() {
    let Pair { gateways: [one, other], redis, file, .. } = &pair();
    let tied = token(&one.address, "s1");
    redis.flush();
    until("the keys to be put back", || one.has_said("put back") + other.has_said("put back") > 0);
    let newcomer = Gateway::start(file);
    for gateway in [one, other, &newcomer] {
        assert_eq!(act(&gateway.address, "s1", &tied).unwrap().status, 200);
    }
}

#[test]
fn settings_of_redis_that_do_not_fit_are_logged() {
    let Pair { gateways: [one, _], redis: _redis, .. } = &pair();
    until("the warning", || one.has_said("appendonly yes") == 1);
}
