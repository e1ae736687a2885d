//! Who is asking: the session cookie, and Basic credentials.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use cookie::Cookie;
use data_encoding::BASE64;
use http::header::{AUTHORIZATION, COOKIE, SET_COOKIE};
use http::{Extensions, HeaderMap, HeaderValue};

use crate::csrf::{Principal, SessionBinding};
use crate::db::{DbError, User, Users};
use crate::sessions::{Session, Sessions};

/// How a service names and writes its session cookie.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SessionCookie {
    /// The cookie's name.
    pub(crate) name: &'static str,
    /// What follows the value in `Set-Cookie`, with its leading semicolon: the documents differ in
    /// spacing and case, and their clients read the header as text.
    pub(crate) attributes: &'static str,
}

/// Finds out who is asking. One for each service.
#[derive(Clone, Debug)]
pub(crate) struct Authenticator {
    /// The service's cookie.
    pub(crate) cookie: SessionCookie,
    /// The service's users.
    pub(crate) users: Users,
    /// The service's sessions.
    pub(crate) sessions: Sessions,
}

/// What one request shows of its sender.
#[derive(Clone, Debug)]
pub(crate) struct Visitor {
    /// The live session that the cookie names.
    pub(crate) session: Option<Session>,
    /// The `Authorization: Basic` header.
    pub(crate) basic: Basic,
    /// The user: Basic's where it holds good, else the session's. Nobody when Basic is wrong.
    pub(crate) user: Option<Arc<User>>,
    /// What the user may do.
    pub(crate) permissions: Vec<String>,
}

/// What became of the Basic credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Basic {
    /// There are none.
    Absent,
    /// They name an enabled user and have its password.
    Accepted,
    /// They are malformed, given twice, or wrong.
    Rejected,
}

impl SessionCookie {
    /// The `Set-Cookie` value that hands out `session`.
    #[must_use]
    pub(crate) fn set(&self, session: &Session) -> HeaderValue {
        self.value(session.id(), "")
    }

    /// The `Set-Cookie` value that takes the cookie back.
    #[must_use]
    pub(crate) fn clear(&self) -> HeaderValue {
        self.value("", "; Max-Age=0")
    }

    fn value(&self, id: &str, more: &str) -> HeaderValue {
        let text = format!("{}={id}{}{more}", self.name, self.attributes);
        // Ids are hex digits and the rest is a literal of ours.
        HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static(""))
    }

    /// The id in the request's cookie. A name given twice gives none: which of the two the browser
    /// meant cannot be known, and one may have been planted.
    fn read(&self, headers: &HeaderMap) -> Option<String> {
        let mut found = None;
        for line in headers.get_all(COOKIE) {
            for cookie in Cookie::split_parse(line.to_str().ok()?).flatten() {
                if cookie.name() == self.name && found.replace(cookie.value().to_owned()).is_some()
                {
                    return None;
                }
            }
        }
        found
    }
}

impl Authenticator {
    /// Reads cookie and credentials, and asks the database about them.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) async fn identify(&self, headers: &HeaderMap) -> Result<Visitor, DbError> {
        let mut session = match self.cookie.read(headers) {
            Some(id) => self.sessions.resume(&id).await?,
            None => None,
        };
        let mut session_user = None;
        if let Some((live, name)) = session.as_ref().and_then(|s| Some((s, s.user()?))) {
            session_user = self.users.find(name).await?.filter(|user| user.enabled);
            // Its user has been removed or disabled meanwhile.
            if session_user.is_none() {
                self.sessions.end(live.id()).await?;
                session = None;
            }
        }
        let (basic, basic_user) = match read_basic(headers) {
            BasicHeader::Absent => (Basic::Absent, None),
            BasicHeader::Malformed => (Basic::Rejected, None),
            BasicHeader::Credentials { name, password } => {
                match self.users.authenticate(&name, &password).await? {
                    Some(user) => (Basic::Accepted, Some(user)),
                    None => (Basic::Rejected, None),
                }
            }
        };
        let user = match basic {
            Basic::Absent => session_user,
            Basic::Accepted => basic_user,
            Basic::Rejected => None,
        };
        self.visitor(session, basic, user).await
    }

    /// A visitor as just logged in, for the rest of this request.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) async fn visitor(
        &self,
        session: Option<Session>,
        basic: Basic,
        user: Option<User>,
    ) -> Result<Visitor, DbError> {
        let permissions = match &user {
            Some(user) => self.users.permissions(user).await?,
            None => Vec::new(),
        };
        Ok(Visitor { session, basic, user: user.map(Arc::new), permissions })
    }

    /// Puts a changed session on the response: the cookie for the client, the binding for the CSRF
    /// layer. With `None` both are taken back.
    pub(crate) fn announce(&self, response: &mut Response, session: Option<&Session>) {
        let (cookie, binding) = match session {
            Some(session) => (self.cookie.set(session), SessionBinding::live(session.id())),
            None => (self.cookie.clear(), SessionBinding::none()),
        };
        response.headers_mut().append(SET_COOKIE, cookie);
        response.extensions_mut().insert(binding);
    }
}

impl Visitor {
    /// Puts everything that later layers and handlers want to know into the request: the visitor
    /// itself, the session binding, and the principal where there is a user.
    pub(crate) fn introduce(self, extensions: &mut Extensions) {
        extensions.insert(match &self.session {
            Some(session) => SessionBinding::live(session.id()),
            None => SessionBinding::none(),
        });
        if let Some(user) = &self.user {
            extensions.insert(Principal::new(&user.name, &self.permissions));
        }
        extensions.insert(self);
    }
}

/// The middleware for a service that makes no session by itself: identifies the sender and goes on.
pub(crate) async fn identify(
    State(authenticator): State<Authenticator>,
    mut request: Request,
    next: Next,
) -> Response {
    match authenticator.identify(request.headers()).await {
        Ok(visitor) => visitor.introduce(request.extensions_mut()),
        Err(error) => return error.into_response(),
    }
    next.run(request).await
}

#[derive(Debug, PartialEq, Eq)]
enum BasicHeader {
    Absent,
    Malformed,
    Credentials { name: String, password: String },
}

/// Strict on purpose: two headers, a wrong alphabet, bad padding or bytes that are no UTF-8 (RFC 7617,
/// section 2.1) are wrong credentials, never "take the first" or "skip".
fn read_basic(headers: &HeaderMap) -> BasicHeader {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let Some(value) = values.next() else { return BasicHeader::Absent };
    if values.next().is_some() {
        return BasicHeader::Malformed;
    }
    let Some((scheme, encoded)) =
        value.as_bytes().iter().position(|byte| *byte == b' ').and_then(|space| {
            Some((value.as_bytes().get(..space)?, value.as_bytes().get(space + 1..)?))
        })
    else {
        return BasicHeader::Absent;
    };
    if !scheme.eq_ignore_ascii_case(b"basic") {
        return BasicHeader::Absent;
    }
    let decoded = BASE64.decode(encoded.trim_ascii_start()).ok();
    let text = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
    match text.as_deref().and_then(|text| text.split_once(':')) {
        Some((name, password)) => {
            BasicHeader::Credentials { name: name.to_owned(), password: password.to_owned() }
        }
        None => BasicHeader::Malformed,
    }
}

#[cfg(test)]
mod tests;
