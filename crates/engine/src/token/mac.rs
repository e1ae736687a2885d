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

/// Fills `words` with pseudo-random bits that only the holder of the key can make for these fields.
///
/// Each field is written behind its length, so no two different rows of fields give one text.
/// Words past the first four come from further MACs that differ in a closing counter, the counter
/// mode of NIST SP 800-108.
pub(super) fn fill(
    words: &mut [u64],
    key: &MacKey,
    scope: &str,
    binding: Binding<'_>,
    fields: &[&[u8]],
) {
    for (counter, words) in words.chunks_mut(4).enumerate() {
        let mut mac = key.clone();
        absorb(&mut mac, scope.as_bytes());
        mac.update(&[binding.kind()]);
        absorb(&mut mac, binding.bytes());
        for field in fields {
            absorb(&mut mac, field);
        }
        mac.update(&[counter as u8]);
        let block: [u8; 32] = mac.finalize().into_bytes().into();
        for (word, bytes) in words.iter_mut().zip(block.chunks_exact(8)) {
            *word = bytes.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
        }
    }
}

/// One byte says a short length, so that most texts fit one block of the hash.
#[inline]
fn absorb(mac: &mut MacKey, field: &[u8]) {
    match u8::try_from(field.len()) {
        Ok(len) if len < u8::MAX => mac.update(&[len]),
        _ => {
            mac.update(&[u8::MAX]);
            mac.update(&(field.len() as u64).to_be_bytes());
        }
    }
    mac.update(field);
}
