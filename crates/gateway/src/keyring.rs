//! The keys in a file of their own, which is made at the first start.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use countersign::{Keyring, KeyringFileError};
use countersign_tower::{NoRandomness, fresh_keyring};
use zeroize::Zeroizing;

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

/// The keys in `path`. If there is no such file, it is made with new ones.
///
/// # Errors
/// When the file cannot be read or made, or holds something else.
pub fn open_keyring(path: &Path) -> Result<Keyring, KeyringError> {
    let failed = |error| KeyringError::File { path: path.to_owned(), error };
    match fs::read_to_string(path).map(Zeroizing::new) {
        Ok(text) => Keyring::from_toml(&text)
            .map_err(|error| KeyringError::Content { path: path.to_owned(), error }),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let keyring = fresh_keyring()?;
            private(path)
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
    fn a_file_keeps_its_keys() {
        let folder = tempfile::tempdir().unwrap();
        let text = |name| open_keyring(&folder.path().join(name)).unwrap().to_toml();
        assert_eq!(text("one"), text("one"));
        assert_ne!(text("one"), text("two"));
    }

    #[cfg(unix)]
    #[test]
    fn only_its_user_can_read_the_file() {
        use std::os::unix::fs::PermissionsExt;

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keyring.toml");
        open_keyring(&path).unwrap();
        assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_broken_file_is_named_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keyring.toml");
        fs::write(&path, "secret = 1").unwrap();
        let error = open_keyring(&path).unwrap_err().to_string();
        assert!(error.contains("keyring.toml") && error.contains("remove it"), "{error}");
        assert_eq!(fs::read_to_string(path).unwrap(), "secret = 1");
    }
}
