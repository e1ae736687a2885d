//! What every token is bound to, worked into a MAC.

use hmac::Mac;

use crate::keyring::MacKey;

/// Whom a token belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Binding<'a> {
    /// The value of a session cookie, or the id that the app gave in its place.
    Session(&'a [u8]),
    /// A user's name.
    User(&'a str),
}

impl<'a> Binding<'a> {
    pub(crate) const fn bytes(self) -> &'a [u8] {
        match self {
            Self::Session(id) => id,
            Self::User(name) => name.as_bytes(),
        }
    }

    pub(crate) const fn kind(self) -> u8 {
        match self {
            Self::Session(_) => 1,
            Self::User(_) => 2,
        }
    }
}

/// Pseudo-random words that only the holder of the key can make for these fields.
///
/// Each field is written behind its length, so no two different rows of fields give one text.
/// Words past the first four come from further MACs that differ in a closing counter, the counter
/// mode of NIST SP 800-108.
pub(super) struct Words {
    absorbed: MacKey,
    block: [u8; 32],
    used: usize,
    counter: u8,
}

impl Words {
    pub(super) fn of(key: MacKey, scope: &str, binding: Binding<'_>, fields: &[&[u8]]) -> Self {
        let mut absorbed = key;
        absorb(&mut absorbed, scope.as_bytes());
        absorbed.update(&[binding.kind()]);
        absorb(&mut absorbed, binding.bytes());
        for field in fields {
            absorb(&mut absorbed, field);
        }
        Self { absorbed, block: [0; 32], used: 32, counter: 0 }
    }

    pub(super) fn next(&mut self) -> u64 {
        if self.used >= self.block.len() {
            let mut mac = self.absorbed.clone();
            mac.update(&[self.counter]);
            self.block = mac.finalize().into_bytes().into();
            self.counter += 1;
            self.used = 0;
        }
        let word = self.block.get(self.used..).and_then(<[u8]>::first_chunk);
        self.used += 8;
        word.copied().map_or(0, u64::from_le_bytes)
    }
}

fn absorb(mac: &mut MacKey, field: &[u8]) {
    mac.update(&(field.len() as u32).to_be_bytes());
    mac.update(field);
}
