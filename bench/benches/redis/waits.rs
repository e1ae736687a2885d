//! How long a request waits for a Redis that takes what is sent and answers nothing.

use std::time::{Duration, Instant};

use countersign::Spent;
use countersign_store::Store;
use countersign_store::redis::RedisStore;
use futures_util::future::join_all;
use tokio::runtime::Builder;

use super::server::Server;
use super::tickets::{NOW, issue, until};
use super::{Outcome, Scale, quantile};

const TIMEOUT: Duration = Duration::from_millis(250);

pub(crate) fn measure(scale: Scale) -> Outcome {
    let server = Server::start()?;
    let mut waits =
        Builder::new_current_thread().enable_all().build()?.block_on(waits(&server, scale))?;
    let [half, most, all] = [0.5, 0.99, 1.0].map(|part| quantile(&mut waits, part));
    println!(
        "\nwaits of {} requests for a Redis that is held, with a timeout of {TIMEOUT:?}\n  p50 {half:.1} ms, p99 {most:.1} ms, longest {all:.1} ms",
        waits.len(),
    );
    Ok(())
}

async fn waits(server: &Server, scale: Scale) -> Outcome<Vec<f64>> {
    let config = format!("{}?timeout={}ms", server.url(), TIMEOUT.as_millis()).parse()?;
    let store = RedisStore::open(config, "bench").await?;
    let tickets = issue(&store, 0, (scale.requests / 25).max(20)).await?;
    server.signal("-STOP")?;
    let mut waits = Vec::with_capacity(tickets.len());
    for tickets in tickets.chunks(100) {
        let asked = tickets.iter().map(async |ticket| {
            let began = Instant::now();
            let answer = store.spend(*ticket, 1, until(), NOW).await;
            (began.elapsed(), answer.spent)
        });
        for (wait, spent) in join_all(asked).await {
            waits.push(wait.as_secs_f64() * 1000.0);
            if spent != Spent::Unavailable {
                return Err(format!("{spent:?} from a Redis that is held").into());
            }
        }
    }
    server.signal("-CONT")?;
    Ok(waits)
}
