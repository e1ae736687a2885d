//! What the engine decides, and why.

use std::borrow::Cow;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The numbered rules at the head of this crate's documentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// 1: which origin is addressed.
    Canonicalise = 1,
    /// 2: whether the request must be judged at all.
    Need = 2,
    /// 3: nothing that decides may be there twice or contradict itself.
    Ambiguity = 3,
    /// 4: exemptions.
    Exemption = 4,
    /// 5: requests with which a browser could not be abused.
    NoAmbientCredential = 5,
    /// 6: where the request comes from.
    Provenance = 6,
    /// 7: the token.
    Token = 7,
    /// 8: what of it the dialect demands.
    Combine = 8,
}

impl Rule {
    /// Its number.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// Its stable name in logs, metrics and what programs read.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Canonicalise => "canonicalise",
            Self::Need => "need",
            Self::Ambiguity => "ambiguity",
            Self::Exemption => "exemption",
            Self::NoAmbientCredential => "no_ambient_credential",
            Self::Provenance => "provenance",
            Self::Token => "token",
            Self::Combine => "combine",
        }
    }
}

/// Why a request is refused. The codes are stable: logs, metrics and dialect files use them.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// No `Host`, so that there is nothing to compare an origin with.
    HostMissing,
    /// `Host` cannot be read as one.
    HostMalformed,
    /// `Host` and the authority of the request target differ.
    HostContradiction,
    /// What a trusted proxy forwards names two hosts or schemes.
    ForwardedAmbiguous,
    /// A header that decides was sent more than once.
    HeaderRepeated,
    /// `Sec-Fetch-Site` says one thing and `Origin` another.
    EvidenceContradicts,
    /// Two session cookies with different values.
    SessionAmbiguous,
    /// The route must declare who may call it, and does not.
    AccessUndeclared,
    /// A foreign `Origin`.
    OriginMismatch,
    /// `Origin: null`.
    OriginNull,
    /// `Origin` cannot be read.
    OriginMalformed,
    /// `Sec-Fetch-Site: cross-site`.
    CrossSite,
    /// `Sec-Fetch-Site: same-site`: a sibling domain.
    SameSite,
    /// A foreign `Referer`.
    RefererMismatch,
    /// Over https, neither `Origin` nor `Referer`.
    RefererMissing,
    /// No evidence of where the request comes from, where some is demanded.
    ProvenanceMissing,
    /// No session that a token could belong to.
    SessionMissing,
    /// No user whom a token could belong to.
    UserMissing,
    /// No token in any place where the dialect carries one.
    TokenMissing,
    /// Two tokens.
    TokenRepeated,
    /// Not a token's text.
    TokenMalformed,
    /// A token of another session, another site, or invented.
    TokenInvalid,
    /// A token past its end.
    TokenExpired,
    /// A one-time token that was used before.
    TokenSpent,
    /// A one-time token from before the store's latest start.
    TokenStale,
    /// A token of a key that the keyring does not have.
    TokenKeyUnknown,
    /// A token of a key whose grace period is over.
    TokenKeyRetired,
    /// The cookie that must repeat the token is missing.
    TokenCookieMissing,
    /// The cookie holds another token.
    TokenCookieMismatch,
    /// The token may be in the form, but the form is larger than the limit.
    FormTooLarge,
    /// The token may be in the form, but the form cannot be read.
    FormMalformed,
    /// The store did not answer.
    StoreUnavailable,
}

impl Reason {
    /// All of them, for tables and documentation.
    pub const ALL: [Self; 32] = [
        Self::HostMissing,
        Self::HostMalformed,
        Self::HostContradiction,
        Self::ForwardedAmbiguous,
        Self::HeaderRepeated,
        Self::EvidenceContradicts,
        Self::SessionAmbiguous,
        Self::AccessUndeclared,
        Self::OriginMismatch,
        Self::OriginNull,
        Self::OriginMalformed,
        Self::CrossSite,
        Self::SameSite,
        Self::RefererMismatch,
        Self::RefererMissing,
        Self::ProvenanceMissing,
        Self::SessionMissing,
        Self::UserMissing,
        Self::TokenMissing,
        Self::TokenRepeated,
        Self::TokenMalformed,
        Self::TokenInvalid,
        Self::TokenExpired,
        Self::TokenSpent,
        Self::TokenStale,
        Self::TokenKeyUnknown,
        Self::TokenKeyRetired,
        Self::TokenCookieMissing,
        Self::TokenCookieMismatch,
        Self::FormTooLarge,
        Self::FormMalformed,
        Self::StoreUnavailable,
    ];

