//! Whose tokens are handed out: the app's session, or one of the gateway's own where the app has
//! none, so that a login form is guarded too.

use countersign::{Bind, Cookie, Pattern, cookie};
use countersign_tower::{
    Csrf, IssueError, Principal, SessionBinding, keep_private, may_carry_token, session_change,
};
use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER};
use http::Response;
use http::header::{AUTHORIZATION, HeaderMap, HeaderValue, SET_COOKIE};
use http::request::Parts;
use rand::Rng;

use super::{Backstage, Site};

/// The gateway's own session cookie. The prefix lets nobody but this very host set it, and needs
/// https.
const OWN_SECURE: &str = "__Host-countersign";
const OWN_PLAIN: &str = "countersign";

/// Which session a request belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Held {
    /// The app's.
    App,
    /// The gateway's own.
    Own,
    /// None; but the Basic credentials say who asks, and tokens belong to users.
    Basic,
    /// None, or two that contradict each other.
    None,
}

/// Whom tokens belong to that go out with a response.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Recipient {
    /// Who sent the request.
    Same,
    /// A session that begins with this response.
    New(String),
    /// Nobody.
    Nobody,
}

pub(crate) const fn own_cookie(is_secure: bool) -> &'static str {
    if is_secure { OWN_SECURE } else { OWN_PLAIN }
}

impl Site {
    /// Finds the session that the request belongs to, and tells the guard if it is the gateway's own.
    pub(crate) fn bind(&self, parts: &mut Parts, is_secure: bool) -> Held {
        let held = self.bind_session(parts, is_secure);
        if self.config.policy.dialect().session.bind == Bind::Session {
            return held;
        }
        let (held, user) = self.user(&parts.headers, held, is_secure);
        if let Some(name) = user {
            parts.extensions.insert(Principal::new(name, [""; 0]));
        }
        held
    }

    fn bind_session(&self, parts: &mut Parts, is_secure: bool) -> Held {
        match cookie(&parts.headers, self.session_cookie()) {
            Cookie::One(value) if !value.is_empty() => return Held::App,
            Cookie::Many => return Held::None,
            Cookie::One(_) | Cookie::Absent => {}
        }
        if !self.config.own_session {
            return Held::None;
        }
        let (held, binding) = match cookie(&parts.headers, own_cookie(is_secure)) {
            Cookie::One(value) if !value.is_empty() => match std::str::from_utf8(value) {
                Ok(id) => (Held::Own, SessionBinding::live(id)),
                Err(_) => (Held::None, SessionBinding::none()),
            },
            // One of them may have been planted.
            Cookie::Many => (Held::None, SessionBinding::none()),
            Cookie::One(_) | Cookie::Absent => return Held::None,
        };
        parts.extensions.insert(binding);
        held
    }

    pub(super) fn session_cookie(&self) -> &str {
        &self.config.policy.dialect().session.cookie
    }

    /// A user as far as a gateway can tell: the session, or else the Basic credentials.
    fn user(&self, headers: &HeaderMap, held: Held, is_secure: bool) -> (Held, Option<String>) {
        let name = match held {
            Held::App => self.session_cookie(),
            Held::Own => own_cookie(is_secure),
            Held::Basic | Held::None => {
                return match basic_credentials(headers) {
                    Some(credentials) => (Held::Basic, Some(self.user_of_basic(&credentials))),
                    None => (Held::None, None),
                };
            }
        };
        match cookie(headers, name) {
            Cookie::One(id) => (held, Some(self.user_of_session(id))),
            Cookie::Absent | Cookie::Many => (held, None),
        }
    }

    /// Tokens that are bound to users are readable by whoever has the keys: what stands in them is
    /// a hash, neither the session's id nor a password.
    fn user_of_session(&self, id: &[u8]) -> String {
        format!("session:{}", self.hashed(id))
    }

    /// Name and password together: nobody has checked the password yet, and a token that belonged
    /// to the name could be fetched with any.
    fn user_of_basic(&self, credentials: &str) -> String {
        format!("basic:{}", self.hashed(credentials.as_bytes()))
    }

    fn hashed(&self, secret: &[u8]) -> String {
        HEXLOWER.encode(&self.csrf.engine().session_key(secret).to_bytes())
    }
}

impl Backstage {
    /// Whom tokens belong to that go out with this response, after all that the app did to its
    /// session. If nobody, and the response may carry a token, a session of the gateway's own begins.
    pub(super) fn recipient<B>(
        &self,
        response: &mut Response<B>,
        carries_token: bool,
    ) -> Recipient {
        match session_change(response.headers(), self.site.session_cookie()) {
            Some(Some(id)) => match String::from_utf8(id) {
                Ok(id) => Recipient::New(id),
                Err(_) => Recipient::Nobody,
            },
            Some(None) => Recipient::Nobody,
            None if self.held == Held::None => self.begin(response, carries_token),
            None => Recipient::Same,
        }
    }

