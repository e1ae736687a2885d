//! What is written down of each verdict: counted always, and refusals recorded.

use std::sync::Arc;
use std::time::SystemTime;

use countersign::Refusal;
use countersign_tower::{Judged, Judgement, Observer};

use crate::audit::{AuditError, Log, Record};
use crate::config::Audit;
use crate::metrics::{Metrics, SiteMetrics};
use crate::trace;

/// Stands for the route in logs and metrics where no rule names one.
const NO_ROUTE: &str = "*";

/// Tells metrics and audit log of verdicts.
#[derive(Debug)]
pub(crate) struct Watchman {
    log: Log,
}

impl Watchman {
    pub(crate) fn new(metrics: &Metrics) -> Self {
        Self { log: Log::new(metrics) }
    }

    /// Records refusals there from now on.
    ///
    /// # Errors
    /// When it cannot be written; the place before stays then.
    pub(crate) fn turn_to(&self, audit: Option<&Audit>) -> Result<(), AuditError> {
        self.log.turn_to(audit)
    }

    /// Opens the audit log anew, after it was rotated.
    pub(crate) fn reopen(&self) {
        if let Err(error) = self.log.reopen() {
            tracing::error!(target: "countersign", %error, "lines go where they went before");
        }
    }

    /// Has everything written that was recorded.
    pub(crate) fn finish(&self) {
        self.log.finish();
    }

    /// Who observes this site.
    pub(crate) fn of(self: &Arc<Self>, site: &str, metrics: &Metrics) -> SiteObserver {
        SiteObserver { metrics: metrics.site(site), watchman: self.clone() }
    }
}

/// What observes one site.
#[derive(Debug)]
pub(crate) struct SiteObserver {
    metrics: SiteMetrics,
    watchman: Arc<Watchman>,
}

impl SiteObserver {
    fn refused(&self, judged: &Judged<'_>, refusal: &Refusal, enforced: bool) {
        let route = judged.engine().policy().route_of(judged.facts());
        let route = route.map(|route| route.path.to_string());
        let route = route.as_deref().unwrap_or(NO_ROUTE);
        self.metrics.refused(refusal, route, enforced);
        let log = &self.watchman.log;
        if log.is_on() {
            let (site, now) = (self.metrics.name(), SystemTime::now());
            log.record(|| Record::new(site, route, judged, refusal, enforced, now));
        }
    }
}

impl Observer for SiteObserver {
    fn judged(&self, judged: &Judged<'_>) {
        trace::judged(judged);
        match judged.outcome() {
            Judgement::Allowed(permit) => self.metrics.allowed(permit),
            Judgement::Reported(refusal) => self.refused(judged, refusal, false),
            Judgement::Refused(refusal) => self.refused(judged, refusal, true),
        }
    }
}
