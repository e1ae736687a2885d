//! The stores of all sites, and the thread on which those live that need one.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use countersign_store::{AnyStore, MemoryLimits, MemoryStore, OpenError, StoreUrl, Stores};
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
    /// Where it is not this process's memory.
    outside: Option<Outside>,
}

struct Outside {
    stores: Stores,
    /// Looks after them also when no request does.
    keeper: Runtime,
    /// Whether Redis' settings were looked at.
    warned: AtomicBool,
}

impl OpenStores {
    pub(crate) fn open(
        url: &StoreUrl,
        given: Option<Arc<MemoryStore>>,
    ) -> Result<Self, StoresError> {
        let Some(stores) = Stores::open(url)? else { return Ok(Self { given, outside: None }) };
        let mut builder = Builder::new_multi_thread();
        let keeper = builder.worker_threads(1).thread_name("store").enable_all().build()?;
        let outside = Outside { stores, keeper, warned: AtomicBool::new(false) };
        Ok(Self { given, outside: Some(outside) })
    }

    /// The store of the site called `name`.
    pub(crate) fn site(&self, name: &str) -> Result<AnyStore, StoresError> {
        if let Some(given) = &self.given {
            return Ok(AnyStore::Memory(given.clone()));
        }
        let Some(outside) = &self.outside else {
            return Ok(MemoryStore::new(rand::rng().next_u64(), MemoryLimits::default()).into());
        };
        // Whoever asks may be on a thread that must not wait.
        let opened = std::thread::scope(|scope| {
            scope.spawn(|| outside.keeper.block_on(outside.site(name))).join()
        });
        opened.unwrap_or_else(|_| Err(std::io::Error::other("it ended").into()))
    }
}

impl Outside {
    async fn site(&self, name: &str) -> Result<AnyStore, StoresError> {
        let store = self.stores.site(name).await?;
        // The same for all sites: said once.
        if let AnyStore::Redis(redis) = &store
            && !self.warned.swap(true, Ordering::Relaxed)
        {
            for warning in redis.warnings().await {
                tracing::warn!(target: "countersign", "{warning}");
            }
        }
        Ok(store)
    }
}

impl Drop for OpenStores {
    fn drop(&mut self) {
        if let Some(Outside { keeper, .. }) = self.outside.take() {
            // The same for whoever drops it.
            keeper.shutdown_background();
        }
    }
}
