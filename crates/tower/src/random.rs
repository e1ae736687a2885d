//! Randomness for tokens.

use countersign::{Keyring, Random};
use rand::Rng;
use rand::rngs::SysRng;
use rand::{TryRng, rngs::ThreadRng};

/// The generator of this thread: ChaCha, seeded and reseeded by the operating system. Drawing from
/// it costs a twentieth of asking the system each time.
#[derive(Debug, Default)]
pub struct ThreadRandom(ThreadRng);

impl Random for ThreadRandom {
    fn fill(&mut self, bytes: &mut [u8]) {
        self.0.fill_bytes(bytes);
    }
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

/// The operating system's generator failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the operating system has no randomness to give")]
pub struct NoRandomness;
