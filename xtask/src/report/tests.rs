use std::process::{Command, ExitStatus};

use super::*;

fn counts(passed: u64, failed: u64, skipped: u64) -> Counts {
    Counts { passed, failed, skipped }
}

fn ended(program: &str) -> ExitStatus {
    Command::new(program).status().unwrap()
}

#[test]
fn libtest_lines() {
    let table = [
        (
            "a good run",
            "test result: ok. 12 passed; 0 failed; 3 ignored; 0 measured; 1 filtered out; finished in 0.02s",
            Some(counts(12, 0, 3)),
        ),
        (
            "a bad run",
            "test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.50s",
            Some(counts(1, 2, 0)),
        ),
        (
            "in colour",
            "test result: \u{1b}[32mok\u{1b}(B\u{1b}[m. 4 passed; 0 failed; 0 ignored; 0 measured",
            Some(counts(4, 0, 0)),
        ),
        ("one test's own line", "test parses_cookies ... ok", None),
        ("a title", "running 12 tests", None),
        ("cut short", "test result: ok. 12 passed; 0 fai", None),
    ];
    for (name, line, expected) in table {
        assert_eq!(Counts::from_libtest(line), expected, "{name}");
    }
}

#[test]
fn tap_totals() {
    let totals = "TAP version 13\nok 1 - logs in\n1..3\n# tests 7\n# suites 2\n# pass 3\n# fail 1\n\
                  # cancelled 1\n# skipped 1\n# todo 1\n# duration_ms 85.1\n";
    let table = [
        ("cancelled tests failed, unfinished ones are skipped", totals, Some(counts(3, 2, 2))),
        ("no totals: the runner died", "TAP version 13\nok 1 - logs in\n", None),
        ("empty", "", None),
    ];
    for (name, report, expected) in table {
        assert_eq!(Counts::from_tap(report), expected, "{name}");
    }
    let printed = format!("# pass 99\n{totals}");
    assert_eq!(Counts::from_tap(&printed), Some(counts(3, 2, 2)), "a test printed a total itself");
}

#[test]
fn junit_totals() {
    let table = [
        (
            "errors are failures",
            r#"<?xml version="1.0"?><testsuites name="pytest tests"><testsuite name="pytest" errors="1" failures="2" skipped="3" tests="10" time="0.1"><testcase/></testsuite></testsuites>"#,
            Some(counts(4, 3, 3)),
        ),
        (
            "totals that cannot be true",
            r#"<testsuite errors="1" failures="2" skipped="3" tests="2">"#,
            None,
        ),
        ("not a report", "Traceback (most recent call last):", None),
    ];
    for (name, report, expected) in table {
        assert_eq!(Counts::from_junit(report), expected, "{name}");
    }
}

#[test]
fn a_good_run_is_its_counts() {
    let outcome = Outcome::ran(Some(counts(3, 0, 1)), ended("true"));
    assert_eq!(outcome, Outcome { counts: counts(3, 0, 1), note: None });
}

#[test]
fn a_crash_after_good_tests_is_a_failure() {
    let outcome = Outcome::ran(Some(counts(3, 0, 0)), ended("false"));
    assert_eq!(outcome.counts, counts(3, 1, 0));
}

#[test]
fn a_run_without_a_test_is_a_failure() {
    assert_eq!(Outcome::ran(Some(Counts::default()), ended("true")).counts, counts(0, 1, 0));
    assert_eq!(Outcome::ran(None, ended("true")).counts, counts(0, 1, 0));
}

#[test]
fn the_last_line_is_the_sum_alone() {
    let mut report = Report::default();
    report.add(Suite::Rust, Outcome::ran(Some(counts(5, 0, 0)), ended("true")));
    report.add(Suite::Browser, Outcome::skipped("Chromium is missing".into()));
    assert_eq!(
        report.to_string(),
        "rust: 5 passed, 0 failed, 0 skipped\n\
         browser: 0 passed, 0 failed, 1 skipped: Chromium is missing\n\
         5 passed, 0 failed, 1 skipped"
    );
    assert!(report.is_green());
    report.add(Suite::Node, Outcome::failed("it does not build".into()));
    assert!(!report.is_green());
}
