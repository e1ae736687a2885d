//! A body of any length that needs no memory, and in which no byte can be lost, added or moved unseen.

use std::io::{self, Write};
use std::sync::LazyLock;

/// The most bytes that are handled at once.
pub(crate) const PIECE: usize = 256 << 10;

/// A prime, so that no buffer of any size has the same bytes at its beginning as the one before.
const PERIOD: u64 = 1_048_573;

static BYTES: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let one = (0..PERIOD).map(|_| {
        // xorshift64
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 24) as u8
    });
    let mut bytes: Vec<u8> = one.collect();
    bytes.extend_from_within(..PIECE);
    bytes
});

/// The body's bytes from `offset` on.
pub(crate) fn piece(offset: u64, length: usize) -> &'static [u8] {
    let start = (offset % PERIOD) as usize;
    &BYTES[start..start + length]
}

/// How many bytes of what is left are handled next.
pub(crate) fn next(left: u64) -> usize {
    usize::try_from(left).unwrap_or(PIECE).min(PIECE)
}

/// Sends the first `length` bytes.
pub(crate) fn send(out: &mut impl Write, length: u64) -> io::Result<()> {
    let mut sent = 0;
    while sent < length {
        let bytes = piece(sent, next(length - sent));
        out.write_all(bytes)?;
        sent += bytes.len() as u64;
    }
    Ok(())
}

/// Compares what arrives, byte by byte.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) bytes: u64,
    /// Where the first piece began that was not as sent.
    pub(crate) wrong: Option<u64>,
}

impl Seen {
    /// `length` bytes, all of them right.
    pub(crate) const fn all(length: u64) -> Self {
        Self { bytes: length, wrong: None }
    }

    pub(crate) fn take(&mut self, bytes: &[u8]) {
        for part in bytes.chunks(PIECE) {
            if part != piece(self.bytes, part.len()) {
                self.wrong.get_or_insert(self.bytes);
            }
            self.bytes += part.len() as u64;
        }
    }
}

#[test]
fn a_wrong_byte_is_seen() {
    let mut whole = Vec::new();
    send(&mut whole, PERIOD * 2 + 5).unwrap();
    let seen = |bytes: &[u8]| {
        let mut seen = Seen::default();
        bytes.chunks(10_007).for_each(|part| seen.take(part));
        seen
    };
    assert_eq!(seen(&whole), Seen::all(PERIOD * 2 + 5));
    let mut lost = whole.clone();
    lost.remove(500_000);
    let mut moved = whole.clone();
    moved[PERIOD as usize..].rotate_left(4096);
    whole[PERIOD as usize + 1] ^= 1;
    for (name, bytes) in [("changed", whole), ("lost", lost), ("moved", moved)] {
        assert_ne!(seen(&bytes).wrong, None, "{name}");
    }
}
