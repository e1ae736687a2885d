//! Finding, making and opening the file.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use redb::{Database, DatabaseError, ReadableDatabase, TableError};

use super::record::{CURRENT, FORMAT, SITES, VERSION};
use super::tables::guarded;

/// Pages kept in memory.
const CACHE: usize = 64 * 1024 * 1024;

const NAME: &str = "store.redb";
const LOCK: &str = "store.lock";
/// The file while it is being made, so that one under the real name is always whole.
const UNFINISHED: &str = "store.redb.new";

/// Why a file store cannot be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Another process has it.
    #[error(
        "the store in `{0}` is in use by another process, and one process at a time can have it: \
         stop the other, give this one a folder of its own, or let both use a Redis store"
    )]
    Held(PathBuf),
    /// The folder or a file in it cannot be made, read or written.
    #[error(
        "cannot use `{0}` for a store: {1}; give this process's user a folder that it can write"
    )]
    Unusable(PathBuf, #[source] io::Error),
    /// It is no such file, or a damaged one.
    #[error(
        "`{0}` is not a store, or is damaged ({1}); it has been left as it is: move it away to begin \
         a new store, in which the tickets of the old one are refused"
    )]
    Unreadable(PathBuf, String),
    /// Made by a later release.
    #[error(
        "`{0}` is a store of format {1}, and this release knows formats up to {CURRENT}: use the \
         release that made it, or move the file away to begin a new store"
    )]
    Later(PathBuf, u32),
    /// No thread can be started.
    #[error("cannot start the thread that writes the store: {0}")]
    Thread(#[source] io::Error),
}

/// Opens the file, at first and after each failure.
pub(super) struct Opener {
    path: PathBuf,
    open: Box<dyn FnMut() -> Result<Database, DatabaseError> + Send>,
    /// Held for as long as this process uses the store, also while the file itself is closed.
    _lock: Option<File>,
}

impl Opener {
    pub(super) fn new(
        path: &Path,
        open: impl FnMut() -> Result<Database, DatabaseError> + Send + 'static,
    ) -> Self {
        Self { path: path.to_owned(), open: Box::new(open), _lock: None }
    }

    pub(super) fn open(&mut self) -> Result<Database, OpenError> {
        let database = self.open_again().map_err(|error| self.unreadable(error))?;
        match version(&database).map_err(|error| self.unreadable(error))? {
            CURRENT => Ok(database),
            later => Err(OpenError::Later(self.path.clone(), later)),
        }
    }

    pub(super) fn open_again(&mut self) -> Result<Database, redb::Error> {
        guarded(|| Ok((self.open)()?))
    }

    /// Says it of the file.
    pub(super) fn unreadable(&self, error: redb::Error) -> OpenError {
        let path = self.path.clone();
        match error {
            redb::Error::DatabaseAlreadyOpen => OpenError::Held(path),
            redb::Error::Io(error) if !is_about_content(&error) => OpenError::Unusable(path, error),
            error => OpenError::Unreadable(path, error.to_string()),
        }
    }
}

/// Too short, or not what was expected: the disk itself has no fault.
fn is_about_content(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::InvalidData | ErrorKind::UnexpectedEof)
}

/// Makes the folder and the file where they are missing, and locks them for this process.
pub(super) fn in_folder(folder: &Path) -> Result<Opener, OpenError> {
    let unusable = |path: &Path| {
        let path = path.to_owned();
        move |error| OpenError::Unusable(path, error)
    };
    make_folder(folder).map_err(unusable(folder))?;
    let [path, lock, unfinished] = [NAME, LOCK, UNFINISHED].map(|name| folder.join(name));
    let lock_file = private().open(&lock).map_err(unusable(&lock))?;
    match lock_file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(OpenError::Held(folder.to_owned())),
        Err(TryLockError::Error(error)) => return Err(unusable(&lock)(error)),
    }
    if !path.try_exists().map_err(unusable(&path))? {
        make(folder, &unfinished, &path)?;
    }
    let opened = path.clone();
    let mut opener = Opener::new(&path, move || builder().open(&opened));
    opener._lock = Some(lock_file);
    Ok(opener)
}

/// A new store takes its name only once it is whole, and on the disk.
fn make(folder: &Path, unfinished: &Path, path: &Path) -> Result<(), OpenError> {
    let unusable = |error| OpenError::Unusable(unfinished.to_owned(), error);
    match fs::remove_file(unfinished) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(unusable(error)),
        _ => {}
    }
    let created = private().create_new(true).open(unfinished).map_err(unusable)?;
    drop(created);
    let fresh = unfinished.to_owned();
    let mut opener = Opener::new(unfinished, move || builder().create(&fresh));
    let made = opener.open_again().and_then(|database| {
        initialise(&database)?;
        Ok(database.close()?)
    });
    made.map_err(|error| opener.unreadable(error))?;
    fs::rename(unfinished, path).map_err(unusable)?;
    sync_folder(folder).map_err(unusable)
}

/// What tells a store from other files of this database.
pub(super) fn initialise(database: &Database) -> Result<(), redb::Error> {
    let transaction = database.begin_write()?;
    transaction.open_table(FORMAT)?.insert(VERSION, CURRENT)?;
    transaction.open_table(SITES)?;
    Ok(transaction.commit()?)
}

fn version(database: &Database) -> Result<u32, redb::Error> {
    let foreign = || redb::Error::Corrupted("it holds something else".to_owned());
    guarded(|| {
        let transaction = database.begin_read()?;
        let table = match transaction.open_table(FORMAT) {
            Err(TableError::Storage(error)) => return Err(error.into()),
            Err(_) => return Err(foreign()),
            Ok(table) => table,
        };
        Ok(table.get(VERSION)?.ok_or_else(foreign)?.value())
    })
}

/// Every page's checksum is verified when the file is opened: a mark that the disk has lost would be
/// a ticket to be spent again.
pub(super) fn builder() -> redb::Builder {
    let mut builder = Database::builder();
    builder.set_cache_size(CACHE).set_check_integrity_on_open(true);
    builder
}

fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// A file for this user alone.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// A folder's entries are on the disk only after it is synced; elsewhere than on Unix it cannot be.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}
