//! One-time tokens, by every answer that a store can give.

use super::{OTHER, SESSION, ask, keyring, policy};
use crate::common::{MOMENT, NOW, say};
use crate::text::request;
use countersign::{
    Engine, Facts, Holder, Incarnation, Issue, Moment, Peer, Scheme, Spent, Step, Ticket,
    Timestamp, Verdict,
};

fn engine() -> Engine {
    Engine::new(policy("dialect = \"tao\""), keyring())
}

fn ticket(session: &str, serial: u32, moment: Moment) -> String {
    engine().tickets(&Holder::Session(session.into()), serial..serial + 1, moment).remove(0)
}

/// Judges a request with this ticket; `answer` is the store.
fn spend(text: &str, moment: Moment, answer: impl FnOnce(Ticket) -> Spent) -> String {
    let engine = engine();
    let lines = [format!("Cookie: tao_session={SESSION}"), format!("X-CSRF-Token: {text}")];
    let request = request(&ask("POST /tao/items", &[&lines[0], &lines[1]]));
    let facts = Facts::of(&request, Peer::new(None, Scheme::Https));
    match engine.judge(&facts, moment) {
        Step::Spend(need) => {
            let answer = answer(need.ticket());
            match need.resume(answer) {
                Step::Decided(verdict) => say(&verdict),
                other => panic!("{other:?}"),
            }
        }
        Step::Decided(verdict) => format!("without the store: {}", say(&verdict)),
        other => panic!("{other:?}"),
    }
}

#[test]
fn nothing_passes_without_the_stores_word() {
    let text = ticket(SESSION, 5, MOMENT);
    for (answer, expected) in [
        (Spent::First, "allow ticket"),
        (Spent::Already, "refuse token_spent"),
        (Spent::Unknown, "refuse token_stale"),
        (Spent::Unavailable, "refuse store_unavailable"),
    ] {
        assert_eq!(spend(&text, MOMENT, |_| answer), expected, "{answer:?}");
    }
}

#[test]
fn the_store_is_told_which_ticket_of_which_life() {
    let text = ticket(SESSION, 5, MOMENT);
    let mut asked = None;
    let _ = spend(&text, MOMENT, |ticket| {
        asked = Some(ticket);
        Spent::First
    });
    let asked = asked.unwrap();
    assert_eq!(asked.session, engine().session_key(SESSION.as_bytes()));
    assert_eq!(asked.serial, 5);
    assert_eq!(asked.incarnation, MOMENT.incarnation);
    assert_eq!(asked.expires, Timestamp::from_secs(NOW.as_secs() + 24 * 60));
}

#[test]
fn a_bad_ticket_never_reaches_the_store() {
    let at = |seconds: i64| Moment {
        now: Timestamp::from_secs(NOW.as_secs().checked_add_signed(seconds).unwrap()),
        ..MOMENT
    };
    let earlier = Moment { incarnation: Incarnation::from_random(0x0c06), ..MOMENT };
    // The clear byte of both lives is the same: only the MAC tells them apart.
    let alike = Moment { incarnation: Incarnation::from_random(0x0d07), ..MOMENT };
    let good = ticket(SESSION, 5, MOMENT);
    let changed = |at: usize| {
        let mut text = good.clone().into_bytes();
        text[at] = if text[at] == b'0' { b'1' } else { b'0' };
        String::from_utf8(text).unwrap()
    };
    for (name, text, moment, expected) in [
        ("another session's", ticket(OTHER, 5, MOMENT), MOMENT, "refuse token_invalid"),
        ("another serial", changed(19), MOMENT, "refuse token_invalid"),
        ("another time", changed(11), MOMENT, "refuse token_invalid"),
        ("another MAC", changed(39), MOMENT, "refuse token_invalid"),
        ("of an earlier life", ticket(SESSION, 5, earlier), MOMENT, "refuse token_stale"),
        ("of a life alike", ticket(SESSION, 5, alike), MOMENT, "refuse token_invalid"),
        ("too old by a second", good.clone(), at(24 * 60 + 1), "refuse token_expired"),
        ("ahead of its time", good.clone(), at(-61), "refuse token_expired"),
        ("longer", format!("{good}0"), MOMENT, "refuse token_malformed"),
        ("in capitals", good.to_uppercase(), MOMENT, "refuse token_malformed"),
    ] {
        let got = spend(&text, moment, |_| panic!("{name}: the store was asked"));
        assert_eq!(got, format!("without the store: {expected}"), "{name}");
    }
    for (name, moment) in [("in its last second", at(24 * 60)), ("by a clock behind", at(-60))] {
        assert_eq!(spend(&good, moment, |_| Spent::First), "allow ticket", "{name}");
    }
}

#[test]
fn a_pool_is_of_different_tickets() {
    let holder = Holder::Session(SESSION.into());
    assert!(matches!(
        engine().issue(&holder, MOMENT, &mut crate::common::Sequence::from(1)),
        Issue::Tickets(key) if key == engine().session_key(SESSION.as_bytes())
    ));
    let mut pool = engine().tickets(&holder, 0..1000, MOMENT);
    pool.sort();
    pool.dedup();
    assert_eq!(pool.len(), 1000);
}

#[test]
fn an_allowed_ticket_owes_a_fresh_one_and_nothing_else_does() {
    let engine = engine();
    let lines = [
        format!("Cookie: tao_session={SESSION}"),
        format!("X-CSRF-Token: {}", ticket(SESSION, 5, MOMENT)),
    ];
    let request = request(&ask("POST /tao/items", &[&lines[0], &lines[1]]));
    let facts = Facts::of(&request, Peer::new(None, Scheme::Https));
    let Step::Spend(need) = engine.judge(&facts, MOMENT) else { panic!("the store decides") };
    let Step::Decided(Verdict::Allow(allow)) = need.resume(Spent::First) else { panic!("allowed") };
    assert!(allow.owes_token());

    let read = crate::text::request(&ask("GET /page", &[]));
    let facts = Facts::of(&read, Peer::new(None, Scheme::Https));
    let Step::Decided(Verdict::Allow(allow)) = engine.judge(&facts, MOMENT) else {
        panic!("allowed")
    };
    assert!(!allow.owes_token());
}
