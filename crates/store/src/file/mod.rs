//! A store in one file, for one process that must not forget at a restart.
//!
//! 1. A mark is on the disk before [`Spent::First`] is answered. One thread writes: whatever has
//!    been asked for while the disk was busy goes into the next transaction together, so that a sync
//!    of the disk serves many requests.
//! 2. What only refuses, and what only reads, is answered from the last state on the disk, without
//!    waiting for the writer.
//! 3. A transaction that fails refuses everybody in it, because nobody can tell what the disk has
//!    kept. The file is closed and opened again until that succeeds; meanwhile all are refused.
//! 4. Expired records are dropped a few at a time, with the transactions of others. When the store
//!    is full, the record that expires first, of a few, makes room. Dropping only refuses: new
//!    records begin above the highest number that was ever dropped.
//!
//! The store's life goes on over restarts, so that tickets stay good. Restoring an old copy of the
//! file brings back a state in which tickets spent since are unspent: remove the file instead.

mod batch;
mod open;
mod record;
mod sweep;
mod tables;
mod writer;

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use countersign::{Incarnation, SessionKey, Spent, StoredToken, Ticket, Timestamp, Token};
use tokio::sync::oneshot;
use tokio::time::timeout;

pub use open::OpenError;

use crate::{Reserved, SpendAnswer, Store, Unavailable};
use batch::{Answer, Request, What};
use open::Opener;
use tables::{Base, Site};
use writer::Patience;

/// Requests that may wait for the writer. It takes them all at once, so more than this means that
/// the disk has stopped, and then it is better to refuse than to wait.
const QUEUE: usize = 4096;

/// A full or failing disk is tried again soon, and then twice a second.
const PATIENCE: Patience =
    Patience { first: Duration::from_millis(10), most: Duration::from_millis(500) };

/// A disk that takes longer has stopped, even if it does not say so.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// How much a [`FileStore`] may hold for each of its sites.
#[derive(Clone, Copy, Debug)]
pub struct FileLimits {
    /// Sessions; one that has both tickets and a stored token counts as two.
    pub sessions: u64,
    /// Bytes of records; the file takes about twice as much.
    pub bytes: u64,
    /// How long a stored token outlives its last use, at most; a tenth less at least, because a use
    /// is only written down when that much has gone by.
    pub idle: Duration,
}

impl Default for FileLimits {
    /// A million sessions, 256 MiB, a day.
    fn default() -> Self {
        Self { sessions: 1_000_000, bytes: 256 * 1024 * 1024, idle: Duration::from_secs(24 * 3600) }
    }
}

/// One file and the thread that writes it. Its sites share both, and see nothing of one another.
///
/// A clone is another handle. Dropping the last handle waits until what is queued is answered and
/// the file is closed.
#[derive(Clone)]
pub struct FileStore(Arc<Inner>);

struct Inner {
    base: Arc<Base>,
    sites: Mutex<HashMap<String, Arc<Site>>>,
    limits: FileLimits,
    /// `None` only while being dropped.
    queue: Option<SyncSender<Request>>,
    writer: Option<JoinHandle<()>>,
}

impl FileStore {
    /// Opens `store.redb` in this folder. Makes both where they are missing, for this user alone. Its
    /// sites must be asked on a Tokio runtime with time enabled.
    ///
    /// # Errors
    /// When another process has it open, or it is not such a file, or it cannot be read or written.
    pub fn open(folder: &Path, limits: FileLimits) -> Result<Self, OpenError> {
        Self::with(open::in_folder(folder)?, limits, QUEUE, PATIENCE)
    }

    fn with(
        mut opener: Opener,
        limits: FileLimits,
        queue: usize,
        patience: Patience,
    ) -> Result<Self, OpenError> {
        let database = opener.open()?;
        let sites = tables::known_sites(&database).map_err(|error| opener.unreadable(error))?;
        let base = Arc::new(Base::new(database));
        let (queue, requests) = sync_channel(queue);
        let writer = writer::start(opener, base.clone(), limits, patience, requests)?;
        let inner = Inner {
            base,
            sites: Mutex::new(sites),
            limits,
            queue: Some(queue),
            writer: Some(writer),
        };
        Ok(Self(Arc::new(inner)))
    }

