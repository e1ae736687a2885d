//! A slow, silent or broken connection to Redis: nothing is accepted without an answer, nobody waits for
//! longer than configured, and nothing is left behind.

use std::sync::Arc;
use std::time::{Duration, Instant};

use countersign::{Spent, Ticket};
use countersign_store::redis::RedisStore;

use crate::servers::proxy::{Fault, Proxy};
use crate::servers::tickets::{NOW, open_with, reserve, session, spend, try_reserve};
use crate::servers::{Server, until};

const TIMEOUT: Duration = Duration::from_millis(50);
/// No measurement: only that nobody waits for a fault to end, on a machine however busy.
const BOUND: Duration = Duration::from_secs(3);

struct Setup {
    server: Server,
    proxy: Proxy,
    store: Arc<RedisStore>,
}

impl Setup {
    /// With tickets already issued: the store may be too slow to do so under the test's own timeout.
    async fn new(tickets: u32) -> (Self, Vec<Ticket>) {
        let server = Server::start();
        let proxy = Proxy::start(server.port()).await;
        let store = Arc::new(open_with(&proxy.url(), "timeout=50ms").await);
        let mut issued = None;
        until("tickets", async || {
            issued = try_reserve(&store, 1, tickets).await;
            issued.is_some()
        })
        .await;
        (Self { server, proxy, store }, issued.unwrap())
    }

    /// Presents all of them at once; gives back the answers and the longest wait.
    async fn present(&self, tickets: &[Ticket]) -> (Vec<Spent>, Duration) {
        let tasks: Vec<_> = tickets
            .iter()
            .map(|ticket| {
                let (store, ticket) = (self.store.clone(), *ticket);
                tokio::spawn(async move {
                    let start = Instant::now();
                    (spend(&store, ticket).await, start.elapsed())
                })
            })
            .collect();
        let (mut answers, mut longest) = (Vec::new(), Duration::ZERO);
        for task in tasks {
            let (spent, waited) = task.await.unwrap();
            answers.push(spent);
            longest = longest.max(waited);
        }
        (answers, longest)
    }

    /// Works again; and then no ticket is first that was, or may have been, accepted before.
    async fn recovers(&self) {
        self.proxy.set(Fault::None);
        until("fresh tickets", async || match try_reserve(&self.store, 2, 1).await.as_deref() {
            Some([ticket]) => spend(&self.store, *ticket).await == Spent::First,
            _ => false,
        })
        .await;
    }

    async fn connections(&self) -> usize {
        let list: String = self.server.run("CLIENT LIST").await;
        // One of them asks this.
        list.lines().count() - 1
    }
}

#[tokio::test]
async fn under_every_fault_nothing_is_accepted_and_everything_recovers() {
    for fault in [
        Fault::BlackHole,
        Fault::Mute,
        Fault::Reset,
        Fault::Half,
        Fault::Delay(Duration::from_millis(200)),
        Fault::Delay(Duration::from_secs(5)),
    ] {
        let (setup, tickets) = Setup::new(64).await;
        setup.proxy.set(fault);
        let (answers, longest) = setup.present(&tickets).await;
        assert!(answers.iter().all(|spent| *spent == Spent::Unavailable), "{fault:?}: {answers:?}");
        assert!(longest < BOUND, "{fault:?}: {longest:?} with a timeout of {TIMEOUT:?}");

        setup.recovers().await;
        // Where a mark was made without anybody hearing of it the ticket is lost, not doubled.
        for ticket in &tickets {
            let twice = [spend(&setup.store, *ticket).await, spend(&setup.store, *ticket).await];
            assert_eq!(twice[1], Spent::Already, "{fault:?}");
            let was_asked = fault != Fault::BlackHole;
            assert!(was_asked || twice[0] == Spent::First, "{fault:?}: Redis never heard of it");
        }
    }
}

