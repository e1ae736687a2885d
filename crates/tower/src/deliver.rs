//! Putting a token on a response, where the dialect delivers it so.

use std::sync::Arc;

use countersign::{Facts, Holder, Issue, Moment, Pattern, SessionEvidence};
use countersign_store::{Reserved, Store};
use http::header::{SET_COOKIE, VARY};
use http::{HeaderMap, HeaderValue, Response};

use crate::layer::Shared;
use crate::random::ThreadRandom;
use crate::response::{keep_private, may_carry_token, session_change};
use crate::session::SessionBinding;
use crate::twins::Twins;

/// A token that is owed to the client.
pub(crate) struct Delivery {
    holder: Option<Holder>,
    /// The session cookie's value, where the app goes by an id of its own.
    cookie: Option<Vec<u8>>,
    twins: Option<Arc<Twins>>,
    fresh: Option<Reserved>,
}

/// In the extensions of a response that carries its token already.
#[derive(Clone, Copy)]
pub(crate) struct Delivered;

impl Delivery {
    /// `bound` is what the app says of the request's session.
    pub(crate) fn owed<St: Store>(
        shared: &Shared<St>,
        facts: &Facts<'_>,
        bound: Option<&SessionBinding>,
    ) -> Self {
        let engine = &shared.engine;
        let holder = engine.holder(facts);
        let twins = shared.twins(facts, holder.as_ref());
        let cookie = bound.and_then(SessionBinding::id).and_then(|_| {
            let bare = facts.clone().with_session(SessionEvidence::Cookie);
            match engine.holder(&bare)? {
                Holder::Session(value) => Some(value),
                Holder::User(_) => None,
            }
        });
        Self { holder, cookie, twins, fresh: None }
    }

    /// What a page that goes out with this response must carry.
    pub(crate) fn twins(&self) -> Option<Arc<Twins>> {
        self.twins.clone()
    }

    pub(crate) fn with_fresh(self, fresh: Option<Reserved>) -> Self {
        Self { fresh, ..self }
    }

    /// Puts the token on the response, asking the store where it must.
    pub(crate) async fn apply<St: Store, R>(self, shared: &Shared<St>, response: &mut Response<R>) {
        let Some((holder, same)) = self.recipient(shared, response) else { return };
        // Numbers that were reserved for one session are worth nothing to another.
        let token = match (self.twin(shared, &holder), self.fresh.filter(|_| same)) {
            (Some(token), _) => Some(token),
            (None, Some(fresh)) => {
                let moment = Moment { incarnation: fresh.incarnation, ..shared.moment() };
                shared.engine.tickets(&holder, fresh.serials, moment).pop()
            }
            (None, None) => shared.issue(&holder).await.ok().and_then(|mut tokens| tokens.pop()),
        };
        if let Some(token) = token {
            shared.put(response.headers_mut(), &token);
        }
    }

    /// As [`Delivery::apply`], for patterns that need no store.
    pub(crate) fn apply_now<St: Store, R>(self, shared: &Shared<St>, response: &mut Response<R>) {
        let Some((holder, _)) = self.recipient(shared, response) else { return };
        let token = self.twin(shared, &holder).or_else(|| shared.issue_now(&holder));
        if let Some(token) = token {
            shared.put(response.headers_mut(), &token);
        }
    }

    fn twin<St: Store>(&self, shared: &Shared<St>, holder: &Holder) -> Option<String> {
        let twins = self.twins.as_ref()?;
        twins.known(holder).or_else(|| Some(twins.leave(holder, shared.issue_now(holder)?)))
    }

    /// Whose token the response carries, after all that the app did, and whether that is still who
    /// sent the request.
    fn recipient<St: Store, R>(
        &self,
        shared: &Shared<St>,
        response: &Response<R>,
    ) -> Option<(Holder, bool)> {
        if response.extensions().get::<Delivered>().is_some()
            || !may_carry_token(response.headers())
        {
            return None;
        }
        let cookie = &shared.engine.policy().dialect().session.cookie;
        let changed = match response.extensions().get::<SessionBinding>() {
            Some(binding) => Some(binding.id().map(|id| id.as_bytes().to_vec())),
            // The same cookie with a later end is the same session, whatever the app calls it.
            None => session_change(response.headers(), cookie)
                .filter(|change| change.is_none() || *change != self.cookie),
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
    /// Where the tokens of an exchange must be the same, a place to leave them.
    pub(crate) fn twins(&self, facts: &Facts<'_>, holder: Option<&Holder>) -> Option<Arc<Twins>> {
        let twins = || Twins::after(holder, self.engine.kept_token(facts, self.moment()));
        self.pairs().then(|| Arc::new(twins()))
    }

    /// Whether a client must send each token twice.
    pub(crate) fn pairs(&self) -> bool {
        self.engine.policy().pattern() == Some(Pattern::SignedDoubleSubmit)
    }

    /// A token of a pattern that needs no store.
    pub(crate) fn issue_now(&self, holder: &Holder) -> Option<String> {
        match self.engine.issue(holder, self.moment(), &mut ThreadRandom::default()) {
            Issue::Token(token) => Some(token),
            Issue::Store(..) | Issue::Tickets(_) | Issue::None => None,
        }
    }

    /// Puts `token` on a response that may carry it, as the dialect delivers it.
    pub(crate) fn put(&self, headers: &mut HeaderMap, token: &str) {
        for (name, value) in self.engine.delivery(token) {
            if name == SET_COOKIE {
                headers.append(name, value);
            } else {
                headers.insert(name, value);
            }
        }
        keep_private(headers);
        let deliver = &self.engine.policy().dialect().deliver;
        let vary = deliver.iter().flat_map(|deliver| &deliver.vary);
        let named: Vec<&str> = vary.map(countersign::FieldName::as_str).collect();
        if !named.is_empty()
            && let Ok(value) = HeaderValue::try_from(named.join(", "))
        {
            headers.append(VARY, value);
        }
    }
}
