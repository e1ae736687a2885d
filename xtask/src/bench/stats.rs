//! Medians.

/// The middle of some figures, with the least and the greatest.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) least: f64,
    pub(crate) most: f64,
}

impl Spread {
    /// Of some figures; nothing of none.
    pub(crate) fn of(figures: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut figures: Vec<f64> = figures.into_iter().collect();
        figures.sort_by(f64::total_cmp);
        let (least, most) = (*figures.first()?, *figures.last()?);
        let upper = *figures.get(figures.len() / 2)?;
        let lower = *figures.get((figures.len() - 1) / 2)?;
        Some(Self { median: f64::midpoint(lower, upper), least, most })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians() {
        for (name, figures, expected) in [
            ("none", &[] as &[f64], None),
            ("one", &[4.0], Some((4.0, 4.0, 4.0))),
            ("odd, unordered", &[3.0, 1.0, 9.0], Some((3.0, 1.0, 9.0))),
            ("even", &[1.0, 2.0, 4.0, 9.0], Some((3.0, 1.0, 9.0))),
        ] {
            let expected = expected.map(|(median, least, most)| Spread { median, least, most });
            assert_eq!(Spread::of(figures.iter().copied()), expected, "{name}");
        }
    }
}
