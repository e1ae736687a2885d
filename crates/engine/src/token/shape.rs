//! What a token looks like on the wire.
//!
//! A token is a row of symbols of one alphabet. All patterns fill that row in the same way: the
//! key's id, then whatever the pattern carries in clear, then MAC symbols to the end.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::TokenFault;
use super::alphabet::{self, Alphabet};
use crate::keyring::KeyId;

/// The most symbols a token may have; longer ones would meet common header limits.
pub(crate) const MAX_SYMBOLS: usize = 128;

/// The form of a token's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Shape {
    /// A version 4 UUID in lower case (RFC 9562): `4a92be65-ec55-4aa2-b9df-9518fd870f2f`.
    Uuid,
    /// So many hex digits in lower case.
    LowerHex(u8),
    /// So many hex digits in upper case.
    UpperHex(u8),
    /// So many letters and digits.
    Alphanumeric(u8),
    /// So many symbols of base64url (RFC 4648, section 5).
    Base64url(u8),
}

impl Shape {
    pub(crate) const fn alphabet(self) -> &'static Alphabet {
        match self {
            Self::Uuid | Self::LowerHex(_) => &alphabet::LOWER_HEX,
            Self::UpperHex(_) => &alphabet::UPPER_HEX,
            Self::Alphanumeric(_) => &alphabet::ALPHANUMERIC,
            Self::Base64url(_) => &alphabet::BASE64URL,
        }
    }

    /// How many symbols carry something; a UUID's dashes do not.
    pub(crate) const fn symbols(self) -> usize {
        match self {
            Self::Uuid => 32,
            Self::LowerHex(n) | Self::UpperHex(n) | Self::Alphanumeric(n) | Self::Base64url(n) => {
                n as usize
            }
        }
    }

    /// Bits that one symbol carries, rounded down.
    pub(crate) const fn bits(self) -> usize {
        match self {
            Self::Uuid | Self::LowerHex(_) | Self::UpperHex(_) => 4,
            Self::Alphanumeric(_) => 5,
            Self::Base64url(_) => 6,
        }
    }

    /// How many symbols a number below 2^`bits` needs.
    pub(crate) const fn width(self, bits: u32) -> usize {
        let radix = self.alphabet().radix();
        let (mut width, mut reach) = (1, radix);
        while reach < 1 << bits {
            reach *= radix;
            width += 1;
        }
        width
    }

    /// How many symbols the key's id takes.
    pub(crate) const fn id_width(self) -> usize {
        if self.alphabet().radix() < 62 { 2 } else { 1 }
    }

    /// Whether a masked form exists. A UUID has fixed digits, so it has none.
    #[must_use]
    pub const fn can_be_masked(self) -> bool {
        !matches!(self, Self::Uuid)
    }
}

/// The text of a token, on the stack. Has no `Debug`: a token is never logged.
#[derive(Clone)]
pub struct Token {
    bytes: [u8; MAX_SYMBOLS],
    len: usize,
}

impl Token {
    pub(super) const fn empty() -> Self {
        Self { bytes: [0; MAX_SYMBOLS], len: 0 }
    }

    /// A token that a store kept as text; `None` for what no token's text can be. Whether it is good is
    /// still for the engine to say.
    #[must_use]
    pub fn from_stored(text: &str) -> Option<Self> {
        let printable = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        (printable && text.len() <= MAX_SYMBOLS).then(|| {
            let mut token = Self::empty();
            token.push_all(text.as_bytes());
            token
        })
    }

    pub(super) fn push(&mut self, byte: u8) {
        if let Some(place) = self.bytes.get_mut(self.len) {
            *place = byte;
            self.len += 1;
        }
    }

    fn push_all(&mut self, bytes: &[u8]) {
        if let Some(place) = self.bytes.get_mut(self.len..self.len + bytes.len()) {
            place.copy_from_slice(bytes);
            self.len += bytes.len();
        }
    }

    /// As it is sent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

/// One token in the making, filled from the left: first with symbols' values, at the end turned into
/// the symbols.
pub(super) struct Row {
    shape: Shape,
    token: Token,
}

impl Row {
    pub(super) const fn blank(shape: Shape) -> Self {
        Self { shape, token: Token::empty() }
    }

