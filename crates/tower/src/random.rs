//! Randomness for tokens.

use countersign::{Keyring, Random};
use rand::rngs::{SysRng, ThreadRng};
use rand::{Rng, RngExt, TryRng};

/// The generator of this thread: ChaCha, seeded and reseeded by the operating system. Drawing from
/// it costs a twentieth of asking the system each time.
#[derive(Debug, Default)]
pub struct ThreadRandom(ThreadRng);

impl Random for ThreadRandom {
    fn fill(&mut self, bytes: &mut [u8]) {
        self.0.fill_bytes(bytes);
    }
}

/// One of a hundred lots.
pub(crate) fn lot() -> u8 {
    rand::rng().random_range(0..100)
}

/// A keyring with a fresh key, from the operating system's generator.
///
/// # Errors
/// When the system has no randomness to give, which leaves nothing to protect with.
pub fn fresh_keyring() -> Result<Keyring, NoRandomness> {
    let mut bytes = [0; 64];
    SysRng.try_fill_bytes(&mut bytes).map_err(|_| NoRandomness)?;
    Ok(Keyring::from_random(&bytes))
}

/// The bytes of one more key, from the operating system's generator.
///
/// # Errors
/// When the system has no randomness to give.
pub fn fresh_key() -> Result<[u8; 32], NoRandomness> {
    let mut bytes = [0; 32];
    SysRng.try_fill_bytes(&mut bytes).map_err(|_| NoRandomness)?;
    Ok(bytes)
}

/// The operating system's generator failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the operating system has no randomness to give")]
pub struct NoRandomness;
