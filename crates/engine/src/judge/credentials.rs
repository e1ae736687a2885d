//! Rule 5: what identifies the sender, and whether a browser adds it by itself.

use crate::facts::{Facts, Single};
use crate::policy::Policy;
use crate::verdict::{Finding, Outcome, Rule};

#[derive(Clone, Copy)]
pub(super) struct Credentials {
    cookie: bool,
    /// Basic, Digest, Negotiate, NTLM, or an `Authorization` that cannot be read.
    browser_auth: bool,
    basic: bool,
    client_certificate: bool,
    explicit: bool,
}

impl Credentials {
    pub(super) fn of(facts: &Facts<'_>, policy: &Policy) -> Self {
        let scheme = match facts.authorization {
            Single::Absent => Authorization::None,
            Single::One(value) => Authorization::of(value.as_bytes()),
            Single::Many => Authorization::Browser,
        };
        let api_key = || {
            policy.api_key_headers().iter().any(|name| facts.headers().contains_key(name.name()))
        };
        Self {
            cookie: !matches!(facts.cookies, Single::Absent),
            browser_auth: matches!(scheme, Authorization::Browser | Authorization::Basic),
            basic: scheme == Authorization::Basic,
            client_certificate: facts.peer.client_certificate,
            explicit: scheme == Authorization::Bearer || api_key(),
        }
    }

    /// Whether anything identifies the sender that a browser adds by itself.
    pub(super) const fn ambient(&self) -> bool {
        self.cookie || self.browser_auth || self.client_certificate
    }

    pub(super) const fn only_explicit(&self) -> bool {
        self.explicit && !self.ambient()
    }

    pub(super) const fn basic_only(&self) -> bool {
        self.basic && !self.client_certificate
    }

    pub(super) fn finding(&self) -> Finding {
        let seen: Vec<&str> = [
            (self.cookie, "a cookie"),
            (self.browser_auth, "Authorization that a browser repeats by itself"),
            (self.client_certificate, "a client certificate"),
            (self.explicit, "a Bearer token or API key"),
        ]
        .into_iter()
        .filter_map(|(there, name)| there.then_some(name))
        .collect();
        Finding {
            rule: Rule::NoAmbientCredential,
            seen: if seen.is_empty() { "no credential".into() } else { seen.join(", ").into() },
            against: "what a browser adds by itself".into(),
            outcome: if self.only_explicit() { Outcome::Passes } else { Outcome::Neutral },
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Authorization {
    None,
    Basic,
    Browser,
    Bearer,
}

impl Authorization {
    fn of(value: &[u8]) -> Self {
        let scheme = value.split(|b| *b == b' ').next().unwrap_or_default();
        // Only what is known to need a script of its own counts as explicit; anything else might
        // be a scheme that some browser answers by itself.
        let is = |name: &str| scheme.eq_ignore_ascii_case(name.as_bytes());
        if is("bearer") || is("dpop") {
            Self::Bearer
        } else if is("basic") {
            Self::Basic
        } else {
            Self::Browser
        }
    }
}
