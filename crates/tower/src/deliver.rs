//! Putting a token on a response, where the dialect delivers it so.

use countersign::{Facts, Holder, Issue, Moment, Pattern};
use countersign_store::{Reserved, Store};
use http::header::{CACHE_CONTROL, SET_COOKIE, VARY};
use http::{HeaderMap, HeaderValue, Response};

use crate::layer::Shared;
use crate::random::ThreadRandom;
use crate::session::SessionBinding;

/// A token that is owed to the client.
pub(crate) struct Delivery {
    holder: Option<Holder>,
    /// The double-submit token of this exchange. Header, cookie and page must carry the same one: the
    /// one that the request brought, if it still holds, else one made now.
    twin: Option<String>,
    fresh: Option<Reserved>,
}

impl Delivery {
    pub(crate) fn owed<St: Store>(shared: &Shared<St>, facts: &Facts<'_>) -> Self {
        let (engine, moment) = (&shared.engine, shared.moment());
        let holder = engine.holder(facts);
        let twin = match (&holder, engine.policy().pattern()) {
            (Some(holder), Some(Pattern::SignedDoubleSubmit)) => {
                engine.kept_token(facts, moment).or_else(|| shared.issue_now(holder))
            }
            _ => None,
        };
        Self { holder, twin, fresh: None }
    }

    /// What a page that goes out with this response must carry.
    pub(crate) fn twin(&self) -> Option<String> {
        self.twin.clone()
    }

    pub(crate) fn with_fresh(self, fresh: Option<Reserved>) -> Self {
        Self { fresh, ..self }
    }

    /// Puts the token on the response, asking the store where it must.
    pub(crate) async fn apply<St: Store, R>(self, shared: &Shared<St>, response: &mut Response<R>) {
        let Some((holder, same)) = self.recipient(shared, response) else { return };
        // Numbers that were reserved for one session are worth nothing to another.
        let token = match (self.twin.filter(|_| same), self.fresh.filter(|_| same)) {
            (Some(token), _) => Some(token),
            (None, Some(fresh)) => {
                let moment = Moment { incarnation: fresh.incarnation, ..shared.moment() };
                shared.engine.tickets(&holder, fresh.serials, moment).pop()
            }
            (None, None) => shared.issue(&holder).await.ok().and_then(|mut tokens| tokens.pop()),
        };
        if let Some(token) = token {
            put(shared, response, &token);
        }
    }

    /// As [`Delivery::apply`], for patterns that need no store.
    pub(crate) fn apply_now<St: Store, R>(self, shared: &Shared<St>, response: &mut Response<R>) {
        let Some((holder, same)) = self.recipient(shared, response) else { return };
        let token = self.twin.filter(|_| same).or_else(|| shared.issue_now(&holder));
        if let Some(token) = token {
            put(shared, response, &token);
        }
    }

    /// Whose token the response carries, after all that the app did, and whether that is still who
    /// sent the request.
    fn recipient<St: Store, R>(
        &self,
        shared: &Shared<St>,
        response: &Response<R>,
    ) -> Option<(Holder, bool)> {
        if Caching::of(response.headers()).is_shared() {
            return None;
        }
        let cookie = &shared.engine.policy().dialect().session.cookie;
        let changed = match response.extensions().get::<SessionBinding>() {
            Some(binding) => Some(binding.id().map(|id| id.as_bytes().to_vec())),
            None => set_cookie(response.headers(), cookie),
        };
        match (changed, &self.holder) {
            (None, Some(holder)) => Some((holder.clone(), true)),
            (Some(Some(id)), Some(Holder::Session(own))) => {
                let same = id == *own;
                Some((Holder::Session(id), same))
            }
            (Some(Some(id)), None) => Some((Holder::Session(id), false)),
            (Some(_), Some(Holder::User(_))) | (Some(None), _) | (None, None) => None,
        }
    }
}