    pub(super) fn begin(shape: Shape, key: KeyId) -> Self {
        let mut row = Self::blank(shape);
        row.number(u64::from(key.get()), shape.id_width());
        row
    }

    /// Writes `value` in `width` symbols, most significant first.
    pub(super) fn number(&mut self, value: u64, width: usize) {
        let radix = self.shape.alphabet().radix();
        let mut rest = value;
        for digit in self.take(width).iter_mut().rev() {
            *digit = (rest % radix) as u8;
            rest /= radix;
        }
    }

    /// Writes digits that are in clear already, such as a nonce.
    pub(super) fn digits(&mut self, digits: &[u8]) {
        self.take(digits.len()).copy_from_slice(digits);
    }

    /// Fills what is left with pseudo-random bits and gives the text. `fill` is asked once, for as
    /// many words as that takes.
    pub(super) fn finish(mut self, fill: impl FnOnce(&mut [u64])) -> Token {
        let alphabet = self.shape.alphabet();
        let left = self.shape.symbols().saturating_sub(self.token.len);
        let mut words = [0; MAX_SYMBOLS / alphabet::LEAST_PER_WORD];
        let words = words.get_mut(..left.div_ceil(alphabet.per_word())).unwrap_or_default();
        fill(words);
        let (clear, _) = self.token.bytes.split_at_mut(self.token.len);
        clear.iter_mut().for_each(|digit| *digit = alphabet.symbol(*digit));
        alphabet.spell(words.iter().copied(), self.take(left));

        if self.shape != Shape::Uuid {
            return self.token;
        }
        let (symbols, _) = self.token.bytes.split_at_mut(self.token.len);
        if let (Some(version), Some(variant)) = fixed_places(symbols) {
            *version = b'4';
            *variant = alphabet.symbol(8 | alphabet.value(*variant).unwrap_or(0) & 3);
        }
        with_dashes(symbols)
    }

    fn take(&mut self, width: usize) -> &mut [u8] {
        let from = self.token.len;
        self.token.len = (from + width).min(MAX_SYMBOLS);
        self.token.bytes.get_mut(from..self.token.len).unwrap_or_default()
    }
}

/// Where a UUID says what kind of one it is (RFC 9562, section 5.4).
fn fixed_places(digits: &mut [u8]) -> (Option<&mut u8>, Option<&mut u8>) {
    let (before, after) = digits.split_at_mut(digits.len().min(16));
    (before.get_mut(12), after.first_mut())
}

fn with_dashes(symbols: &[u8]) -> Token {
    let mut token = Token::empty();
    let mut rest = symbols;
    for group in [8, 4, 4, 4, 12] {
        let (own, after) = rest.split_at(group.min(rest.len()));
        if token.len > 0 {
            token.push_all(b"-");
        }
        token.push_all(own);
        rest = after;
    }
    token
}

/// Reads numbers from the text of a token, from the left.
pub(super) struct Reader<'t> {
    shape: Shape,
    rest: &'t [u8],
}

impl<'t> Reader<'t> {
    /// Begins with the key's id. A number that no key can have is an unknown key's: other makers'
    /// tokens of the same shape begin with any.
    pub(super) fn begin(shape: Shape, text: &'t [u8]) -> Result<(KeyId, Self), TokenFault> {
        let mut reader = Self { shape, rest: text };
        let number = reader.number(shape.id_width()).ok_or(TokenFault::Malformed)?;
        let id = u8::try_from(number).ok().and_then(KeyId::new);
        Ok((id.ok_or(TokenFault::UnknownKey)?, reader))
    }

    pub(super) fn number(&mut self, width: usize) -> Option<u64> {
        let alphabet = self.shape.alphabet();
        let (symbols, rest) = self.rest.split_at_checked(width)?;
        self.rest = rest;
        symbols.iter().try_fold(0u64, |sum, symbol| {
            let value = u64::from(alphabet.value(*symbol)?);
            sum.checked_mul(alphabet.radix())?.checked_add(value)
        })
    }

    pub(super) fn digits(&mut self, into: &mut [u8]) -> Option<()> {
        for digit in into {
            *digit = u8::try_from(self.number(1)?).ok()?;
        }
        Some(())
    }
}
