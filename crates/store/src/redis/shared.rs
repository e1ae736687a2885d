//! What all connections of one store have in common.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use countersign::Incarnation;

use super::config::{OpenError, RedisConfig, name};
use super::fault::Fault;
use super::keys::Keys;
use super::link::Opener;
use super::scripts::Scripts;
use super::tls;

/// One line in the log about the same trouble in so long.
const QUIET: Duration = Duration::from_secs(30);

pub(super) struct Shared {
    pub(super) config: RedisConfig,
    pub(super) opener: Opener,
    pub(super) keys: Keys,
    pub(super) scripts: Scripts,
    site: String,
    /// As last claimed by any connection. It is what new tickets are checked against before Redis is asked;
    /// what Redis says decides, so a value of the past only refuses more.
    epoch: AtomicU64,
    trouble: Mutex<Option<Trouble>>,
}

struct Trouble {
    reason: String,
    logged: Instant,
}

impl Shared {
    pub(super) fn new(config: RedisConfig, site: &str) -> Result<Self, OpenError> {
        let site = name(site)?;
        Ok(Self {
            opener: Opener::new(&config, tls::connector(&config)?),
            keys: Keys::new(&config.prefix, &site),
            scripts: Scripts::new(),
            site,
            // Nobody has issued a ticket under it.
            epoch: AtomicU64::new(rand::random()),
            trouble: Mutex::default(),
            config,
        })
    }

    pub(super) fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Relaxed)
    }

    pub(super) fn incarnation(&self) -> Incarnation {
        Incarnation::from_random(self.epoch())
    }

    /// Under this epoch tickets are good from now on.
    pub(super) fn began(&self, epoch: u64) {
        let before = self.epoch.swap(epoch, Ordering::Relaxed);
        if before != epoch {
            tracing::info!(
                site = self.site,
                "Redis begins a new incarnation: one-time tickets of before are refused"
            );
        }
    }

    /// A connection was lost, or not got.
    pub(super) fn lost(&self, fault: &Fault) {
        let reason = fault.to_string();
        let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        let known = trouble
            .as_ref()
            .is_some_and(|known| known.reason == reason || known.logged.elapsed() < QUIET);
        if !known {
            tracing::warn!(
                site = self.site,
                reason,
                "Redis is away: whatever needs the store is refused"
            );
            *trouble = Some(Trouble { reason, logged: Instant::now() });
        }
    }

    /// A connection does its work.
    pub(super) fn found(&self) {
        let trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner).take();
        if trouble.is_some() {
            tracing::info!(site = self.site, "Redis is back");
        }
    }
}
