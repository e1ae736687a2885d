//! What a response may carry, and what it must say, when a token is put on it. The layer does all
//! this itself; it is here for code that makes or rewrites responses in another way.

use http::header::{CACHE_CONTROL, SET_COOKIE};
use http::{HeaderMap, HeaderName, HeaderValue};

/// Whether a token may go out with a response of these headers: not where a cache may serve it to
/// somebody else. What the headers say to all caches counts (`Cache-Control`, RFC 9111), and what
/// they say to some, which then look at nothing else (`CDN-Cache-Control` and its kin, RFC 9213;
/// `Surrogate-Control`).
#[must_use]
pub fn may_carry_token(headers: &HeaderMap) -> bool {
    !Caching::of(headers, &CACHE_CONTROL).is_shared()
        && targeted(headers).all(|name| !Caching::of(headers, name).is_shared())
}

/// Keeps a response that carries a token out of shared caches. What it says that is stricter
/// stays. Where [`may_carry_token`] says no, this changes nothing.
pub fn keep_private(headers: &mut HeaderMap) {
    if !may_carry_token(headers) {
        return;
    }
    match Caching::of(headers, &CACHE_CONTROL) {
        Caching::Untold => {
            headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        }
        Caching::Asking => {
            headers.append(CACHE_CONTROL, HeaderValue::from_static("private"));
        }
        Caching::Private | Caching::Lasting | Caching::Public => {}
    }
    let asking = targeted(headers).filter(|name| Caching::of(headers, name) == Caching::Asking);
    for name in asking.cloned().collect::<Vec<HeaderName>>() {
        headers.append(name, HeaderValue::from_static("no-store"));
    }
}

/// What a response's `Set-Cookie` does to the cookie `cookie_name`: `None` nothing, `Some(None)`
/// removes it, `Some(Some(value))` sets it.
#[must_use]
pub fn session_change(headers: &HeaderMap, cookie_name: &str) -> Option<Option<Vec<u8>>> {
    let own = |value: &HeaderValue| {
        let pair = value.as_bytes().split(|b| *b == b';').next()?;
        let value = pair.strip_prefix(cookie_name.as_bytes())?.strip_prefix(b"=")?;
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

/// The fields that speak to some caches only.
fn targeted(headers: &HeaderMap) -> impl Iterator<Item = &HeaderName> {
    headers.keys().filter(|name| {
        let name = name.as_str();
        name.ends_with("-cache-control") || name == SURROGATE_CONTROL
    })
}

const SURROGATE_CONTROL: &str = "surrogate-control";

/// What a response says about caches (RFC 9111, section 5.2.2). Of two words the later in this list
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
    fn of(headers: &HeaderMap, name: &HeaderName) -> Self {
        let values = headers.get_all(name).iter();
        let directives = values.flat_map(|value| value.as_bytes().split(|b| *b == b','));
        let said = directives.map(|directive| {
            let mut halves = directive.trim_ascii().splitn(2, |b| *b == b'=');
            let word = halves.next().unwrap_or_default().to_ascii_lowercase();
            match (word.as_slice(), halves.next()) {
                // Who understands the last of these may pass over a `no-store`.
                (b"public" | b"s-maxage" | b"must-understand", _) => Self::Public,
                (b"no-store", None) => Self::Private,
                // With a list of headers it says nothing of the others; and surrogates have never
                // heard of it.
                (b"private", None) if name != SURROGATE_CONTROL => Self::Private,
                // Surrogates write `max-age=0+60`: old ones count for a minute.
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

#[cfg(test)]
mod tests;
