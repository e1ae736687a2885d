//! The open file as all threads see it, and its sites.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, PoisonError, RwLock};

use countersign::{SessionKey, Spent, Ticket, Timestamp};
use redb::{Database, ReadTransaction, ReadableDatabase, ReadableTable};

use super::record::{Definition, Kept, Marks, SITES, SiteRow};
use crate::Unavailable;
use crate::marks::is_over;

/// One site's place in the file.
pub(super) struct Site {
    pub(super) name: String,
    pub(super) incarnation: AtomicU64,
    marks: String,
    tokens: String,
}

impl Site {
    /// One that the file does not know yet.
    pub(super) fn new(name: &str) -> Self {
        Self::known(name, draw())
    }

    fn known(name: &str, incarnation: u64) -> Self {
        Self {
            name: name.to_owned(),
            incarnation: incarnation.into(),
            marks: format!("marks:{name}"),
            tokens: format!("tokens:{name}"),
        }
    }

    pub(super) fn marks(&self) -> Definition<'_> {
        Definition::new(&self.marks)
    }

    pub(super) fn tokens(&self) -> Definition<'_> {
        Definition::new(&self.tokens)
    }
}

/// A number for a new life. It must not come again, and need not be secret: the standard library's
/// hash keys, which are drawn from the operating system, are enough.
pub(super) fn draw() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// All sites that the file has records of.
pub(super) fn known_sites(database: &Database) -> Result<HashMap<String, Arc<Site>>, redb::Error> {
    guarded(|| {
        let table = database.begin_read()?.open_table(SITES)?;
        let mut sites = HashMap::new();
        for entry in table.iter()? {
            let (name, row) = entry?;
            let row = SiteRow::decode(row.value()).ok_or_else(|| damaged("site"))?;
            let site = Site::known(name.value(), row.incarnation);
            sites.insert(name.value().to_owned(), Arc::new(site));
        }
        Ok(sites)
    })
}

/// The file, or nothing while it cannot be used.
pub(super) struct Base(RwLock<Option<Database>>);

impl Base {
    pub(super) const fn new(database: Database) -> Self {
        Self(RwLock::new(Some(database)))
    }

    /// The present file out, another or none in.
    pub(super) fn replace(&self, database: Option<Database>) {
        let before = std::mem::replace(
            &mut *self.0.write().unwrap_or_else(PoisonError::into_inner),
            database,
        );
        // Closing writes to the file, which is nothing to hold the lock for.
        let closed = catch_unwind(AssertUnwindSafe(|| drop(before)));
        if closed.is_err() {
            tracing::error!("closing the store's file failed");
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).is_none()
    }

    /// Acts on the file. Panics in the database are errors: a file can be damaged in ways that it
    /// does not expect.
    pub(super) fn with<T>(
        &self,
        act: impl FnOnce(&Database) -> Result<T, redb::Error>,
    ) -> Result<T, redb::Error> {
        let database = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let database = database.as_ref().ok_or(redb::Error::DatabaseClosed)?;
        guarded(|| act(database))
    }

    fn read<T>(
        &self,
        act: impl FnOnce(&ReadTransaction) -> Result<Option<T>, redb::Error>,
    ) -> Result<Option<T>, Unavailable> {
        let outcome = self.with(|database| act(&database.begin_read()?));
        match outcome {
            Ok(found) => Ok(found),
            Err(redb::Error::TableDoesNotExist(_)) => Ok(None),
            Err(_) => Err(Unavailable),
        }
    }

    /// Why the ticket is not worth the writer's time, if so.
    pub(super) fn refusal(
        &self,
        site: &Site,
        ticket: Ticket,
        now: Timestamp,
    ) -> Result<Option<Spent>, Unavailable> {
        let spent = self.read(|transaction| {
            let table = transaction.open_table(site.marks())?;
            let Some(entry) = table.get(&ticket.session.to_bytes())? else {
                return Ok(Some(Spent::Unknown));
            };
            let mut marks = Marks::decode(entry.value()).ok_or_else(|| damaged("marks"))?;
            let over = is_over(marks.until(), now);
            Ok(Some(if over { Spent::Unknown } else { marks.spend(ticket.serial) }))
        })?;
        Ok(match spent {
            Some(Spent::First) => None,
            refusal => Some(refusal.unwrap_or(Spent::Unknown)),
        })
    }

    pub(super) fn token(
        &self,
        site: &Site,
        session: SessionKey,
        now: Timestamp,
    ) -> Result<Option<Kept>, Unavailable> {
        self.read(|transaction| {
            let table = transaction.open_table(site.tokens())?;
            let Some(entry) = table.get(&session.to_bytes())? else { return Ok(None) };
            let kept = Kept::decode(entry.value()).ok_or_else(|| damaged("token"))?;
            Ok(Some(kept).filter(|kept| !is_over(kept.until, now)))
        })
    }
}

pub(super) fn damaged(what: &str) -> redb::Error {
    redb::Error::Corrupted(format!("a {what} record cannot be read"))
}

pub(super) fn guarded<T>(act: impl FnOnce() -> Result<T, redb::Error>) -> Result<T, redb::Error> {
    catch_unwind(AssertUnwindSafe(act))
        .unwrap_or_else(|_| Err(redb::Error::Corrupted("the database gave up".to_owned())))
}
