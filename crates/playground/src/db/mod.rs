//! The playground's database: one SQLite file, shared by the five services.
//!
//! One thread owns the connection and takes work from a bounded queue. SQLite allows one writer at
//! a time whatever we do, and a commit may wait for the disk: on its own thread neither holds up
//! the tasks that serve requests, and no pool of blocked threads queues behind a lock.

mod schema;
mod seed;
mod users;

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use rusqlite::Connection;
use tempfile::TempDir;
use tokio::sync::{mpsc, oneshot, watch};

pub(crate) use seed::Seed;
pub(crate) use users::random_id;
pub(crate) use users::{CreateUserError, NewUser, User, Users};

/// Jobs that may wait for the database thread. More than this many requests at once wait their turn
/// without being queued here.
const QUEUE: usize = 256;

const FILE_NAME: &str = "playground.sqlite3";

type Job = Box<dyn FnOnce(&mut Connection) + Send>;

/// A handle on the database. Clones share one connection. When the last one is dropped the database closes,
/// and its temporary folder, if it has one, is removed.
#[derive(Clone)]
pub(crate) struct Db(Arc<Worker>);

/// The database thread.
struct Worker {
    jobs: Option<mpsc::Sender<Job>>,
    thread: Option<JoinHandle<()>>,
    closed: Closed,
}

/// Tells when the database is closed.
#[derive(Clone, Debug)]
pub(crate) struct Closed(watch::Receiver<()>);

/// What can go wrong with the database.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum DbError {
    /// SQLite refused.
    #[error("the database failed: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// The folder cannot be made or used.
    #[error("`--data {folder}`: {source}; give a folder that can be written")]
    Folder {
        /// The folder asked for.
        folder: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// A password could not be hashed.
    #[error(transparent)]
    Password(#[from] crate::passwords::PasswordError),
    /// A stored value is not what this program writes.
    #[error("the database holds an unreadable value: {0}")]
    Value(#[from] serde_json::Error),
    /// The system gave no random bytes.
    #[error("the system has no random bytes: {0}")]
    Random(#[from] getrandom::Error),
    /// The playground is stopping.
    #[error("the database is closed")]
    Closed,
}

impl Db {
    /// Opens the database in `folder`, or in a temporary folder that is removed at the end, and
    /// brings in what `seeds` say when a service is new to it.
    ///
    /// Blocks: call it from a blocking task.
    ///
    /// # Errors
    /// When the folder cannot be written or the file is no database.
    pub(crate) fn open(
        folder: Option<&Path>,
        passwords: &crate::passwords::Passwords,
        seeds: &[Seed],
    ) -> Result<Self, DbError> {
        let (temporary, folder) = match folder {
            Some(folder) => (None, folder.to_owned()),
            None => {
                let made = tempfile::Builder::new().prefix("countersign-playground-").tempdir();
                let made = made.map_err(|source| folder_error(&std::env::temp_dir(), source))?;
                let path = made.path().to_owned();
                (Some(made), path)
            }
        };
        std::fs::create_dir_all(&folder).map_err(|source| folder_error(&folder, source))?;
        let mut connection = Connection::open(folder.join(FILE_NAME))?;
        schema::prepare(&connection)?;
        seed::plant(&mut connection, passwords, seeds)?;
        Self::run(connection, temporary).map_err(|source| folder_error(&folder, source))
    }

    /// Runs `work` on the database thread and gives back what it returns.
    ///
    /// # Errors
    /// What `work` returns, or [`DbError::Closed`].
    pub(crate) async fn call<T, F>(&self, work: F) -> Result<T, DbError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Connection) -> Result<T, DbError> + Send + 'static,
    {
        let (answer, result) = oneshot::channel();
        let job: Job = Box::new(move |connection| {
            // A caller that has gone away needs no answer; what it asked for is done all the same.
            let _ = answer.send(work(connection));
        });
        let jobs = self.0.jobs.as_ref().ok_or(DbError::Closed)?;
        jobs.send(job).await.map_err(|_| DbError::Closed)?;
        result.await.map_err(|_| DbError::Closed)?
    }

    /// Tells when the database is closed; waiting for it while a handle is kept takes for ever.
    pub(crate) fn closed(&self) -> Closed {
        self.0.closed.clone()
    }

    fn run(mut connection: Connection, temporary: Option<TempDir>) -> std::io::Result<Self> {
        let (jobs, mut queue) = mpsc::channel::<Job>(QUEUE);
        let (closing, closed) = watch::channel(());
        let thread = thread::Builder::new().name("database".to_owned()).spawn(move || {
            while let Some(job) = queue.blocking_recv() {
                job(&mut connection);
            }
            if let Err((_, error)) = connection.close() {
                tracing::warn!(%error, "the database did not close cleanly");
            }
            // After the file is closed: some systems cannot remove an open file.
            drop(temporary);
            drop(closing);
        })?;
        let closed = Closed(closed);
        Ok(Self(Arc::new(Worker { jobs: Some(jobs), thread: Some(thread), closed })))
    }
}

impl Drop for Worker {
    /// Waits for the thread, some milliseconds: a process that ends first would leave the temporary folder.
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the database thread has failed");
        }
    }
}

impl fmt::Debug for Db {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Db")
    }
}

impl Closed {
    /// Waits for it.
    pub(crate) async fn wait(mut self) {
        // Nothing is ever sent: the sender is dropped.
        while self.0.changed().await.is_ok() {}
    }
}

impl IntoResponse for DbError {
    /// Says nothing of the cause to the client; the log has it.
    fn into_response(self) -> Response {
        tracing::error!(error = %self, "a request failed because of the database");
        (StatusCode::SERVICE_UNAVAILABLE, "the playground's database does not answer\n")
            .into_response()
    }
}

fn folder_error(folder: &Path, source: std::io::Error) -> DbError {
    DbError::Folder { folder: folder.display().to_string(), source }
}

#[cfg(test)]
mod tests;
