//! The explanation as JSON. The keys are documented in the command's help and do not change.

use countersign::{Finding, Mode, Outcome as Word, Rule, Verdict};
use serde::Serialize;

use super::judge::{Explanation, Outcome, Unknown, When};
use super::words::permit_rule;
use crate::failure::Failure;

#[derive(Serialize)]
struct Document<'a> {
    verdict: &'static str,
    request: Subject<'a>,
    hangs_on: Option<&'static str>,
    notes: &'a [String],
    outcomes: Vec<Entry<'a>>,
}

#[derive(Serialize)]
struct Subject<'a> {
    method: &'a str,
    target: String,
    dialect: &'a str,
    mode: &'static str,
    scheme: &'static str,
    peer: Option<std::net::IpAddr>,
}

#[derive(Serialize)]
struct Entry<'a> {
    when: Option<&'static str>,
    verdict: &'static str,
    rule: Option<RuleEntry>,
    reason: Option<&'static str>,
    permit: Option<&'static str>,
    seen: Option<&'a str>,
    expected: Option<&'a str>,
    owes_token: bool,
    reply: Option<Reply>,
    remedy: Option<String>,
    findings: Vec<FindingEntry<'a>>,
}

#[derive(Serialize)]
struct RuleEntry {
    number: u8,
    name: &'static str,
}

#[derive(Serialize)]
struct Reply {
    status: u16,
    reason_phrase: Option<String>,
    content_type: Option<String>,
    body: Option<String>,
}

#[derive(Serialize)]
struct FindingEntry<'a> {
    rule: RuleEntry,
    seen: &'a str,
    against: &'a str,
    outcome: Word,
}

pub(super) fn write(explanation: &Explanation) -> Result<String, Failure> {
    let request = &explanation.request;
    let document = Document {
        verdict: match explanation.hangs_on {
            Some(_) => "undecided",
            None if explanation.allowed() => "allowed",
            None => "refused",
        },
        request: Subject {
            method: request.head.method().as_str(),
            target: request.head.uri().to_string(),
            dialect: &explanation.policy.dialect().name,
            mode: match explanation.policy.mode() {
                Mode::Enforce => "enforce",
                Mode::Report => "report",
            },
            scheme: request.scheme.as_str(),
            peer: request.peer,
        },
        hangs_on: explanation.hangs_on.map(Unknown::code),
        notes: &explanation.notes,
        outcomes: explanation.outcomes.iter().map(|outcome| entry(explanation, outcome)).collect(),
    };
    let mut text = serde_json::to_string_pretty(&document)
        .map_err(|error| Failure::world(format!("cannot write JSON: {error}")))?;
    text.push('\n');
    Ok(text)
}

fn entry<'a>(explanation: &Explanation, outcome: &'a Outcome) -> Entry<'a> {
    let refusal = outcome.refusal();
    let allow = match &outcome.verdict {
        Verdict::Allow(allow) | Verdict::Report(_, allow) => Some(allow),
        Verdict::Refuse(_) => None,
    };
    let rule = match (refusal, allow) {
        (Some(refusal), _) => Some(refusal.rule),
        (None, Some(allow)) => permit_rule(allow.permit()),
        (None, None) => None,
    };
    let reply = match &outcome.verdict {
        Verdict::Refuse(refusal) => {
            let headers = explanation.request.head.headers();
            let reply = explanation.policy.dialect().reply(refusal.reason, headers);
            let (content_type, body) = reply.body.unzip();
            let (status, reason_phrase) = (reply.status, reply.reason_phrase);
            Some(Reply { status, reason_phrase, content_type, body })
        }
        Verdict::Allow(_) | Verdict::Report(..) => None,
    };
    Entry {
        when: outcome.when.map(When::code),
        verdict: match outcome.verdict {
            Verdict::Allow(_) => "allowed",
            Verdict::Refuse(_) => "refused",
            Verdict::Report(..) => "reported",
        },
        rule: rule.map(rule_entry),
        reason: refusal.map(|refusal| refusal.reason.code()),
        permit: allow.map(|allow| allow.permit().code()),
        seen: refusal.map(|refusal| refusal.seen.as_ref()),
        expected: refusal.map(|refusal| refusal.expected.as_ref()),
        owes_token: allow.is_some_and(countersign::Allow::owes_token),
        reply,
        remedy: refusal.map(|refusal| refusal.remedy(&explanation.policy)),
        findings: outcome.findings.iter().map(finding).collect(),
    }
}

fn finding(finding: &Finding) -> FindingEntry<'_> {
    FindingEntry {
        rule: rule_entry(finding.rule),
        seen: &finding.seen,
        against: &finding.against,
        outcome: finding.outcome,
    }
}

fn rule_entry(rule: Rule) -> RuleEntry {
    RuleEntry { number: rule.number(), name: rule.code() }
}