    /// The part of the store that belongs to the site of this name.
    #[must_use]
    pub fn site(&self, name: &str) -> FileSite {
        let mut sites = self.0.sites.lock().unwrap_or_else(PoisonError::into_inner);
        let site = sites.entry(name.to_owned()).or_insert_with(|| Arc::new(Site::new(name)));
        FileSite { store: self.0.clone(), site: site.clone() }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        drop(self.queue.take());
        if let Some(writer) = self.writer.take() {
            // It catches its panics; and were it gone, nothing would be left to wait for.
            let _ = writer.join();
        }
    }
}

/// One site's part of a [`FileStore`].
#[derive(Clone)]
pub struct FileSite {
    store: Arc<Inner>,
    site: Arc<Site>,
}

impl FileSite {
    async fn ask(&self, what: What, now: Timestamp) -> Option<Answer> {
        let (answer, answered) = oneshot::channel();
        self.send(what, now, Some(answer))?;
        timeout(LONGEST_WAIT, answered).await.ok()?.ok()
    }

    /// `None` when the queue is full, or the file is closed.
    fn send(
        &self,
        what: What,
        now: Timestamp,
        answer: Option<oneshot::Sender<Answer>>,
    ) -> Option<()> {
        if self.store.base.is_closed() {
            return None;
        }
        let request = Request { site: self.site.clone(), what, now, answer };
        self.store.queue.as_ref()?.try_send(request).ok()
    }
}

impl Store for FileSite {
    fn incarnation(&self) -> Incarnation {
        Incarnation::from_random(self.site.incarnation.load(Ordering::Acquire))
    }

    async fn reserve(
        &self,
        session: SessionKey,
        count: u32,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<Reserved, Unavailable> {
        match self.ask(What::Reserve { session, count, until }, now).await {
            Some(Answer::Reserved(reserved)) => Ok(reserved),
            _ => Err(Unavailable),
        }
    }

    /// The look before asking the writer reads a few pages of the file, nearly always from memory.
    async fn spend(
        &self,
        ticket: Ticket,
        replace: u32,
        until: Timestamp,
        now: Timestamp,
    ) -> SpendAnswer {
        if ticket.incarnation != self.incarnation() {
            return Spent::Unknown.into();
        }
        match self.store.base.refusal(&self.site, ticket, now) {
            Ok(None) => {}
            Ok(Some(refusal)) => return refusal.into(),
            Err(Unavailable) => return Spent::Unavailable.into(),
        }
        match self.ask(What::Spend { ticket, replace, until }, now).await {
            Some(Answer::Spent(answer)) => answer,
            _ => Spent::Unavailable.into(),
        }
    }

    async fn keep(
        &self,
        session: SessionKey,
        token: Box<Token>,
        now: Timestamp,
    ) -> Result<Box<Token>, Unavailable> {
        match self.ask(What::Keep { session, token }, now).await {
            Some(Answer::Kept(kept)) => Ok(kept),
            _ => Err(Unavailable),
        }
    }

    async fn stored(&self, session: SessionKey, now: Timestamp) -> StoredToken {
        match self.store.base.token(&self.site, session, now) {
            Err(Unavailable) => StoredToken::Unavailable,
            Ok(None) => StoredToken::Missing,
            Ok(Some(kept)) => {
                if batch::is_worth_touching(kept.until, self.store.limits.idle, now) {
                    // Whoever comes next tries again if the queue is full.
                    let _ = self.send(What::Touch { session }, now, None);
                }
                StoredToken::Found(Box::new(kept.token))
            }
        }
    }

    async fn end(&self, session: SessionKey) -> Result<(), Unavailable> {
        match self.ask(What::End { session }, Timestamp::default()).await {
            Some(Answer::Ended) => Ok(()),
            _ => Err(Unavailable),
        }
    }
}

#[cfg(test)]
mod tests;
