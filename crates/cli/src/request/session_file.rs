//! `--cookie-jar`: cookies and tokens, kept between calls.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use countersign_client::{Jar, SavedTokens, Session};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use zeroize::Zeroizing;

use super::warn;
use crate::failure::Failure;
use crate::output;

/// The version of the file that this program writes and reads.
const VERSION: u32 = 1;

/// The file, locked from opening until saving.
pub(super) struct SessionFile {
    path: PathBuf,
    jar: Arc<Jar>,
    /// By origin.
    tokens: BTreeMap<String, SavedTokens>,
    /// Another call waits for it.
    _lock: File,
}

#[derive(Serialize, Deserialize)]
struct Content {
    countersign_session: u32,
    cookies: Value,
    tokens: BTreeMap<String, SavedTokens>,
}

impl SessionFile {
    pub(super) fn open(path: &Path) -> Result<Self, Failure> {
        // A link is followed, not replaced.
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let lock = lock(&path)?;
        let (jar, tokens) = match read(&path)? {
            Some(text) => understand(&path, &text)?,
            None => (Jar::new(), BTreeMap::new()),
        };
        Ok(Self { path, jar: Arc::new(jar), tokens, _lock: lock })
    }

    pub(super) fn cookies(&self) -> Arc<Jar> {
        Arc::clone(&self.jar)
    }

    pub(super) fn tokens(&self, origin: &str) -> Option<SavedTokens> {
        self.tokens.get(origin).cloned()
    }

    /// Replaces the file in one step, so that nobody ever finds half of it. Of a session that has
    /// `ended`, nothing is kept.
    pub(super) fn save(mut self, session: &Session, ended: bool) -> Result<(), Failure> {
        let failed = |why: String| {
            Failure::world(format!("cannot write the cookie jar `{}`: {why}", self.path.display()))
        };
        let (origin, tokens) = (session.base().origin().ascii_serialization(), session.tokens());
        if ended {
            self.jar.forget(session.base());
        }
        if ended || tokens.is_empty() {
            self.tokens.remove(&origin);
        } else {
            self.tokens.insert(origin, tokens);
        }
        let cookies = self.jar.to_json().map_err(|error| failed(error.to_string()))?;
        let content = Content {
            countersign_session: VERSION,
            cookies: serde_json::from_str(&cookies).map_err(|error| failed(error.to_string()))?,
            tokens: self.tokens,
        };
        let text =
            serde_json::to_string_pretty(&content).map_err(|error| failed(error.to_string()))?;
        let text = Zeroizing::new(text);
        let folder = folder(&self.path);
        let replaced = (|| {
            // Made with mode 0600.
            let mut file = tempfile::NamedTempFile::new_in(folder)?;
            file.write_all(text.as_bytes())?;
            file.write_all(b"\n")?;
            file.as_file().sync_all()?;
            file.persist(&self.path)?;
            Ok::<_, std::io::Error>(())
        })();
        replaced.map_err(|error| failed(error.to_string()))
    }
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Beside the file, because the file itself is replaced.
fn lock(path: &Path) -> Result<File, Failure> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".lock");
    let place = path.with_file_name(name);
    let failed = |error: std::io::Error| {
        Failure::input(format!("cannot lock the cookie jar `{}`: {error}", path.display()))
    };
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(place).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            output::hint(&format!("waiting for another call that uses `{}`", path.display()));
            file.lock().map_err(failed)?;
        }
        Err(TryLockError::Error(error)) => return Err(failed(error)),
    }
    Ok(file)
}

/// `None` when there is no file yet, or an empty one.
fn read(path: &Path) -> Result<Option<Zeroizing<String>>, Failure> {
    match fs::read_to_string(path) {
        Ok(text) => {
            look_at_owner(path);
            Ok(Some(Zeroizing::new(text)).filter(|text| !text.trim().is_empty()))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) if error.kind() == ErrorKind::InvalidData => Err(foreign(path)),
        Err(error) => {
            Err(Failure::input(format!("cannot read the cookie jar `{}`: {error}", path.display())))
        }
    }
}

fn understand(path: &Path, text: &str) -> Result<(Jar, BTreeMap<String, SavedTokens>), Failure> {
    let value: Value = serde_json::from_str(text).map_err(|_| foreign(path))?;
    match value.get("countersign_session") {
        Some(version) if *version == VERSION => {}
        Some(version) => {
            return Err(Failure::input(format!(
                "the cookie jar `{}` is of version {version}, and this program knows {VERSION}; name \
                 another file",
                path.display()
            )));
        }
        None => return Err(foreign(path)),
    }
    // Serde's errors quote what they could not read.
    let content: Content = serde_json::from_value(value).map_err(|_| foreign(path))?;
    let jar = Jar::from_json(&content.cookies.to_string()).map_err(|_| foreign(path))?;
    Ok((jar, content.tokens))
}

fn foreign(path: &Path) -> Failure {
    Failure::input(format!(
        "`{}` is no cookie jar of `countersign request`, or a damaged one; it is left as it is, name \
         another file",
        path.display()
    ))
}

/// Whoever can read the file can act as its user.
#[cfg(unix)]
fn look_at_owner(path: &Path) {
    use std::os::unix::fs::MetadataExt;

    let Ok(found) = fs::metadata(path) else { return };
    if found.uid() != rustix::process::geteuid().as_raw() {
        warn(&format!("the cookie jar `{}` belongs to another user", path.display()));
    }
    if found.mode() & 0o077 != 0 {
        warn(&format!(
            "others may read the cookie jar `{}`; it is made readable by you alone",
            path.display()
        ));
    }
}

#[cfg(not(unix))]
fn look_at_owner(_path: &Path) {}
