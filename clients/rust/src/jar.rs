//! The cookies, which a session reads to know whose tokens it holds.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use cookie_store::{Cookie, CookieStore, RawCookie};
use http::HeaderValue;
use percent_encoding::percent_decode_str;
use reqwest::Url;
use zeroize::Zeroizing;

use crate::held::SessionValue;
use crate::token::Token;

/// A cookie jar (RFC 6265) that can be kept between runs.
///
/// ```
/// let jar = countersign_client::Jar::from_json("[]")?;
/// assert_eq!(jar.to_json()?, "[]");
/// # Ok::<(), countersign_client::JarError>(())
/// ```
#[derive(Default)]
pub struct Jar(Mutex<CookieStore>);

/// Cookies that cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[error("these are not the cookies of a jar: {0}")]
pub struct JarError(String);

impl JarError {
    /// Serde quotes what it could not read, and that may be a cookie.
    fn new(error: &serde_json::Error) -> Self {
        Self(format!("line {}, column {}", error.line(), error.column()))
    }
}

impl Jar {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads what [`to_json`](Self::to_json) has written.
    ///
    /// # Errors
    /// Text that is something else; the error quotes nothing of it.
    pub fn from_json(text: &str) -> Result<Self, JarError> {
        let cookies: Vec<Cookie<'static>> =
            serde_json::from_str(text).map_err(|error| JarError::new(&error))?;
        let kept = cookies.into_iter().map(Ok::<_, std::convert::Infallible>);
        match CookieStore::from_cookies(kept, false) {
            Ok(store) => Ok(Self(Mutex::new(store))),
            Err(never) => match never {},
        }
    }

    /// All cookies that have not expired, those without an expiry too, as JSON.
    ///
    /// # Errors
    /// A cookie that cannot be written.
    pub fn to_json(&self) -> Result<String, JarError> {
        let store = self.store();
        let cookies: Vec<&Cookie<'static>> = store.iter_unexpired().collect();
        serde_json::to_string(&cookies).map_err(|error| JarError::new(&error))
    }

    /// Forgets all cookies that would be sent to the host of `url`, to whatever path.
    pub fn forget(&self, url: &Url) {
        let mut store = self.store();
        let others: Vec<_> =
            store.iter_unexpired().filter(|cookie| !cookie.domain.matches(url)).cloned().collect();
        let kept = others.into_iter().map(Ok::<_, std::convert::Infallible>);
        match CookieStore::from_cookies(kept, false) {
            Ok(kept) => *store = kept,
            Err(never) => match never {},
        }
    }

    /// Rule 8: the values of the session cookie for an origin, whatever their paths.
    pub(crate) fn session(&self, origin: &Url, name: &str) -> SessionValue {
        let store = self.store();
        let mut values: Vec<&str> = store
            .iter_unexpired()
            .filter(|cookie| cookie.name() == name && cookie.domain.matches(origin))
            .map(|cookie| cookie.value())
            .collect();
        values.sort_unstable();
        (!values.is_empty()).then(|| Zeroizing::new(values.join(SEPARATOR)))
    }

    /// Rule 4: the token in a cookie that would be sent to `url`.
    pub(crate) fn token(&self, url: &Url, name: &str) -> Option<Token> {
        let store = self.store();
        let mut values = store.get_request_values(url).filter(|(own, _)| *own == name);
        match (values.next(), values.next()) {
            (Some((_, value)), None) => {
                Token::new(&percent_decode_str(value.trim_matches('"')).decode_utf8().ok()?)
            }
            _ => None,
        }
    }

    fn store(&self) -> MutexGuard<'_, CookieStore> {
        // A panic elsewhere leaves the cookies as they were.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// No cookie's value contains it.
const SEPARATOR: &str = ";";

/// Whether a response that set these cookies belongs to the session that is in the jar now, and not
/// to one that another response has replaced since.
pub(crate) fn is_current<'a>(
    set: impl Iterator<Item = &'a HeaderValue>,
    name: &str,
    before: &SessionValue,
    now: &SessionValue,
) -> bool {
    let value = set.filter_map(|header| {
        let cookie = RawCookie::parse(header.to_str().ok()?.to_owned()).ok()?;
        (cookie.name() == name).then(|| cookie.value().to_owned())
    });
    match value.last() {
        Some(value) if !value.is_empty() => {
            now.as_ref().is_some_and(|now| now.split(SEPARATOR).any(|own| own == value))
        }
        // A session that has ended brings nothing for the next one.
        Some(_) => now.is_none(),
        None => before == now,
    }
}

