//! The keys that tokens are made with: one current, earlier ones for a grace period, and perhaps the
//! next one, which is accepted before anybody uses it.
//!
//! Every token names its key, so verifying never tries one key after another. Purposes are kept
//! apart by sub-keys, so a token of one pattern can never pass as one of another.

mod file;
mod rotation;
mod secret;

use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

pub use file::KeyringFileError;
pub use rotation::{KeyInfo, KeyState, RotationError};
pub use secret::Secret;

use crate::time::Timestamp;

/// HMAC-SHA-256 with the key already worked in; cloned for each use.
pub(crate) type MacKey = Hmac<Sha256>;

/// How long tokens of a retired key are still good, unless the keyring says otherwise.
const DEFAULT_GRACE: Duration = Duration::from_secs(24 * 3600);

/// The name of a key, carried by each token in its first symbols.
///
/// At most 61, so that one letter or digit can carry it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId(u8);

impl KeyId {
    const COUNT: u8 = 62;

    /// The id with this number.
    #[must_use]
    pub const fn new(number: u8) -> Option<Self> {
        if number < Self::COUNT { Some(Self(number)) } else { None }
    }

    /// Its number.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }
}

/// What a MAC is made for; each use has a sub-key of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    Synchronizer,
    DoubleSubmit,
    Ticket,
}

/// Why a token's key cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoKey {
    Unknown,
    Retired,
}

/// What a key is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Its tokens are accepted; nobody makes any yet.
    Pending,
    /// Tokens are made with it.
    Current,
    /// Its tokens are accepted until the grace after this moment has passed.
    Retired(Timestamp),
}

pub(crate) struct Key {
    id: KeyId,
    secret: Secret,
    made: Option<Timestamp>,
    state: State,
    synchronizer: MacKey,
    double_submit: MacKey,
    ticket: MacKey,
}

impl Key {
    fn new(id: KeyId, secret: Secret, made: Option<Timestamp>, state: State) -> Self {
        let mac = |purpose| keyed(&derive(&secret, purpose));
        Self {
            id,
            synchronizer: mac(b"countersign 1 synchronizer"),
            double_submit: mac(b"countersign 1 signed double submit"),
            ticket: mac(b"countersign 1 one-time"),
            secret,
            made,
            state,
        }
    }

    pub(crate) const fn id(&self) -> KeyId {
        self.id
    }

    pub(crate) const fn mac(&self, purpose: Purpose) -> &MacKey {
        match purpose {
            Purpose::Synchronizer => &self.synchronizer,
            Purpose::DoubleSubmit => &self.double_submit,
            Purpose::Ticket => &self.ticket,
        }
    }

    pub(crate) fn encryption(&self) -> Secret {
        derive(&self.secret, b"countersign 1 encryption")
    }
}

/// All keys of one deployment.
///
/// Every instance that shares sessions shares the keyring; how it reaches them is the caller's
/// matter ([`Keyring::to_toml`], [`Keyring::from_toml`]).
pub struct Keyring {
    /// All others, newest first.
    keys: Vec<Key>,
    current: Key,
    pseudonyms: MacKey,
    pseudonym_secret: Secret,
    grace: Duration,
}

impl Keyring {
    /// A keyring with one key, made of random bytes that the caller drew.
    ///
    /// Draw all 64 from the operating system's generator: the first half becomes the key, the
    /// second half turns session ids into the names that stores and logs see.
    #[must_use]
    pub fn from_random(bytes: &[u8; 64]) -> Self {
        let (key, pseudonyms) = bytes.split_at(32);
        Self::assemble(
            Key::new(KeyId(0), Secret::from_slice(key), None, State::Current),
            Vec::new(),
            Secret::from_slice(pseudonyms),
            DEFAULT_GRACE,
        )
    }

    fn assemble(current: Key, keys: Vec<Key>, pseudonym_secret: Secret, grace: Duration) -> Self {
        let pseudonyms = keyed(&derive(&pseudonym_secret, b"countersign 1 pseudonym"));
        Self { keys, current, pseudonyms, pseudonym_secret, grace }
    }

    /// How long tokens of a retired key are still accepted.
    #[must_use]
    pub const fn with_grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// The id of the key that new tokens are made with.
    #[must_use]
    pub const fn current_id(&self) -> KeyId {
        self.current.id
    }

    pub(crate) const fn current(&self) -> &Key {
        &self.current
    }

    pub(crate) fn find(&self, id: KeyId, now: Timestamp) -> Result<&Key, NoKey> {
        if id == self.current.id {
            return Ok(&self.current);
        }
        let key = self.keys.iter().find(|key| key.id == id).ok_or(NoKey::Unknown)?;
        if is_over(key, self.grace, now) { Err(NoKey::Retired) } else { Ok(key) }
    }

    pub(crate) fn pseudonym(&self) -> MacKey {
        self.pseudonyms.clone()
    }
}

fn is_over(key: &Key, grace: Duration, now: Timestamp) -> bool {
    matches!(key.state, State::Retired(since) if now > since.plus(grace))
}

/// One block of HKDF-Expand (RFC 5869, section 2.3): the secret is uniformly random, so there is
/// nothing to extract.
fn derive(secret: &Secret, label: &[u8]) -> Secret {
    let mut mac = keyed(secret);
    mac.update(label);
    mac.update(&[1]);
    Secret::from_slice(&mac.finalize().into_bytes())
}

fn keyed(secret: &Secret) -> MacKey {
    // HMAC pads a key with zeros to the block of 64 bytes (RFC 2104, section 2); padding it here
    // gives a constructor that cannot fail.
    let mut block = Zeroizing::new([0; 64]);
    for (to, from) in block.iter_mut().zip(secret.expose()) {
        *to = *from;
    }
    MacKey::new(&(*block).into())
}

#[cfg(test)]
mod tests;
