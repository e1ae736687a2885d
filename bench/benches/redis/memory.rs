//! Memory a session.

use countersign_store::Store;
use futures_util::future::join_all;
use tokio::runtime::Builder;

use super::server::Server;
use super::tickets::{NOW, POOL, open, pools, until};
use super::{Outcome, Scale};

pub(crate) fn measure(scale: Scale) -> Outcome {
    println!("\nbytes a session in Redis, with a pool of {POOL} and one spend");
    for sessions in scale.sessions {
        let server = Server::start()?;
        let before = used(&server)?;
        Builder::new_current_thread().enable_all().build()?.block_on(fill(&server, *sessions))?;
        let bytes = used(&server)?.saturating_sub(before);
        println!("  {sessions:>9} sessions {:>10.1}", bytes as f64 / *sessions as f64);
    }
    Ok(())
}

async fn fill(server: &Server, sessions: usize) -> Outcome {
    let store = open(&server.url()).await?;
    let all: Vec<_> = (0..sessions).collect();
    for some in all.chunks(256) {
        let tickets = pools(&store, some).await?;
        let first = tickets.iter().step_by(POOL as usize);
        join_all(first.map(|ticket| store.spend(*ticket, 1, until(), NOW))).await;
    }
    Ok(())
}

fn used(server: &Server) -> Outcome<u64> {
    let info: String = redis::cmd("INFO").arg("memory").query(&mut server.connect()?)?;
    let used = info.lines().find_map(|line| line.strip_prefix("used_memory:"));
    Ok(used.ok_or("INFO memory has no `used_memory`")?.trim().parse()?)
}