impl reqwest::cookie::CookieStore for Jar {
    fn set_cookies(&self, headers: &mut dyn Iterator<Item = &HeaderValue>, url: &Url) {
        let cookies = headers.filter_map(|header| {
            let text = std::str::from_utf8(header.as_bytes()).ok()?;
            RawCookie::parse(text.to_owned()).ok()
        });
        self.store().store_response_cookies(cookies, url);
    }

    fn cookies(&self, url: &Url) -> Option<HeaderValue> {
        let store = self.store();
        let pairs: Vec<String> =
            store.get_request_values(url).map(|(name, value)| format!("{name}={value}")).collect();
        let mut header = HeaderValue::from_str(&pairs.join("; ")).ok()?;
        header.set_sensitive(true);
        (!pairs.is_empty()).then_some(header)
    }
}

impl fmt::Debug for Jar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Jar")
    }
}

#[cfg(test)]
mod tests {
    use reqwest::cookie::CookieStore as _;

    use super::*;

    fn header(text: &str) -> HeaderValue {
        HeaderValue::from_str(text).unwrap()
    }

    fn jar(url: &Url, cookies: &[&str]) -> Jar {
        let jar = Jar::new();
        let headers: Vec<HeaderValue> = cookies.iter().map(|text| header(text)).collect();
        jar.set_cookies(&mut headers.iter(), url);
        jar
    }

    #[test]
    fn what_is_kept_comes_back_and_is_not_printed() {
        let url = Url::parse("https://app.example/").unwrap();
        let own = jar(&url, &["JSESSIONID=s3cr3t; Path=/; Secure; HttpOnly"]);
        let again = Jar::from_json(&own.to_json().unwrap()).unwrap();
        assert_eq!(again.cookies(&url), Some(header("JSESSIONID=s3cr3t")));
        assert_eq!(again.cookies(&Url::parse("http://app.example/").unwrap()), None);
        assert!(!format!("{own:?} {:?}", own.cookies(&url)).contains("s3cr3t"));
        let error = Jar::from_json(r#"["s3cr3t"]"#).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("s3cr3t"));
    }

    #[test]
    fn what_is_forgotten_is_of_one_host() {
        let url = |host: &str| Url::parse(&format!("https://{host}.example/a/b")).unwrap();
        let own = jar(&url("one"), &["a=1; Path=/", "b=2; Path=/x"]);
        own.set_cookies(&mut [header("c=3")].iter(), &url("two"));
        own.forget(&url("one"));
        assert_eq!(own.cookies(&url("one")), None);
        assert_eq!(own.cookies(&url("two")), Some(header("c=3")));
    }

    #[test]
    fn the_session_is_that_of_the_origin() {
        let url = Url::parse("https://app.example/a/b").unwrap();
        let own = jar(&url, &["sid=one; Path=/a", "sid=two; Path=/b", "other=x; Path=/"]);
        let session = |url: &str| own.session(&Url::parse(url).unwrap(), "sid");
        assert_eq!(session("https://app.example/").unwrap().as_str(), "one;two");
        assert_eq!(session("https://other.example/"), None);
    }

    #[test]
    fn a_token_in_a_cookie_is_decoded() {
        let url = Url::parse("https://app.example/x/y").unwrap();
        for (cookies, expected) in [
            (vec!["XSRF-TOKEN=a%3Db%2F; Path=/"], Some("a=b/")),
            (vec!["XSRF-TOKEN=; Path=/"], None),
            (vec!["XSRF-TOKEN=a%20b; Path=/"], None),
            (vec!["XSRF-TOKEN=a; Path=/", "XSRF-TOKEN=b; Path=/x"], None),
            (vec![], None),
        ] {
            let token = jar(&url, &cookies).token(&url, "XSRF-TOKEN");
            assert_eq!(token.as_ref().map(Token::as_str), expected, "{cookies:?}");
        }
    }

    #[test]
    fn a_response_of_a_replaced_session_is_told_apart() {
        let some = |text: &str| Some(Zeroizing::new(text.to_owned()));
        for (set, before, now, expected) in [
            (vec![], some("a"), some("a"), true),
            (vec![], None, None, true),
            (vec![], some("a"), some("b"), false),
            (vec!["sid=b; Path=/"], some("a"), some("b"), true),
            (vec!["sid=b; Path=/"], some("a"), some("c"), false),
            (vec!["sid=; Max-Age=0"], some("a"), None, true),
            (vec!["sid=; Max-Age=0"], some("a"), some("b"), false),
            (vec!["other=b"], some("a"), some("a"), true),
        ] {
            let headers: Vec<HeaderValue> = set.iter().map(|text| header(text)).collect();
            let current = is_current(headers.iter(), "sid", &before, &now);
            assert_eq!(current, expected, "{set:?} {before:?} {now:?}");
        }
    }
}