    /// The stable code: `origin_mismatch`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::HostMissing => "host_missing",
            Self::HostMalformed => "host_malformed",
            Self::HostContradiction => "host_contradiction",
            Self::ForwardedAmbiguous => "forwarded_ambiguous",
            Self::HeaderRepeated => "header_repeated",
            Self::EvidenceContradicts => "evidence_contradicts",
            Self::SessionAmbiguous => "session_ambiguous",
            Self::AccessUndeclared => "access_undeclared",
            Self::OriginMismatch => "origin_mismatch",
            Self::OriginNull => "origin_null",
            Self::OriginMalformed => "origin_malformed",
            Self::CrossSite => "cross_site",
            Self::SameSite => "same_site",
            Self::RefererMismatch => "referer_mismatch",
            Self::RefererMissing => "referer_missing",
            Self::ProvenanceMissing => "provenance_missing",
            Self::SessionMissing => "session_missing",
            Self::UserMissing => "user_missing",
            Self::TokenMissing => "token_missing",
            Self::TokenRepeated => "token_repeated",
            Self::TokenMalformed => "token_malformed",
            Self::TokenInvalid => "token_invalid",
            Self::TokenExpired => "token_expired",
            Self::TokenSpent => "token_spent",
            Self::TokenStale => "token_stale",
            Self::TokenKeyUnknown => "token_key_unknown",
            Self::TokenKeyRetired => "token_key_retired",
            Self::TokenCookieMissing => "token_cookie_missing",
            Self::TokenCookieMismatch => "token_cookie_mismatch",
            Self::FormTooLarge => "form_too_large",
            Self::FormMalformed => "form_malformed",
            Self::StoreUnavailable => "store_unavailable",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// The decision about one request.
///
/// An [`Allow`] cannot be made outside of this crate, so no caller can let a request through that
/// the rules did not:
///
/// ```compile_fail
/// let through = countersign::Allow { permit: countersign::Permit::SafeMethod, fresh: false };
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub enum Verdict {
    /// Let it through.
    Allow(Allow),
    /// Refuse it before anything else runs.
    Refuse(Refusal),
    /// The rules refuse it, but the policy only reports: let it through and log it.
    Report(Refusal, Allow),
}

/// Leave to let a request through.
#[derive(Clone, Debug)]
#[must_use]
pub struct Allow {
    pub(crate) permit: Permit,
    pub(crate) fresh: bool,
}

impl Allow {
    /// Why.
    #[must_use]
    pub const fn permit(&self) -> &Permit {
        &self.permit
    }

    /// Whether the response owes the client a token, as the dialect delivers them.
    #[must_use]
    pub const fn owes_token(&self) -> bool {
        self.fresh
    }
}

/// Why a request may pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Permit {
    /// The policy does not judge at all.
    Disabled,
    /// A method that changes nothing, on a route that does not say otherwise.
    SafeMethod,
    /// An exemption, and its reason.
    Exempt(String),
    /// Nothing in it is added by a browser itself.
    NoAmbientCredential,
    /// It comes from where it should.
    Provenance,
    /// Nothing speaks against it, and no more is demanded.
    NothingAgainst,
    /// Its token holds.
    Token,
    /// Its one-time token held, and the store spent it.
    Ticket,
    /// The policy only reports.
    ReportOnly,
}

impl Permit {
    /// A stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Disabled => "disabled",
            Self::SafeMethod => "safe_method",
            Self::Exempt(_) => "exempt",
            Self::NoAmbientCredential => "no_ambient_credential",
            Self::Provenance => "provenance",
            Self::NothingAgainst => "nothing_against",
            Self::Token => "token",
            Self::Ticket => "ticket",
            Self::ReportOnly => "report_only",
        }
    }
}

/// A refusal, with what an operator needs to understand it. The client is told only what the
/// dialect says.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}: saw {seen}, expected {expected}")]
#[must_use]
pub struct Refusal {
    /// The stable code.
    pub reason: Reason,
    /// The rule that refused.
    pub rule: Rule,
    /// The evidence; never a token or a cookie.
    pub seen: Cow<'static, str>,
    /// What it was compared with.
    pub expected: Cow<'static, str>,
}

/// One thing that a rule looked at, for `explain` and for logs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The rule.
    pub rule: Rule,
    /// What was seen; never a token or a cookie.
    pub seen: Cow<'static, str>,
    /// What it was compared with, or what follows.
    pub against: Cow<'static, str>,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of looking.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Speaks for the request, or settles it.
    Passes,
    /// Speaks against it.
    Fails,
    /// Says nothing either way.
    Neutral,
}
