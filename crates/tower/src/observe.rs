//! What came of each request, told to whoever counts or records it.

use countersign::{Engine, Facts, Holder, Permit, Refusal, SessionKey};

/// Is told of each request once, as soon as it is judged and before anything else happens to it:
/// for metrics and audit logs. Whatever takes time belongs elsewhere, since the request waits.
pub trait Observer: Send + Sync + 'static {
    /// A request was judged.
    fn judged(&self, judged: &Judged<'_>);
}

impl<O: Observer + ?Sized> Observer for std::sync::Arc<O> {
    fn judged(&self, judged: &Judged<'_>) {
        (**self).judged(judged);
    }
}

/// A request, and what came of judging it.
#[derive(Clone, Copy, Debug)]
pub struct Judged<'a> {
    pub(crate) engine: &'a Engine,
    pub(crate) facts: &'a Facts<'a>,
    pub(crate) outcome: Judgement<'a>,
}

/// What came of judging a request.
#[derive(Clone, Copy, Debug)]
pub enum Judgement<'a> {
    /// It passes.
    Allowed(&'a Permit),
    /// It passes, but only because the policy reports in place of refusing.
    Reported(&'a Refusal),
    /// It goes no further.
    Refused(&'a Refusal),
}

impl<'a> Judged<'a> {
    /// Who judged.
    #[must_use]
    pub const fn engine(&self) -> &'a Engine {
        self.engine
    }

    /// What the request showed.
    #[must_use]
    pub const fn facts(&self) -> &'a Facts<'a> {
        self.facts
    }

    /// What came of it.
    #[must_use]
    pub const fn outcome(&self) -> Judgement<'a> {
        self.outcome
    }

    /// The name of the request's session in logs, made when it is asked for.
    #[must_use]
    pub fn session(&self) -> Option<SessionKey> {
        match self.engine.holder(self.facts)? {
            Holder::Session(id) => Some(self.engine.session_key(&id)),
            Holder::User(_) => None,
        }
    }
}