    /// Follows what the app did to its session, where nothing but the guard hands tokens out.
    pub(super) fn follow<B>(&self, response: &mut Response<B>, carries_token: bool) {
        if carries_token {
            let _ = self.recipient(response, true);
        }
    }

    fn bind_rule(&self) -> Bind {
        self.site.config.policy.dialect().session.bind
    }

    fn begin<B>(&self, response: &mut Response<B>, carries_token: bool) -> Recipient {
        let may = carries_token
            && self.site.config.own_session
            && self.site.config.policy.is_enabled()
            && may_carry_token(response.headers());
        if !may {
            return Recipient::Nobody;
        }
        let mut bytes = [0; 32];
        rand::rng().fill_bytes(&mut bytes);
        let id = BASE64URL_NOPAD.encode(&bytes);
        let name = own_cookie(self.is_secure);
        let secure = if self.is_secure { "; Secure" } else { "" };
        let cookie = format!("{name}={id}; Path=/; HttpOnly; SameSite=Lax{secure}");
        let Ok(value) = HeaderValue::try_from(cookie) else { return Recipient::Nobody };
        response.headers_mut().append(SET_COOKIE, value);
        keep_private(response.headers_mut());
        response.extensions_mut().insert(SessionBinding::live(id.clone()));
        Recipient::New(id)
    }

    /// The tokens for a response: one, or as many as the dialect's pool holds.
    pub(super) async fn tokens(
        &self,
        csrf: &Csrf,
        recipient: &Recipient,
    ) -> Result<Vec<String>, IssueError> {
        let has_pool = self.site.config.policy.pattern() == Some(Pattern::OneTime);
        match (recipient, has_pool, self.bind_rule()) {
            (Recipient::Nobody, ..) => Err(IssueError::NoHolder),
            (Recipient::Same, true, _) => csrf.tickets().await,
            (Recipient::Same, false, _) => csrf.token().await.map(|token| vec![token]),
            (Recipient::New(id), true, _) => csrf.tickets_for_session(id).await,
            (Recipient::New(id), false, Bind::Session) => {
                csrf.token_for_session(id).await.map(|token| vec![token])
            }
            (Recipient::New(id), false, Bind::User) => {
                let user = self.site.user_of_session(id.as_bytes());
                csrf.token_for_user(&user).await.map(|token| vec![token])
            }
        }
    }
}

/// The tickets of the app's session that a request belongs to.
pub(super) struct Pool {
    csrf: Csrf,
    session: Vec<u8>,
}

impl Backstage {
    /// The tickets that end if the app ends the session. Other tokens are kept nowhere: they are
    /// worth as much as the session is to the app.
    pub(super) fn pool_of(&self, parts: &Parts) -> Option<Pool> {
        let policy = &self.site.config.policy;
        if policy.pattern() != Some(Pattern::OneTime) || self.held != Held::App {
            return None;
        }
        let Cookie::One(id) = cookie(&parts.headers, self.site.session_cookie()) else {
            return None;
        };
        Some(Pool { csrf: Csrf::from_parts(parts)?, session: id.to_vec() })
    }
}

impl Pool {
    /// Ends the tickets if these headers of a response end the session, or begin another.
    pub(super) async fn end_with_session(self, headers: &HeaderMap, cookie_name: &str) {
        let goes_on = session_change(headers, cookie_name)
            .is_none_or(|change| change.is_some_and(|id| id == self.session));
        if !goes_on && let Err(error) = self.csrf.end().await {
            tracing::warn!(target: "countersign", %error, "tickets outlive their session");
        }
    }
}

/// Name and password in `Authorization: Basic` (RFC 7617), a colon between them.
fn basic_credentials(headers: &HeaderMap) -> Option<String> {
    let mut all = headers.get_all(AUTHORIZATION).iter();
    let (value, None) = (all.next()?, all.next()) else { return None };
    let (scheme, credentials) = value.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = BASE64.decode(credentials.trim().as_bytes()).ok()?;
    let text = String::from_utf8(decoded).ok()?;
    text.contains(':').then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn basic_credentials_are_read_once_or_not_at_all() {
        for (values, expected) in [
            (&["Basic YWRtaW46YWRtaW4x"][..], Some("admin:admin1")),
            (&["basic YWRtaW46YTpi"], Some("admin:a:b")),
            (&["Bearer YWRtaW46YWRtaW4x"], None),
            (&["Basic !!"], None),
            (&["Basic YWRtaW4="], None),
            (&["Basic YWRtaW46YWRtaW4x", "Basic YWRtaW46YWRtaW4x"], None),
            (&[], None),
        ] {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(AUTHORIZATION, HeaderValue::from_static(value));
            }
            assert_eq!(basic_credentials(&headers).as_deref(), expected, "{values:?}");
        }
    }
}
