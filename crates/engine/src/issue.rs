//! Making the tokens that clients are given.

use http::{HeaderName, HeaderValue};

use crate::dialect::{Bind, Pattern, TokenCookie, TokenRules};
use crate::engine::{Engine, Moment, TokenCheck};
use crate::facts::{Cookie, Facts, SessionEvidence};
use crate::keyring::Keyring;
use crate::random::Random;
use crate::store::SessionKey;
use crate::token::{self, Binding, Shape, TicketTerms, Token};

/// Whom an issued token will belong to.
#[derive(Clone, PartialEq, Eq)]
pub enum Holder {
    /// A session, by the cookie's value or the id that the app uses for it.
    Session(Vec<u8>),
    /// A user, by name.
    User(String),
}

impl Holder {
    fn binding(&self) -> Binding<'_> {
        match self {
            Self::Session(id) => Binding::Session(id),
            Self::User(name) => Binding::User(name),
        }
    }

    /// Whether it is what a dialect binds tokens to. An empty id or name is nobody's.
    fn suits(&self, bind: Bind) -> bool {
        match self {
            Self::Session(id) => bind == Bind::Session && !id.is_empty(),
            Self::User(name) => bind == Bind::User && !name.is_empty(),
        }
    }
}

impl std::fmt::Debug for Holder {
    /// A session's id is a secret, a user's name is not for every log either.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Session(_) => "Session(..)",
            Self::User(_) => "User(..)",
        })
    }
}

/// A token, or what the store must do to complete one.
#[must_use]
pub enum Issue {
    /// Ready to be sent.
    Token(String),
    /// Keep this one for the session, unless it has one already; then that one is to be sent.
    Store(SessionKey, Box<Token>),
    /// Reserve serial numbers for the session, then make tickets of them.
    Tickets(SessionKey),
    /// The dialect has no token, or it is bound to what this holder is not.
    None,
}

impl Engine {
    /// Whom tokens belong to that are issued with the response to this request, if nothing
    /// changes meanwhile.
    #[must_use]
    pub fn holder(&self, facts: &Facts<'_>) -> Option<Holder> {
        let session = &self.policy().dialect().session;
        if session.bind == Bind::User {
            return facts.principal.map(|name| Holder::User(name.to_owned()));
        }
        match (facts.session, facts.cookie(&session.cookie)) {
            (_, Cookie::Many) | (SessionEvidence::None, _) => None,
            (SessionEvidence::Live(id), _) => Some(Holder::Session(id.as_bytes().to_vec())),
            (SessionEvidence::Cookie, Cookie::One(value)) if !value.is_empty() => {
                Some(Holder::Session(value.to_vec()))
            }
            (SessionEvidence::Cookie, _) => None,
        }
    }

    /// The double-submit token that the request brought, if it still holds: a token that is good
    /// is not replaced.
    #[must_use]
    pub fn kept_token(&self, facts: &Facts<'_>, moment: Moment) -> Option<String> {
        let (ring, rules) = self.issuing()?;
        let cookie = rules.cookie.as_ref()?;
        let Cookie::One(value) = facts.cookie(&cookie.name) else { return None };
        let holder = self.holder(facts)?;
        let shape = rules.shape?;
        let scope = self.policy().scope();
        token::check_double_submit(ring, shape, scope, holder.binding(), value, moment.now).ok()?;
        String::from_utf8(value.to_vec()).ok()
    }

    /// Makes a token for `holder`.
    pub fn issue(&self, holder: &Holder, moment: Moment, random: &mut dyn Random) -> Issue {
        let Some((ring, rules)) = self.issuing() else { return Issue::None };
        if !holder.suits(self.policy().dialect().session.bind) {
            return Issue::None;
        }
        let (scope, binding) = (self.policy().scope(), holder.binding());
        match (rules.pattern, rules.shape) {
            (Pattern::Encrypted, _) => {
                let lifetime = rules.lifetime.map(crate::dialect::Span::get).unwrap_or_default();
                token::encrypted(ring, scope, binding, lifetime, moment.now, random)
                    .map_or(Issue::None, Issue::Token)
            }
            (_, None) => Issue::None,
            (Pattern::Synchronizer, Some(shape)) => {
                Issue::Token(token::derived(ring, shape, scope, binding).as_str().to_owned())
            }
            (Pattern::SignedDoubleSubmit, Some(shape)) => {
                let token = token::double_submit(ring, shape, scope, binding, random);
                Issue::Token(token.as_str().to_owned())
            }
            (Pattern::StoredSynchronizer, Some(shape)) => {
                let key = self.session_key(binding.bytes());
                Issue::Store(key, Box::new(token::random_token(shape, random)))
            }
            (Pattern::OneTime, Some(_)) => Issue::Tickets(self.session_key(binding.bytes())),
        }
    }

    /// The tickets with serial numbers `serials`, for the session they were reserved for.
    #[must_use]
    pub fn tickets(
        &self,
        holder: &Holder,
        serials: std::ops::Range<u32>,
        moment: Moment,
    ) -> Vec<String> {
        let Some((ring, rules)) = self.issuing() else { return Vec::new() };
        let Some(shape) = rules.shape else { return Vec::new() };
        if !holder.suits(self.policy().dialect().session.bind) {
            return Vec::new();
        }
        let lifetime = rules.lifetime.map(crate::dialect::Span::get).unwrap_or_default();
        let terms = TicketTerms { ring, shape, scope: self.policy().scope(), lifetime };
        serials
            .map(|serial| {
                let ticket =
                    token::ticket(terms, holder.binding(), moment.incarnation, serial, moment.now);
                ticket.as_str().to_owned()
            })
            .collect()
    }

    /// Another text for the same token, for use in HTML (BREACH). Tickets and encrypted tokens
    /// differ each time anyway and come back as they are.
    #[must_use]
    pub fn masked(&self, text: &str, random: &mut dyn Random) -> String {
        let rules = self.policy().dialect().token.as_ref();
        let shape = rules.and_then(|rules| match rules.pattern {
            Pattern::OneTime | Pattern::Encrypted => None,
            _ => rules.shape,
        });
        let masked = shape.and_then(|shape: Shape| token::remasked(shape, text, random));
        masked.unwrap_or_else(|| text.to_owned())
    }

    /// The response headers that carry `token`, as the dialect delivers it.
    #[must_use]
    pub fn delivery(&self, token: &str) -> Vec<(HeaderName, HeaderValue)> {
        let dialect = self.policy().dialect();
        let (Some(rules), Some(deliver)) = (&dialect.token, &dialect.deliver) else {
            return Vec::new();
        };
        let mut headers = Vec::with_capacity(deliver.headers.len() + 1);
        for (name, template) in &deliver.headers {
            let value =
                template.replace("{header}", rules.header.as_str()).replace("{token}", token);
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.push((name.name().clone(), value));
            }
        }
        if let Some(TokenCookie { name, attributes }) = &rules.cookie
            && let Ok(value) = HeaderValue::try_from(format!("{name}={token}; {attributes}"))
        {
            headers.push((http::header::SET_COOKIE, value));
        }
        headers
    }

    fn issuing(&self) -> Option<(&Keyring, &TokenRules)> {
        match (self.token_check(), &self.policy().dialect().token) {
            (TokenCheck::Keyring(ring), Some(rules)) => Some((ring, rules)),
            _ => None,
        }
    }
}
