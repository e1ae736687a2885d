//! What is printed.

use std::fmt::Write;
use std::time::Duration;

use anstyle::{AnsiColor, Style};

use super::Options;
use super::case::{Case, Target};
use super::fleet::Contender;
use super::rounds::Turns;
use super::stats::Spread;

const TITLE: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const MET: Style = AnsiColor::Green.on_default();
const MISSED: Style = AnsiColor::Red.on_default().bold();

/// What stands above all tables.
pub(crate) fn heading(options: &Options) -> String {
    let text = format!(
        "{TITLE}The gateway beside its peers{TITLE:#}\n\
         {} rounds of {} s, 32 connections, proxy on core 0, app and load on core 1. Medians of the\n\
         rounds; ratios are taken within each round. `CPU` is processor time of the proxy's processes.\n",
        options.rounds, options.seconds
    );
    anstream::print!("\n{text}");
    text
}

/// One case's contenders, and whether the targets were met.
pub(crate) fn of_case(case: Case, results: &[Turns]) -> String {
    let Some(nginx) = results.first() else { return String::new() };
    let mut text = format!(
        "\n{TITLE}{}{TITLE:#}\n{DIM}{:<22}{:>9}{:>12}{:>9}  {:<14}{:>6}{:>9}{:>9}{DIM:#}\n",
        case.title(),
        "",
        "req/s",
        "CPU us/req",
        "ratio",
        "[least..most]",
        "busy",
        "p50 us",
        "p99 us"
    );
    for turns in results {
        text.push_str(&row(turns, nginx));
    }
    for target in case.targets() {
        text.push_str(&verdict(target, results));
    }
    text
}

fn row(turns: &Turns, nginx: &Turns) -> String {
    let median = |spread: Option<Spread>| spread.map_or(f64::NAN, |spread| spread.median);
    let mut text = format!(
        "{:<22}{:>9.0}{:>12.1}",
        turns.contender.name(),
        median(turns.requests_per_second()),
        median(turns.cost())
    );
    match turns.ratio_to(nginx) {
        Some(Spread { median, least, most }) => {
            let range = format!("[{least:.2}..{most:.2}]");
            let _written = write!(text, "{median:>9.2}  {range:<14}");
        }
        None => text.push_str("        -  no valid round"),
    }
    let _written = write!(
        text,
        "{:>5.0}%{:>9.0}{:>9.0}",
        100.0 * median(turns.busy()),
        median(turns.p50_us()),
        median(turns.p99_us())
    );
    if turns.invalid() > 0 {
        let (invalid, errors) = (turns.invalid(), turns.errors());
        let _written =
            write!(text, "  {MISSED}{invalid} rounds invalid: {errors} errors{MISSED:#}");
    }
    text.push('\n');
    text
}

fn verdict(target: &Target, results: &[Turns]) -> String {
    let find = |contender| results.iter().find(|turns| turns.contender == contender);
    let ratio = find(target.contender)
        .zip(find(target.beside))
        .and_then(|(own, theirs)| own.ratio_to(theirs));
    let (style, outcome) = match ratio.map(|ratio| ratio.median) {
        None => (MISSED, "not measured".to_owned()),
        Some(ratio) if ratio <= target.at_most => (MET, format!("{ratio:.2}x, met")),
        Some(ratio) => {
            let over = 100.0 * (ratio / target.at_most - 1.0);
            (MISSED, format!("{ratio:.2}x, missed by {over:.0} %"))
        }
    };
    let (own, theirs) = (target.contender.name(), target.beside.name());
    format!(
        "  {DIM}target{DIM:#} {own} at most {:.2}x {theirs}: {style}{outcome}{style:#}\n",
        target.at_most
    )
}

/// How late the beginning of a slow page came through each proxy.
pub(crate) fn of_first_bytes(rows: &[(Contender, Spread, Spread)], pause: Duration) -> String {
    let mut text = format!(
        "\n{TITLE}{}{TITLE:#} (the rest follows after {pause:?})\n\
         {DIM}{:<22}{:>14}  {:<16}{:>16}{DIM:#}\n",
        Case::FirstByte.title(),
        "",
        "first byte us",
        "[least..most]",
        "whole piece us"
    );
    for (contender, first_byte, whole_piece) in rows {
        let range = format!("[{:.0}..{:.0}]", first_byte.least, first_byte.most);
        let _written = writeln!(
            text,
            "{:<22}{:>14.0}  {range:<16}{:>16.0}",
            contender.name(),
            first_byte.median,
            whole_piece.median
        );
        if whole_piece.median >= pause.as_secs_f64() * 1e6 {
            let _written = writeln!(text, "  {MISSED}it waits for the rest of the page{MISSED:#}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> String {
        anstream::adapter::strip_str(text).to_string()
    }

    #[test]
    fn targets_are_met_or_missed_by_so_much() {
        let target = &Case::Form.targets()[0];
        for (name, cost, expected) in [
            ("below", 12.0, "1.20x, met"),
            ("exactly", 12.5, "1.25x, met"),
            ("above", 15.0, "1.50x, missed by 20 %"),
            ("invalid", 0.0, "not measured"),
        ] {
            let results = [
                Turns::costing(Contender::Nginx, &[10.0]),
                Turns::costing(Contender::Gateway, &[cost]),
            ];
            let line = plain(&verdict(target, &results));
            assert!(line.contains(expected), "{name}: {line}");
        }
    }

    #[test]
    fn rounds_that_went_wrong_are_shown() {
        let results = [
            Turns::costing(Contender::Nginx, &[10.0, 10.0]),
            Turns::costing(Contender::Gateway, &[11.0, 0.0]),
        ];
        let text = plain(&of_case(Case::Form, &results));
        assert!(text.contains("1 rounds invalid: 1 errors"), "{text}");
        assert!(text.contains("     1.10  [1.10..1.10]"), "{text}");
    }
}
