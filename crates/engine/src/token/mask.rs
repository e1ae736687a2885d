//! Masking: another text for the same token on each page.
//!
//! A page that is compressed and reflects what the visitor typed leaks, through its length, every
//! secret that stays the same (BREACH). The masked form is a random row, followed by the token
//! added to it symbol by symbol, as in Django: twice as long.

use super::shape::{Shape, Token};
use crate::random::Random;

/// A masked form of `token`; the token itself where its shape has none.
pub(super) fn mask(shape: Shape, token: &Token, random: &mut dyn Random) -> Token {
    if !shape.can_be_masked() {
        return token.clone();
    }
    let alphabet = shape.alphabet();
    let mut row = [0; super::shape::MAX_SYMBOLS];
    let row = row.get_mut(..token.as_bytes().len()).unwrap_or_default();
    alphabet.spread(|| random.word(), row);

    let mut masked = Token::empty();
    for digit in row.iter() {
        masked.push(alphabet.symbol(*digit));
    }
    for (symbol, digit) in token.as_bytes().iter().zip(row.iter()) {
        let sum = u64::from(alphabet.value(*symbol).unwrap_or(0)) + u64::from(*digit);
        masked.push(alphabet.symbol((sum % alphabet.radix()) as u8));
    }
    masked
}

/// The token's own text, whether `text` is masked or plain; `None` when it has neither length or
/// a symbol that is not in the alphabet.
pub(super) fn unmask(shape: Shape, text: &[u8]) -> Option<Token> {
    let mut token = Token::empty();
    let plain_len = if shape == Shape::Uuid { 36 } else { shape.symbols() };
    if text.len() == plain_len {
        text.iter().for_each(|symbol| token.push(*symbol));
        return Some(token);
    }
    if !shape.can_be_masked() || text.len() != 2 * plain_len {
        return None;
    }
    let alphabet = shape.alphabet();
    let (row, sums) = text.split_at_checked(plain_len)?;
    for (digit, sum) in row.iter().zip(sums) {
        let (digit, sum) = (alphabet.value(*digit)?, alphabet.value(*sum)?);
        let radix = alphabet.radix();
        token.push(alphabet.symbol(((u64::from(sum) + radix - u64::from(digit)) % radix) as u8));
    }
    Some(token)
}
