//! The stores of all sites, and the thread on which those live that need one.

use std::sync::Arc;

use countersign_store::{AnyStore, Limits, MemoryStore, OpenError, StoreUrl, Stores};
use rand::Rng;
use tokio::runtime::{Builder, Runtime};

/// Why there is no store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoresError {
    /// It cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// There is no thread to be had for it.
    #[error("cannot start the store's thread: {0}")]
    Thread(#[from] std::io::Error),
}

/// The place where sites remember. It stays the same over reloads.
pub(crate) struct OpenStores {
    /// A test's own.
    given: Option<Arc<MemoryStore>>,
    /// Where it is not this process's memory: the place, and what looks after it also when no
    /// request does.
    outside: Option<(Stores, Runtime)>,
}

impl OpenStores {
    pub(crate) fn open(
        url: &StoreUrl,
        given: Option<Arc<MemoryStore>>,
    ) -> Result<Self, StoresError> {
        let Some(stores) = Stores::open(url)? else { return Ok(Self { given, outside: None }) };
        let keeper =
            Builder::new_multi_thread().worker_threads(1).thread_name("store").enable_all().build();
        Ok(Self { given, outside: Some((stores, keeper?)) })
    }

    /// The store of the site called `name`.
    pub(crate) fn site(&self, name: &str) -> Result<AnyStore, StoresError> {
        if let Some(given) = &self.given {
            return Ok(AnyStore::Memory(given.clone()));
        }
        let Some((stores, keeper)) = &self.outside else {
            return Ok(MemoryStore::new(rand::rng().next_u64(), Limits::default()).into());
        };
        // Whoever asks may be on a thread that must not wait.
        let opened =
            std::thread::scope(|scope| scope.spawn(|| keeper.block_on(stores.site(name))).join());
        match opened {
            Ok(store) => Ok(store?),
            Err(_) => Err(StoresError::Thread(std::io::Error::other("it ended"))),
        }
    }
}

impl Drop for OpenStores {
    fn drop(&mut self) {
        if let Some((_, keeper)) = self.outside.take() {
            // The same for whoever drops it.
            keeper.shutdown_background();
        }
    }
}