#[tokio::test]
async fn a_delay_within_the_timeout_is_waited_for() {
    let server = Server::start();
    let proxy = Proxy::start(server.port()).await;
    let store = open_with(&proxy.url(), "timeout=10s").await;
    let ticket = reserve(&store, 1, 1).await[0];
    proxy.set(Fault::Delay(Duration::from_millis(100)));
    assert_eq!(spend(&store, ticket).await, Spent::First);
}

#[tokio::test]
async fn an_answer_that_comes_after_its_caller_has_gone_is_nobodys() {
    let (setup, tickets) = Setup::new(32).await;
    setup.proxy.set(Fault::Delay(Duration::from_millis(20)));
    let mut heard = Vec::new();
    for ticket in &tickets {
        // Gone before the answer comes, but for a machine that stands still in between.
        let spending = spend(&setup.store, *ticket);
        heard.push(tokio::time::timeout(Duration::from_millis(1), spending).await.ok());
    }
    assert!(heard.contains(&None), "{heard:?}");
    setup.recovers().await;
    let mut lost = 0;
    for (ticket, heard) in tickets.iter().zip(heard) {
        let later = [spend(&setup.store, *ticket).await, spend(&setup.store, *ticket).await];
        let all = [heard, Some(later[0]), Some(later[1])];
        let firsts = all.iter().filter(|spent| **spent == Some(Spent::First)).count();
        assert!(firsts <= 1, "{ticket:?}: {all:?}");
        lost += usize::from(firsts == 0);
    }
    assert!(lost > 0, "some were spent with nobody to hear of it");
}

#[tokio::test]
async fn faults_leave_no_connections_and_no_tasks_behind() {
    let (setup, _) = Setup::new(1).await;
    let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let idle = tasks();
    for fault in [Fault::Reset, Fault::BlackHole, Fault::Half, Fault::Mute, Fault::Reset] {
        setup.proxy.set(fault);
        let tickets: Vec<_> = (0..32)
            .map(|serial| Ticket {
                session: session(9),
                serial,
                incarnation: countersign_store::Store::incarnation(&*setup.store),
                expires: NOW,
            })
            .collect();
        let _ = setup.present(&tickets).await;
        setup.recovers().await;
        until("one connection", async || setup.connections().await == 1).await;
        until("as many tasks as before", async || tasks() == idle).await;
    }
    let Setup { server, proxy, store } = setup;
    drop(store);
    until("no connection", async || proxy.open() == 0).await;
    let list: String = server.run("CLIENT LIST").await;
    assert_eq!(list.lines().count(), 1, "{list}");
}

#[tokio::test]
async fn a_flood_while_redis_is_silent_is_refused_without_queueing_for_ever() {
    let (setup, tickets) = Setup::new(1).await;
    setup.proxy.set(Fault::BlackHole);
    let many: Vec<_> = std::iter::repeat_n(tickets[0], 20_000).collect();
    let (answers, longest) = setup.present(&many).await;
    assert!(answers.iter().all(|spent| *spent == Spent::Unavailable));
    assert!(longest < BOUND, "{longest:?}");
    setup.recovers().await;
}

/// A gateway has a runtime for each thread: each gets a connection of its own, and closes it with itself.
#[test]
fn each_runtime_has_a_connection_that_ends_with_it() {
    let build = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let main = build();
    let server = Server::start();
    let store = main.block_on(open_with(&server.url(), "timeout=10s"));
    let count = || -> usize {
        main.block_on(async { server.run::<String>("CLIENT LIST").await.lines().count() - 1 })
    };
    assert_eq!(count(), 1);
    let second = build();
    let ticket = second.block_on(reserve(&store, 1, 1))[0];
    assert_eq!(count(), 2);
    assert_eq!(second.block_on(spend(&store, ticket)), Spent::First);
    drop(second);
    let third = build();
    assert_eq!(third.block_on(spend(&store, ticket)), Spent::Already);
    main.block_on(until("the second's connection is closed", async || {
        server.run::<String>("CLIENT LIST").await.lines().count() - 1 == 2
    }));
    drop(third);
    assert_eq!(main.block_on(spend(&store, ticket)), Spent::Already);
}
