//! Rule 4: taking a token, and fetching one when there is none.

use std::str::FromStr;
use std::sync::atomic::Ordering;

use countersign::Obtain;
use http::{Extensions, Method};
use reqwest::{Request, Url};
use reqwest_middleware::{Error, Next};

use super::core::{Core, Lent, Spent, Wanted};
use crate::learn::local;
use crate::pool::Ticket;
use crate::rules::is_safe;
use crate::source::token_cookies;

/// With one-time tokens a caller may find what it fetched taken by others, who then are done. It
/// does not go on like that for ever.
const ROUNDS: usize = 100;

impl Core {
    /// A token for a request; fetched, if none is held, by one caller for all who wait.
    pub(super) async fn acquire(
        &self,
        wanted: &Wanted<'_, '_>,
        refused: Option<&Spent>,
        extensions: &mut Extensions,
    ) -> Option<Lent<'_>> {
        for _ in 0..ROUNDS {
            if let Some(lent) = self.ready(wanted.url, refused) {
                return Some(lent);
            }
            let landed = self.landed.load(Ordering::SeqCst);
            let flight = self.flight.lock().await;
            if let Some(lent) = self.ready(wanted.url, refused) {
                return Some(lent);
            }
            let others = self.landed.load(Ordering::SeqCst) != landed;
            if others && !self.brought.load(Ordering::SeqCst) {
                // Whoever went before us came back with nothing, just now.
                return None;
            }
            let brought = self.fetch(wanted, extensions).await;
            self.brought.store(brought, Ordering::SeqCst);
            self.landed.fetch_add(1, Ordering::SeqCst);
            let lent = self.ready(wanted.url, refused);
            drop(flight);
            if lent.is_some() || !brought || !self.hands_out_tickets() {
                return lent;
            }
        }
        None
    }

    /// Rule 7: another token than the refused one.
    pub(super) async fn renew(
        &self,
        wanted: &Wanted<'_, '_>,
        refused: Option<Spent>,
        extensions: &mut Extensions,
    ) -> Option<Lent<'_>> {
        let Some(refused) = refused else {
            // None was to be had before; only the refusal itself can have brought one.
            return self.ready(wanted.url, None);
        };
        if let Some(ticket) = &refused.0 {
            self.held().refused(ticket);
        }
        self.acquire(wanted, Some(&refused), extensions).await
    }

    /// What is at hand: held, or in a cookie. Never again what has just been refused, unless it is
    /// held for another session. A cookie says nothing of its session: where that is gone, the
    /// cookie stays.
    fn ready(&self, url: &Url, refused: Option<&Spent>) -> Option<Lent<'_>> {
        let session = self.session();
        let differs = |ticket: &Ticket| {
            let before = refused.and_then(|(before, _)| before.as_ref());
            before.is_none_or(|before| before.token != ticket.token)
        };
        let other = |ticket: &Ticket| {
            refused.is_some_and(|(_, in_session)| *in_session != session) || differs(ticket)
        };
        let now = self.clock.now();
        let held = self.held().take(&session, now).filter(other);
        let ticket = held.or_else(|| {
            let in_cookies =
                token_cookies(&self.document).find_map(|name| self.jar.token(url, name));
            in_cookies.map(|token| Ticket { token, at: now, batch: 0 }).filter(differs)
        })?;
        Some(self.lend(ticket, session))
    }

    /// Sends the requests that bring a token until one does.
    async fn fetch(&self, wanted: &Wanted<'_, '_>, extensions: &mut Extensions) -> bool {
        let in_cookies = || -> Vec<_> {
            token_cookies(&self.document).map(|name| self.jar.token(wanted.url, name)).collect()
        };
        for obtain in &self.document.obtain {
            let Some(request) = self.request(obtain, wanted) else { continue };
            let before = (self.held().batch(), in_cookies());
            let answered = self.ask(request, extensions, wanted.next).await;
            if answered && (self.held().batch(), in_cookies()) != before {
                return true;
            }
        }
        false
    }

    /// Whether there was an answer. A server that refuses before it has read the body hangs up, and what
    /// is sent next may meet that very connection; a safe request is then sent over another one (RFC 9110,
    /// section 9.2.2).
    async fn ask(&self, request: Request, extensions: &mut Extensions, next: &Next<'_>) -> bool {
        let again = request.try_clone();
        match (self.exchange(request, extensions, next).await, again) {
            (Err(Error::Reqwest(error)), Some(again))
                if error.is_request() && !error.is_connect() && !error.is_timeout() =>
            {
                self.exchange(again, extensions, next).await.is_ok()
            }
            (answer, _) => answer.is_ok(),
        }
    }

    /// Only safe methods: what changes something is for the user to send.
    fn request(&self, obtain: &Obtain, wanted: &Wanted<'_, '_>) -> Option<Request> {
        let (method, target) = obtain.request.split_once(' ')?;
        let method = Method::from_str(method).ok().filter(is_safe)?;
        let url = if target == "*" { wanted.url.clone() } else { local(&self.base, target)? };
        let mut request = Request::new(method, url);
        for (name, value) in &obtain.headers {
            request.headers_mut().insert(name.name().clone(), value.parse().ok()?);
        }
        request.headers_mut().extend(wanted.credentials.clone());
        *request.timeout_mut() = wanted.timeout;
        self.claim_origin(&mut request);
        Some(request)
    }

    fn hands_out_tickets(&self) -> bool {
        self.document.token.as_ref().is_some_and(|token| token.once)
    }
}
