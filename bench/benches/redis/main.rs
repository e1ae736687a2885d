//! What the Redis store costs, beside what Redis can do: spends a second against `redis-benchmark`, memory a
//! session, and how long a request waits when Redis does not answer.
//!
//! Server, peer and store take turns on the same machine. `-- rates`, `-- memory` and `-- waits` run one part.
//! Without `--bench` everything is run once, small.

mod memory;
mod rates;
mod server;
mod tickets;
mod waits;

use std::error::Error;

use server::Server;

pub(crate) type Outcome<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

/// How much is measured.
#[derive(Clone, Copy)]
pub(crate) struct Scale {
    pub(crate) rounds: usize,
    pub(crate) requests: usize,
    pub(crate) sessions: &'static [usize],
}

const MEASURE: Scale =
    Scale { rounds: 7, requests: 50_000, sessions: &[10_000, 100_000, 1_000_000] };
const TRY: Scale = Scale { rounds: 1, requests: 500, sessions: &[100] };

fn main() -> Outcome {
    if !Server::is_installed() {
        println!("redis-server is not installed (apt-get install redis-server): nothing measured");
        return Ok(());
    }
    let mut scale =
        if std::env::args().any(|argument| argument == "--bench") { MEASURE } else { TRY };
    if let Some(rounds) =
        std::env::var("COUNTERSIGN_BENCH_ROUNDS").ok().and_then(|text| text.parse().ok())
    {
        scale.rounds = rounds;
    }
    let filter = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    let wants = |part: &str| filter.as_ref().is_none_or(|filter| part.contains(filter.as_str()));
    if wants("rates") {
        rates::measure(scale)?;
    }
    if wants("memory") {
        memory::measure(scale)?;
    }
    if wants("waits") {
        waits::measure(scale)?;
    }
    Ok(())
}

pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    quantile(&mut values, 0.5)
}

pub(crate) fn quantile(values: &mut [f64], part: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let at = (values.len() as f64 * part) as usize;
    values.get(at).or(values.last()).copied().unwrap_or(f64::NAN)
}
