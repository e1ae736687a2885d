//! Rule 6: where a request comes from, as far as a browser says so.

use super::shown;
use super::target::Target;
use crate::dialect::{NullOrigin, Referer};
use crate::facts::{Facts, Scheme, Single};
use crate::origin::OriginRef;
use crate::policy::Policy;
use crate::verdict::{Finding, Outcome, Reason, Refusal, Rule};

/// What the evidence says, if it does not speak against the request.
#[derive(Clone, Copy)]
pub(super) enum Evidence<'a> {
    For(For<'a>),
    /// The client is no browser, or says nothing.
    Absent,
}

#[derive(Clone, Copy)]
pub(super) enum For<'a> {
    SameOrigin(OriginRef<'a>),
    Trusted(OriginRef<'a>),
    /// `Sec-Fetch-Site: same-origin`, perhaps beside an origin hidden for privacy.
    FetchSameOrigin,
    /// `Sec-Fetch-Site: none`: the user typed it, or it is a bookmark.
    User,
    Referer(OriginRef<'a>),
}

impl Evidence<'_> {
    pub(super) fn finding(&self, target: &Target<'_>) -> Finding {
        let seen = match self {
            Self::Absent => "no Origin, Sec-Fetch-Site or Referer that says anything".into(),
            Self::For(For::SameOrigin(origin)) => format!("Origin: {origin}").into(),
            Self::For(For::Trusted(origin)) => format!("Origin: {origin}, which is trusted").into(),
            Self::For(For::FetchSameOrigin) => "Sec-Fetch-Site: same-origin".into(),
            Self::For(For::User) => "Sec-Fetch-Site: none, so the user began it".into(),
            Self::For(For::Referer(origin)) => format!("Referer from {origin}").into(),
        };
        let outcome = if matches!(self, Self::Absent) { Outcome::Neutral } else { Outcome::Passes };
        Finding { rule: Rule::Provenance, seen, against: target.to_string().into(), outcome }
    }
}

/// Weighs `Origin`, then Fetch Metadata, then `Referer`.
pub(super) fn weigh<'a>(
    facts: &Facts<'a>,
    policy: &'a Policy,
    target: &Target<'a>,
    asks_token: bool,
) -> Result<Evidence<'a>, Refusal> {
    let rules = &policy.dialect().provenance;
    let site = Site::of(facts.sec_fetch_site);
    let by_origin = match facts.origin {
        Single::One(value) => {
            let parsed = value.to_str().ok().and_then(OriginRef::parse);
            match parsed {
                Some(origin) => Some(named(origin, site, policy, target)?),
                None if value == "null" => null(site, rules.null_origin, target)?,
                None if rules.null_origin == NullOrigin::Absent => None,
                None => return Err(against(Reason::OriginMalformed, value.as_bytes(), target)),
            }
        }
        Single::Absent | Single::Many => None,
    };
    if let (Some(evidence), Referer::Fallback | Referer::Https) = (by_origin, rules.referer) {
        return Ok(Evidence::For(evidence));
    }

    let by_referer = match facts.referer {
        Single::One(value) => {
            let origin = value.to_str().ok().and_then(OriginRef::of_url);
            Some(origin.ok_or(value).and_then(|origin| match origin {
                own if target.is(own) || is_trusted(own, policy) => Ok(For::Referer(own)),
                _ => Err(value),
            }))
        }
        Single::Absent | Single::Many => None,
    };
    if let (Referer::Always | Referer::Https, Some(Err(value))) = (rules.referer, by_referer) {
        return Err(referer_against(value.as_bytes(), target));
    }
    let https = facts.peer.scheme == Scheme::Https || target.is_https();
    // As in Django, whose views without a token are without this check too.
    if rules.referer == Referer::Https && asks_token && https && by_referer.is_none() {
        return Err(Refusal {
            reason: Reason::RefererMissing,
            rule: Rule::Provenance,
            seen: "https with neither Origin nor Referer".into(),
            expected: format!("a Referer from {target}").into(),
        });
    }
    if let Some(evidence) = by_origin {
        return Ok(Evidence::For(evidence));
    }

    match site {
        Site::Same if target.is_public() => return Ok(Evidence::For(For::FetchSameOrigin)),
        Site::User if target.is_public() => return Ok(Evidence::For(For::User)),
        Site::Sibling => return Err(against(Reason::SameSite, b"same-site", target)),
        Site::Foreign => return Err(against(Reason::CrossSite, b"cross-site", target)),
        Site::Same | Site::User | Site::Unclear => {}
    }
    match by_referer {
        Some(Ok(evidence)) => Ok(Evidence::For(evidence)),
        Some(Err(value)) => Err(referer_against(value.as_bytes(), target)),
        None => Ok(Evidence::Absent),
    }
}

