//! The eight rules, in their order. This file is the order; each rule is a file beside it.

mod credentials;
mod need;
mod provenance;
mod step;
mod target;
mod token;

use std::borrow::Cow;

pub use step::{NeedForm, NeedSession, NeedSpend, Step};

use crate::dialect::{Absent, BasicAlone, BearerAlone, DeliverOn, Require};
use crate::engine::{Engine, Moment};
use crate::facts::{Cookie, Facts, RouteAccess, SessionEvidence, Single};
use crate::verdict::{Allow, Finding, Outcome, Permit, Reason, Refusal, Rule, Verdict};

use credentials::Credentials;
use need::Need;
use provenance::Evidence;

impl Engine {
    /// Judges one request. Where the answer hangs on something that only the caller can find out,
    /// the step says what; resuming it goes on.
    pub fn judge<'a>(&'a self, facts: &'a Facts<'a>, moment: Moment) -> Step<'a> {
        Case { engine: self, facts, moment, trace: None }.open()
    }

    /// As [`Engine::judge`], and writes down everything that was looked at.
    pub fn judge_traced<'a>(
        &'a self,
        facts: &'a Facts<'a>,
        moment: Moment,
        trace: &'a mut Vec<Finding>,
    ) -> Step<'a> {
        Case { engine: self, facts, moment, trace: Some(trace) }.open()
    }
}

/// One request before the bench.
pub(crate) struct Case<'a> {
    engine: &'a Engine,
    facts: &'a Facts<'a>,
    moment: Moment,
    trace: Option<&'a mut Vec<Finding>>,
}

