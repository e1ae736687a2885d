//! What the runners counted, in each runner's own format, and the sum of it.

use std::fmt;
use std::iter::Sum;
use std::ops::Add;
use std::process::ExitStatus;

use crate::suites::Suite;

/// How many tests did what.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Counts {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
}

impl Counts {
    /// One `test result:` line of libtest; nothing for any other line.
    pub(crate) fn from_libtest(line: &str) -> Option<Self> {
        let fields = line.strip_prefix("test result: ")?.split_once(". ")?.1;
        let count = |name| {
            fields.split("; ").find_map(|field| field.strip_suffix(name)?.trim_end().parse().ok())
        };
        Some(Self {
            passed: count("passed")?,
            failed: count("failed")?,
            skipped: count("ignored")?,
        })
    }

    /// The totals at the end of a TAP report of node's test runner.
    pub(crate) fn from_tap(report: &str) -> Option<Self> {
        // The last one: a test may print such a line too, the totals come after it.
        let count = |name: &str| -> Option<u64> {
            let values = report.lines().rev().filter_map(|line| line.strip_prefix(name));
            values.filter_map(|value| value.trim().parse().ok()).next()
        };
        Some(Self {
            passed: count("# pass ")?,
            failed: count("# fail ")? + count("# cancelled ")?,
            skipped: count("# skipped ")? + count("# todo ")?,
        })
    }

    /// The totals on the `<testsuite>` element of pytest's JUnit report.
    pub(crate) fn from_junit(report: &str) -> Option<Self> {
        let element = report.split_once("<testsuite ")?.1.split_once('>')?.0;
        let count = |name: &str| -> Option<u64> {
            element.split_once(&format!("{name}=\""))?.1.split_once('"')?.0.parse().ok()
        };
        let failed = count("failures")? + count("errors")?;
        let skipped = count("skipped")?;
        Some(Self { passed: count("tests")?.checked_sub(failed + skipped)?, failed, skipped })
    }
}

impl Add for Counts {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            passed: self.passed + other.passed,
            failed: self.failed + other.failed,
            skipped: self.skipped + other.skipped,
        }
    }
}

impl Sum for Counts {
    fn sum<I: Iterator<Item = Self>>(counts: I) -> Self {
        counts.fold(Self::default(), Self::add)
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { passed, failed, skipped } = self;
        write!(f, "{passed} passed, {failed} failed, {skipped} skipped")
    }
}

/// How one suite went.
#[derive(Debug, PartialEq)]
pub(crate) struct Outcome {
    counts: Counts,
    /// What the counts alone do not say.
    note: Option<String>,
}

impl Outcome {
    /// A suite that ran to its end. A crash, or a run without a single test, is a failure: silence
    /// must never look like success.
    pub(crate) fn ran(counts: Option<Counts>, status: ExitStatus) -> Self {
        match counts {
            Some(counts) if counts != Counts::default() => {
                if status.success() || counts.failed > 0 {
                    Self { counts, note: None }
                } else {
                    let counts = Counts { failed: 1, ..counts };
                    Self { counts, note: Some(format!("ended badly ({status})")) }
                }
            }
            _ => Self::failed(format!("ran no test ({status})")),
        }
    }

    /// A suite that counted by itself.
    pub(crate) fn counted(counts: Counts) -> Self {
        Self { counts, note: None }
    }

    /// A suite that could not be run though all it needs is there.
    pub(crate) fn failed(why: String) -> Self {
        Self { counts: Counts { failed: 1, ..Counts::default() }, note: Some(why) }
    }

    /// A suite that cannot run on this machine.
    pub(crate) fn skipped(why: String) -> Self {
        Self { counts: Counts { skipped: 1, ..Counts::default() }, note: Some(why) }
    }
}

/// One line a suite, and the sum alone on the last one.
#[derive(Debug, Default)]
pub(crate) struct Report(Vec<(Suite, Outcome)>);

impl Report {
    pub(crate) fn add(&mut self, suite: Suite, outcome: Outcome) {
        self.0.push((suite, outcome));
    }

    pub(crate) fn is_green(&self) -> bool {
        self.total().failed == 0
    }

    fn total(&self) -> Counts {
        self.0.iter().map(|(_, outcome)| outcome.counts).sum()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (suite, Outcome { counts, note }) in &self.0 {
            match note {
                Some(note) => writeln!(f, "{suite}: {counts}: {note}")?,
                None => writeln!(f, "{suite}: {counts}")?,
            }
        }
        write!(f, "{}", self.total())
    }
}

#[cfg(test)]
mod tests;
