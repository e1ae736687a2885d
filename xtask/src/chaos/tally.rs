//! What came of it.

use std::fmt;
use std::ops::Range;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::BACK_WITHIN;
use super::app::App;
use super::clients::{Attempt, Crowd};
use super::place::Mode;
use crate::report::Counts;

/// Of one mode.
#[derive(Default)]
pub(crate) struct Tally {
    /// How long each time until tickets were good again.
    pub(crate) back: Vec<Duration>,
    /// When nobody could answer for a ticket.
    pub(crate) dark: Vec<Range<Instant>>,
    /// Tickets presented again.
    pub(crate) replayed: usize,
    presented: usize,
    arrived: usize,
    twice: usize,
    refused_in_the_dark: usize,
    allowed_in_the_dark: usize,
    tokens: usize,
    tokens_refused: usize,
}

impl Tally {
    pub(crate) fn judge(&mut self, crowd: &Crowd, app: &App) {
        let attempts = crowd.attempts();
        (self.arrived, self.twice) = app.arrivals();
        self.presented = attempts.len();
        let in_the_dark = attempts.iter().filter(|attempt| is_in(&self.dark, attempt));
        let (allowed, refused): (Vec<_>, Vec<_>) =
            in_the_dark.partition(|attempt| attempt.status == 200);
        (self.allowed_in_the_dark, self.refused_in_the_dark) = (allowed.len(), refused.len());
        self.tokens = crowd.tokens_accepted.load(Ordering::SeqCst);
        self.tokens_refused = crowd.tokens_refused.load(Ordering::SeqCst);
        self.back.sort_unstable();
    }

    /// Whether nothing was let through that should not have been, and nothing refused for no reason.
    pub(crate) fn is_safe(&self) -> bool {
        self.arrived > 0
            && self.tokens > 0
            && self.twice == 0
            && self.allowed_in_the_dark == 0
            && self.tokens_refused == 0
    }

    fn is_good(&self) -> bool {
        self.is_safe() && self.back.last().is_some_and(|slowest| *slowest <= BACK_WITHIN)
    }

    /// The value that so many per cent do not exceed.
    fn back(&self, percent: usize) -> u128 {
        let at = (self.back.len() * percent).div_ceil(100).saturating_sub(1);
        self.back.get(at).map_or(0, Duration::as_millis)
    }
}

fn is_in(dark: &[Range<Instant>], attempt: &Attempt) -> bool {
    dark.iter().any(|dark| dark.start <= attempt.began && attempt.ended <= dark.end)
}

/// Of all modes.
#[derive(Default)]
pub(crate) struct Verdicts(Vec<(Mode, Tally)>);

impl Verdicts {
    pub(crate) fn add(&mut self, mode: Mode, tally: Tally) {
        self.0.push((mode, tally));
    }

    /// Each mode is a test, which passes if it was safe.
    pub(crate) fn counts(&self) -> Counts {
        let passed = self.0.iter().filter(|(_, tally)| tally.is_safe()).count();
        let failed = self.0.len() - passed;
        Counts { passed: passed as u64, failed: failed as u64, skipped: 0 }
    }

    pub(crate) fn are_good(&self) -> bool {
        self.0.iter().all(|(_, tally)| tally.is_good())
    }
}

impl fmt::Display for Verdicts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<12} {:>6} {:>9} {:>9} {:>9} {:>6} {:>15} {:>15} {:>18}",
            "mode",
            "faults",
            "presented",
            "accepted",
            "replayed",
            "twice",
            "allowed in dark",
            "tokens refused",
            "back ms 50/99/max"
        )?;
        for (mode, tally) in &self.0 {
            let dark = tally.allowed_in_the_dark + tally.refused_in_the_dark;
            writeln!(
                f,
                "{mode:<12} {:>6} {:>9} {:>9} {:>9} {:>6} {:>15} {:>15} {:>18}{}",
                tally.back.len(),
                tally.presented,
                tally.arrived,
                tally.replayed,
                tally.twice,
                format!("{} of {dark}", tally.allowed_in_the_dark),
                format!("{} of {}", tally.tokens_refused, tally.tokens + tally.tokens_refused),
                format!("{}/{}/{}", tally.back(50), tally.back(99), tally.back(100)),
                if tally.is_good() { "" } else { "  FAILED" }
            )?;
        }
        let good = self.0.iter().filter(|(_, tally)| tally.is_good()).count();
        write!(f, "{good} of {} modes held", self.0.len())
    }
}
