//! So many sessions, each with a pool of ten tickets.

use std::time::Duration;

use countersign::{SessionKey, Ticket, Timestamp};
use countersign_store::Store;

pub(crate) const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);
pub(crate) const UNTIL: Timestamp = NOW.plus(Duration::from_secs(1440));
pub(crate) const POOL: u32 = 10;

/// A prime, so that its multiples meet every session before any comes again.
const STRIDE: u64 = 999_999_000_001;

#[derive(Clone, Copy)]
pub(crate) struct Sessions(pub(crate) u64);

impl Sessions {
    /// Spread evenly, as keyed hashes are, and rising: a file is filled faster that way.
    pub(crate) fn key(self, number: u64) -> SessionKey {
        let apart = u128::MAX / u128::from(self.0);
        SessionKey::from_bytes((apart * u128::from(number)).to_be_bytes())
    }

    /// Of all tickets, in an order that jumps from session to session: each session's first, then
    /// each one's second, and so on. A spend that reserves one keeps that going for ever.
    pub(crate) fn ticket(self, store: &impl Store, number: u64) -> Ticket {
        let which = (u128::from(number) * u128::from(STRIDE) % u128::from(self.0)) as u64;
        Ticket {
            session: self.key(which),
            serial: u32::try_from(number / self.0).unwrap_or(u32::MAX),
            incarnation: store.incarnation(),
            expires: UNTIL,
        }
    }
}
