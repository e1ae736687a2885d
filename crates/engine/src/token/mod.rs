//! Making tokens and checking them. Nothing here decides about a request: see `judge`.

mod alphabet;
mod encrypted;
mod mac;
mod mask;
mod shape;
mod ticket;

use constant_time_eq::constant_time_eq;

pub(crate) use encrypted::{check_encrypted, encrypted};
pub(crate) use mac::Binding;
pub(crate) use shape::MAX_SYMBOLS;
pub use shape::{Shape, Token};
pub use ticket::Ticket;
pub(crate) use ticket::{
    MIN_MAC_BITS as MIN_TICKET_MAC_BITS, TicketTerms, check_ticket, mac_bits as ticket_mac_bits,
    ticket,
};

use crate::keyring::{Key, Keyring, NoKey, Purpose};
use crate::random::Random;
use crate::time::Timestamp;

use shape::{Reader, Row};

/// Symbols of a signed double-submit token that are random and in clear.
const NONCE: usize = 8;

/// Clocks of several instances may be apart by so many seconds.
const SKEW: u64 = 60;

/// The fewest bits of MAC a token that lives as long as a session must end in.
pub(crate) const MIN_MAC_BITS: usize = 96;

/// Why a token does not prove anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenFault {
    /// Not a text of the dialect's shape.
    Malformed,
    /// Its key is not in the keyring, or no key is called so.
    UnknownKey,
    /// Its key was retired longer ago than the grace period.
    RetiredKey,
    /// The MAC is of something else: another session, another site, or invented.
    Invalid,
    /// Too old, or of a time that has not come.
    Expired,
    /// A ticket of an earlier life of the store.
    Stale,
}

impl From<NoKey> for TokenFault {
    fn from(no_key: NoKey) -> Self {
        match no_key {
            NoKey::Unknown => Self::UnknownKey,
            NoKey::Retired => Self::RetiredKey,
        }
    }
}

/// The synchronizer token that is derived from the session: nothing to store.
pub(crate) fn derived(ring: &Keyring, shape: Shape, scope: &str, binding: Binding<'_>) -> Token {
    derived_with(ring.current(), shape, scope, binding)
}

fn derived_with(key: &Key, shape: Shape, scope: &str, binding: Binding<'_>) -> Token {
    let mac = key.mac(Purpose::Synchronizer);
    Row::begin(shape, key.id()).finish(|words| mac::fill(words, mac, scope, binding, &[]))
}

pub(crate) fn check_derived(
    ring: &Keyring,
    shape: Shape,
    scope: &str,
    binding: Binding<'_>,
    text: &[u8],
    now: Timestamp,
) -> Result<(), TokenFault> {
    let given = mask::unmask(shape, text).ok_or(TokenFault::Malformed)?;
    let (id, _) = Reader::begin(shape, given.as_bytes())?;
    compare(given.as_bytes(), &derived_with(ring.find(id, now)?, shape, scope, binding))
}

/// A signed double-submit token: a random part and a MAC over it and the session, so that a pair
/// planted from a sibling domain is worth nothing.
pub(crate) fn double_submit(
    ring: &Keyring,
    shape: Shape,
    scope: &str,
    binding: Binding<'_>,
    random: &mut dyn Random,
) -> Token {
    let mut nonce = [0; NONCE];
    shape.alphabet().spread(std::iter::repeat_with(|| random.word()), &mut nonce);
    double_submit_with(ring.current(), shape, scope, binding, &nonce)
}

fn double_submit_with(
    key: &Key,
    shape: Shape,
    scope: &str,
    binding: Binding<'_>,
    nonce: &[u8; NONCE],
) -> Token {
    let mac = key.mac(Purpose::DoubleSubmit);
    let mut row = Row::begin(shape, key.id());
    row.digits(nonce);
    row.finish(|words| mac::fill(words, mac, scope, binding, &[nonce]))
}

pub(crate) fn check_double_submit(
    ring: &Keyring,
    shape: Shape,
    scope: &str,
    binding: Binding<'_>,
    text: &[u8],
    now: Timestamp,
) -> Result<(), TokenFault> {
    let given = mask::unmask(shape, text).ok_or(TokenFault::Malformed)?;
    let (id, mut reader) = Reader::begin(shape, given.as_bytes())?;
    let mut nonce = [0; NONCE];
    reader.digits(&mut nonce).ok_or(TokenFault::Malformed)?;
    compare(
        given.as_bytes(),
        &double_submit_with(ring.find(id, now)?, shape, scope, binding, &nonce),
    )
}

/// A token of random symbols, for the pattern that keeps it in the session's record.
pub(crate) fn random_token(shape: Shape, random: &mut dyn Random) -> Token {
    Row::blank(shape).finish(|words| words.fill_with(|| random.word()))
}

pub(crate) fn check_stored(shape: Shape, stored: &[u8], text: &[u8]) -> Result<(), TokenFault> {
    let given = mask::unmask(shape, text).ok_or(TokenFault::Malformed)?;
    if constant_time_eq(given.as_bytes(), stored) { Ok(()) } else { Err(TokenFault::Invalid) }
}

/// A masked form of the token that `text` carries, another one each time.
pub(crate) fn remasked(shape: Shape, text: &str, random: &mut dyn Random) -> Option<String> {
    let token = mask::unmask(shape, text.as_bytes())?;
    Some(mask::mask(shape, token.as_bytes(), random))
}

/// Whether a text has the length and symbols of a token, masked or not.
pub(crate) fn has_shape(shape: Shape, text: &[u8]) -> bool {
    mask::unmask(shape, text).is_some()
}

/// Whether two texts carry the same token, masked or not.
pub(crate) fn same_token(shape: Shape, one: &[u8], other: &[u8]) -> bool {
    match (mask::unmask(shape, one), mask::unmask(shape, other)) {
        (Some(one), Some(other)) => constant_time_eq(one.as_bytes(), other.as_bytes()),
        _ => false,
    }
}

/// Bits of MAC that a session-long token of this shape ends in.
pub(crate) const fn mac_bits(shape: Shape, nonce: bool) -> usize {
    let clear = shape.id_width() + if nonce { NONCE } else { 0 };
    shape.symbols().saturating_sub(clear) * shape.bits()
}

fn compare(given: &[u8], expected: &Token) -> Result<(), TokenFault> {
    if constant_time_eq(given, expected.as_bytes()) { Ok(()) } else { Err(TokenFault::Invalid) }
}

#[cfg(test)]
mod tests;
