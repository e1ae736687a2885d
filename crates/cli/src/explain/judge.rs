//! Judges the request, and finds out whether the verdict hangs on something that it does not show.

use std::net::IpAddr;

use countersign::{
    Bind, Engine, Facts, Finding, Incarnation, Keyring, Moment, Pattern, Peer, Permit, Policy,
    Reason, Refusal, RouteAccess, Scheme, Spent, Step, StoredToken, Timestamp, Verdict,
};

use super::form;
use crate::failure::Failure;

/// The user, where nobody was named: without one, no token of a user would be looked at.
const SOMEBODY: &str = "\0";

/// The request, and what its connection and its app know of it.
pub(super) struct Request {
    pub(super) head: http::Request<()>,
    pub(super) body: Vec<u8>,
    pub(super) scheme: Scheme,
    pub(super) peer: Option<IpAddr>,
    pub(super) user: Option<String>,
    pub(super) access: RouteAccess,
}

/// What the user knows besides.
pub(super) struct Known {
    pub(super) keyring: Option<Keyring>,
    /// Whether to take the token as good, in place of checking it.
    pub(super) token: Option<bool>,
    pub(super) incarnation: Option<u64>,
    pub(super) now: Timestamp,
}

/// Everything there is to say.
pub(super) struct Explanation {
    pub(super) policy: Policy,
    pub(super) request: Request,
    pub(super) notes: Vec<String>,
    pub(super) hangs_on: Option<Unknown>,
    /// One; or one for each answer to what is unknown.
    pub(super) outcomes: Vec<Outcome>,
}

/// What came of judging once.
pub(super) struct Outcome {
    pub(super) when: Option<When>,
    pub(super) verdict: Verdict,
    pub(super) findings: Vec<Finding>,
}

/// What no request shows and nobody said.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Unknown {
    TokenKey,
    User,
    Incarnation,
    StoredToken,
    SpentMark,
}

/// An answer to it.
#[derive(Clone, Copy)]
pub(super) enum When {
    TokenValid,
    TokenInvalid,
    TicketUnspent,
    TicketSpent,
}

impl Explanation {
    /// Whether the request certainly passes.
    pub(super) fn allowed(&self) -> bool {
        self.hangs_on.is_none() && self.outcomes.iter().all(Outcome::passes)
    }
}

impl Outcome {
    pub(super) const fn passes(&self) -> bool {
        matches!(self.verdict, Verdict::Allow(_) | Verdict::Report(..))
    }

    pub(super) const fn refusal(&self) -> Option<&Refusal> {
        match &self.verdict {
            Verdict::Refuse(refusal) | Verdict::Report(refusal, _) => Some(refusal),
            Verdict::Allow(_) => None,
        }
    }
}

pub(super) fn explain(
    policy: &Policy,
    request: Request,
    known: Known,
    mut notes: Vec<String>,
) -> Result<Explanation, Failure> {
    let missing = missing(policy, &request, &known);
    let assumed = known.token;
    let bench = Bench::new(policy, &request, known);
    let (hangs_on, outcomes) = match (bench.look(missing)?, assumed) {
        (Look::Certain(outcome), _) => (None, vec![outcome]),
        (Look::HangsOn(_), Some(valid)) => {
            let word = if valid { "valid" } else { "invalid" };
            notes.push(format!("the token is taken as {word}, as told"));
            (None, vec![bench.assuming(valid, None)?])
        }
        (Look::HangsOn(Unknown::SpentMark), None) => {
            let unspent = bench.spending(Spent::First, When::TicketUnspent)?;
            let spent = bench.spending(Spent::Already, When::TicketSpent)?;
            (Some(Unknown::SpentMark), vec![unspent, spent])
        }
        (Look::HangsOn(unknown), None) => {
            let valid = bench.assuming(true, Some(When::TokenValid))?;
            let invalid = bench.assuming(false, Some(When::TokenInvalid))?;
            (Some(unknown), vec![valid, invalid])
        }
    };
    Ok(Explanation { policy: policy.clone(), request, notes, hangs_on, outcomes })
}

