//! Where tickets are remembered, and what happens to it.

use std::fmt;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use clap::ValueEnum;

use super::gateway::Gateway;
use super::redis::{Clock, Redis, Sentinel, wait_until};
use crate::Result;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Mode {
    Snapshot,
    Log,
    FailOver,
    SwitchOver,
    Flush,
    Clock,
    File,
}

/// What happened, and when.
pub(crate) struct Strike {
    /// Nobody could answer for a ticket.
    pub(crate) dark: Option<Range<Instant>>,
    /// From then on somebody could.
    pub(crate) back: Instant,
}

/// The servers of one mode.
pub(crate) enum Place {
    Snapshot(Redis),
    Log(Redis),
    FailOver { servers: Box<[Redis; 2]>, primary: usize, sentinel: Sentinel },
    SwitchOver(Box<[Redis; 2]>),
    Flush(Redis),
    Clock { redis: Redis, clocks: [Clock; 3] },
    File(PathBuf),
}

const FORGETFUL: [&str; 4] = ["--save", "", "--appendonly", "no"];
/// As Debian ships it.
const SNAPSHOTS: [&str; 2] = ["--save", "3600 1 300 100 60 10000"];
const APPEND_ONLY: [&str; 6] = ["--save", "", "--appendonly", "yes", "--appendfsync", "everysec"];
/// So that the two do not wait for further replicas.
const REPLICATED: [&str; 4] = ["--save", "", "--repl-diskless-sync-delay", "0"];

/// Hours by which clocks jump, in turn.
const JUMPS: [i64; 6] = [3, -2, 30, 0, -26, 1];

impl Mode {
    pub(crate) const fn describe(self) -> &'static str {
        match self {
            Self::Snapshot => {
                "Redis with Debian's persistence is killed and starts from an old snapshot"
            }
            Self::Log => "Redis with an append-only file is killed and the end of the file is lost",
            Self::FailOver => "the primary is killed and Sentinel promotes the replica",
            Self::SwitchOver => {
                "the primary is demoted and promoted again, without a connection breaking"
            }
            Self::Flush => "FLUSHALL",
            Self::Clock => {
                "the clocks of Redis and of both gateways jump by hours, each its own way"
            }
            Self::File => "the gateway with a file store is killed",
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.to_possible_value();
        f.pad(value.as_ref().map_or("", |value| value.get_name()))
    }
}

impl Place {
    pub(crate) fn start(mode: Mode, folder: &Path) -> Result<Self> {
        let redis = |settings: &[&str]| Redis::start(folder, settings, None);
        Ok(match mode {
            Mode::Snapshot => Self::Snapshot(redis(&SNAPSHOTS)?),
            Mode::Log => Self::Log(redis(&APPEND_ONLY)?),
            Mode::Flush => Self::Flush(redis(&FORGETFUL)?),
            Mode::FailOver => {
                let servers = Box::new([redis(&REPLICATED)?, redis(&REPLICATED)?]);
                let [primary, replica] = &*servers;
                replica.follow(Some(primary))?;
                replica.wait_until_it_follows()?;
                let sentinel = Sentinel::start(folder, primary.port)?;
                sentinel.wait_until_it_could_promote()?;
                Self::FailOver { servers, primary: 0, sentinel }
            }
            Mode::SwitchOver => {
                let servers = Box::new([redis(&REPLICATED)?, redis(&REPLICATED)?]);
                let [primary, replica] = &*servers;
                replica.follow(Some(primary))?;
                replica.wait_until_it_follows()?;
                Self::SwitchOver(servers)
            }
            Mode::Clock => {
                let clock = |name| Clock::new(folder, name);
                let clocks = [clock("redis")?, clock("gateway-0")?, clock("gateway-1")?];
                let [clock, ..] = &clocks;
                let redis = Redis::start(folder, &FORGETFUL, Some(clock.clone()))?;
                Self::Clock { redis, clocks }
            }
            Mode::File => Self::File(folder.join("store")),
        })
    }

    /// As the gateways' configuration names it.
    pub(crate) fn store(&self) -> String {
        match self {
            Self::Snapshot(redis) | Self::Log(redis) | Self::Flush(redis) => url(redis),
            Self::Clock { redis, .. } => url(redis),
            // Patient enough to outlive the switch-over.
            Self::SwitchOver(servers) => {
                servers.first().map(url).unwrap_or_default() + "?timeout=2s"
            }
            Self::FailOver { sentinel, .. } => sentinel.url(),
            Self::File(folder) => format!("file:{}", folder.display()),
        }
    }

