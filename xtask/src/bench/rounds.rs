//! Contenders taking turns, so that whatever the machine does meanwhile meets all of them alike.

use std::time::Duration;

use super::case::{Case, Request};
use super::credentials::Credentials;
use super::fleet::{Contender, Fleet};
use super::load;
use super::stats::Spread;
use crate::Result;

/// One contender's turns, in the order of the rounds.
pub(crate) struct Turns {
    pub(crate) contender: Contender,
    turns: Vec<Turn>,
}

struct Turn {
    /// Processor time a request, in microseconds.
    cost: f64,
    /// The part of the time in which the proxy's core was busy.
    busy: f64,
    requests_per_second: f64,
    p50: Duration,
    p99: Duration,
    errors: u64,
}

/// Measures all contenders of a case.
pub(crate) fn measure(
    fleet: &Fleet,
    credentials: &Credentials,
    case: Case,
    rounds: usize,
    span: Duration,
) -> Result<Vec<Turns>> {
    let request = case.request(credentials);
    let contenders = case.contenders();
    let mut results: Vec<Turns> = contenders
        .iter()
        .map(|contender| Turns { contender: *contender, turns: Vec::new() })
        .collect();
    for contender in contenders {
        // Connections to the app are made before anything counts.
        turn(fleet, *contender, &request, Duration::from_secs(1))?;
    }
    for round in 0..rounds {
        let (later, first) = results.split_at_mut(round % contenders.len());
        for Turns { contender, turns } in first.iter_mut().chain(later) {
            turns.push(turn(fleet, *contender, &request, span)?);
        }
    }
    Ok(results)
}

fn turn(fleet: &Fleet, contender: Contender, request: &Request, span: Duration) -> Result<Turn> {
    let before = fleet.cpu_time(contender)?;
    let seen = load::run(request, fleet.address(contender), span)?;
    let used = fleet.cpu_time(contender)?.saturating_sub(before).as_secs_f64();
    Ok(Turn {
        cost: used * 1e6 / seen.requests.max(1.0),
        busy: used / seen.lasted.as_secs_f64(),
        requests_per_second: seen.requests / seen.lasted.as_secs_f64(),
        p50: seen.p50,
        p99: seen.p99,
        errors: seen.errors,
    })
}

impl Turns {
    /// Turns in which something went wrong. They count for nothing.
    pub(crate) fn invalid(&self) -> usize {
        self.turns.iter().filter(|turn| !turn.is_valid()).count()
    }

    /// Errors in all turns.
    pub(crate) fn errors(&self) -> u64 {
        self.turns.iter().map(|turn| turn.errors).sum()
    }

    pub(crate) fn cost(&self) -> Option<Spread> {
        self.spread(|turn| turn.cost)
    }

    pub(crate) fn busy(&self) -> Option<Spread> {
        self.spread(|turn| turn.busy)
    }

    pub(crate) fn requests_per_second(&self) -> Option<Spread> {
        self.spread(|turn| turn.requests_per_second)
    }

    pub(crate) fn p50_us(&self) -> Option<Spread> {
        self.spread(|turn| turn.p50.as_secs_f64() * 1e6)
    }

    pub(crate) fn p99_us(&self) -> Option<Spread> {
        self.spread(|turn| turn.p99.as_secs_f64() * 1e6)
    }

    /// How many times the other's cost this one's is, round by round.
    pub(crate) fn ratio_to(&self, other: &Self) -> Option<Spread> {
        let rounds = self.turns.iter().zip(&other.turns);
        let valid = rounds.filter(|(own, theirs)| own.is_valid() && theirs.is_valid());
        Spread::of(valid.map(|(own, theirs)| own.cost / theirs.cost))
    }

    fn spread(&self, of: impl Fn(&Turn) -> f64) -> Option<Spread> {
        Spread::of(self.turns.iter().filter(|turn| turn.is_valid()).map(of))
    }
}

impl Turn {
    /// A proxy that answers with errors may be quicker than one that works.
    fn is_valid(&self) -> bool {
        self.errors == 0 && self.requests_per_second > 0.0
    }
}

#[cfg(test)]
impl Turns {
    /// Turns of these costs; those of no cost went wrong.
    pub(crate) fn costing(contender: Contender, costs: &[f64]) -> Self {
        let turn = |cost: &f64| Turn {
            cost: *cost,
            busy: 0.9,
            requests_per_second: 1000.0,
            p50: Duration::from_micros(500),
            p99: Duration::from_micros(900),
            errors: u64::from(*cost == 0.0),
        };
        Self { contender, turns: costs.iter().map(turn).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_are_taken_within_rounds_and_not_from_those_that_went_wrong() {
        let nginx = Turns::costing(Contender::Nginx, &[10.0, 20.0, 10.0, 10.0]);
        let other = Turns::costing(Contender::Gateway, &[11.0, 24.0, 0.0, 13.0]);
        let expected = Spread { median: 1.2, least: 1.1, most: 1.3 };
        assert_eq!(other.ratio_to(&nginx), Some(expected));
        assert_eq!((other.invalid(), other.errors()), (1, 1));
    }

    #[test]
    fn nothing_is_said_of_a_contender_that_never_worked() {
        let nginx = Turns::costing(Contender::Nginx, &[10.0]);
        let broken = Turns::costing(Contender::Gateway, &[0.0]);
        assert_eq!(broken.ratio_to(&nginx), None);
        assert_eq!(broken.cost(), None);
    }
}
