//! What a handler can do with tokens.

use std::pin::Pin;
use std::sync::Arc;

use countersign::{Head, Holder, Issue, Moment, RouteAccess};
use countersign_store::Store;
use http::request::Parts;
use http::{Extensions, HeaderMap, Response};

use crate::deliver::Delivered;
use crate::layer::Shared;
use crate::random::ThreadRandom;
use crate::response::may_carry_token;
use crate::twins::Twins;

type Pending<'a, T> = Pin<Box<dyn Future<Output = Result<T, IssueError>> + Send + 'a>>;

/// Why no token was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IssueError {
    /// The request belongs to no session or user, so a token would belong to nobody.
    #[error("the request has no session or user that a token could belong to")]
    NoHolder,
    /// The dialect has no token for such a holder.
    #[error("the dialect has no such token")]
    NoToken,
    /// The store did not answer.
    #[error("the store did not answer")]
    Store,
}

/// A handler's access to tokens, for each request that the layer let through.
///
/// At login call [`Csrf::token_for_session`] or [`Csrf::token_for_user`] where the answer itself
/// carries the token; a dialect that delivers tokens in headers or cookies follows the new session
/// by itself. At logout call [`Csrf::end`].
#[derive(Clone)]
pub struct Csrf {
    desk: Arc<dyn Desk>,
    holder: Option<Holder>,
    /// Double submit: the tokens that the response's cookie carries too; a page must carry no others.
    twins: Option<Arc<Twins>>,
}

impl Csrf {
    /// For a response that no request is known to belong to.
    pub(crate) fn of_holder<St: Store>(shared: Arc<Shared<St>>, holder: Holder) -> Self {
        let twins = shared.pairs().then(Arc::default);
        Self { desk: shared, holder: Some(holder), twins }
    }

    /// The handle of a request that the layer let through. The extractor for axum does this.
    #[must_use]
    pub fn from_parts(parts: &Parts) -> Option<Self> {
        let Handle { desk, twins } = parts.extensions.get::<Handle>()?;
        let holder = desk.holder(parts.into(), &parts.extensions);
        let twins = twins.clone();
        let twins = twins.or_else(|| desk.twins(parts.into(), &parts.extensions, holder.as_ref()));
        Some(Self { desk: desk.clone(), holder, twins })
    }

    /// The token of this request's session or user: where the dialect has one-time tokens, one
    /// ticket.
    ///
    /// # Errors
    /// See [`IssueError`].
    pub async fn token(&self) -> Result<String, IssueError> {
        self.one(self.holder.as_ref().ok_or(IssueError::NoHolder)?).await
    }

    /// As many one-time tokens as the dialect's pool holds.
    ///
    /// # Errors
    /// See [`IssueError`].
    pub async fn tickets(&self) -> Result<Vec<String>, IssueError> {
        let holder = self.holder.as_ref().ok_or(IssueError::NoHolder)?;
        self.desk.issue(holder, self.desk.pool()).await
    }

    /// As [`Csrf::tickets`], for a session that begins with this response.
    ///
    /// # Errors
    /// See [`IssueError`].
    pub async fn tickets_for_session(&self, id: &str) -> Result<Vec<String>, IssueError> {
        let holder = Holder::Session(id.as_bytes().to_vec());
        self.desk.issue(&holder, self.desk.pool()).await
    }

    /// The token of a session that begins with this response.
    ///
    /// # Errors
    /// See [`IssueError`].
    pub async fn token_for_session(&self, id: &str) -> Result<String, IssueError> {
        self.one(&Holder::Session(id.as_bytes().to_vec())).await
    }

    /// The token of a user, for dialects that bind it to one.
    ///
    /// # Errors
    /// See [`IssueError`].
    pub async fn token_for_user(&self, name: &str) -> Result<String, IssueError> {
        self.one(&Holder::User(name.to_owned())).await
    }

    /// Puts the token on a response that the layer puts none on, such as a page in place of a
    /// refusal: in the headers and the cookie in which the dialect delivers tokens, the same text as
    /// [`Csrf::token`] gives. As always, not on a response that shared caches may keep.
    ///
    /// # Errors
    /// See [`IssueError`].
    pub async fn deliver<B>(&self, response: &mut Response<B>) -> Result<(), IssueError> {
        if may_carry_token(response.headers()) {
            let token = self.token().await?;
            self.desk.put(response.headers_mut(), &token);
            response.extensions_mut().insert(Delivered);
        }
        Ok(())
    }

    async fn one(&self, holder: &Holder) -> Result<String, IssueError> {
        if let Some(token) = self.twins.as_ref().and_then(|twins| twins.known(holder)) {
            return Ok(token);
        }
        let token = self.desk.issue(holder, 1).await?.pop().ok_or(IssueError::NoToken)?;
        Ok(match &self.twins {
            Some(twins) => twins.leave(holder, token),
            None => token,
        })
    }

