//! Masking: another text for the same token on each page.
//!
//! A page that is compressed and reflects what the visitor typed leaks, through its length, every
//! secret that stays the same (BREACH). The masked form is a random row, followed by the token
//! added to it symbol by symbol, as in Django: twice as long.

use std::iter::repeat_with;

use super::shape::{MAX_SYMBOLS, Shape, Token};
use crate::random::Random;

/// The token's own text, whether it came masked or plain.
pub(super) enum Given<'t> {
    Plain(&'t [u8]),
    Unmasked(Token),
}

impl Given<'_> {
    pub(super) fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Plain(text) => text,
            Self::Unmasked(token) => token.as_bytes(),
        }
    }
}

/// A masked form of a token; its own text where its shape has none.
pub(super) fn mask(shape: Shape, token: &[u8], random: &mut dyn Random) -> String {
    let alphabet = shape.alphabet();
    let symbol = |digit| char::from(alphabet.symbol(digit));
    if !shape.can_be_masked() {
        return token.iter().copied().map(char::from).collect();
    }
    let mut row = [0; MAX_SYMBOLS];
    let row = row.get_mut(..token.len()).unwrap_or_default();
    alphabet.spread(repeat_with(|| random.word()), row);
    let sums = token.iter().zip(row.iter()).map(|(own, digit)| {
        let sum = u64::from(alphabet.value(*own).unwrap_or(0)) + u64::from(*digit);
        symbol((sum % alphabet.radix()) as u8)
    });
    row.iter().map(|digit| symbol(*digit)).chain(sums).collect()
}

/// The token that `text` carries; `None` when it has neither length, or, masked, a symbol that is
/// not in the alphabet.
pub(super) fn unmask(shape: Shape, text: &[u8]) -> Option<Given<'_>> {
    let plain_len = if shape == Shape::Uuid { 36 } else { shape.symbols() };
    if text.len() == plain_len {
        return Some(Given::Plain(text));
    }
    if !shape.can_be_masked() || text.len() != 2 * plain_len {
        return None;
    }
    let alphabet = shape.alphabet();
    let mut token = Token::empty();
    let (row, sums) = text.split_at_checked(plain_len)?;
    for (digit, sum) in row.iter().zip(sums) {
        let (digit, sum) = (alphabet.value(*digit)?, alphabet.value(*sum)?);
        let radix = alphabet.radix();
        token.push(alphabet.symbol(((u64::from(sum) + radix - u64::from(digit)) % radix) as u8));
    }
    Some(Given::Unmasked(token))
}
