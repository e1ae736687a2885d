//! The store itself: queues what is asked and waits for the answer, as long as configured.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use countersign::{Incarnation, SessionKey, Spent, StoredToken, Ticket, Timestamp, Token};
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::config::{OpenError, RedisConfig};
use super::driver::Request;
use super::drivers::Drivers;
use super::jobs::{Job, Work};
use super::shared::Shared;
use crate::{Reserved, SpendAnswer, Store, Unavailable};

/// A store in Redis or Valkey. See [the module](super) for what it promises and how.
pub struct RedisStore {
    pub(super) shared: Arc<Shared>,
    drivers: Drivers,
}

impl RedisStore {
    /// Opens the store of one site. Sites with the same name and prefix share their tickets, on however many
    /// machines they are.
    ///
    /// Must be called on a Tokio runtime with I/O and time enabled, as everything else here. If Redis does
    /// not answer the store is open all the same: it refuses, says so in the log, and recovers by itself.
    ///
    /// # Errors
    ///
    /// If the configuration can never work.
    pub async fn open(config: RedisConfig, site: &str) -> Result<Self, OpenError> {
        tokio::runtime::Handle::try_current().map_err(|_| OpenError::NoRuntime)?;
        let patience = config.patience();
        let shared = Arc::new(Shared::new(config, site)?);
        let drivers = Drivers::new(shared.clone());
        let (reply, ready) = oneshot::channel();
        // Whatever comes of it: the first request finds the incarnation known, or is refused.
        if drivers.send(Request::Ready(reply)).is_ok() {
            let _ = timeout(patience, ready).await;
        }
        Ok(Self { shared, drivers })
    }

    fn ask<T: Send>(
        &self,
        session: SessionKey,
        work: impl FnOnce(oneshot::Sender<T>) -> Work,
    ) -> impl Future<Output = Result<T, Unavailable>> + Send {
        let (reply, answer) = oneshot::channel();
        let sent = self.drivers.send(Request::Job(Job { session, work: work(reply) }));
        let wait = self.shared.config.timeout;
        async move {
            sent?;
            // A driver that drops the question has no answer either.
            timeout(wait, answer).await.ok().and_then(Result::ok).ok_or(Unavailable)
        }
    }

    /// Redis wants whole seconds, and at least one.
    fn idle(&self) -> u64 {
        self.shared.config.idle.max(Duration::from_secs(1)).as_secs()
    }
}

impl Store for RedisStore {
    fn incarnation(&self) -> Incarnation {
        self.shared.incarnation()
    }

    async fn reserve(
        &self,
        session: SessionKey,
        count: u32,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<Reserved, Unavailable> {
        self.ask(session, |reply| Work::Reserve { count, until, now, reply }).await
    }

    async fn spend(
        &self,
        ticket: Ticket,
        replace: u32,
        until: Timestamp,
        now: Timestamp,
    ) -> SpendAnswer {
        let answer =
            self.ask(ticket.session, |reply| Work::Spend { ticket, replace, until, now, reply });
        answer.await.unwrap_or_else(|Unavailable| Spent::Unavailable.into())
    }

    async fn keep(
        &self,
        session: SessionKey,
        token: Box<Token>,
        _now: Timestamp,
    ) -> Result<Box<Token>, Unavailable> {
        let idle = self.idle();
        self.ask(session, |reply| Work::Keep { token, idle, reply }).await
    }

    async fn stored(&self, session: SessionKey, _now: Timestamp) -> StoredToken {
        let idle = self.idle();
        let answer = self.ask(session, |reply| Work::Stored { idle, reply });
        answer.await.unwrap_or(StoredToken::Unavailable)
    }

    async fn end(&self, session: SessionKey) -> Result<(), Unavailable> {
        self.ask(session, |reply| Work::End { reply }).await
    }
}
