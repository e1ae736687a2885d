use std::collections::HashSet;

use super::*;

const UNTIL: Timestamp = Timestamp::from_secs(1_800_001_440);

/// As both stores use the two forms.
struct Marks {
    form: Result<Near, Far>,
}

impl Marks {
    fn spend(&mut self, serial: u32) -> Spent {
        if let Ok(near) = &mut self.form {
            match near.spend(serial) {
                Some(spent) => return spent,
                None => self.form = Err(near.widen()),
            }
        }
        let Err(far) = &mut self.form else { unreachable!("it has just been widened") };
        let spent = far.spend(serial);
        if let Some(near) = far.narrow() {
            self.form = Ok(near);
        }
        spent
    }

    fn reserve(&mut self, count: u32) -> Range<u32> {
        match &mut self.form {
            Ok(near) => near.reserve(count, UNTIL).unwrap(),
            Err(far) => far.reserve(count, UNTIL).unwrap(),
        }
    }
}

#[test]
fn the_small_form_is_sixteen_bytes() {
    assert_eq!(size_of::<Near>(), 16);
}

#[test]
fn numbers_in_order_stay_small() {
    let mut marks = Marks { form: Ok(Near::begin(7)) };
    for serial in marks.reserve(100_000) {
        assert_eq!(marks.spend(serial), Spent::First);
        assert_eq!(marks.spend(serial), Spent::Already);
    }
    assert_eq!(marks.form.unwrap().low, 100_007);
}

#[test]
fn a_page_left_open_makes_it_large_until_its_tickets_are_spent() {
    let mut marks = Marks { form: Ok(Near::begin(0)) };
    let (page, later) = (marks.reserve(10), marks.reserve(100));
    assert!(later.clone().all(|serial| marks.spend(serial) == Spent::First));
    assert!(marks.form.is_err(), "a hundred numbers beyond ten gaps are more than 32");
    assert!(page.clone().all(|serial| marks.spend(serial) == Spent::First));
    assert!(marks.form.is_ok(), "nothing is left over");
    assert!(page.chain(later).all(|serial| marks.spend(serial) == Spent::Already));
}

#[test]
fn every_order_spends_every_number_once() {
    for stride in [1, 3, 7, 11, 31, 37, 101] {
        let mut marks = Marks { form: Ok(Near::begin(1_000)) };
        let all = marks.reserve(512);
        let mut model: HashSet<u32> = HashSet::new();
        for step in 0..1_024 {
            let serial = all.start + step * stride % 512;
            let expected = if model.insert(serial) { Spent::First } else { Spent::Already };
            assert_eq!(marks.spend(serial), expected, "{serial} with stride {stride}");
        }
        assert_eq!(marks.spend(all.end), Spent::Unknown);
    }
}

#[test]
fn the_numbers_end_without_wrapping() {
    let mut near = Near::begin(u32::MAX - 2);
    assert_eq!(near.reserve(2, UNTIL), Some(u32::MAX - 2..u32::MAX));
    assert_eq!(near.reserve(1, UNTIL), None);
    assert_eq!(near.spend(u32::MAX), Some(Spent::Unknown));
    for serial in [u32::MAX - 1, u32::MAX - 2] {
        assert_eq!(near.spend(serial), Some(Spent::First));
    }
    assert_eq!(near.low, u32::MAX);
    assert_eq!(near.spend(u32::MAX - 1), Some(Spent::Already));
}
