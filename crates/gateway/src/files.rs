//! Noticing that a file has changed.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::config::Config;
use crate::keyring::KeyringPlace;

/// The files that a configuration is made of, as they were when last looked at.
///
/// They are looked at, not subscribed to: that also works for what is mounted, linked to, or replaced
/// as a whole, as editors and certificate tools do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Files(Vec<(PathBuf, Option<(SystemTime, u64)>)>);

impl Files {
    /// Looks at `config`'s own file, if it has one, and all that it names and that may change while it is used.
    #[must_use]
    pub fn of(file: Option<&Path>, config: &Config) -> Self {
        let tls = config.listen.iter().filter_map(|listen| listen.tls.as_ref()).flat_map(|tls| {
            [Some(&tls.certificate), Some(&tls.key), tls.client_ca.as_ref()].into_iter().flatten()
        });
        let sites = config.sites.iter().filter_map(|site| site.upstream_ca.as_ref());
        let named = tls.chain(sites).map(PathBuf::as_path);
        let keyring = config.keyring.as_ref().and_then(KeyringPlace::file);
        Self(file.into_iter().chain(named).chain(keyring).map(look).collect())
    }

    /// Whether one of them is no longer what it was. From then on, what it is now counts.
    pub fn have_changed(&mut self) -> bool {
        let now = Self(self.0.iter().map(|(path, _)| look(path)).collect());
        let changed = now != *self;
        *self = now;
        changed
    }
}

fn look(path: &Path) -> (PathBuf, Option<(SystemTime, u64)>) {
    let seen = std::fs::metadata(path).ok();
    let seen = seen.and_then(|data| Some((data.modified().ok()?, data.len())));
    (path.to_owned(), seen)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_noticed_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("gateway.toml");
        std::fs::write(&path, "a").unwrap();
        let mut files = Files(vec![look(&path)]);
        assert!(!files.have_changed());
        std::fs::write(&path, "ab").unwrap();
        assert!(files.have_changed());
        assert!(!files.have_changed());
        std::fs::remove_file(&path).unwrap();
        assert!(files.have_changed());
        assert!(!files.have_changed());
    }
}
