//! One-time tokens. A pool of them is derived, not stored; the store keeps only which are spent.
//!
//! A ticket carries when it was issued and its serial number within the session. Its MAC covers,
//! besides, the store's incarnation, so that after the store may have lost a mark no ticket of
//! before verifies. One byte of the incarnation is in clear, only to tell such a ticket from an
//! invented one in the log.

use constant_time_eq::constant_time_eq;

use super::mac::{self, Binding};
use super::shape::{Reader, Row, Shape, Token};
use super::{SKEW, TokenFault, mask};
use crate::keyring::{Key, Keyring, Purpose};
use crate::store::{Incarnation, SessionKey};
use crate::time::Timestamp;

/// The fewest bits of MAC a ticket must end in: it lives for minutes and works once.
pub(crate) const MIN_MAC_BITS: usize = 64;

/// One one-time token of one session, as the store must spend it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// Whose it is.
    pub session: SessionKey,
    /// Its number within the session; never given out twice in one incarnation.
    pub serial: u32,
    /// The life of the store in which it was issued.
    pub incarnation: Incarnation,
    /// After this moment it is refused even unspent, so its mark need not be kept longer.
    pub expires: Timestamp,
}

/// What all tickets of a deployment have in common.
#[derive(Clone, Copy)]
pub(crate) struct TicketTerms<'a> {
    pub(crate) ring: &'a Keyring,
    pub(crate) shape: Shape,
    pub(crate) scope: &'a str,
    pub(crate) lifetime: std::time::Duration,
}

pub(crate) fn ticket(
    terms: TicketTerms<'_>,
    binding: Binding<'_>,
    incarnation: Incarnation,
    serial: u32,
    now: Timestamp,
) -> Token {
    // Seconds fit in 32 bits until the year 2106.
    let issued = u32::try_from(now.as_secs()).unwrap_or(u32::MAX);
    write(terms, terms.ring.current(), binding, incarnation, issued, serial)
}

fn write(
    TicketTerms { shape, scope, .. }: TicketTerms<'_>,
    key: &Key,
    binding: Binding<'_>,
    incarnation: Incarnation,
    issued: u32,
    serial: u32,
) -> Token {
    let fields: [&[u8]; 3] =
        [&incarnation.to_bytes(), &issued.to_be_bytes(), &serial.to_be_bytes()];
    let mac = key.mac(Purpose::Ticket);
    let mut row = Row::begin(shape, key.id());
    row.number(u64::from(incarnation.hint()), shape.width(8));
    row.number(u64::from(issued), shape.width(32));
    row.number(u64::from(serial), shape.width(32));
    row.finish(|words| mac::fill(words, mac, scope, binding, &fields))
}

/// Checks everything about a ticket but whether it is spent.
pub(crate) fn check_ticket(
    terms: TicketTerms<'_>,
    binding: Binding<'_>,
    session: SessionKey,
    incarnation: Incarnation,
    text: &[u8],
    now: Timestamp,
) -> Result<Ticket, TokenFault> {
    let TicketTerms { ring, shape, lifetime, .. } = terms;
    let given = mask::unmask(shape, text).ok_or(TokenFault::Malformed)?;
    let (id, mut reader) = Reader::begin(shape, given.as_bytes())?;
    let mut number = |bits| reader.number(shape.width(bits)).ok_or(TokenFault::Malformed);
    let hint = number(8)?;
    let issued = u32::try_from(number(32)?).map_err(|_| TokenFault::Malformed)?;
    let serial = u32::try_from(number(32)?).map_err(|_| TokenFault::Malformed)?;

    let expected = write(terms, ring.find(id, now)?, binding, incarnation, issued, serial);
    if !constant_time_eq(given.as_bytes(), expected.as_bytes()) {
        let stale = hint != u64::from(incarnation.hint());
        return Err(if stale { TokenFault::Stale } else { TokenFault::Invalid });
    }
    let issued = Timestamp::from_secs(u64::from(issued));
    let expires = issued.plus(lifetime);
    if now > expires || issued.as_secs() > now.as_secs().saturating_add(SKEW) {
        return Err(TokenFault::Expired);
    }
    Ok(Ticket { session, serial, incarnation, expires })
}

/// Bits of MAC that a ticket of this shape ends in.
pub(crate) const fn mac_bits(shape: Shape) -> usize {
    let clear = shape.id_width() + shape.width(8) + 2 * shape.width(32);
    shape.symbols().saturating_sub(clear) * shape.bits()
}
