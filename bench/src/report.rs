//! Medians of the groups as they come, and all ratios at the end.

use crate::group::Ratio;

/// Rounds of each group, unless the environment says otherwise.
const ROUNDS: usize = 201;

/// A difference below this is noise, and no divisor.
const NOISE: f64 = 2.0;

/// All samples of one case, in nanoseconds.
pub(crate) struct Measured {
    pub(crate) name: String,
    pub(crate) samples: Vec<f64>,
}

/// Prints what was measured.
pub struct Report {
    rounds: Option<usize>,
    /// Only groups whose title has this in it.
    filter: Option<String>,
    ratios: Vec<String>,
}

impl Report {
    /// Measures if the arguments of this process say so, as `cargo bench` does; else every case is
    /// only tried. `COUNTERSIGN_BENCH_ROUNDS` sets the number of rounds.
    #[must_use]
    pub fn from_args() -> Self {
        let rounds = std::env::var("COUNTERSIGN_BENCH_ROUNDS")
            .ok()
            .and_then(|rounds| rounds.parse().ok())
            .unwrap_or(ROUNDS)
            .max(1);
        let measures = std::env::args().any(|argument| argument == "--bench");
        let filter = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
        Self { rounds: measures.then_some(rounds), filter, ratios: Vec::new() }
    }

    pub(crate) fn wants(&self, title: &str) -> bool {
        self.filter.as_ref().is_none_or(|filter| title.contains(filter))
    }

    pub(crate) const fn rounds(&self) -> Option<usize> {
        self.rounds
    }

    pub(crate) fn take(&mut self, title: &str, cases: &[Measured], ratios: &[Ratio]) {
        println!("\n{title:<58}{:>12}{:>12}", "median ns", "least ns");
        for case in cases {
            let least = case.samples.iter().copied().fold(f64::INFINITY, f64::min);
            let middle = median(case.samples.clone());
            println!("  {:<56}{middle:>12.1}{least:>12.1}", case.name);
        }
        let lines = ratios.iter().filter_map(|ratio| line(title, cases, ratio));
        self.ratios.extend(lines);
    }

    /// Prints all ratios.
    pub fn finish(self) {
        if self.rounds.is_none() {
            println!("every case was tried once; `cargo bench` measures");
            return;
        }
        println!("\nratios (median of the rounds' own ratios)");
        for ratio in self.ratios {
            println!("{ratio}");
        }
    }
}

fn line(title: &str, cases: &[Measured], ratio: &Ratio) -> Option<String> {
    let (of, to) = (cases.get(ratio.of)?, cases.get(ratio.to)?);
    let floor = |index: Option<usize>| index.and_then(|index| cases.get(index));
    let (own_floor, other_floor) = (floor(ratio.less), floor(ratio.to_less));
    let (ours, theirs) = (net(of, own_floor), net(to, other_floor));
    let (own, other) = (median(ours.clone()), median(theirs.clone()));
    let named = |case: &Measured, floor: Option<&Measured>| match floor {
        Some(floor) => format!("`{}` less `{}`", case.name, floor.name),
        None => format!("`{}`", case.name),
    };
    let what = format!("  {title}: {} to {}", named(of, own_floor), named(to, other_floor));
    if other < NOISE {
        return Some(format!(
            "{what}\n      no ratio: {own:.1} ns to {other:.1} ns, which is noise"
        ));
    }
    let value = median(ours.iter().zip(&theirs).map(|(own, other)| own / other).collect());
    let verdict = match ratio.target {
        Some(target) if value <= target => format!(", target {target:.1} met"),
        Some(target) => format!(", target {target:.1} MISSED"),
        None => String::new(),
    };
    Some(format!("{what}\n      {value:.2}  ({own:.1} ns to {other:.1} ns){verdict}"))
}

fn net(case: &Measured, floor: Option<&Measured>) -> Vec<f64> {
    let rounds = case.samples.iter().enumerate();
    let under = |round: usize| floor.and_then(|floor| floor.samples.get(round)).copied();
    rounds.map(|(round, ns)| ns - under(round).unwrap_or_default()).collect()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