/// What a check of the token would need and nobody said.
fn missing(policy: &Policy, request: &Request, known: &Known) -> Option<Unknown> {
    if known.keyring.is_none() {
        Some(Unknown::TokenKey)
    } else if policy.dialect().session.bind == Bind::User && request.user.is_none() {
        Some(Unknown::User)
    } else if policy.pattern() == Some(Pattern::OneTime) && known.incarnation.is_none() {
        Some(Unknown::Incarnation)
    } else {
        None
    }
}

impl Unknown {
    /// Whether a verdict reached without knowing it may be another one with it.
    fn decides(self, verdict: &Verdict) -> bool {
        let refusal = match verdict {
            Verdict::Allow(allow) => {
                return matches!(allow.permit(), Permit::Token | Permit::Ticket);
            }
            Verdict::Refuse(refusal) | Verdict::Report(refusal, _) => refusal,
        };
        match self {
            Self::TokenKey => matches!(
                refusal.reason,
                Reason::TokenInvalid
                    | Reason::TokenExpired
                    | Reason::TokenStale
                    | Reason::TokenKeyUnknown
                    | Reason::TokenKeyRetired
            ),
            Self::User => refusal.reason == Reason::TokenInvalid,
            Self::Incarnation => {
                matches!(refusal.reason, Reason::TokenInvalid | Reason::TokenStale)
            }
            Self::StoredToken | Self::SpentMark => false,
        }
    }
}

/// What judging with what is known came to.
enum Look {
    Certain(Outcome),
    HangsOn(Unknown),
}

/// One request, and all that is needed to judge it in different ways.
struct Bench<'a> {
    policy: &'a Policy,
    request: &'a Request,
    engine: Engine,
    moment: Moment,
}

impl<'a> Bench<'a> {
    fn new(policy: &'a Policy, request: &'a Request, known: Known) -> Self {
        // Keys that made no token still tell what fails whatever the key: a missing session, a text
        // that is no token, a cookie that does not match.
        let keyring = known.keyring.unwrap_or_else(|| Keyring::from_random(&[0; 64]));
        let engine = Engine::new(policy.clone(), keyring);
        let incarnation = Incarnation::from_random(known.incarnation.unwrap_or_default());
        Self { policy, request, engine, moment: Moment { now: known.now, incarnation } }
    }

    fn look(&self, missing: Option<Unknown>) -> Result<Look, Failure> {
        let (outcome, asked) = self.judge(&self.engine, None, Spent::First)?;
        Ok(match (asked, missing) {
            (Some(Unknown::SpentMark), Some(unknown)) => Look::HangsOn(unknown),
            (Some(asked), _) => Look::HangsOn(asked),
            (None, Some(unknown)) if unknown.decides(&outcome.verdict) => Look::HangsOn(unknown),
            (None, _) => Look::Certain(outcome),
        })
    }

    fn assuming(&self, valid: bool, when: Option<When>) -> Result<Outcome, Failure> {
        let engine = Engine::danger_assuming_tokens(self.policy.clone(), valid);
        self.judge(&engine, when, Spent::Unavailable).map(|(outcome, _)| outcome)
    }

    fn spending(&self, spent: Spent, when: When) -> Result<Outcome, Failure> {
        self.judge(&self.engine, Some(when), spent).map(|(outcome, _)| outcome)
    }

    /// Judges with this answer of the store; and says which of its answers was needed.
    fn judge(
        &self,
        engine: &Engine,
        when: Option<When>,
        spent: Spent,
    ) -> Result<(Outcome, Option<Unknown>), Failure> {
        let request = self.request;
        let facts = Facts::of(&request.head, Peer::new(request.peer, request.scheme))
            .with_principal(Some(request.user.as_deref().unwrap_or(SOMEBODY)))
            .with_access(request.access);
        let mut findings = Vec::new();
        let mut asked = None;
        let mut step = engine.judge_traced(&facts, self.moment, &mut findings);
        let verdict = loop {
            step = match step {
                Step::Decided(verdict) => break verdict,
                Step::Form(need) => {
                    let headers = request.head.headers();
                    let found = form::field(headers, &request.body, need.field(), need.limit())?;
                    need.resume(found)
                }
                Step::Session(need) => {
                    asked = Some(Unknown::StoredToken);
                    need.resume(&StoredToken::Missing)
                }
                Step::Spend(need) => {
                    asked = Some(Unknown::SpentMark);
                    need.resume(spent)
                }
            };
        };
        Ok((Outcome { when, verdict, findings }, asked))
    }
}