/// The origin that a request names, for exemptions that are bound to one.
pub(super) fn origin_of<'a>(facts: &Facts<'a>) -> Option<OriginRef<'a>> {
    match facts.origin {
        Single::One(value) => value.to_str().ok().and_then(OriginRef::parse),
        Single::Absent | Single::Many => None,
    }
}

fn named<'a>(
    origin: OriginRef<'a>,
    site: Site,
    policy: &Policy,
    target: &Target<'_>,
) -> Result<For<'a>, Refusal> {
    if is_trusted(origin, policy) {
        return Ok(For::Trusted(origin));
    }
    if target.is_unknown() {
        return Err(host_missing(origin));
    }
    match (target.is(origin), site) {
        (true, Site::Foreign | Site::Sibling) | (false, Site::Same | Site::User) => Err(Refusal {
            reason: Reason::EvidenceContradicts,
            rule: Rule::Ambiguity,
            seen: format!("Origin: {origin} beside Sec-Fetch-Site: {}", site.words()).into(),
            expected: format!("both to say the same of {target}").into(),
        }),
        (true, Site::Same | Site::User | Site::Unclear) => Ok(For::SameOrigin(origin)),
        (false, Site::Foreign | Site::Sibling | Site::Unclear) => {
            Err(against(Reason::OriginMismatch, origin.text().as_bytes(), target))
        }
    }
}

fn null<'a>(site: Site, rule: NullOrigin, target: &Target<'_>) -> Result<Option<For<'a>>, Refusal> {
    match (site, rule) {
        // `Referrer-Policy: no-referrer` hides the origin even from its own site.
        (Site::Same, _) if target.is_public() => Ok(Some(For::FetchSameOrigin)),
        (_, NullOrigin::Absent) => Ok(None),
        (_, NullOrigin::Refuse) => Err(Refusal {
            reason: Reason::OriginNull,
            rule: Rule::Provenance,
            seen: "Origin: null".into(),
            expected: "an origin, or Sec-Fetch-Site: same-origin beside it".into(),
        }),
    }
}

fn is_trusted(origin: OriginRef<'_>, policy: &Policy) -> bool {
    policy.trusted_origins().iter().any(|own| own.as_ref() == origin)
}

fn host_missing(seen: OriginRef<'_>) -> Refusal {
    Refusal {
        reason: Reason::HostMissing,
        rule: Rule::Canonicalise,
        seen: format!("{seen}, and no Host to compare it with").into(),
        expected: "a Host header".into(),
    }
}

fn against(reason: Reason, seen: &[u8], target: &Target<'_>) -> Refusal {
    Refusal { reason, rule: Rule::Provenance, seen: shown(seen), expected: target.text().into() }
}

/// The path and query of a Referer may hold secrets of another site: only its origin is shown.
fn referer_against(value: &[u8], target: &Target<'_>) -> Refusal {
    let origin = std::str::from_utf8(value).ok().and_then(OriginRef::of_url);
    if let (Some(origin), true) = (origin, target.is_unknown()) {
        return host_missing(origin);
    }
    let seen = origin.map_or_else(|| "an unreadable one".to_owned(), |own| own.to_string());
    against(Reason::RefererMismatch, seen.as_bytes(), target)
}

/// `Sec-Fetch-Site`. A value that no standard knows counts as absent.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Site {
    Same,
    Sibling,
    Foreign,
    User,
    Unclear,
}

impl Site {
    fn of(header: Single<'_>) -> Self {
        let Single::One(value) = header else { return Self::Unclear };
        match value.as_bytes() {
            b"same-origin" => Self::Same,
            b"same-site" => Self::Sibling,
            b"cross-site" => Self::Foreign,
            b"none" => Self::User,
            _ => Self::Unclear,
        }
    }

    const fn words(self) -> &'static str {
        match self {
            Self::Same => "same-origin",
            Self::Sibling => "same-site",
            Self::Foreign => "cross-site",
            Self::User => "none",
            Self::Unclear => "an unknown value",
        }
    }
}
