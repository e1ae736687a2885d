//! What the file holds, byte by byte. Numbers are little-endian.
//!
//! | table | key | value |
//! | --- | --- | --- |
//! | `format` | `version` | 1, a `u32` |
//! | `sites` | name of the site | incarnation `u64`, floor `u32`, bytes of runs `u64` |
//! | `marks:` and the site's name | session, 16 bytes | low, next, until, window: `u32` each |
//! | | | or low, next, until, and then first and last of each run |
//! | `tokens:` and the site's name | session, 16 bytes | until `u32`, text of the token |
//!
//! The two forms of marks are told apart by their length: 16 bytes, or 12 and a multiple of 8.

use std::ops::Range;

use countersign::{Spent, Timestamp, Token};
use redb::TableDefinition;

use crate::marks::{Far, Near, Runs};

pub(super) type Key = [u8; 16];
pub(super) type Definition<'a> = TableDefinition<'a, &'static Key, &'static [u8]>;

pub(super) const FORMAT: TableDefinition<'static, &'static str, u32> =
    TableDefinition::new("format");
pub(super) const VERSION: &str = "version";
/// What this release reads and writes.
pub(super) const CURRENT: u32 = 1;
pub(super) const SITES: TableDefinition<'static, &'static str, &'static [u8]> =
    TableDefinition::new("sites");

/// What a site has besides its records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SiteRow {
    pub(super) incarnation: u64,
    /// Serial numbers of new records begin here.
    pub(super) floor: u32,
    /// What all runs of the site's marks take.
    pub(super) runs: u64,
}

impl SiteRow {
    pub(super) const fn begin(incarnation: u64) -> Self {
        Self { incarnation, floor: 0, runs: 0 }
    }

    pub(super) fn encode(self) -> [u8; 20] {
        let mut bytes = [0; 20];
        let parts = self.incarnation.to_le_bytes().into_iter().chain(self.floor.to_le_bytes());
        let parts = parts.chain(self.runs.to_le_bytes());
        bytes.iter_mut().zip(parts).for_each(|(place, byte)| *place = byte);
        bytes
    }

    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let (incarnation, rest) = bytes.split_first_chunk()?;
        let (floor, rest) = rest.split_first_chunk()?;
        Some(Self {
            incarnation: u64::from_le_bytes(*incarnation),
            floor: u32::from_le_bytes(*floor),
            runs: u64::from_le_bytes(rest.try_into().ok()?),
        })
    }
}

/// Marks of one session, in whichever form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Marks {
    Near(Near),
    Far(Far),
}

impl Marks {
    pub(super) const fn begin(floor: u32) -> Self {
        Self::Near(Near::begin(floor))
    }

    pub(super) fn reserve(&mut self, count: u32, until: Timestamp) -> Option<Range<u32>> {
        match self {
            Self::Near(near) => near.reserve(count, until),
            Self::Far(far) => far.reserve(count, until),
        }
    }

    pub(super) fn spend(&mut self, serial: u32) -> Spent {
        let mut far = match self {
            Self::Near(near) => match near.spend(serial) {
                Some(spent) => return spent,
                None => near.widen(),
            },
            Self::Far(far) => std::mem::replace(far, Near::begin(0).widen()),
        };
        let spent = far.spend(serial);
        *self = far.narrow().map_or(Self::Far(far), Self::Near);
        spent
    }

    pub(super) const fn until(&self) -> u32 {
        match self {
            Self::Near(near) => near.until,
            Self::Far(far) => far.until,
        }
    }

    pub(super) const fn next(&self) -> u32 {
        match self {
            Self::Near(near) => near.next,
            Self::Far(far) => far.next,
        }
    }

    /// What the runs take in the file.
    pub(super) fn runs(&self) -> u64 {
        match self {
            Self::Near(_) => 0,
            Self::Far(far) => size_of_val(far.runs.pairs()) as u64,
        }
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let (numbers, pairs): (_, &[_]) = match self {
            Self::Near(Near { low, next, until, window }) => (vec![low, next, until, window], &[]),
            Self::Far(Far { low, next, until, runs }) => (vec![low, next, until], runs.pairs()),
        };
        let pairs = pairs.iter().flat_map(|(first, last)| [first, last]);
        numbers.into_iter().chain(pairs).flat_map(|number| number.to_le_bytes()).collect()
    }

    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let (words, []) = bytes.as_chunks() else { return None };
        let words: Vec<u32> = words.iter().map(|word| u32::from_le_bytes(*word)).collect();
        match *words.as_slice() {
            [low, next, until, window] => Some(Self::Near(Near { low, next, until, window })),
            [low, next, until, ref runs @ ..] => {
                let (pairs, []) = runs.as_chunks() else { return None };
                let runs = Runs::from_pairs(pairs.iter().map(|[a, b]| (*a, *b)).collect())?;
                Some(Self::Far(Far { low, next, until, runs }))
            }
            _ => None,
        }
    }
}

/// A stored token.
pub(super) struct Kept {
    pub(super) until: u32,
    pub(super) token: Token,
}

impl Kept {
    pub(super) fn encode(&self) -> Vec<u8> {
        [&self.until.to_le_bytes(), self.token.as_str().as_bytes()].concat()
    }

    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let (until, text) = bytes.split_first_chunk()?;
        let token = Token::from_stored(std::str::from_utf8(text).ok()?)?;
        Some(Self { until: u32::from_le_bytes(*until), token })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let near = Near { low: 1, next: 0x0102_0304, until: 3, window: 0x8000_0002 };
        let mut far = Marks::begin(5);
        far.reserve(100, Timestamp::from_secs(9)).unwrap();
        assert_eq!(far.spend(60), Spent::First);
        for marks in [Marks::Near(near), Marks::begin(u32::MAX), far.clone()] {
            assert_eq!(Marks::decode(&marks.encode()), Some(marks));
        }
        assert_eq!((far.encode().len(), far.runs()), (20, 8));
        let row = SiteRow { incarnation: u64::MAX - 1, floor: 7, runs: 1 << 40 };
        assert_eq!(SiteRow::decode(&row.encode()), Some(row));
        let token = Token::from_stored("0123-abc").unwrap();
        let kept = Kept::decode(&Kept { until: 77, token }.encode()).unwrap();
        assert_eq!((kept.until, kept.token.as_str()), (77, "0123-abc"));
    }

    #[test]
    fn what_cannot_have_been_written_is_not_read() {
        for length in (0..60).filter(|length| *length != 16 && length % 8 != 4 || *length < 12) {
            assert_eq!(Marks::decode(&vec![0; length]), None, "{length} bytes of nothing");
        }
        let overlapping = [0, 50, 9, 10, 20, 15, 30].map(u32::to_le_bytes).concat();
        assert_eq!(Marks::decode(&overlapping), None);
        assert_eq!(SiteRow::decode(&[0; 19]), None);
        assert!(Kept::decode(b"\0\0\0\0").is_none(), "a token without text");
        assert!(Kept::decode(&[0xff; 40]).is_none(), "not text");
        assert!(Kept::decode(&[b'a'; 200]).is_none(), "longer than any token");
    }
}
