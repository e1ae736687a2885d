//! Symbols and their values.

/// The symbols of a token's text, each standing for its place in the row.
pub(crate) struct Alphabet {
    /// Padded to what six bits can name, so that looking one up needs no check.
    symbols: [u8; 64],
    radix: u8,
    values: [u8; 256],
}

const NO_VALUE: u8 = u8::MAX;

/// See [`Alphabet::per_word`].
pub(super) const LEAST_PER_WORD: usize = 8;

pub(crate) static LOWER_HEX: Alphabet = Alphabet::of(b"0123456789abcdef");
pub(crate) static UPPER_HEX: Alphabet = Alphabet::of(b"0123456789ABCDEF");
/// In Django's order, so that its masking and ours are the same sum.
pub(crate) static ALPHANUMERIC: Alphabet =
    Alphabet::of(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");
pub(crate) static BASE64URL: Alphabet =
    Alphabet::of(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

impl Alphabet {
    #[expect(clippy::indexing_slicing, reason = "runs at compile time, where it cannot panic")]
    const fn of(row: &[u8]) -> Self {
        let mut symbols = [b'?'; 64];
        let mut values = [NO_VALUE; 256];
        let mut at = 0;
        while at < row.len() {
            symbols[at] = row[at];
            values[row[at] as usize] = at as u8;
            at += 1;
        }
        Self { symbols, radix: row.len() as u8, values }
    }

    pub(crate) const fn radix(&self) -> u64 {
        self.radix as u64
    }

    pub(crate) fn value(&self, symbol: u8) -> Option<u8> {
        self.values.get(usize::from(symbol)).copied().filter(|value| *value != NO_VALUE)
    }

    pub(crate) fn symbol(&self, digit: u8) -> u8 {
        self.symbols.get(usize::from(digit & 63)).copied().unwrap_or(b'?')
    }

    /// How many digits one word is divided into: few enough that none is off its fair share by more
    /// than 2^-16.
    pub(super) const fn per_word(&self) -> usize {
        match self.radix {
            16 => 16,
            64 => 10,
            _ => LEAST_PER_WORD,
        }
    }

    /// Turns pseudo-random words into digits.
    pub(super) fn spread(&self, words: impl Iterator<Item = u64>, into: &mut [u8]) {
        self.divide(words, into, |digit| digit);
    }

    /// Turns pseudo-random words into the symbols of their digits, in one pass.
    pub(super) fn spell(&self, words: impl Iterator<Item = u64>, into: &mut [u8]) {
        self.divide(words, into, |digit| self.symbol(digit));
    }

    fn divide(&self, words: impl Iterator<Item = u64>, into: &mut [u8], write: impl Fn(u8) -> u8) {
        // Constants are what makes this cheap: division becomes a product, the loop unrolls.
        match self.radix {
            16 => divide::<16, 16>(words, into, write),
            64 => divide::<64, 10>(words, into, write),
            _ => divide::<62, LEAST_PER_WORD>(words, into, write),
        }
    }
}

fn divide<const RADIX: u64, const PER_WORD: usize>(
    words: impl Iterator<Item = u64>,
    into: &mut [u8],
    write: impl Fn(u8) -> u8,
) {
    for (digits, mut word) in into.chunks_mut(PER_WORD).zip(words) {
        for digit in digits {
            *digit = write((word % RADIX) as u8);
            word /= RADIX;
        }
    }
}
