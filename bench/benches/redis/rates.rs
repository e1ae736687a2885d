//! Spends a second.

use std::sync::Arc;
use std::time::Instant;

use countersign::{Spent, Ticket};
use countersign_store::Store;
use countersign_store::redis::RedisStore;
use tokio::runtime::Builder;

use super::server::Server;
use super::tickets::{NOW, issue, open, until};
use super::{Outcome, Scale, median};

/// The part of bare Redis' rate that the store should reach.
const TARGET: f64 = 0.8;

/// Connections, and callers on each: a gateway has one connection a thread, however many requests it serves.
const CASES: [(usize, usize); 6] = [(1, 1), (1, 16), (1, 64), (16, 1), (16, 4), (2, 32)];

pub(crate) fn measure(scale: Scale) -> Outcome {
    let server = Server::start()?;
    let mut bare = [1, 16].map(|connections| (connections, Vec::new()));
    let mut rates = CASES.map(|case| (case, Vec::new()));
    let mut next = 0;
    for _ in 0..scale.rounds {
        for (connections, rates) in &mut bare {
            rates.push(server.set_nx_rate(*connections, scale.requests)?);
        }
        for ((connections, callers), rates) in &mut rates {
            rates.push(spend_rate(&server, *connections, *callers, scale.requests, &mut next)?);
        }
    }

    println!(
        "\nspends a second in Redis, and of `redis-benchmark SET key NX` (medians of {} rounds)",
        scale.rounds
    );
    for (connections, rates) in &bare {
        println!("  redis-benchmark, {connections:>2} connections {:>28.0}", median(rates.clone()));
    }
    for ((connections, callers), rates) in &rates {
        let [one, many] = &bare;
        let (against, peer) = if *connections == 1 { one } else { many };
        let ratio = median(rates.iter().zip(peer).map(|(own, peer)| own / peer).collect());
        let verdict = if ratio >= TARGET { "met" } else { "MISSED" };
        println!(
            "  store, {connections:>2} connections of {callers:>2} callers {:>25.0}  {ratio:.2} of redis-benchmark -c {against}, target {TARGET} {verdict}",
            median(rates.clone()),
        );
    }
    Ok(())
}

/// Every thread has a runtime, and so a connection, of its own.
fn spend_rate(
    server: &Server,
    connections: usize,
    callers: usize,
    requests: usize,
    next: &mut usize,
) -> Outcome<f64> {
    let setup = Builder::new_current_thread().enable_all().build()?;
    let url = server.url();
    let (store, tickets) = setup.block_on(async {
        let store = open(&url).await?;
        let tickets = issue(&store, *next, requests).await?;
        Outcome::Ok((Arc::new(store), tickets))
    })?;
    *next += requests;
    let shares = tickets.chunks(requests.div_ceil(connections)).map(<[Ticket]>::to_vec);
    let start = Arc::new(std::sync::Barrier::new(connections + 1));
    let threads: Vec<_> = shares
        .map(|share| {
            let (store, start) = (store.clone(), start.clone());
            std::thread::spawn(move || {
                let runtime = Builder::new_current_thread().enable_all().build()?;
                runtime.block_on(spend_all(store, share, callers, &start))
            })
        })
        .collect();
    start.wait();
    let began = Instant::now();
    for thread in threads {
        thread.join().map_err(|_| "a measuring thread panicked")??;
    }
    Ok(requests as f64 / began.elapsed().as_secs_f64())
}

async fn spend_all(
    store: Arc<RedisStore>,
    tickets: Vec<Ticket>,
    callers: usize,
    start: &std::sync::Barrier,
) -> Outcome {
    // Opens this runtime's connection.
    let _ = store.stored(super::tickets::session(0), NOW).await;
    start.wait();
    let callers: Vec<_> = tickets
        .chunks(tickets.len().div_ceil(callers))
        .map(|share| {
            let (store, share) = (store.clone(), share.to_vec());
            tokio::spawn(async move {
                for ticket in share {
                    let spent = store.spend(ticket, 1, until(), NOW).await.spent;
                    if spent != Spent::First {
                        return Err(format!("{spent:?} for an unspent ticket"));
                    }
                }
                Ok(())
            })
        })
        .collect();
    for caller in callers {
        caller.await??;
    }
    Ok(())
}
