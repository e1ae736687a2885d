//! Rule 7: the token. From a header, then from a form field; never from the cookie alone, never
//! from the URL.

use std::borrow::Cow;
use std::time::Duration;

use http::header::CONTENT_TYPE;

use super::Case;
use super::step::{NeedForm, NeedSession, NeedSpend, Step};
use crate::dialect::{Bind, Pattern, TokenRules};
use crate::engine::TokenCheck;
use crate::facts::{Cookie, SessionEvidence, Single};
use crate::form::Field;
use crate::keyring::Keyring;
use crate::policy::is_safe;
use crate::store::{Spent, StoredToken};
use crate::token::{self, Binding, Shape, TicketTerms, TokenFault};
use crate::verdict::{Finding, Outcome, Permit, Reason, Refusal, Rule};

pub(super) fn look<'a>(case: Case<'a>, permit: Permit) -> Step<'a> {
    let policy = case.engine.policy();
    let Some(rules) = &policy.dialect().token else {
        return case.refuse(fault(Reason::ProvenanceMissing, "no evidence of its origin", "some"));
    };
    match Single::of(case.facts.headers(), rules.header.name()) {
        Single::Many => {
            let seen = format!("more than one {} header", rules.header.as_str());
            case.refuse(fault(Reason::TokenRepeated, seen, "one"))
        }
        Single::One(value) => check(case, rules, permit, Cow::Borrowed(value.as_bytes())),
        Single::Absent => match form_field(&case, rules) {
            Some(field) => {
                let limit = policy.form_limit();
                Step::Form(NeedForm { case, rules, permit, field, limit })
            }
            None => missing(case, rules),
        },
    }
}

/// The field to look for, if the request is a form that may have it.
fn form_field<'a>(case: &Case<'a>, rules: &'a TokenRules) -> Option<&'a str> {
    let field = rules.field.as_deref()?;
    if is_safe(case.facts.method()) {
        return None;
    }
    let media_type = match Single::of(case.facts.headers(), &CONTENT_TYPE) {
        Single::One(value) => value.as_bytes(),
        Single::Absent | Single::Many => return None,
    };
    let media_type = media_type.split(|b| *b == b';').next().unwrap_or_default().trim_ascii();
    ["application/x-www-form-urlencoded", "multipart/form-data"]
        .iter()
        .any(|form| media_type.eq_ignore_ascii_case(form.as_bytes()))
        .then_some(field)
}

pub(super) fn with_field<'a>(need: NeedForm<'a>, field: Field) -> Step<'a> {
    let NeedForm { case, rules, permit, field: name, limit } = need;
    match field {
        Field::One(value) => check(case, rules, permit, Cow::Owned(value)),
        Field::Absent => missing(case, rules),
        Field::Repeated => {
            let seen = format!("more than one form field `{name}`");
            case.refuse(fault(Reason::TokenRepeated, seen, "one"))
        }
        Field::TooLarge => case.refuse(fault(
            Reason::FormTooLarge,
            "a form without a token in its beginning",
            format!("the token within {limit} bytes, or in the header {}", rules.header.as_str()),
        )),
        Field::Malformed => {
            case.refuse(fault(Reason::FormMalformed, "a form that cannot be read", "a form"))
        }
    }
}

fn missing<'a>(case: Case<'a>, rules: &TokenRules) -> Step<'a> {
    let places = match &rules.field {
        Some(field) => format!("header {} or form field {field}", rules.header.as_str()),
        None => format!("header {}", rules.header.as_str()),
    };
    case.refuse(fault(Reason::TokenMissing, "no token", places))
}

fn check<'a>(
    mut case: Case<'a>,
    rules: &'a TokenRules,
    permit: Permit,
    text: Cow<'a, [u8]>,
) -> Step<'a> {
    let ring: &Keyring = match case.engine.token_check() {
        TokenCheck::Keyring(ring) => ring,
        TokenCheck::Assume(true) => return good(case, permit),
        TokenCheck::Assume(false) => return faulty(case, TokenFault::Invalid),
    };
    let binding = match binding(&case) {
        Ok(binding) => binding,
        Err(refusal) => return case.refuse(refusal),
    };
    if let Err(refusal) = twin(&case, rules, &text) {
        return case.refuse(refusal);
    }
    let scope = case.engine.policy().scope();
    let now = case.moment.now;
    // A file without the shape that its pattern needs does not load.
    let shape = rules.shape.unwrap_or(Shape::Base64url(32));
    let checked = match rules.pattern {
        Pattern::Synchronizer => token::check_derived(ring, shape, scope, binding, &text, now),
        Pattern::SignedDoubleSubmit => {
            token::check_double_submit(ring, shape, scope, binding, &text, now)
        }
        Pattern::Encrypted => token::check_encrypted(ring, scope, binding, &text, now),
        Pattern::StoredSynchronizer => {
            let key = case.engine.session_key(binding.bytes());
            return Step::Session(NeedSession { case, key, shape, permit, text });
        }
        Pattern::OneTime => {
            let session = case.engine.session_key(binding.bytes());
            let lifetime = rules.lifetime.map_or(Duration::ZERO, crate::dialect::Span::get);
            let terms = TicketTerms { ring, shape, scope, lifetime };
            let incarnation = case.moment.incarnation;
            match token::check_ticket(terms, binding, session, incarnation, &text, now) {
                Ok(ticket) => {
                    case.note(|| Finding {
                        rule: Rule::Token,
                        seen: "a ticket of this session, not expired".into(),
                        against: "whether it was spent before".into(),
                        outcome: Outcome::Neutral,
                    });
                    return Step::Spend(NeedSpend { case, ticket });
                }
                Err(fault) => Err(fault),
            }
        }
    };
    match checked {
        Ok(()) => good(case, permit),
        Err(fault) => faulty(case, fault),
    }
}

