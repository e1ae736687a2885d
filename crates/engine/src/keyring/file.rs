//! The keyring as a TOML text, so that several instances and restarts can share it.

use std::fmt;
use std::time::Duration;

use data_encoding::HEXLOWER_PERMISSIVE;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{Key, KeyId, Keyring, Secret, State};
use crate::time::Timestamp;

/// Why a text is not a keyring. Never quotes the text: it holds secrets.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyringFileError {
    /// Not TOML, or not these keys.
    #[error("the keyring cannot be read: {message}{place}")]
    Syntax {
        /// What the reader says.
        message: String,
        /// ` in line N`, where known.
        place: String,
    },
    /// A secret is not 64 hex digits.
    #[error("the {0} of the keyring must be 64 hex digits, 32 random bytes")]
    NotASecret(&'static str),
    /// An id out of range or there twice.
    #[error("the key id {0} must be one of 0 to 61, each at most once")]
    BadId(u8),
    /// No current key, or more than one.
    #[error("exactly one key must be without `pending` and `retired`, but {0} are")]
    Current(usize),
    /// A key that is to come and has been.
    #[error("the key {0} cannot be both `pending` and `retired`")]
    Both(u8),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// Seconds.
    grace: u64,
    pseudonym: Hidden,
    key: Vec<KeyEntry>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyEntry {
    id: u8,
    secret: Hidden,
    /// When it was made, in Unix seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    made: Option<u64>,
    /// Accepted, but not used yet.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pending: bool,
    /// Since when it is not used any more, in Unix seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    retired: Option<u64>,
}

impl KeyEntry {
    fn of(key: &Key) -> Self {
        Self {
            id: key.id.get(),
            secret: Hidden::of(&key.secret),
            made: key.made.map(Timestamp::as_secs),
            pending: key.state == State::Pending,
            retired: match key.state {
                State::Retired(since) => Some(since.as_secs()),
                State::Pending | State::Current => None,
            },
        }
    }

    fn read(&self) -> Result<Key, KeyringFileError> {
        let id = KeyId::new(self.id).ok_or(KeyringFileError::BadId(self.id))?;
        let state = match (self.pending, self.retired.map(Timestamp::from_secs)) {
            (false, None) => State::Current,
            (true, None) => State::Pending,
            (false, Some(since)) => State::Retired(since),
            (true, Some(_)) => return Err(KeyringFileError::Both(self.id)),
        };
        let made = self.made.map(Timestamp::from_secs);
        Ok(Key::new(id, self.secret.read("secret")?, made, state))
    }
}

#[derive(Serialize, Deserialize)]
#[serde(transparent)]
struct Hidden(Zeroizing<String>);

impl Hidden {
    fn of(secret: &Secret) -> Self {
        Self(Zeroizing::new(HEXLOWER_PERMISSIVE.encode(secret.expose())))
    }

    fn read(&self, what: &'static str) -> Result<Secret, KeyringFileError> {
        let bytes = HEXLOWER_PERMISSIVE.decode(self.0.as_bytes()).map(Zeroizing::new);
        match bytes {
            Ok(bytes) if bytes.len() == 32 => Ok(Secret::from_slice(&bytes)),
            _ => Err(KeyringFileError::NotASecret(what)),
        }
    }
}

impl Keyring {
    /// The keyring as text. It holds all secrets: keep it readable by the service alone.
    #[must_use]
    pub fn to_toml(&self) -> Zeroizing<String> {
        let file = File {
            grace: self.grace.as_secs(),
            pseudonym: Hidden::of(&self.pseudonym_secret),
            key: std::iter::once(&self.current).chain(&self.keys).map(KeyEntry::of).collect(),
        };
        // Strings and numbers always have a TOML form.
        Zeroizing::new(toml::to_string(&file).unwrap_or_default())
    }

    /// Reads what [`Keyring::to_toml`] wrote.
    ///
    /// # Errors
    /// Anything else; the message says what, and never holds a secret.
    pub fn from_toml(text: &str) -> Result<Self, KeyringFileError> {
        let file: File = toml::from_str(text).map_err(|error| syntax(text, &error))?;
        let pseudonym = file.pseudonym.read("pseudonym")?;
        let mut current = Vec::new();
        let mut others: Vec<Key> = Vec::new();
        for entry in &file.key {
            let key = entry.read()?;
            if current.iter().chain(&others).any(|other: &Key| other.id == key.id) {
                return Err(KeyringFileError::BadId(entry.id));
            }
            if key.state == State::Current { current.push(key) } else { others.push(key) }
        }
        match (current.pop(), current.len()) {
            (Some(only), 0) => {
                Ok(Self::assemble(only, others, pseudonym, Duration::from_secs(file.grace)))
            }
            (None, _) => Err(KeyringFileError::Current(0)),
            (Some(_), more) => Err(KeyringFileError::Current(more + 1)),
        }
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids: Vec<u8> = self.keys.iter().map(|key| key.id.get()).collect();
        f.debug_struct("Keyring").field("current", &self.current.id).field("others", &ids).finish()
    }
}

fn syntax(text: &str, error: &toml::de::Error) -> KeyringFileError {
    let line = error.span().and_then(|span| text.get(..span.start)).map(|b| b.lines().count());
    KeyringFileError::Syntax {
        message: error.message().to_owned(),
        place: line.map(|line| format!(" in line {}", line.max(1))).unwrap_or_default(),
    }
}
