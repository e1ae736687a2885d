//! Bytes that must not be shown.

use std::fmt;

use zeroize::Zeroizing;

/// 32 secret bytes: wiped when dropped, never printed.
#[derive(Clone)]
pub struct Secret(Zeroizing<[u8; 32]>);

impl Secret {
    /// Takes over 32 bytes.
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The first 32 of `bytes`; missing ones are zero, which callers rule out by their types.
    pub(crate) fn from_slice(bytes: &[u8]) -> Self {
        let mut own = Zeroizing::new([0; 32]);
        for (to, from) in own.iter_mut().zip(bytes) {
            *to = *from;
        }
        Self(own)
    }

    pub(crate) fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}
