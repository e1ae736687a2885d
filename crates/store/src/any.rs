//! Choosing a store by one line of configuration.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use countersign::{Incarnation, SessionKey, StoredToken, Ticket, Timestamp, Token};

use crate::file::{FileLimits, FileSite, FileStore};
use crate::redis::{RedisConfig, RedisStore};
use crate::{MemoryStore, Reserved, SpendAnswer, Store, Unavailable};

/// Where a store is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreUrl {
    /// `memory:`, in this process.
    Memory,
    /// `file:/var/lib/countersign`, a folder of this machine that one process uses.
    File(PathBuf),
    /// `redis://host:6379` and its kin, for many machines.
    Redis(RedisConfig),
}

/// Why a text is not the place of a store.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct StoreUrlError(String);

impl FromStr for StoreUrl {
    type Err = StoreUrlError;

    fn from_str(text: &str) -> Result<Self, StoreUrlError> {
        let (scheme, rest) = text.split_once(':').unwrap_or_default();
        match scheme {
            "memory" if rest.is_empty() => Ok(Self::Memory),
            // `file:///var/lib` is how a URL is written, `file:/var/lib` how a path is.
            "file" => match rest.strip_prefix("//").unwrap_or(rest) {
                "" => Err(StoreUrlError("name the folder: `file:/var/lib/countersign`".into())),
                path => Ok(Self::File(PathBuf::from(path))),
            },
            _ if scheme.starts_with("redis") => {
                text.parse().map(Self::Redis).map_err(|error| StoreUrlError(format!("{error}")))
            }
            // Not quoted: whatever it is, it may hold a password.
            _ => Err(StoreUrlError(
                "a store is `memory:`, `file:FOLDER` or `redis://HOST:PORT`".into(),
            )),
        }
    }
}

/// Without the password.
impl fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory => f.write_str("memory:"),
            Self::File(path) => write!(f, "file:{}", path.display()),
            Self::Redis(config) => config.fmt(f),
        }
    }
}

/// Why a store cannot be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The file store.
    #[error(transparent)]
    File(#[from] crate::file::OpenError),
    /// The Redis store.
    #[error(transparent)]
    Redis(#[from] crate::redis::OpenError),
}

/// A place outside of the process's memory, from which each site of a gateway has a store of its own.
#[derive(Clone)]
pub enum Stores {
    /// In a file.
    File(FileStore),
    /// In Redis.
    Redis(RedisConfig),
}

impl Stores {
    /// Opens the place; nothing for the memory, where each site begins with nothing. Redis is asked
    /// only when a site's store is opened.
    ///
    /// # Errors
    /// When the file cannot be used.
    pub fn open(url: &StoreUrl) -> Result<Option<Self>, OpenError> {
        Ok(match url {
            StoreUrl::Memory => None,
            StoreUrl::File(path) => Some(Self::File(FileStore::open(path, FileLimits::default())?)),
            StoreUrl::Redis(config) => Some(Self::Redis(config.clone())),
        })
    }

    /// The store of the site called `name`.
    ///
    /// A Redis that does not answer is no error: the store refuses until it does.
    ///
    /// # Errors
    /// When its settings cannot be used.
    pub async fn site(&self, name: &str) -> Result<AnyStore, OpenError> {
        Ok(match self {
            Self::File(file) => AnyStore::File(file.site(name)),
            Self::Redis(config) => {
                AnyStore::Redis(Arc::new(RedisStore::open(config.clone(), name).await?))
            }
        })
    }
}

/// The store of one site, whichever it is.
#[derive(Clone)]
pub enum AnyStore {
    /// In this process.
    Memory(Arc<MemoryStore>),
    /// In a file.
    File(FileSite),
    /// In Redis.
    Redis(Arc<RedisStore>),
}

impl From<MemoryStore> for AnyStore {
    fn from(store: MemoryStore) -> Self {
        Self::Memory(Arc::new(store))
    }
}

/// Does the same with whichever store it is.
macro_rules! whichever {
    ($any:expr, $store:ident => $act:expr) => {
        match $any {
            AnyStore::Memory($store) => $act,
            AnyStore::File($store) => $act,
            AnyStore::Redis($store) => $act,
        }
    };
}

impl Store for AnyStore {
    fn incarnation(&self) -> Incarnation {
        whichever!(self, store => store.incarnation())
    }

    async fn reserve(
        &self,
        session: SessionKey,
        count: u32,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<Reserved, Unavailable> {
        whichever!(self, store => store.reserve(session, count, until, now).await)
    }

    async fn spend(
        &self,
        ticket: Ticket,
        replace: u32,
        until: Timestamp,
        now: Timestamp,
    ) -> SpendAnswer {
        whichever!(self, store => store.spend(ticket, replace, until, now).await)
    }

    async fn keep(
        &self,
        session: SessionKey,
        token: Box<Token>,
        now: Timestamp,
    ) -> Result<Box<Token>, Unavailable> {
        whichever!(self, store => store.keep(session, token, now).await)
    }

    async fn stored(&self, session: SessionKey, now: Timestamp) -> StoredToken {
        whichever!(self, store => store.stored(session, now).await)
    }

    async fn end(&self, session: SessionKey) -> Result<(), Unavailable> {
        whichever!(self, store => store.end(session).await)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read_and_shown_without_their_password() {
        for (text, shown) in [
            ("memory:", "memory:"),
            ("file:/var/lib/countersign", "file:/var/lib/countersign"),
            ("file:///var/lib/countersign", "file:/var/lib/countersign"),
            ("file:data", "file:data"),
            ("redis://127.0.0.1:6379", "redis://127.0.0.1:6379"),
        ] {
            let url: StoreUrl = text.parse().unwrap();
            assert_eq!(url.to_string(), shown, "{text}");
        }
        let url: StoreUrl = "redis://gateway:hunter2@127.0.0.1:6379".parse().unwrap();
        assert!(!format!("{url} {url:?}").contains("hunter2"), "{url} {url:?}");
    }

    #[test]
    fn anything_else_is_refused_with_what_to_write() {
        for text in ["", "memory", "memory:x", "file:", "file://", "postgres://u:hunter2@h", "/var"]
        {
            let error = text.parse::<StoreUrl>().unwrap_err().to_string();
            assert!(!error.is_empty() && !error.contains("hunter2"), "{text}: {error}");
        }
    }
}
