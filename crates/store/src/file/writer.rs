//! The one thread that writes: everything that waits goes into one transaction.

use std::collections::HashMap;
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use countersign::Timestamp;
use redb::Database;

use super::batch::{Answer, Open, Request};
use super::open::{OpenError, Opener};
use super::sweep::Sweep;
use super::tables::{Base, Site};
use super::{Arc, FileLimits, Ordering};

/// More in one transaction would only make the first of them wait.
const MOST: usize = 1024;

/// How many records are looked at for their expiry with each transaction, and besides for each
/// request in it: more than a request can add.
const STEP: usize = 64;
const STEP_FOR_EACH: usize = 4;

/// And when nobody waits.
const IDLE_STEP: usize = 256;

pub(super) fn start(
    opener: Opener,
    base: Arc<Base>,
    limits: FileLimits,
    patience: Patience,
    requests: Receiver<Request>,
) -> Result<JoinHandle<()>, OpenError> {
    let mut writer = Writer { opener, base, limits, patience, requests, sweeps: HashMap::new() };
    let thread = std::thread::Builder::new().name("countersign-file".to_owned());
    thread.spawn(move || writer.run()).map_err(OpenError::Thread)
}

/// How long to wait before the file is opened again.
#[derive(Clone, Copy)]
pub(super) struct Patience {
    pub(super) first: Duration,
    pub(super) most: Duration,
}

struct Writer {
    opener: Opener,
    base: Arc<Base>,
    limits: FileLimits,
    patience: Patience,
    requests: Receiver<Request>,
    sweeps: HashMap<String, (Arc<Site>, Sweep)>,
}

impl Writer {
    /// Until the last handle is dropped and the queue is empty.
    fn run(&mut self) {
        let mut now = Timestamp::default();
        while let Some(first) = self.next(now) {
            let mut batch = vec![first];
            batch.extend(self.requests.try_iter().take(MOST - 1));
            batch.retain(|request| !request.is_given_up());
            now = batch.last().map_or(now, |request| request.now.max(now));
            if let Err(error) = self.write(batch) {
                self.reopen(&error);
            }
        }
        self.base.replace(None);
    }

    /// The next request; until one comes, looks for expired records.
    fn next(&mut self, now: Timestamp) -> Option<Request> {
        loop {
            let under_way = self.sweeps.values().find(|(_, sweep)| sweep.is_under_way());
            let Some(site) = under_way.map(|(site, _)| site.clone()) else {
                return self.requests.recv().ok();
            };
            match self.requests.try_recv() {
                Ok(request) => return Some(request),
                Err(TryRecvError::Disconnected) => return None,
                Err(TryRecvError::Empty) => {}
            }
            if let Err(error) = self.sweep(&site, now) {
                self.reopen(&error);
            }
        }
    }

    /// Answers only when all of it is on the disk; whoever is not answered is refused.
    fn write(&mut self, batch: Vec<Request>) -> Result<(), redb::Error> {
        let Self { base, sweeps, limits, .. } = self;
        let (answers, lives) = base.with(|database| transact(database, sweeps, *limits, &batch))?;
        for (site, incarnation) in lives {
            site.incarnation.store(incarnation, Ordering::Release);
        }
        for (request, answer) in batch.into_iter().zip(answers) {
            if let (Some(caller), Some(answer)) = (request.answer, answer) {
                // Its caller may have gone meanwhile; what it asked for is done all the same.
                let _ = caller.send(answer);
            }
        }
        Ok(())
    }

    fn sweep(&mut self, site: &Arc<Site>, now: Timestamp) -> Result<(), redb::Error> {
        let Self { base, sweeps, limits, .. } = self;
        let Some((_, sweep)) = sweeps.get_mut(&site.name) else { return Ok(()) };
        base.with(|database| {
            let transaction = database.begin_write()?;
            let mut open = Open::new(&transaction, site, *limits)?;
            sweep.step(&mut open, now, IDLE_STEP)?;
            let dirty = open.dirty;
            open.close(&transaction, site)?;
            finish(transaction, dirty)
        })
    }

    /// Closes the file and opens it again, however long that takes; who asks meanwhile is refused.
    fn reopen(&mut self, error: &redb::Error) {
        tracing::error!(%error, "the store's file cannot be used: everybody is refused until it can");
        self.base.replace(None);
        self.sweeps.clear();
        let Patience { first: mut patience, most } = self.patience;
        while self.refuse_for(patience) {
            match self.opener.open_again() {
                Ok(database) => {
                    self.base.replace(Some(database));
                    tracing::info!("the store's file can be used again");
                    return;
                }
                Err(error) => tracing::debug!(%error, "the store's file cannot be opened yet"),
            }
            patience = (2 * patience).min(most);
        }
    }

    /// `false` when nobody is left to refuse.
    fn refuse_for(&self, patience: Duration) -> bool {
        let end = Instant::now() + patience;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            match self.requests.recv_timeout(left) {
                // However many more are waiting, they must not keep the file from being opened.
                Ok(_) if left.is_zero() => return true,
                Ok(unanswered) => drop(unanswered),
                Err(RecvTimeoutError::Timeout) => return true,
                Err(RecvTimeoutError::Disconnected) => return false,
            }
        }
    }
}

type Answers = Vec<Option<Answer>>;
type Lives = Vec<(Arc<Site>, u64)>;

/// One site after the other, each with its requests in their order.
fn transact(
    database: &Database,
    sweeps: &mut HashMap<String, (Arc<Site>, Sweep)>,
    limits: FileLimits,
    batch: &[Request],
) -> Result<(Answers, Lives), redb::Error> {
    let transaction = database.begin_write()?;
    let mut answers: Answers = batch.iter().map(|_| None).collect();
    let (mut lives, mut dirty) = (Lives::new(), false);
    for Request { site, .. } in batch {
        if lives.iter().any(|(done, _)| Arc::ptr_eq(done, site)) {
            continue;
        }
        let mut open = Open::new(&transaction, site, limits)?;
        let (mut count, mut now) = (STEP, Timestamp::default());
        for (request, answer) in batch.iter().zip(&mut answers) {
            if Arc::ptr_eq(&request.site, site) {
                *answer = Some(open.act(&request.what, request.now)?);
                (count, now) = (count + STEP_FOR_EACH, now.max(request.now));
            }
        }
        if open.dirty {
            let sweep = sweeps.entry(site.name.clone());
            let (_, sweep) = sweep.or_insert_with(|| (site.clone(), Sweep::default()));
            sweep.step(&mut open, now, count)?;
        }
        dirty |= open.dirty;
        lives.push((site.clone(), open.close(&transaction, site)?.incarnation));
    }
    finish(transaction, dirty)?;
    Ok((answers, lives))
}

fn finish(transaction: redb::WriteTransaction, dirty: bool) -> Result<(), redb::Error> {
    if dirty {
        transaction.commit()?;
    } else {
        transaction.abort()?;
    }
    Ok(())
}
