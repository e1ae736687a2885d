//! What each site counts.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use countersign::{Permit, Refusal};
use http::StatusCode;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

use super::Open;
use super::latency::Latency;

/// How an upstream failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// It took no connection.
    Connect,
    /// Its response did not begin in time.
    Slow,
    /// What it sent is no response, or nothing came.
    Broken,
    /// It stopped within a response, and said nothing for too long.
    Stalled,
    /// Its response broke off.
    CutOff,
}

/// What one site counts. Clones count together.
#[derive(Clone, Debug)]
pub(crate) struct SiteMetrics(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    site: Arc<str>,
    allowed: [Counter; PERMITS.len()],
    answered: [Counter; CLASSES.len()],
    failures: [Counter; FAILURES.len()],
    refusals: Family<Refused, Counter>,
    refused: AtomicU64,
    reported: AtomicU64,
    response: Latency,
    tunnels: Gauge,
}

/// As [`Permit::code`] says them, which a test compares.
const PERMITS: [&str; 9] = [
    "disabled",
    "safe_method",
    "exempt",
    "no_ambient_credential",
    "provenance",
    "nothing_against",
    "token",
    "ticket",
    "report_only",
];

const fn permit_at(permit: &Permit) -> usize {
    match permit {
        Permit::Disabled => 0,
        Permit::SafeMethod => 1,
        Permit::Exempt(_) => 2,
        Permit::NoAmbientCredential => 3,
        Permit::Provenance => 4,
        Permit::NothingAgainst => 5,
        Permit::Token => 6,
        Permit::Ticket => 7,
        Permit::ReportOnly => 8,
    }
}

impl Failure {
    /// The stable code in metrics and traces.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Slow => "slow",
            Self::Broken => "broken",
            Self::Stalled => "stalled",
            Self::CutOff => "cut_off",
        }
    }
}

const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

const FAILURES: [Failure; 5] =
    [Failure::Connect, Failure::Slow, Failure::Broken, Failure::Stalled, Failure::CutOff];

impl SiteMetrics {
    pub(crate) fn name(&self) -> &Arc<str> {
        &self.0.site
    }

    pub(crate) fn allowed(&self, permit: &Permit) {
        if let Some(counter) = self.0.allowed.get(permit_at(permit)) {
            counter.inc();
        }
    }

    /// A request was refused, or would have been if refusals were carried out.
    pub(crate) fn refused(&self, refusal: &Refusal, route: &str, enforced: bool) {
        let total = if enforced { &self.0.refused } else { &self.0.reported };
        total.fetch_add(1, Ordering::Relaxed);
        let labels = Refused {
            site: self.0.site.clone(),
            route: route.to_owned(),
            rule: refusal.rule.code(),
            reason: refusal.reason.code(),
            enforced: if enforced { "true" } else { "false" },
        };
        self.0.refusals.get_or_create(&labels).inc();
    }

    /// A response's head is on its way to the client.
    pub(crate) fn answered(&self, status: StatusCode) {
        let class = usize::from(status.as_u16() / 100).saturating_sub(1);
        if let Some(counter) = self.0.answered.get(class) {
            counter.inc();
        }
    }

    /// The upstream's response began so long after the request was handed to it.
    pub(crate) fn upstream_took(&self, took: Duration) {
        self.0.response.observe(took);
    }

    pub(crate) fn upstream_failed(&self, failure: Failure) {
        let mut counters = FAILURES.iter().zip(&self.0.failures);
        if let Some((_, counter)) = counters.find(|(own, _)| **own == failure) {
            counter.inc();
        }
    }

    /// A WebSocket was opened.
    pub(crate) fn tunnel(&self) -> Open {
        Open::new(&self.0.tunnels)
    }

    /// How many requests passed, were refused, and would have been refused.
    pub(crate) fn totals(&self) -> (u64, u64, u64) {
        let allowed = self.0.allowed.iter().map(Counter::get).sum();
        let [refused, reported] =
            [&self.0.refused, &self.0.reported].map(|total| total.load(Ordering::Relaxed));
        (allowed, refused, reported)
    }
}

/// The metrics of which every site has its own.
#[derive(Debug)]
pub(super) struct SiteFamilies {
    allowed: Family<Allowed, Counter>,
    refusals: Family<Refused, Counter>,
    answered: Family<Answered, Counter>,
    failures: Family<Failed, Counter>,
    response: Family<Site, Latency>,
    tunnels: Family<Site, Gauge>,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Site {
    site: Arc<str>,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Allowed {
    site: Arc<str>,
    permit: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Refused {
    site: Arc<str>,
    route: String,
    rule: &'static str,
    reason: &'static str,
    enforced: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Answered {
    site: Arc<str>,
    status: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Failed {
    site: Arc<str>,
    kind: &'static str,
}

impl SiteFamilies {
    pub(super) fn new(registry: &mut Registry) -> Self {
        let own = Self {
            allowed: Family::default(),
            refusals: Family::default(),
            answered: Family::default(),
            failures: Family::default(),
            response: Family::default(),
            tunnels: Family::default(),
        };
        registry.register("allowed", "Requests that pass, and why", own.allowed.clone());
        registry.register(
            "refusals",
            "Requests that are refused, or (enforced=\"false\") would be",
            own.refusals.clone(),
        );
        registry.register("requests", "Requests by status class", own.answered.clone());
        registry.register("upstream_failures", "How upstreams failed", own.failures.clone());
        registry.register_with_unit(
            "upstream_response",
            "Until the head of an upstream's response",
            Unit::Seconds,
            own.response.clone(),
        );
        registry.register("tunnels", "WebSockets that are open", own.tunnels.clone());
        own
    }

    pub(super) fn site(&self, name: &str) -> SiteMetrics {
        let site: Arc<str> = name.into();
        let only = Site { site: site.clone() };
        SiteMetrics(Arc::new(Inner {
            allowed: PERMITS.map(|permit| {
                self.allowed.get_or_create_owned(&Allowed { site: site.clone(), permit })
            }),
            answered: CLASSES.map(|status| {
                self.answered.get_or_create_owned(&Answered { site: site.clone(), status })
            }),
            failures: FAILURES.map(|failure| {
                let kind = failure.code();
                self.failures.get_or_create_owned(&Failed { site: site.clone(), kind })
            }),
            refusals: self.refusals.clone(),
            refused: AtomicU64::new(0),
            reported: AtomicU64::new(0),
            response: self.response.get_or_create_owned(&only),
            tunnels: self.tunnels.get_or_create_owned(&only),
            site,
        }))
    }
}
