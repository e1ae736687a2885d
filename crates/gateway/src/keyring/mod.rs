//! Where the keys are: a file, an environment variable, or the store.

mod file;
mod place;
#[cfg(test)]
mod tests;

use countersign::{Keyring, KeyringFileError};
use countersign_store::redis::{self, RedisConfig, RedisKeyring};
use countersign_tower::{NoRandomness, fresh_keyring};
use zeroize::Zeroizing;

pub use place::KeyringPlace;

/// How often a change is tried again when somebody else was quicker.
const ATTEMPTS: usize = 16;

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyringError {
    /// They cannot be read or written.
    #[error("cannot use {place}: {error}")]
    Place {
        /// Where they are.
        place: Box<KeyringPlace>,
        /// What the system says.
        error: std::io::Error,
    },
    /// Something else is there.
    #[error("cannot use {place}: {error}; remove what is there to have a new one made")]
    Content {
        /// Where it is.
        place: Box<KeyringPlace>,
        /// What is wrong with it.
        error: KeyringFileError,
    },
    /// Nothing is there, and nothing can be made there.
    #[error("there are no keys in {0}; `countersign keys new` makes some")]
    Missing(Box<KeyringPlace>),
    /// The variables of another process are its own.
    #[error("{0} cannot be changed from here")]
    Fixed(Box<KeyringPlace>),
    /// Redis.
    #[error("cannot use {place}: {message}")]
    Store {
        /// Where they are.
        place: Box<KeyringPlace>,
        /// What went wrong.
        message: String,
    },
    /// Others change them without a pause.
    #[error("{0} is changed by others all the time; try again")]
    Contended(Box<KeyringPlace>),
    /// The system has no randomness.
    #[error(transparent)]
    Randomness(#[from] NoRandomness),
}

impl KeyringPlace {
    /// The keys; made, if there are none and they can be.
    ///
    /// # Errors
    /// When they cannot be read or made, or something else is there.
    pub fn open(&self) -> Result<Keyring, KeyringError> {
        for _ in 0..ATTEMPTS {
            if let Some(ring) = self.load()? {
                return Ok(ring);
            }
            let ring = fresh_keyring()?;
            match self.write(None, &ring.to_toml()) {
                Ok(true) => return Ok(ring),
                // Somebody else has just made them: all must have the same.
                Ok(false) => {}
                Err(KeyringError::Fixed(place)) => return Err(KeyringError::Missing(place)),
                Err(error) => return Err(error),
            }
        }
        Err(KeyringError::Contended(self.boxed()))
    }

    /// Puts keys back where none are any more: all other instances still have these.
    ///
    /// # Errors
    /// When they cannot be written.
    pub(crate) fn restore(&self, ring: &Keyring) -> Result<bool, KeyringError> {
        self.write(None, &ring.to_toml())
    }

    /// The keys, if there are any.
    ///
    /// # Errors
    /// When they cannot be read, or something else is there.
    pub fn load(&self) -> Result<Option<Keyring>, KeyringError> {
        self.read()?.map(|text| self.decode(&text)).transpose()
    }

    /// Changes the keys, all at once: `change` is asked again if somebody else changes them in the
    /// meantime.
    ///
    /// # Errors
    /// When they cannot be read or written, or what `change` fails with.
    pub fn change<E: From<KeyringError>>(
        &self,
        mut change: impl FnMut(Option<Keyring>) -> Result<Keyring, E>,
    ) -> Result<Keyring, E> {
        for _ in 0..ATTEMPTS {
            let before = self.read()?;
            let ring = before.as_deref().map(|text| self.decode(text)).transpose()?;
            let ring = change(ring)?;
            if self.write(before.as_deref().map(String::as_str), &ring.to_toml())? {
                return Ok(ring);
            }
        }
        Err(KeyringError::Contended(self.boxed()).into())
    }

    fn decode(&self, text: &str) -> Result<Keyring, KeyringError> {
        Keyring::from_toml(text)
            .map_err(|error| KeyringError::Content { place: self.boxed(), error })
    }

    fn read(&self) -> Result<Option<Zeroizing<String>>, KeyringError> {
        match self {
            Self::File(path) => file::read(path).map_err(|error| self.failed(error)),
            Self::Variable(name) => match std::env::var(name) {
                Ok(text) => Ok(Some(Zeroizing::new(text))),
                Err(std::env::VarError::NotPresent) => Ok(None),
                Err(std::env::VarError::NotUnicode(_)) => {
                    let error = std::io::Error::other("it is not text");
                    Err(self.failed(error))
                }
            },
            Self::Store(config) => self.ask(config, async |store| store.load().await),
        }
    }

    /// Writes the keys, unless what is there is no longer `before`.
    fn write(&self, before: Option<&str>, text: &str) -> Result<bool, KeyringError> {
        match self {
            Self::File(path) => file::swap(path, before, text).map_err(|error| self.failed(error)),
            Self::Variable(_) => Err(KeyringError::Fixed(self.boxed())),
            Self::Store(config) => self.ask(config, async |store| store.swap(before, text).await),
        }
    }

    /// Asks Redis, on a thread of its own: the caller may be on one that must not wait.
    fn ask<T: Send>(
        &self,
        config: &RedisConfig,
        act: impl AsyncFnOnce(&RedisKeyring) -> Result<T, redis::KeyringError> + Send,
    ) -> Result<T, KeyringError> {
        let asked = std::thread::scope(|scope| {
            let thread = scope.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                let runtime = runtime.map_err(|error| error.to_string())?;
                let store = RedisKeyring::new(config.clone()).map_err(|error| error.to_string())?;
                runtime.block_on(act(&store)).map_err(|error| error.to_string())
            });
            thread.join().unwrap_or_else(|_| Err("the thread that asked ended".to_owned()))
        });
        asked.map_err(|message| KeyringError::Store { place: self.boxed(), message })
    }

    fn failed(&self, error: std::io::Error) -> KeyringError {
        KeyringError::Place { place: self.boxed(), error }
    }

    fn boxed(&self) -> Box<Self> {
        Box::new(self.clone())
    }
}