/// Whom a token on this request must belong to.
fn binding<'a>(case: &Case<'a>) -> Result<Binding<'a>, Refusal> {
    let (facts, session) = (case.facts, &case.engine.policy().dialect().session);
    if session.bind == Bind::User {
        return facts.principal.map(Binding::User).ok_or_else(|| {
            fault(Reason::UserMissing, "nobody logged in", "the user whom the token belongs to")
        });
    }
    match (facts.session, facts.cookie(&session.cookie)) {
        (_, Cookie::Many) => {
            let seen = format!("cookies {} with different values", session.cookie);
            Err(Refusal {
                reason: Reason::SessionAmbiguous,
                rule: Rule::Ambiguity,
                seen: seen.into(),
                expected: "one".into(),
            })
        }
        (SessionEvidence::Live(id), _) => Ok(Binding::Session(id.as_bytes())),
        (SessionEvidence::Cookie, Cookie::One(value)) if !value.is_empty() => {
            Ok(Binding::Session(value))
        }
        (SessionEvidence::None, Cookie::One(_)) => {
            Err(fault(Reason::SessionMissing, "a session that is over", "a live one"))
        }
        (SessionEvidence::Cookie | SessionEvidence::None, _) => {
            let expected = format!("a cookie {}", session.cookie);
            Err(fault(Reason::SessionMissing, "no session", expected))
        }
    }
}

/// Double submit: the cookie must hold the same token.
fn twin(case: &Case<'_>, rules: &TokenRules, text: &[u8]) -> Result<(), Refusal> {
    let (Some(cookie), Some(shape)) = (&rules.cookie, rules.shape) else { return Ok(()) };
    if !token::has_shape(shape, text) {
        return Err(refusal(TokenFault::Malformed));
    }
    let name = &cookie.name;
    match case.facts.cookie(name) {
        Cookie::One(value) if token::same_token(shape, value, text) => Ok(()),
        Cookie::One(_) => {
            let seen = format!("a cookie {name} that differs from the token sent with it");
            Err(fault(Reason::TokenCookieMismatch, seen, "the same token twice"))
        }
        Cookie::Many => {
            let seen = format!("cookies {name} with different values");
            Err(fault(Reason::TokenRepeated, seen, "one"))
        }
        Cookie::Absent => {
            let expected = format!("a cookie {name} with the same token");
            Err(fault(Reason::TokenCookieMissing, "a token without its cookie", expected))
        }
    }
}

pub(super) fn with_stored<'a>(need: NeedSession<'a>, stored: &StoredToken) -> Step<'a> {
    let NeedSession { case, shape, permit, text, .. } = need;
    let checked = match stored {
        StoredToken::Found(token) => token::check_stored(shape, token.as_bytes(), &text),
        StoredToken::Missing => Err(TokenFault::Invalid),
        StoredToken::Unavailable => return case.refuse(unavailable()),
    };
    match checked {
        Ok(()) => good(case, permit),
        Err(fault) => faulty(case, fault),
    }
}

pub(super) fn with_spent<'a>(need: NeedSpend<'a>, spent: Spent) -> Step<'a> {
    let case = need.case;
    match spent {
        Spent::First => good(case, Permit::Ticket),
        Spent::Already => {
            case.refuse(fault(Reason::TokenSpent, "a ticket that was used before", "an unused one"))
        }
        Spent::Unknown => faulty(case, TokenFault::Stale),
        Spent::Unavailable => case.refuse(unavailable()),
    }
}

fn good<'a>(mut case: Case<'a>, permit: Permit) -> Step<'a> {
    case.note(|| Finding {
        rule: Rule::Token,
        seen: "a token".into(),
        against: "this session or user, under the keyring".into(),
        outcome: Outcome::Passes,
    });
    case.allow(permit)
}

fn faulty<'a>(case: Case<'a>, token_fault: TokenFault) -> Step<'a> {
    case.refuse(refusal(token_fault))
}

fn refusal(token_fault: TokenFault) -> Refusal {
    let (reason, seen, expected) = match token_fault {
        TokenFault::Malformed => {
            (Reason::TokenMalformed, "a text of another form", "a token as the dialect shapes it")
        }
        TokenFault::UnknownKey => {
            (Reason::TokenKeyUnknown, "a token of a key that is not in the keyring", "a known key")
        }
        TokenFault::RetiredKey => (
            Reason::TokenKeyRetired,
            "a token of a key that was retired longer ago than the grace period",
            "a fresh token",
        ),
        TokenFault::Invalid => (
            Reason::TokenInvalid,
            "a token of another session, user or site, or an invented one",
            "the token of this session",
        ),
        TokenFault::Expired => {
            (Reason::TokenExpired, "a token past its end, or ahead of its time", "a fresh token")
        }
        TokenFault::Stale => (
            Reason::TokenStale,
            "a ticket that the store knows nothing of, such as one from before its start",
            "a fresh ticket",
        ),
    };
    fault(reason, seen, expected)
}

fn unavailable() -> Refusal {
    fault(Reason::StoreUnavailable, "no answer from the store", "its word on this token")
}

fn fault(
    reason: Reason,
    seen: impl Into<Cow<'static, str>>,
    expected: impl Into<Cow<'static, str>>,
) -> Refusal {
    Refusal { reason, rule: Rule::Token, seen: seen.into(), expected: expected.into() }
}
