//! How places are written.

use std::fmt;
use std::path::{Path, PathBuf};

use countersign_store::StoreUrl;
use countersign_store::redis::RedisConfig;

/// Where the keys are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyringPlace {
    /// A file that only its user can read.
    File(PathBuf),
    /// An environment variable, as secret managers fill them.
    Variable(String),
    /// Redis, for all instances at once. Who can read it can make tokens.
    Store(RedisConfig),
}

impl KeyringPlace {
    /// The place that `text` names: `env:NAME`, `store:` or a file's path, relative to `base`.
    ///
    /// # Errors
    /// Where `store` forgets, so that there would be no keys after a restart, or no name is given.
    pub fn parse(text: &str, base: &Path, store: &StoreUrl) -> Result<Self, String> {
        if text == "store:" {
            return Self::beside(store)
                .ok_or_else(|| "the memory store forgets; name a file, or set `store`".to_owned());
        }
        match text.split_once(':') {
            Some(("env", "")) => Err("name the variable: `env:COUNTERSIGN_KEYRING`".to_owned()),
            Some(("env", name)) => Ok(Self::Variable(name.to_owned())),
            _ if text.is_empty() => Err("name a file, `env:NAME` or `store:`".to_owned()),
            _ => Ok(Self::File(base.join(text))),
        }
    }

    /// Where the keys are if nobody says: with what the store keeps.
    #[must_use]
    pub fn beside(store: &StoreUrl) -> Option<Self> {
        match store {
            StoreUrl::Memory => None,
            StoreUrl::File(folder) => Some(Self::File(folder.join("keyring.toml"))),
            StoreUrl::Redis(config) => Some(Self::Store(config.clone())),
        }
    }

    /// The file, where it is one.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            Self::Variable(_) | Self::Store(_) => None,
        }
    }
}

impl fmt::Display for KeyringPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "`{}`", path.display()),
            Self::Variable(name) => write!(f, "the environment variable `{name}`"),
            Self::Store(config) => write!(f, "`{config}`"),
        }
    }
}