impl<'a> Case<'a> {
    fn open(mut self) -> Step<'a> {
        match self.rules() {
            Ok(Ruling::Pass(permit)) => self.allow(permit),
            Ok(Ruling::AskToken(permit)) => token::look(self, permit),
            Err(refusal) => self.refuse(refusal),
        }
    }

    fn rules(&mut self) -> Result<Ruling, Refusal> {
        let (facts, policy) = (self.facts, self.engine.policy());
        if !policy.is_enabled() {
            return Ok(Ruling::Pass(Permit::Disabled));
        }
        if facts.access == RouteAccess::Undeclared {
            return Err(Refusal {
                reason: Reason::AccessUndeclared,
                rule: Rule::Need,
                seen: "a route without declared access".into(),
                expected: "permissions, a resource, or no restriction".into(),
            });
        }

        // 2
        let need = match need::of(facts, policy) {
            Need::None => {
                self.note(|| Finding {
                    rule: Rule::Need,
                    seen: facts.method().as_str().to_owned().into(),
                    against: "methods that change nothing".into(),
                    outcome: Outcome::Passes,
                });
                return Ok(Ruling::Pass(Permit::SafeMethod));
            }
            Need::Judge { require, exempt } => {
                self.note(|| Finding {
                    rule: Rule::Need,
                    seen: need::describe(facts).into(),
                    against: format!("the dialect requires {}", need::words(require)).into(),
                    outcome: Outcome::Neutral,
                });
                (require, exempt)
            }
        };
        let (require, exempt) = need;

        // 3
        self.nothing_twice()?;

        // 1: here and not sooner, because a safe request needs no target.
        let target = target::resolve(facts, policy)?;
        self.note(|| Finding {
            rule: Rule::Canonicalise,
            seen: target.to_string().into(),
            against: "the origin that the request addresses".into(),
            outcome: Outcome::Neutral,
        });

        // 4
        if let Some(reason) = need::exemption(facts, policy, self.moment.now).or(exempt) {
            self.note(|| Finding {
                rule: Rule::Exemption,
                seen: facts.uri().path().to_owned().into(),
                against: format!("exempt: {reason}").into(),
                outcome: Outcome::Passes,
            });
            return Ok(Ruling::Pass(Permit::Exempt(reason.to_owned())));
        }

        // 5
        let credentials = Credentials::of(facts, policy);
        let protect = &policy.dialect().protect;
        self.note(|| credentials.finding());
        if credentials.only_explicit() && protect.bearer_alone == BearerAlone::Allow {
            return Ok(Ruling::Pass(Permit::NoAmbientCredential));
        }

        // 8, which says whether 6 and 7 are needed
        let basic_alone = protect.basic_alone == BasicAlone::Provenance
            && credentials.basic_only()
            && self.session_is_absent();
        let asks_token = require > Require::Provenance && !basic_alone;
        let require =
            if asks_token && policy.checks_token() { require } else { Require::Provenance };

        // 6
        let evidence = provenance::weigh(facts, policy, &target, asks_token)?;
        self.note(|| evidence.finding(&target));
        self.combine(require, &evidence, &credentials)
    }

    fn combine(
        &self,
        require: Require,
        evidence: &Evidence<'_>,
        credentials: &Credentials,
    ) -> Result<Ruling, Refusal> {
        let shown = matches!(evidence, Evidence::For(_));
        let must_show = self.engine.policy().dialect().provenance.absent == Absent::Refuse;
        match require {
            Require::Nothing | Require::Provenance | Require::Either if shown => {
                Ok(Ruling::Pass(Permit::Provenance))
            }
            // A token stands in for evidence only where evidence may be missing: else *either* would
            // ask less than *provenance*.
            Require::Provenance | Require::Either | Require::Both if !shown && must_show => {
                Err(Refusal {
                    reason: Reason::ProvenanceMissing,
                    rule: Rule::Combine,
                    seen: "neither Origin nor Sec-Fetch-Site nor Referer".into(),
                    expected: "one that names this site".into(),
                })
            }
            Require::Either if !credentials.ambient() => Ok(Ruling::Pass(Permit::NothingAgainst)),
            Require::Nothing | Require::Provenance => Ok(Ruling::Pass(Permit::NothingAgainst)),
            Require::Either | Require::Token | Require::Both => Ok(Ruling::AskToken(Permit::Token)),
        }
    }

    fn session_is_absent(&self) -> bool {
        match self.facts.session {
            SessionEvidence::Live(_) => false,
            SessionEvidence::None => true,
            SessionEvidence::Cookie => {
                let name = &self.engine.policy().dialect().session.cookie;
                self.facts.cookie(name) == Cookie::Absent
            }
        }
    }

    /// Rule 3, as far as headers go; the session cookie and the token are looked at where they are
    /// read.
    fn nothing_twice(&self) -> Result<(), Refusal> {
        let facts = self.facts;
        for (name, header) in [
            ("Host", facts.host),
            ("Origin", facts.origin),
            ("Sec-Fetch-Site", facts.sec_fetch_site),
            ("Referer", facts.referer),
        ] {
            if matches!(header, Single::Many) {
                return Err(Refusal {
                    reason: Reason::HeaderRepeated,
                    rule: Rule::Ambiguity,
                    seen: format!("more than one {name} header").into(),
                    expected: "one at most".into(),
                });
            }
        }
        Ok(())
    }

    pub(crate) fn note(&mut self, finding: impl FnOnce() -> Finding) {
        if let Some(trace) = &mut self.trace {
            trace.push(finding());
        }
    }

    pub(crate) fn allow(self, permit: Permit) -> Step<'a> {
        Step::Decided(Verdict::Allow(self.leave(permit)))
    }

    fn leave(&self, permit: Permit) -> Allow {
        let policy = self.engine.policy();
        let fresh = policy.is_enabled()
            && policy.dialect().deliver.as_ref().is_some_and(|deliver| match deliver.on {
                DeliverOn::Spent => permit == Permit::Ticket,
                DeliverOn::Always | DeliverOn::Safe => {
                    deliver.is_due(self.facts.method(), self.facts.head.headers)
                }
            });
        Allow { permit, fresh }
    }

    pub(crate) fn refuse(mut self, refusal: Refusal) -> Step<'a> {
        self.note(|| Finding {
            rule: refusal.rule,
            seen: refusal.seen.clone(),
            against: refusal.expected.clone(),
            outcome: Outcome::Fails,
        });
        Step::Decided(if self.engine.policy().enforces(self.facts.draw) {
            Verdict::Refuse(refusal)
        } else {
            Verdict::Report(refusal, self.leave(Permit::ReportOnly))
        })
    }
}

/// What the rules up to 6 come to.
enum Ruling {
    Pass(Permit),
    /// A token decides; with it, this is the permit.
    AskToken(Permit),
}

/// Evidence as it may be shown in a log: visible ASCII, and not endless.
pub(crate) fn shown(bytes: &[u8]) -> Cow<'static, str> {
    const MOST: usize = 200;
    let mut text: String = bytes.iter().take(MOST).copied().map(visible).collect();
    if bytes.len() > MOST {
        text.push_str("...");
    }
    text.into()
}

fn visible(byte: u8) -> char {
    if (0x20..0x7f).contains(&byte) { char::from(byte) } else { '?' }
}

#[cfg(test)]
mod tests;
