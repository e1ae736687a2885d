//! Symbols and their values.

/// The symbols of a token's text, each standing for its place in the row.
pub(crate) struct Alphabet {
    symbols: &'static [u8],
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
    const fn of(symbols: &'static [u8]) -> Self {
        let mut values = [NO_VALUE; 256];
        let mut at = 0;
        while at < symbols.len() {
            values[symbols[at] as usize] = at as u8;
            at += 1;
        }
        Self { symbols, values }
    }

    pub(crate) const fn radix(&self) -> u64 {
        self.symbols.len() as u64
    }

    pub(crate) fn value(&self, symbol: u8) -> Option<u8> {
        self.values.get(usize::from(symbol)).copied().filter(|value| *value != NO_VALUE)
    }

    pub(crate) fn symbol(&self, digit: u8) -> u8 {
        self.symbols.get(usize::from(digit)).copied().unwrap_or(b'?')
    }

    /// How many digits one word is divided into: few enough that none is off its fair share by more
    /// than 2^-16.
    pub(super) const fn per_word(&self) -> usize {
        match self.symbols.len() {
            16 => 16,
            64 => 10,
            _ => LEAST_PER_WORD,
        }
    }

    /// Turns pseudo-random words into digits.
    pub(super) fn spread(&self, words: impl Iterator<Item = u64>, into: &mut [u8]) {
        // A constant divisor is what makes this cheap: the compiler turns it into a product.
        match self.symbols.len() {
            16 => divide::<16>(words, into, self.per_word()),
            64 => divide::<64>(words, into, self.per_word()),
            _ => divide::<62>(words, into, self.per_word()),
        }
    }
}

fn divide<const RADIX: u64>(words: impl Iterator<Item = u64>, into: &mut [u8], per_word: usize) {
    for (digits, mut word) in into.chunks_mut(per_word).zip(words) {
        for digit in digits {
            *digit = (word % RADIX) as u8;
            word /= RADIX;
        }
    }
}
