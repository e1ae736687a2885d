//! Gateways restarted one after another, and keys rotated, while clients go on.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, RwLock};

use rustix::process::Signal;

use crate::client::{act, pool, spend, token, try_token};
use crate::command::run;
use crate::gateway::{Gateway, configuration};
use crate::redis::Redis;
use crate::{app, until};

/// What a balancer knows: the gateways that take requests.
struct Balancer(RwLock<Vec<String>>);

impl Balancer {
    /// Does something with each gateway in turn. One that is taken out finishes what it was given
    /// first, as with any balancer that drains.
    fn ask<T>(&self, turn: usize, act: impl FnOnce(&str) -> T) -> T {
        let in_use = self.0.read().unwrap();
        act(&in_use[turn % in_use.len()])
    }

    fn put(&self, gateways: &[&Gateway]) {
        *self.0.write().unwrap() = gateways.iter().map(|gateway| gateway.address.clone()).collect();
    }
}

/// What clients have seen, by what they did and the status.
type Seen = Mutex<BTreeMap<(&'static str, u16), usize>>;

fn note(seen: &Seen, what: &'static str, status: u16) {
    *seen.lock().unwrap().entry((what, status)).or_default() += 1;
}

/// A client of tickets: spends one, goes on with what came back.
fn spender(balancer: &Balancer, session: &str, stop: &AtomicBool, seen: &Seen) {
    let mut tickets = balancer.ask(0, |address| pool(address, session));
    for turn in 0.. {
        if stop.load(Ordering::SeqCst) {
            return;
        }
        let ticket = tickets.remove(0);
        let reply = balancer.ask(turn, |address| spend(address, session, &ticket)).unwrap();
        note(seen, "ticket", reply.status);
        match reply.header("x-csrf-token") {
            Some(fresh) => tickets.push(fresh),
            None => tickets.extend(balancer.ask(turn, |address| pool(address, session))),
        }
        let again = balancer.ask(turn + 1, |address| spend(address, session, &ticket)).unwrap();
        note(seen, "ticket again", again.status);
    }
}

/// A client that keeps the token of its session, and takes the newest one that it is given.
fn holder(balancer: &Balancer, session: &str, stop: &AtomicBool, seen: &Seen) {
    let mut held = balancer.ask(0, |address| token(address, session));
    for turn in 0.. {
        if stop.load(Ordering::SeqCst) {
            return;
        }
        let reply = balancer.ask(turn, |address| act(address, session, &held)).unwrap();
        note(seen, "token", reply.status);
        if turn % 8 == 0 {
            held = balancer.ask(turn, |address| try_token(address, session)).unwrap_or(held);
        }
    }
}

#[test]
fn nothing_legitimate_is_refused_during_a_rolling_restart_with_new_keys() {
    let redis = Redis::start();
    let folder = tempfile::tempdir().unwrap();
    let file = configuration(folder.path(), &app::start(), &format!("store = \"{}\"", redis.url()));
    let keys = |args: &[&str]| {
        let ran = run(&[&["keys"], args, &["--store", &redis.url()]].concat(), "");
        assert_eq!(ran.status, 0, "{args:?}: {}", ran.err);
    };
    keys(&["new"]);
    let (first, second) = (Gateway::start(&file), Gateway::start(&file));
    let first_key = token(&first.address, "visitor");
    let balancer = Balancer(RwLock::default());
    balancer.put(&[&first, &second]);
    let (stop, seen) = (AtomicBool::new(false), Seen::default());
    let total = || seen.lock().unwrap().values().sum::<usize>();
    let clients_go_on = || {
        let before = total();
        until("clients to go on", || total() > before + 200);
    };
    let _gateways = std::thread::scope(|scope| {
        // However this ends, the clients must, and before the gateways do.
        let _stop = Stop(&stop);
        for number in 0..4 {
            let (balancer, stop, seen) = (&balancer, &stop, &seen);
            scope.spawn(move || spender(balancer, &format!("s{number}"), stop, seen));
            scope.spawn(move || holder(balancer, &format!("h{number}"), stop, seen));
        }
        clients_go_on();
        Gateway::after_reading_again(&[&first, &second], || keys(&["new"]));
        clients_go_on();
        Gateway::after_reading_again(&[&first, &second], || keys(&["rotate"]));
        clients_go_on();

        balancer.put(&[&second]);
        assert!(first.end(Signal::TERM).success());
        clients_go_on();
        let first = Gateway::start(&file);
        balancer.put(&[&first, &second]);
        clients_go_on();
        balancer.put(&[&first]);
        assert!(second.end(Signal::TERM).success());
        let second = Gateway::start(&file);
        balancer.put(&[&first, &second]);
        clients_go_on();

        for gateway in [&first, &second] {
            let within_grace = act(&gateway.address, "visitor", &first_key).unwrap().status;
            assert_eq!(within_grace, 200);
        }
        // The grace, cut short: a second instead of a day.
        Gateway::after_reading_again(&[&first, &second], || keys(&["new", "--grace", "1s"]));
        for gateway in [&first, &second] {
            let is_refused = || act(&gateway.address, "visitor", &first_key).unwrap().status == 403;
            until("the grace to pass", is_refused);
        }
        clients_go_on();
        for gateway in [&first, &second] {
            for _ in 0..20 {
                let after_grace = act(&gateway.address, "visitor", &first_key).unwrap().status;
                assert_eq!(after_grace, 403, "a key is accepted after its grace");
            }
        }
        (first, second)
    });
    let seen = seen.into_inner().unwrap();
    let kinds: Vec<_> = seen.keys().copied().collect();
    assert_eq!(kinds, [("ticket", 200), ("ticket again", 403), ("token", 200)], "{seen:?}");
}

/// Stops the clients when it goes out of scope.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}
