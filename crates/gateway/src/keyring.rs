//! The keys of all services: kept beside the database, or made for this run.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use countersign::{Keyring, KeyringFileError};
use countersign_tower::{NoRandomness, fresh_keyring};
use zeroize::Zeroizing;

/// Its name in the data folder.
const FILE: &str = "keyring.toml";

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyringError {
    /// The file cannot be read or written.
    #[error("cannot use `{}`: {error}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// The file holds something else.
    #[error("cannot use `{}`: {error}; remove it to have a new one made", .path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        error: KeyringFileError,
    },
    /// The system has no randomness.
    #[error(transparent)]
    Randomness(#[from] NoRandomness),
}

/// The keyring of `folder`, made at the first start; without a folder one for this run.
pub(crate) fn open(folder: Option<&Path>) -> Result<Keyring, KeyringError> {
    let Some(folder) = folder else { return Ok(fresh_keyring()?) };
    let path = folder.join(FILE);
    let failed = |error| KeyringError::File { path: path.clone(), error };
    match fs::read_to_string(&path).map(Zeroizing::new) {
        Ok(text) => {
            Keyring::from_toml(&text).map_err(|error| KeyringError::Content { path, error })
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let keyring = fresh_keyring()?;
            private(&path)
                .and_then(|mut file| file.write_all(keyring.to_toml().as_bytes()))
                .map_err(failed)?;
            Ok(keyring)
        }
        Err(error) => Err(failed(error)),
    }
}

/// A new file that only this user can read: whoever has the keys can make tokens.
fn private(path: &Path) -> std::io::Result<fs::File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_keeps_its_keys_and_without_one_they_are_new() {
        let folder = tempfile::tempdir().unwrap();
        let text = |folder| open(folder).unwrap().to_toml();
        assert_eq!(text(Some(folder.path())), text(Some(folder.path())));
        assert_ne!(text(None), text(None));
    }

    #[cfg(unix)]
    #[test]
    fn only_its_user_can_read_the_file() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        open(Some(folder.path())).unwrap();
        let mode = fs::metadata(folder.path().join(FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_broken_file_is_named_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        fs::write(&path, "secret = 1").unwrap();
        let error = open(Some(folder.path())).unwrap_err().to_string();
        assert!(error.contains("keyring.toml") && error.contains("remove it"), "{error}");
        assert_eq!(fs::read_to_string(path).unwrap(), "secret = 1");
    }
}
