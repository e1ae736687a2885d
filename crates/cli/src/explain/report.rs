//! The explanation for people.

use std::fmt::Write;

use countersign::{Finding, Mode, Outcome as Word, Verdict};
use http::StatusCode;

use super::judge::{Explanation, Outcome};
use super::words::{permit_rule, permit_words};
use crate::output::{BAD, DIM, GOOD, NAME, STRONG, UNSURE};

/// Longer evidence pushes what it was compared with into the next line.
const SEEN_WIDTH: usize = 44;

/// Where `seen` begins in a finding's line.
const INDENT: usize = 33;

pub(super) fn write(explanation: &Explanation) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = write_all(&mut text, explanation);
    text
}

fn write_all(out: &mut String, explanation: &Explanation) -> std::fmt::Result {
    headline(out, explanation)?;
    subject(out, explanation)?;
    let hangs_on = explanation.hangs_on;
    if let Some(unknown) = hangs_on {
        writeln!(out, "\n{}", unknown.sentence())?;
    }
    let shared = shared(&explanation.outcomes);
    if let [first, ..] = explanation.outcomes.as_slice() {
        findings(out, first.findings.get(..shared).unwrap_or_default())?;
    }
    for outcome in &explanation.outcomes {
        if let Some(when) = outcome.when {
            write!(out, "\n{STRONG}{}{STRONG:#}: ", when.words())?;
            verdict(out, outcome)?;
        }
        findings(out, outcome.findings.get(shared..).unwrap_or_default())?;
        if let Verdict::Refuse(refusal) = &outcome.verdict {
            reply(out, explanation, refusal.reason)?;
        }
        if let Some(refusal) = outcome.refusal() {
            writeln!(out, "\n{STRONG}What would change it{STRONG:#}")?;
            writeln!(out, "  {}", refusal.remedy(&explanation.policy))?;
        }
    }
    if !explanation.notes.is_empty() {
        writeln!(out, "\n{STRONG}Notes{STRONG:#}")?;
        for note in &explanation.notes {
            writeln!(out, "  {note}")?;
        }
    }
    Ok(())
}

/// How many findings all outcomes begin with; they are printed once.
fn shared(outcomes: &[Outcome]) -> usize {
    let Some((first, others)) = outcomes.split_first() else { return 0 };
    let all_have = |(index, finding): (usize, &Finding)| {
        others.iter().all(|other| other.findings.get(index) == Some(finding))
    };
    first.findings.iter().enumerate().take_while(|entry| all_have(*entry)).count()
}

fn headline(out: &mut String, explanation: &Explanation) -> std::fmt::Result {
    match (explanation.hangs_on, explanation.outcomes.as_slice()) {
        (None, [outcome, ..]) => verdict(out, outcome),
        (Some(unknown), _) => {
            writeln!(out, "{UNSURE}undecided{UNSURE:#}: hangs on {}", unknown.words())
        }
        (None, []) => Ok(()),
    }
}

fn verdict(out: &mut String, outcome: &Outcome) -> std::fmt::Result {
    match &outcome.verdict {
        Verdict::Allow(allow) => {
            write!(out, "{GOOD}allowed{GOOD:#}")?;
            if let Some(rule) = permit_rule(allow.permit()) {
                write!(out, " by rule {}, {}", rule.number(), rule.code())?;
            }
            let token = if allow.owes_token() { "; the response brings a token" } else { "" };
            writeln!(out, ": {}{token}", permit_words(allow.permit()))
        }
        Verdict::Refuse(refusal) => {
            let (number, name) = (refusal.rule.number(), refusal.rule.code());
            writeln!(out, "{BAD}refused{BAD:#} by rule {number}, {name}: {}", refusal.reason)
        }
        Verdict::Report(refusal, _) => {
            let (number, name) = (refusal.rule.number(), refusal.rule.code());
            writeln!(
                out,
                "{UNSURE}reported{UNSURE:#} and let through; rule {number}, {name}, would refuse \
                 it: {}",
                refusal.reason
            )
        }
    }
}

fn subject(out: &mut String, explanation: &Explanation) -> std::fmt::Result {
    let (request, policy) = (&explanation.request, &explanation.policy);
    write!(
        out,
        "  {} {}  {DIM}dialect {}, {}",
        request.head.method(),
        request.head.uri(),
        policy.dialect().name,
        request.scheme.as_str()
    )?;
    if let Some(peer) = request.peer {
        write!(out, ", from {peer}")?;
    }
    if policy.mode() == Mode::Report {
        write!(out, ", mode report")?;
    }
    writeln!(out, "{DIM:#}")
}

fn findings(out: &mut String, findings: &[Finding]) -> std::fmt::Result {
    if findings.is_empty() {
        return Ok(());
    }
    let width = findings
        .iter()
        .map(|finding| finding.seen.chars().count())
        .filter(|width| *width <= SEEN_WIDTH)
        .max()
        .unwrap_or(0);
    writeln!(out)?;
    for Finding { rule, seen, against, outcome } in findings {
        let (style, word) = match outcome {
            Word::Passes => (GOOD, "pass"),
            Word::Fails => (BAD, "FAIL"),
            Word::Neutral => (DIM, "-"),
        };
        let (number, name) = (rule.number(), rule.code());
        write!(out, "  {style}{word:<4}{style:#}  {number} {NAME}{name:<21}{NAME:#}  {seen}")?;
        let long = seen.chars().count();
        if long > SEEN_WIDTH {
            writeln!(out, "\n{:INDENT$}{DIM}{against}{DIM:#}", "")?;
        } else {
            writeln!(out, "{:gap$}{DIM}{against}{DIM:#}", "", gap = width - long + 2)?;
        }
    }
    Ok(())
}

fn reply(
    out: &mut String,
    explanation: &Explanation,
    reason: countersign::Reason,
) -> std::fmt::Result {
    let reply = explanation.policy.dialect().reply(reason, explanation.request.head.headers());
    let usual = StatusCode::from_u16(reply.status).ok().and_then(|code| code.canonical_reason());
    let phrase = reply.reason_phrase.as_deref().or(usual).unwrap_or_default();
    writeln!(out, "\n{STRONG}What the client is told{STRONG:#}")?;
    writeln!(out, "  {} {phrase}", reply.status)?;
    match reply.body {
        Some((content_type, text)) => {
            writeln!(out, "  Content-Type: {content_type}\n")?;
            text.trim().lines().try_for_each(|line| writeln!(out, "  {line}"))
        }
        None => writeln!(out, "  {DIM}(no body){DIM:#}"),
    }
}
