//! A store that can be switched off.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use countersign::{Incarnation, SessionKey, Spent, StoredToken, Ticket, Timestamp, Token};
use countersign_store::{MemoryLimits, MemoryStore, Reserved, SpendAnswer, Store, Unavailable};

/// A memory store that answers nothing while it is down. Clones share one switch and one memory.
#[derive(Clone)]
pub(crate) struct Switched {
    memory: Arc<MemoryStore>,
    down: Arc<AtomicBool>,
}

impl Switched {
    pub(crate) fn new(random: u64, down: bool) -> Self {
        let memory = Arc::new(MemoryStore::new(random, MemoryLimits::default()));
        Self { memory, down: Arc::new(AtomicBool::new(down)) }
    }

    pub(crate) fn set_down(&self, down: bool) {
        self.down.store(down, Ordering::SeqCst);
    }

    fn up(&self) -> Result<&MemoryStore, Unavailable> {
        if self.down.load(Ordering::SeqCst) { Err(Unavailable) } else { Ok(&self.memory) }
    }
}

impl Store for Switched {
    fn incarnation(&self) -> Incarnation {
        self.memory.incarnation()
    }

    async fn reserve(
        &self,
        session: SessionKey,
        count: u32,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<Reserved, Unavailable> {
        self.up()?.reserve(session, count, until, now).await
    }

    async fn spend(
        &self,
        ticket: Ticket,
        replace: u32,
        until: Timestamp,
        now: Timestamp,
    ) -> SpendAnswer {
        match self.up() {
            Ok(memory) => memory.spend(ticket, replace, until, now).await,
            Err(Unavailable) => Spent::Unavailable.into(),
        }
    }

    async fn keep(
        &self,
        session: SessionKey,
        token: Box<Token>,
        now: Timestamp,
    ) -> Result<Box<Token>, Unavailable> {
        self.up()?.keep(session, token, now).await
    }

    async fn stored(&self, session: SessionKey, now: Timestamp) -> StoredToken {
        match self.up() {
            Ok(memory) => memory.stored(session, now).await,
            Err(Unavailable) => StoredToken::Unavailable,
        }
    }

    async fn end(&self, session: SessionKey) -> Result<(), Unavailable> {
        self.up()?.end(session).await
    }
}