    /// Another text for the same token, for use in HTML.
    #[must_use]
    pub fn masked(&self, token: &str) -> String {
        self.desk.masked(token)
    }

    /// The name of the form field that carries a token.
    #[must_use]
    pub fn field_name(&self) -> Option<String> {
        self.desk.field_name()
    }

    /// Forgets all that is kept for this request's session, at logout.
    ///
    /// # Errors
    /// [`IssueError::Store`]; then tickets of the session stay good until they expire, or until the
    /// app's own session ends.
    pub async fn end(&self) -> Result<(), IssueError> {
        match &self.holder {
            Some(holder) => self.desk.end(holder).await,
            None => Ok(()),
        }
    }
}

impl std::fmt::Debug for Csrf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Csrf").field("holder", &self.holder).finish_non_exhaustive()
    }
}

/// What stands in the extensions of a request that was let through: as little as a handler needs to
/// make a [`Csrf`] of, since few handlers do.
#[derive(Clone)]
pub(crate) struct Handle {
    desk: Arc<dyn Desk>,
    twins: Option<Arc<Twins>>,
}

impl Handle {
    pub(crate) fn new<St: Store>(shared: Arc<Shared<St>>, twins: Option<Arc<Twins>>) -> Self {
        Self { desk: shared, twins }
    }
}

/// The layer as handlers see it, whatever its store.
trait Desk: Send + Sync {
    fn holder(&self, head: Head<'_>, extensions: &Extensions) -> Option<Holder>;
    fn twins(&self, _: Head<'_>, _: &Extensions, holder: Option<&Holder>) -> Option<Arc<Twins>>;
    fn issue<'a>(&'a self, holder: &'a Holder, count: u32) -> Pending<'a, Vec<String>>;
    fn end<'a>(&'a self, holder: &'a Holder) -> Pending<'a, ()>;
    fn put(&self, headers: &mut HeaderMap, token: &str);
    fn masked(&self, token: &str) -> String;
    fn field_name(&self) -> Option<String>;
    fn pool(&self) -> u32;
}

impl<St: Store> Desk for Shared<St> {
    fn holder(&self, head: Head<'_>, extensions: &Extensions) -> Option<Holder> {
        self.engine.holder(&self.facts(head, extensions, RouteAccess::Unspecified))
    }

    fn twins(
        &self,
        head: Head<'_>,
        extensions: &Extensions,
        holder: Option<&Holder>,
    ) -> Option<Arc<Twins>> {
        self.twins(&self.facts(head, extensions, RouteAccess::Unspecified), holder)
    }

    fn issue<'a>(&'a self, holder: &'a Holder, count: u32) -> Pending<'a, Vec<String>> {
        Box::pin(self.issue_many(holder, count))
    }

    fn end<'a>(&'a self, holder: &'a Holder) -> Pending<'a, ()> {
        Box::pin(async move {
            let Holder::Session(id) = holder else { return Ok(()) };
            let session = self.engine.session_key(id);
            self.store.end(session).await.map_err(|_| IssueError::Store)
        })
    }

    fn put(&self, headers: &mut HeaderMap, token: &str) {
        self.put(headers, token);
    }

    fn masked(&self, token: &str) -> String {
        self.engine.masked(token, &mut ThreadRandom::default())
    }

    fn field_name(&self) -> Option<String> {
        self.engine.policy().dialect().token.as_ref().and_then(|token| token.field.clone())
    }

    fn pool(&self) -> u32 {
        self.pool().1
    }
}

impl<St: Store> Shared<St> {
    pub(crate) async fn issue(&self, holder: &Holder) -> Result<Vec<String>, IssueError> {
        self.issue_many(holder, 1).await
    }

    async fn issue_many(&self, holder: &Holder, count: u32) -> Result<Vec<String>, IssueError> {
        let moment = self.moment();
        // The generator of a thread must not be held across an await.
        let issue = self.engine.issue(holder, moment, &mut ThreadRandom::default());
        match issue {
            Issue::Token(token) => Ok(vec![token]),
            Issue::None => Err(IssueError::NoToken),
            Issue::Store(session, token) => {
                let kept = self.store.keep(session, token, moment.now).await;
                kept.map(|token| vec![token.as_str().to_owned()]).map_err(|_| IssueError::Store)
            }
            Issue::Tickets(session) => {
                let (lifetime, _) = self.pool();
                let until = moment.now.plus(lifetime);
                let reserved = self.store.reserve(session, count, until, moment.now).await;
                let reserved = reserved.map_err(|_| IssueError::Store)?;
                let moment = Moment { incarnation: reserved.incarnation, ..moment };
                Ok(self.engine.tickets(holder, reserved.serials, moment))
            }
        }
    }
}
