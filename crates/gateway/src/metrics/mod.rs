//! What is counted, and how it is read.
//!
//! Every label is a word of this program or of its configuration, never of a request: nobody can
//! make more series by what they send. What an allowed request touches is resolved when its site is
//! made, so that it costs a few additions and no look-up.

mod latency;
mod site;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use site::SiteFamilies;
pub(crate) use site::{Failure, SiteMetrics};

use crate::routes::NoSite;

/// What the gateway counts. Clones count together.
#[derive(Clone, Debug)]
pub(crate) struct Metrics(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    registry: Registry,
    connections: Gauge,
    requests: Gauge,
    bad_requests: Family<Why, Counter>,
    no_site: Family<Why, Counter>,
    reloads: Family<Reloaded, Counter>,
    reload_times: Family<Reloaded, Gauge>,
    audit_dropped: Family<Why, Counter>,
    families: SiteFamilies,
    /// A site that goes and comes back with a reload goes on counting.
    sites: Mutex<BTreeMap<String, SiteMetrics>>,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Why {
    reason: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Reloaded {
    result: &'static str,
}

/// Why a line of the audit log was not written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dropped {
    /// Refusals came faster than they could be written.
    QueueFull,
    /// The system did not take them: a full disk, most likely.
    WriteFailed,
}

/// Something that is open or under way until this is dropped.
#[derive(Debug)]
pub(crate) struct Open(Gauge);

impl Open {
    fn new(gauge: &Gauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("countersign");
        let version = vec![("version", env!("CARGO_PKG_VERSION"))];
        registry.register("build", "The version of this gateway", Info::new(version));
        let (connections, requests) = (Gauge::default(), Gauge::default());
        let (bad_requests, no_site) = (Family::default(), Family::default());
        let (reloads, reload_times) = (Family::default(), Family::default());
        let audit_dropped = Family::default();
        registry.register("connections", "Clients that are connected", connections.clone());
        registry.register(
            "requests_in_flight",
            "Requests whose response is not at its end yet",
            requests.clone(),
        );
        registry.register(
            "bad_requests",
            "Requests that are no proper HTTP and went no further",
            bad_requests.clone(),
        );
        registry.register(
            "no_site",
            "Requests for a host or path that no site has",
            no_site.clone(),
        );
        registry.register("reloads", "Attempts to take a new configuration", reloads.clone());
        registry.register(
            "reload_timestamp_seconds",
            "When a configuration was last taken, or refused",
            reload_times.clone(),
        );
        registry.register(
            "audit_lines_dropped",
            "Lines that are missing in the audit log",
            audit_dropped.clone(),
        );
        let families = SiteFamilies::new(&mut registry);
        let sites = Mutex::default();
        Self(Arc::new(Inner {
            registry,
            connections,
            requests,
            bad_requests,
            no_site,
            reloads,
            reload_times,
            audit_dropped,
            families,
            sites,
        }))
    }
}

impl Metrics {
    /// A client connected.
    pub(crate) fn connection(&self) -> Open {
        Open::new(&self.0.connections)
    }

    /// A request began.
    pub(crate) fn request(&self) -> Open {
        Open::new(&self.0.requests)
    }

    /// A request that was no proper one; `code` is stable.
    pub(crate) fn bad_request(&self, code: &'static str) {
        self.0.bad_requests.get_or_create(&Why { reason: code }).inc();
    }

    pub(crate) fn no_site(&self, reason: NoSite) {
        let reason = match reason {
            NoSite::Host => "host",
            NoSite::Path => "path",
            NoSite::Ambiguous => "ambiguous_path",
        };
        self.0.no_site.get_or_create(&Why { reason }).inc();
    }

    /// A new configuration was taken, or was not.
    pub(crate) fn reloaded(&self, taken: bool, at: SystemTime) {
        let labels = Reloaded { result: if taken { "ok" } else { "failed" } };
        self.0.reloads.get_or_create(&labels).inc();
        let seconds = at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
        self.0.reload_times.get_or_create(&labels).set(seconds);
    }

    pub(crate) fn audit_dropped(&self, reason: Dropped, lines: u64) {
        let reason = match reason {
            Dropped::QueueFull => "queue_full",
            Dropped::WriteFailed => "write_failed",
        };
        self.0.audit_dropped.get_or_create(&Why { reason }).inc_by(lines);
    }

    /// What the site of this name counts, in this and in later configurations.
    pub(crate) fn site(&self, name: &str) -> SiteMetrics {
        let mut sites = self.0.sites.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = sites.get(name) {
            return known.clone();
        }
        let new = self.0.families.site(name);
        sites.insert(name.to_owned(), new.clone());
        new
    }

    /// Everything, in the text format of OpenMetrics.
    pub(crate) fn text(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.0.registry)?;
        Ok(text)
    }
}

#[cfg(test)]
mod tests;
