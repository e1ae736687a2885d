//! `cargo xtask chaos`: two real gateways that share a store, clients that spend one-time tickets, and a
//! store that is killed, emptied, switched over and set to another time all the while.
//!
//! The app behind the gateways is the judge: it counts how often each ticket got through to it. Every
//! ticket that was ever presented, accepted or not, is presented again at every gateway after each fault,
//! and all of them once more at the end. A run fails if
//!
//! 1. a ticket got through twice;
//! 2. a request was let through that began and ended while nobody could have answered for its ticket;
//! 3. a session-bound token, which needs no store, was refused at any time;
//! 4. a fresh ticket was not accepted at both gateways within a second of the store being back.

mod app;
mod clients;
mod gateway;
mod http;
mod place;
mod process;
mod redis;
mod tally;

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use clap::ValueEnum;

use crate::report::Counts;
use crate::suites::Suite;
use crate::{Result, needs, suites};
use app::App;
use clients::Crowd;
use gateway::{Gateway, Settings};
use http::Client;
use place::{Mode, Place};
use tally::{Tally, Verdicts};

/// Between two faults.
const CALM: Duration = Duration::from_secs(2);
/// Tickets are good again so soon after the store is back.
const BACK_WITHIN: Duration = Duration::from_secs(1);
/// After this the run gives up on them.
const BACK_AT_ALL: Duration = Duration::from_secs(20);

/// What to do, and how often.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Faults in each mode
    #[arg(long, default_value_t = 10)]
    pub(crate) rounds: usize,
    /// Clients that spend tickets, all at once
    #[arg(long, default_value_t = 64)]
    pub(crate) clients: usize,
    /// How the gateways are built
    #[arg(long, default_value = "dev")]
    pub(crate) profile: String,
    /// Only these
    #[arg(value_enum)]
    pub(crate) modes: Vec<Mode>,
}

/// Ctrl-C has been pressed. Whoever waits gives up, and everything that was started ends on the way out.
static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Runs every mode; whether all of them went well.
pub(crate) fn run(root: &Path, options: &Options) -> Result<bool> {
    if !needs::satisfy(&[Suite::Chaos]).is_empty() {
        return Err("chaos needs what is named above".into());
    }
    let verdicts = verdicts(root, options)?;
    Ok(verdicts.are_good())
}

/// One fault in each mode, with fewer clients. How long the store is away depends on how busy the
/// machine is, so that is not judged here.
pub(crate) fn short(root: &Path) -> Result<Counts> {
    let options = Options { rounds: 1, clients: 16, profile: "dev".to_owned(), modes: Vec::new() };
    Ok(verdicts(root, &options)?.counts())
}

fn verdicts(root: &Path, options: &Options) -> Result<Verdicts> {
    ctrlc::set_handler(|| INTERRUPTED.store(true, Ordering::SeqCst))?;
    let binary = suites::build_binary(root, &options.profile)?;
    let modes = if options.modes.is_empty() { Mode::value_variants() } else { &options.modes };
    let mut verdicts = Verdicts::default();
    for mode in modes {
        println!("\n{mode}: {}", mode.describe());
        verdicts.add(*mode, one(*mode, &binary, options)?);
    }
    println!("\n{verdicts}");
    Ok(verdicts)
}

fn one(mode: Mode, binary: &Path, options: &Options) -> Result<Tally> {
    let folder = tempfile::Builder::new().prefix("countersign-chaos-").tempdir()?;
    let app = App::start()?;
    let mut place = Place::start(mode, folder.path())?;
    let mut gateways = Vec::new();
    for number in 0..place.gateways() {
        gateways.push(Gateway::start(&Settings {
            binary,
            folder: folder.path(),
            number,
            app: app.address(),
            store: &place.store(),
            clock: place.clock_of_gateway(number),
        })?);
    }
    let addresses: Vec<String> = gateways.iter().map(|gateway| gateway.address.clone()).collect();
    let mut tally = Tally::default();
    wait_until_spent(&addresses, Instant::now(), "before the first fault")?;

    let crowd = Crowd::new(addresses.clone());
    thread::scope(|scope| -> Result<()> {
        // However this ends, the clients must.
        let _stop = clients::Stop(&crowd);
        crowd.start(scope, options.clients);
        for round in 0..options.rounds {
            rest(CALM)?;
            let strike = place.strike(round, &mut gateways)?;
            let back = wait_until_spent(&addresses, strike.back, &format!("after fault {round}"))?;
            tally.back.push(back);
            tally.dark.extend(strike.dark);
            tally.replayed += crowd.replay_latest();
            println!(
                "  {:>3}/{}  back after {:>4} ms  {}",
                round + 1,
                options.rounds,
                back.as_millis(),
                crowd.progress()
            );
        }
        rest(CALM)
    })?;
    tally.replayed += crowd.replay_all();
    tally.judge(&crowd, &app);
    if !tally.is_safe() {
        println!("  the logs are in {}", folder.keep().display());
    }
    Ok(tally)
}

/// How long after `since` a ticket that was issued after it is accepted, at the slowest of the gateways.
fn wait_until_spent(gateways: &[String], since: Instant, when: &str) -> Result<Duration> {
    thread::scope(|scope| {
        let waiting: Vec<_> = gateways
            .iter()
            .map(|address| scope.spawn(move || wait_until_spent_at(address, since)))
            .collect();
        let waited = waiting.into_iter().map(|thread| thread.join().ok().flatten());
        waited
            .collect::<Option<Vec<_>>>()
            .and_then(|waited| waited.into_iter().max())
            .ok_or_else(|| format!("{when}: no ticket was accepted, or interrupted").into())
    })
}

fn wait_until_spent_at(address: &str, since: Instant) -> Option<Duration> {
    let client = Client::new();
    while since.elapsed() < BACK_AT_ALL && !INTERRUPTED.load(Ordering::SeqCst) {
        let fresh = client.pool(address, "probe").pop();
        if fresh.is_some_and(|ticket| client.spend(address, "probe", &ticket).status == 200) {
            return Some(since.elapsed());
        }
        thread::sleep(Duration::from_millis(5));
    }
    None
}

fn rest(time: Duration) -> Result<()> {
    let until = Instant::now() + time;
    while Instant::now() < until {
        if INTERRUPTED.load(Ordering::SeqCst) {
            return Err("interrupted".into());
        }
        thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}
