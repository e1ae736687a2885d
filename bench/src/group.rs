//! Cases that are measured side by side.

use std::hint::black_box;
use std::time::Duration;

use crate::clock;
use crate::report::{Measured, Report};

/// A sample lasts at least this long, so that reading the clock costs nothing.
const SAMPLE: Duration = Duration::from_millis(1);

/// Inputs that are made before the clock is read: few enough to stay in the cache.
const BATCH: u64 = 128;

/// One thing to measure.
pub struct Case<'a> {
    name: String,
    /// Does it so many times, and says how long that took.
    sample: Box<dyn FnMut(u64) -> Duration + 'a>,
}

impl<'a> Case<'a> {
    /// Something that can be done again and again.
    pub fn repeated<O>(name: impl Into<String>, mut routine: impl FnMut() -> O + 'a) -> Self {
        let sample = move |iterations| {
            let start = clock::now();
            for _ in 0..iterations {
                black_box(routine());
            }
            clock::now().saturating_sub(start)
        };
        Self { name: name.into(), sample: Box::new(sample) }
    }

    /// Something that uses up its input. Making inputs and dropping outputs is not measured.
    pub fn fed<I, O>(
        name: impl Into<String>,
        mut input: impl FnMut() -> I + 'a,
        mut routine: impl FnMut(I) -> O + 'a,
    ) -> Self {
        let sample = move |iterations: u64| {
            let (mut left, mut spent) = (iterations, Duration::ZERO);
            while left > 0 {
                let size = left.min(BATCH);
                left -= size;
                let inputs: Vec<I> = (0..size).map(|_| input()).collect();
                let mut outputs = Vec::with_capacity(inputs.len());
                let start = clock::now();
                for input in inputs {
                    outputs.push(black_box(routine(black_box(input))));
                }
                spent += clock::now().saturating_sub(start);
            }
            spent
        };
        Self { name: name.into(), sample: Box::new(sample) }
    }
}

/// A case within its group.
#[derive(Clone, Copy)]
pub struct Handle(usize);

/// How two cases of a group compare.
#[derive(Clone)]
pub struct Ratio {
    pub(crate) of: usize,
    pub(crate) to: usize,
    /// What to take from the first.
    pub(crate) less: Option<usize>,
    /// What to take from the second.
    pub(crate) to_less: Option<usize>,
    pub(crate) target: Option<f64>,
}

impl Ratio {
    /// `of` divided by `to`.
    #[must_use]
    pub const fn new(of: Handle, to: Handle) -> Self {
        Self { of: of.0, to: to.0, less: None, to_less: None, target: None }
    }

    /// After taking from the first what `floor` costs.
    #[must_use]
    pub const fn less(mut self, floor: Handle) -> Self {
        self.less = Some(floor.0);
        self
    }

    /// After taking from the second what `floor` costs.
    #[must_use]
    pub const fn to_less(mut self, floor: Handle) -> Self {
        self.to_less = Some(floor.0);
        self
    }

    /// Says what it should be at most.
    #[must_use]
    pub const fn at_most(mut self, target: f64) -> Self {
        self.target = Some(target);
        self
    }
}

/// Cases that are measured side by side, and what is compared.
pub struct Group<'a> {
    title: String,
    cases: Vec<Case<'a>>,
    ratios: Vec<Ratio>,
}

impl<'a> Group<'a> {
    /// An empty group.
    #[must_use]
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), cases: Vec::new(), ratios: Vec::new() }
    }

    /// Adds a case.
    pub fn add(&mut self, case: Case<'a>) -> Handle {
        self.cases.push(case);
        Handle(self.cases.len() - 1)
    }

    /// Adds a comparison.
    pub fn compare(&mut self, ratio: Ratio) {
        self.ratios.push(ratio);
    }

    /// Measures every case, and hands the outcome to `report`.
    pub fn run(mut self, report: &mut Report) {
        if !report.wants(&self.title) {
            return;
        }
        let Some(rounds) = report.rounds() else {
            self.cases.iter_mut().for_each(|case| {
                (case.sample)(1);
            });
            return;
        };
        let counts: Vec<u64> = self.cases.iter_mut().map(iterations).collect();
        let mut samples = vec![Vec::with_capacity(rounds); self.cases.len()];
        for round in 0..rounds {
            let mut turn: Vec<_> = self.cases.iter_mut().zip(&counts).zip(&mut samples).collect();
            let first = round % turn.len().max(1);
            turn.rotate_left(first);
            for ((case, count), samples) in turn {
                let spent = (case.sample)(*count);
                samples.push(spent.as_secs_f64() * 1e9 / *count as f64);
            }
        }
        let names = self.cases.into_iter().map(|case| case.name);
        let measured: Vec<Measured> =
            names.zip(samples).map(|(name, samples)| Measured { name, samples }).collect();
        report.take(&self.title, &measured, &self.ratios);
    }
}

/// How often a case must be done for one sample.
fn iterations(case: &mut Case<'_>) -> u64 {
    let mut count = 1;
    while (case.sample)(count) < SAMPLE {
        count *= 2;
    }
    count
}
