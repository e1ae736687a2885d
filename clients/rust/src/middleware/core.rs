//! One request to the own origin.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use countersign::ClientDocument;
use http::header::{AUTHORIZATION, COOKIE, ORIGIN, SET_COOKIE};
use http::{Extensions, HeaderMap, HeaderName, HeaderValue, Method};
use reqwest::{Request, Response, Url};
use reqwest_middleware::{Next, Result};

use super::StaysHere;
use crate::answer::{Answer, look_into};
use crate::clock::Clock;
use crate::held::{Held, SessionValue};
use crate::jar::{Jar, is_current};
use crate::learn::{body_may_hold, is_request, learn, learn_from_refusal};
use crate::pool::Ticket;
use crate::repeat::copy;
use crate::rules::{Need, is_refusal, is_safe, may_be_refusal, need, same_origin, says_origin};

/// What the requests of a session share.
pub(crate) struct Core {
    pub(crate) base: Url,
    pub(crate) document: ClientDocument,
    pub(crate) jar: Arc<Jar>,
    pub(crate) clock: Arc<dyn Clock>,
    /// So many are followed.
    pub(crate) redirects: usize,
    held: Mutex<Held>,
    /// Held by whoever fetches a token.
    pub(super) flight: tokio::sync::Mutex<()>,
    /// How many fetches have ended.
    pub(super) landed: AtomicU64,
    /// Whether the last of them brought something.
    pub(super) brought: AtomicBool,
}

/// What a request was sent for.
pub(super) struct Wanted<'a, 'n> {
    pub(super) url: &'a Url,
    /// The caller's credentials, without which nobody would be handed a token, or that of another session.
    pub(super) credentials: HeaderMap,
    pub(super) timeout: Option<std::time::Duration>,
    pub(super) next: &'a Next<'n>,
}

/// A token on its way. Goes back to the others unless a response came.
pub(super) struct Lent<'c> {
    core: &'c Core,
    pub(super) ticket: Option<Ticket>,
    pub(super) session: SessionValue,
}

/// A request on its way.
struct Asked {
    method: Method,
    url: Url,
    /// The session in which it was sent.
    session: SessionValue,
}

/// A request that was answered.
struct Sent {
    response: Response,
    refused: bool,
    /// What it carried.
    spent: Option<Spent>,
}

/// A token that was sent, and the session in which it was.
pub(super) type Spent = (Option<Ticket>, SessionValue);

impl Core {
    pub(crate) fn new(
        base: Url,
        document: ClientDocument,
        jar: Arc<Jar>,
        clock: Arc<dyn Clock>,
        redirects: usize,
    ) -> Self {
        let held = Mutex::new(Held::new(&document));
        Self {
            base,
            document,
            jar,
            clock,
            redirects,
            held,
            flight: tokio::sync::Mutex::default(),
            landed: AtomicU64::new(0),
            brought: AtomicBool::new(false),
        }
    }

    /// Rule 1.
    pub(super) fn owns(&self, url: &Url) -> bool {
        same_origin(&self.base, url)
    }

    /// The header that carries a token at present.
    pub(super) fn header(&self) -> Option<HeaderName> {
        self.held().header().cloned()
    }

    pub(crate) fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn session(&self) -> SessionValue {
        self.jar.session(&self.base, &self.document.session_cookie)
    }

    /// Rules 2 to 7 for one request to the own origin.
    pub(super) async fn send(
        &self,
        mut request: Request,
        extensions: &mut Extensions,
        next: &Next<'_>,
    ) -> Result<Response> {
        self.claim_origin(&mut request);
        let needed = need(&self.document, request.method(), request.url().path()) != Need::None;
        let carrier = self.header().filter(|name| !request.headers().contains_key(name));
        if !needed || carrier.is_none() {
            return self.exchange(request, extensions, next).await;
        }
        let (url, spare) = (request.url().clone(), copy(&request, extensions));
        let wanted = Wanted {
            url: &url,
            credentials: credentials(request.headers()),
            timeout: request.timeout().copied(),
            next,
        };
        let first = self.acquire(&wanted, None, extensions).await;
        let sent = self.carry(request, first, extensions, next).await?;
        let (true, Some(spare)) = (sent.refused, spare) else { return Ok(sent.response) };
        match self.renew(&wanted, sent.spent, extensions).await {
            Some(fresh) => Ok(self.carry(spare, Some(fresh), extensions, next).await?.response),
            None => Ok(sent.response),
        }
    }

