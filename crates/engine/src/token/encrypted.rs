//! The encrypted pattern (OWASP): the token says whose it is and how long it is good, under a key
//! that only the service has. Nothing is stored, and nothing but the text can be presented.

use std::time::Duration;

use aes_gcm_siv::aead::{Aead, KeyInit, Payload};
use aes_gcm_siv::{Aes256GcmSiv, Nonce};
use constant_time_eq::constant_time_eq;
use data_encoding::BASE64URL_NOPAD;
use zeroize::Zeroizing;

use super::TokenFault;
use super::mac::Binding;
use crate::keyring::{Key, KeyId, Keyring};
use crate::random::Random;
use crate::time::Timestamp;

/// RFC 8452 nonces; with this mode a repeated one tells only that two tokens were equal.
const NONCE: usize = 12;

/// Longer texts are refused before any work is done on them.
const MAX_TEXT: usize = 1024;

/// Makes a token for `binding` that is good from `now` for `lifetime`.
///
/// `None` only where the cipher refuses its input, which is longer than 2^36 bytes.
pub(crate) fn encrypted(
    ring: &Keyring,
    scope: &str,
    binding: Binding<'_>,
    lifetime: Duration,
    now: Timestamp,
    random: &mut dyn Random,
) -> Option<String> {
    let key = ring.current();
    let mut nonce = [0; NONCE];
    random.fill(&mut nonce);
    let mut clear = Zeroizing::new(Vec::with_capacity(17 + binding.bytes().len()));
    clear.extend_from_slice(&now.as_secs().to_be_bytes());
    clear.extend_from_slice(&now.plus(lifetime).as_secs().to_be_bytes());
    clear.push(binding.kind());
    clear.extend_from_slice(binding.bytes());
    let sealed = cipher(key)
        .encrypt(&Nonce::from(nonce), Payload { msg: &clear, aad: scope.as_bytes() })
        .ok()?;
    let mut wire = Vec::with_capacity(1 + NONCE + sealed.len());
    wire.push(key.id().get());
    wire.extend_from_slice(&nonce);
    wire.extend_from_slice(&sealed);
    Some(BASE64URL_NOPAD.encode(&wire))
}

pub(crate) fn check_encrypted(
    ring: &Keyring,
    scope: &str,
    binding: Binding<'_>,
    text: &[u8],
    now: Timestamp,
) -> Result<(), TokenFault> {
    if text.len() > MAX_TEXT {
        return Err(TokenFault::Malformed);
    }
    let wire = BASE64URL_NOPAD.decode(text).map_err(|_| TokenFault::Malformed)?;
    let (id, wire) = wire.split_first().ok_or(TokenFault::Malformed)?;
    let (nonce, sealed) = wire.split_first_chunk::<NONCE>().ok_or(TokenFault::Malformed)?;
    let key = ring.find(KeyId::new(*id).ok_or(TokenFault::UnknownKey)?, now)?;
    let clear = cipher(key)
        .decrypt(&Nonce::from(*nonce), Payload { msg: sealed, aad: scope.as_bytes() })
        .map(Zeroizing::new)
        .map_err(|_| TokenFault::Invalid)?;

    let (created, rest) = clear.split_first_chunk().ok_or(TokenFault::Invalid)?;
    let (not_after, rest) = rest.split_first_chunk().ok_or(TokenFault::Invalid)?;
    let (kind, bound) = rest.split_first().ok_or(TokenFault::Invalid)?;
    if *kind != binding.kind() || !constant_time_eq(bound, binding.bytes()) {
        return Err(TokenFault::Invalid);
    }
    let (created, not_after) = (u64::from_be_bytes(*created), u64::from_be_bytes(*not_after));
    if now.as_secs() > not_after || created > now.as_secs().saturating_add(super::SKEW) {
        return Err(TokenFault::Expired);
    }
    Ok(())
}

fn cipher(key: &Key) -> Aes256GcmSiv {
    Aes256GcmSiv::new(&(*key.encryption().expose()).into())
}
