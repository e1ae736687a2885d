//! A set of spent serial numbers, as runs of neighbours.
//!
//! Tickets are spent nearly in the order of their issue, so the set is a run or two, whatever its
//! size. A gap is a ticket that is still good; when there are too many gaps the oldest is closed,
//! and the tickets in it count as spent.

/// A hundred open pages with a pool of ten each; more gaps than that are a client that never spends.
const MOST: usize = 1024;

/// Disjoint runs in rising order, each with its first and last number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Runs(Vec<(u32, u32)>);

impl Runs {
    pub(crate) const fn none() -> Self {
        Self(Vec::new())
    }

    /// Adds a number; `false` if it was there.
    pub(crate) fn add(&mut self, number: u32) -> bool {
        let runs = &mut self.0;
        let at = runs.partition_point(|(first, _)| *first <= number);
        let before = at.checked_sub(1).and_then(|at| runs.get(at)).copied();
        let after = runs.get(at).copied();
        if before.is_some_and(|(_, last)| number <= last) {
            return false;
        }
        let joins_before = before.is_some_and(|(_, last)| last.checked_add(1) == Some(number));
        let joins_after = after.is_some_and(|(first, _)| number.checked_add(1) == Some(first));
        match (joins_before, joins_after) {
            (false, false) => runs.insert(at, (number, number)),
            (true, false) => set(runs.get_mut(at - 1), |run| run.1 = number),
            (false, true) => set(runs.get_mut(at), |run| run.0 = number),
            (true, true) => {
                let (_, last) = runs.remove(at);
                set(runs.get_mut(at - 1), |run| run.1 = last);
            }
        }
        if runs.len() > MOST {
            let (first, _) = runs.remove(0);
            set(runs.first_mut(), |run| run.0 = first);
        }
        true
    }

    /// Takes the first run out if it begins with this number; says what it ends with.
    pub(super) fn take_first_at(&mut self, number: u32) -> Option<u32> {
        let (first, last) = *self.0.first()?;
        (first == number).then(|| {
            self.0.remove(0);
            last
        })
    }

    /// Runs as [`Self::pairs`] gave them; `None` if they are not in order and apart.
    #[cfg(feature = "file")]
    pub(crate) fn from_pairs(pairs: Vec<(u32, u32)>) -> Option<Self> {
        let whole = pairs.iter().all(|(first, last)| first <= last);
        let apart = pairs.windows(2).all(|two| match two {
            [(_, last), (first, _)] => last.checked_add(1).is_some_and(|next| next < *first),
            _ => false,
        });
        (whole && apart && pairs.len() <= MOST).then_some(Self(pairs))
    }

    #[cfg(feature = "file")]
    pub(crate) fn pairs(&self) -> &[(u32, u32)] {
        &self.0
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What they take on the heap.
    pub(crate) fn bytes(&self) -> usize {
        self.0.capacity() * size_of::<(u32, u32)>()
    }
}

fn set(run: Option<&mut (u32, u32)>, change: impl FnOnce(&mut (u32, u32))) {
    if let Some(run) = run {
        change(run);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_order_are_one_run() {
        let mut runs = Runs::none();
        assert!((0..100_000).all(|number| runs.add(number)));
        assert_eq!(runs.0, [(0, 99_999)]);
    }

    #[test]
    fn every_number_is_added_once_in_any_order() {
        let mut runs = Runs::none();
        let order: Vec<u32> = (0..60).map(|i| i * 37 % 60).collect();
        assert!(order.iter().all(|number| runs.add(*number)));
        assert!(!order.iter().any(|number| runs.add(*number)));
        assert_eq!(runs.0, [(0, 59)]);
    }

    #[test]
    fn too_many_gaps_close_the_oldest_and_only_refuse() {
        let mut runs = Runs::none();
        let odd = (0..2 * MOST as u32 + 2).step_by(2);
        assert!(odd.into_iter().all(|number| runs.add(number)));
        assert_eq!(runs.0.len(), MOST);
        assert!(!runs.add(1), "the oldest gap counts as spent");
        assert!(runs.add(3), "the next one is still good");
    }

    #[test]
    fn the_last_number_has_no_neighbour() {
        let mut runs = Runs::none();
        assert!(runs.add(u32::MAX));
        assert!(!runs.add(u32::MAX));
        assert!(runs.add(u32::MAX - 1));
        assert_eq!(runs.0, [(u32::MAX - 1, u32::MAX)]);
    }
}