    async fn carry(
        &self,
        mut request: Request,
        lent: Option<Lent<'_>>,
        extensions: &mut Extensions,
        next: &Next<'_>,
    ) -> Result<Sent> {
        let value = lent.as_ref().and_then(|own| own.ticket.as_ref()?.token.header_value());
        // The header's name may have changed with the token that was just obtained.
        if let (Some(name), Some(value)) = (self.header(), value) {
            request.headers_mut().insert(name, value);
        }
        let asked = self.asked(&request);
        let response = next.clone().run(request, extensions).await?;
        // From here on the token has been seen, whatever becomes of the response.
        let spent = lent.map(Lent::spend);
        let (response, refused) = self.digest(asked, response, extensions).await?;
        Ok(Sent { response, refused, spent })
    }

    /// Sends a request that carries no token, and learns from its response.
    pub(super) async fn exchange(
        &self,
        request: Request,
        extensions: &mut Extensions,
        next: &Next<'_>,
    ) -> Result<Response> {
        let asked = self.asked(&request);
        let response = next.clone().run(request, extensions).await?;
        Ok(self.digest(asked, response, extensions).await?.0)
    }

    fn asked(&self, request: &Request) -> Asked {
        Asked {
            method: request.method().clone(),
            url: request.url().clone(),
            session: self.session(),
        }
    }

    /// Learns from a response, and says whether it is a refusal.
    async fn digest(
        &self,
        asked: Asked,
        mut response: Response,
        extensions: &Extensions,
    ) -> Result<(Response, bool)> {
        if !self.owns(response.url()) {
            // Something below has followed a redirect; nothing of that answer is ours.
            return Ok((response, false));
        }
        let Asked { method, url, session } = &asked;
        let status = response.status().as_u16();
        let refusal = &self.document.refusal;
        let mut body = Bytes::new();
        if may_be_refusal(refusal, status, response.headers())
            || body_may_hold(&self.document, method, url, response.headers())
        {
            (response, body) = look_into(response).await?;
        }
        let answer = Answer { status, headers: response.headers(), body: &body };
        let refused = is_refusal(refusal, &answer);
        let on_purpose = extensions.get::<StaysHere>().is_some();
        if status < 400 && self.turns_session(method, url, on_purpose) {
            self.held().clear();
        }
        self.note(method, url, &answer, refused, session);
        Ok((response, refused))
    }

    fn note(
        &self,
        method: &Method,
        url: &Url,
        answer: &Answer<'_>,
        refused: bool,
        before: &SessionValue,
    ) {
        let session = self.session();
        let mut held = self.held();
        let set = answer.headers.get_all(SET_COOKIE).iter();
        if !is_current(set, &self.document.session_cookie, before, &session) {
            return;
        }
        let now = self.clock.now();
        held.learn(learn(&self.document, method, url, answer), &session, now);
        if refused {
            held.learn(learn_from_refusal(&self.document, answer), &session, now);
        }
    }

    /// Rule 8: whether this is a login or a logout, whoever sends it. A login by a safe method is an
    /// ordinary read, unless it is sent to log in.
    fn turns_session(&self, method: &Method, url: &Url, on_purpose: bool) -> bool {
        let login = self.document.login.as_ref().map(|login| login.request.as_str());
        let logout = self.document.logout.as_ref().map(|logout| logout.request.as_str());
        login
            .filter(|_| on_purpose || !is_safe(method))
            .into_iter()
            .chain(logout)
            .any(|written| is_request(written, method, url))
    }

    pub(super) fn claim_origin(&self, request: &mut Request) {
        if !says_origin(&self.document, request.method(), request.url())
            || request.headers().contains_key(ORIGIN)
        {
            return;
        }
        let origin = request.url().origin().ascii_serialization();
        if let Ok(value) = HeaderValue::from_str(&origin) {
            request.headers_mut().insert(ORIGIN, value);
        }
    }

    pub(super) fn lend(&self, ticket: Ticket, session: SessionValue) -> Lent<'_> {
        Lent { core: self, ticket: Some(ticket), session }
    }
}

fn credentials(headers: &HeaderMap) -> HeaderMap {
    let own = |name: HeaderName| {
        headers.get_all(&name).iter().map(move |value| (name.clone(), value.clone()))
    };
    [AUTHORIZATION, COOKIE].into_iter().flat_map(own).collect()
}

impl Lent<'_> {
    /// A response has come.
    pub(super) fn spend(mut self) -> Spent {
        (self.ticket.take(), self.session.take())
    }
}

impl Drop for Lent<'_> {
    /// Rule 9: the request failed without any response, or its caller no longer waits for one.
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            self.core.held().give_back(ticket, &self.session);
        }
    }
}

impl fmt::Debug for Core {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.document.dialect, self.base.origin().ascii_serialization())
    }
}