    /// How many share it.
    pub(crate) const fn gateways(&self) -> usize {
        if matches!(self, Self::File(_)) { 1 } else { 2 }
    }

    pub(crate) fn clock_of_gateway(&self, number: usize) -> Option<Clock> {
        match self {
            Self::Clock { clocks: [_, clocks @ ..], .. } => clocks.get(number).cloned(),
            _ => None,
        }
    }

    pub(crate) fn strike(&mut self, round: usize, gateways: &mut [Gateway]) -> Result<Strike> {
        match self {
            Self::Snapshot(redis) => {
                // The rules would take one after a minute of such load. Without any in each third round.
                if round % 3 != 2 {
                    redis.ask("BGSAVE");
                    wait_until("a snapshot", || {
                        redis
                            .ask("INFO persistence")
                            .is_some_and(|info| info.contains("rdb_bgsave_in_progress:0"))
                    })?;
                    thread::sleep(Duration::from_millis(150));
                }
                kill_and_restart(redis, round, |_| Ok(()))
            }
            Self::Log(redis) => kill_and_restart(redis, round, |redis| cut(&redis.folder, round)),
            Self::Flush(redis) => {
                redis.ask("FLUSHALL").ok_or("FLUSHALL failed")?;
                Ok(Strike { dark: None, back: Instant::now() })
            }
            Self::FailOver { servers, primary, sentinel } => {
                sentinel.wait_until_it_could_promote()?;
                let (old, new) = match (&mut **servers, *primary) {
                    ([one, other], 0) | ([other, one], _) => (one, other),
                };
                old.kill()?;
                let from = Instant::now();
                let mut until = from;
                wait_until("Sentinel to promote the replica", || {
                    let asked = Instant::now();
                    let is_primary = new.is_primary();
                    until = if is_primary { until } else { asked };
                    is_primary
                })?;
                let back = sentinel.wait_until_it_names(new)?;
                old.restart(&["--replicaof", &format!("127.0.0.1 {}", new.port)])?;
                *primary = 1 - *primary;
                Ok(Strike { dark: Some(from..until), back })
            }
            Self::SwitchOver(servers) => {
                let [one, other] = &**servers;
                other.follow(None)?;
                // What the first is told meanwhile is lost when it follows the other.
                thread::sleep(Duration::from_millis(100 + 50 * (round as u64 % 4)));
                // What arrives now is done once the first is a primary again: on connections that
                // knew it before, as if nothing had been.
                one.ask("CLIENT PAUSE 5000 WRITE").ok_or("CLIENT PAUSE failed")?;
                one.follow(Some(other))?;
                one.wait_until_it_follows()?;
                one.follow(None)?;
                one.ask("CLIENT UNPAUSE").ok_or("CLIENT UNPAUSE failed")?;
                let back = Instant::now();
                other.follow(Some(one))?;
                other.wait_until_it_follows()?;
                Ok(Strike { dark: None, back })
            }
            Self::Clock { clocks, .. } => {
                for (number, clock) in clocks.iter().enumerate() {
                    let jump = JUMPS.iter().cycle().nth(round + 2 * number).copied();
                    clock.set(jump.unwrap_or_default() * 3600)?;
                }
                Ok(Strike { dark: None, back: Instant::now() })
            }
            Self::File(_) => {
                let [gateway, ..] = gateways else { return Err("there is no gateway".into()) };
                gateway.kill()?;
                Ok(Strike { dark: None, back: gateway.restart()? })
            }
        }
    }
}

fn url(redis: &Redis) -> String {
    format!("redis://127.0.0.1:{}", redis.port)
}

fn kill_and_restart(
    redis: &mut Redis,
    round: usize,
    meanwhile: impl FnOnce(&Redis) -> Result<()>,
) -> Result<Strike> {
    redis.kill()?;
    let from = Instant::now();
    meanwhile(redis)?;
    thread::sleep(Duration::from_millis(400 + 100 * (round as u64 % 6)));
    let until = Instant::now();
    redis.restart(&[])?;
    Ok(Strike { dark: Some(from..until), back: redis.wait_until_it_answers()? })
}

/// Takes the end off the append-only file, as a power cut does to what was not synced.
fn cut(folder: &Path, round: usize) -> Result<()> {
    for entry in fs::read_dir(folder.join("appendonlydir"))? {
        let path = entry?.path();
        if path.to_string_lossy().ends_with(".incr.aof") {
            let file = fs::File::options().write(true).open(path)?;
            let lost = 997 * (round as u64 * 37 % 100);
            file.set_len(file.metadata()?.len().saturating_sub(lost))?;
        }
    }
    Ok(())
}