impl<St: Store> Shared<St> {
    /// A token of a pattern that needs no store.
    fn issue_now(&self, holder: &Holder) -> Option<String> {
        match self.engine.issue(holder, self.moment(), &mut ThreadRandom::default()) {
            Issue::Token(token) => Some(token),
            Issue::Store(..) | Issue::Tickets(_) | Issue::None => None,
        }
    }
}

fn put<St: Store, R>(shared: &Shared<St>, response: &mut Response<R>, token: &str) {
    let engine = &shared.engine;
    let headers = response.headers_mut();
    for (name, value) in engine.delivery(token) {
        if name == SET_COOKIE {
            headers.append(name, value);
        } else {
            headers.insert(name, value);
        }
    }
    // A token must not come out of a cache for somebody else.
    match Caching::of(headers) {
        Caching::Untold => {
            headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        }
        Caching::Asking => {
            headers.append(CACHE_CONTROL, HeaderValue::from_static("private"));
        }
        Caching::Private | Caching::Lasting | Caching::Public => {}
    }
    let vary = engine.policy().dialect().deliver.iter().flat_map(|deliver| &deliver.vary);
    let named: Vec<&str> = vary.map(countersign::FieldName::as_str).collect();
    if !named.is_empty()
        && let Ok(value) = HeaderValue::try_from(named.join(", "))
    {
        headers.append(VARY, value);
    }
}

/// What the app says about caches (RFC 9111, section 5.2.2). Of two words the later in this list
/// counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Caching {
    /// Nothing.
    Untold,
    /// They may keep it, but must ask before each use.
    Asking,
    /// They may keep it, shared ones too.
    Lasting,
    /// No shared cache may keep it.
    Private,
    /// Shared caches are to keep it.
    Public,
}

impl Caching {
    fn of(headers: &HeaderMap) -> Self {
        let values = headers.get_all(CACHE_CONTROL).iter();
        let directives = values.flat_map(|value| value.as_bytes().split(|b| *b == b','));
        let said = directives.map(|directive| {
            let mut halves = directive.trim_ascii().splitn(2, |b| *b == b'=');
            let name = halves.next().unwrap_or_default().to_ascii_lowercase();
            match (name.as_slice(), halves.next()) {
                (b"public" | b"s-maxage", _) => Self::Public,
                // With a list of headers it says nothing of the others.
                (b"private", None) | (b"no-store", _) => Self::Private,
                (b"max-age", Some(age)) if age.iter().any(|b| matches!(b, b'1'..=b'9')) => {
                    Self::Lasting
                }
                _ => Self::Asking,
            }
        });
        said.max().unwrap_or(Self::Untold)
    }

    /// Whether somebody else may be served what this response says.
    const fn is_shared(self) -> bool {
        matches!(self, Self::Lasting | Self::Public)
    }
}

/// What the response does to the session cookie: `None` nothing, `Some(None)` removes it.
fn set_cookie(headers: &HeaderMap, name: &str) -> Option<Option<Vec<u8>>> {
    let own = |value: &HeaderValue| {
        let pair = value.as_bytes().split(|b| *b == b';').next()?;
        let value = pair.strip_prefix(name.as_bytes())?.strip_prefix(b"=")?;
        Some(value.trim_ascii().to_vec())
    };
    // Of several, a browser keeps the last. One that is empty or past its time removes the cookie.
    let last = headers.get_all(SET_COOKIE).iter().rfind(|value| own(value).is_some())?;
    let value = own(last)?;
    let removed = value.is_empty() || expires_at_once(last.as_bytes());
    Some((!removed).then_some(value))
}

fn expires_at_once(set_cookie: &[u8]) -> bool {
    set_cookie.split(|b| *b == b';').skip(1).any(|attribute| {
        let attribute = attribute.trim_ascii().to_ascii_lowercase();
        matches!(attribute.strip_prefix(b"max-age="), Some([b'0' | b'-', ..]))
            || attribute.starts_with(b"expires=thu, 01 jan 1970")
            || attribute.starts_with(b"expires=thu, 01-jan-1970")
    })
}

#[cfg(test)]
mod tests;
