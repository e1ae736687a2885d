//! Money: whole cents, so that nothing is ever rounded.

use std::fmt;

use serde::Serialize;

/// More than this nobody sends at once.
const MOST: i64 = 100_000_000;

/// An amount that can be sent: at least a cent, at most a million.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(super) struct Amount(i64);

impl Amount {
    /// So many cents, if they can be sent.
    #[must_use]
    pub(super) const fn from_cents(cents: i64) -> Option<Self> {
        if cents >= 1 && cents <= MOST { Some(Self(cents)) } else { None }
    }

    /// What a person writes into a form: `12`, `12.5` or `12.50`.
    #[must_use]
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (whole, cents) = text.trim().split_once('.').unwrap_or((text.trim(), "00"));
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        // Nine digits cannot overflow, and are more than anybody may send.
        let fits = matches!(whole.len(), 1..=9) && matches!(cents.len(), 1..=2);
        if !fits || !digits(whole) || !digits(cents) {
            return None;
        }
        let tenfold = if cents.len() == 1 { 10 } else { 1 };
        let (whole, cents) = (whole.parse::<i64>().ok()?, cents.parse::<i64>().ok()?);
        Self::from_cents(whole * 100 + cents * tenfold)
    }

    /// In cents.
    #[must_use]
    pub(super) const fn cents(self) -> i64 {
        self.0
    }
}

/// Shows cents as euros, `€1,234.50`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Euros(pub(super) i64);

impl fmt::Display for Euros {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (euros, cents) = (self.0 / 100, self.0 % 100);
        let digits = euros.to_string();
        f.write_str("€")?;
        for (place, digit) in digits.chars().enumerate() {
            if place > 0 && (digits.len() - place).is_multiple_of(3) {
                f.write_str(",")?;
            }
            write!(f, "{digit}")?;
        }
        write!(f, ".{cents:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_to_the_cent_or_not_at_all() {
        for (text, cents) in [
            ("12", Some(1_200)),
            ("12.5", Some(1_250)),
            ("12.05", Some(1_205)),
            (" 0.01 ", Some(1)),
            ("1000000.00", Some(MOST)),
            ("1000000.01", None),
            ("0", None),
            ("0.00", None),
            ("-1", None),
            ("+1", None),
            ("1.234", None),
            ("1.", None),
            (".5", None),
            ("1,50", None),
            ("1e3", None),
            ("١٢", None),
            ("", None),
            ("99999999999999999999", None),
        ] {
            assert_eq!(Amount::parse(text).map(Amount::cents), cents, "`{text}`");
        }
    }

    #[test]
    fn cents_outside_the_bounds_are_no_amount() {
        for (cents, good) in [(0, false), (1, true), (MOST, true), (MOST + 1, false), (-5, false)] {
            assert_eq!(Amount::from_cents(cents).is_some(), good, "{cents}");
        }
        assert_eq!(Amount::from_cents(i64::MIN), None);
    }

    #[test]
    fn euros_are_shown_with_their_thousands() {
        for (cents, shown) in [
            (0, "€0.00"),
            (7, "€0.07"),
            (99_999, "€999.99"),
            (100_000, "€1,000.00"),
            (123_456_789, "€1,234,567.89"),
        ] {
            assert_eq!(Euros(cents).to_string(), shown);
        }
    }
}
