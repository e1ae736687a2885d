use std::time::Duration;

use super::*;
use crate::store::{Incarnation, SessionKey};

const SHAPES: [Shape; 6] = [
    Shape::Uuid,
    Shape::LowerHex(40),
    Shape::UpperHex(100),
    Shape::Alphanumeric(32),
    Shape::Base64url(32),
    Shape::Base64url(128),
];
const ME: Binding<'_> = Binding::Session(b"5d1ccc96cbd7e7f290020aaedd64c1b3");
const OTHER: Binding<'_> = Binding::Session(b"hac082exio454jcqk6ieqm4j");
const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

struct Counting(u8);

impl Random for Counting {
    fn fill(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            self.0 = self.0.wrapping_mul(29).wrapping_add(17);
            *byte = self.0;
        }
    }
}

fn ring() -> Keyring {
    Keyring::from_random(&[7; 64]).with_grace(Duration::from_secs(3600))
}

#[test]
fn a_derived_token_is_good_for_its_session_and_no_other() {
    for shape in SHAPES {
        let ring = ring();
        let token = derived(&ring, shape, "site", ME);
        let check = |scope, binding| {
            check_derived(&ring, shape, scope, binding, token.as_str().as_bytes(), NOW)
        };
        assert_eq!(check("site", ME), Ok(()), "{shape:?}");
        assert_eq!(check("site", OTHER), Err(TokenFault::Invalid), "{shape:?}");
        assert_eq!(check("other site", ME), Err(TokenFault::Invalid), "{shape:?}");
        let user = Binding::User("5d1ccc96cbd7e7f290020aaedd64c1b3");
        assert_eq!(check("site", user), Err(TokenFault::Invalid), "{shape:?}");
    }
}

#[test]
fn each_symbol_of_a_token_counts() {
    for shape in SHAPES {
        let ring = ring();
        let token = derived(&ring, shape, "", ME);
        for at in 0..token.as_str().len() {
            let mut text = token.as_str().as_bytes().to_vec();
            text[at] = if text[at] == b'0' { b'1' } else { b'0' };
            let checked = check_derived(&ring, shape, "", ME, &text, NOW);
            assert!(checked.is_err(), "{shape:?} with another symbol {at}");
        }
    }
}

#[test]
fn shapes_look_as_their_clients_expect() {
    let ring = ring();
    let text = |shape| derived(&ring, shape, "", ME).as_str().to_owned();
    let uuid = text(Shape::Uuid);
    assert_eq!(uuid.len(), 36);
    let groups: Vec<usize> = uuid.split('-').map(str::len).collect();
    assert_eq!(groups, [8, 4, 4, 4, 12]);
    assert_eq!(uuid.as_bytes()[14], b'4');
    assert!(matches!(uuid.as_bytes()[19], b'8' | b'9' | b'a' | b'b'));
    for (shape, len, symbols) in [
        (Shape::LowerHex(40), 40, "0123456789abcdef"),
        (Shape::UpperHex(100), 100, "0123456789ABCDEF"),
    ] {
        assert_eq!(text(shape).len(), len);
        assert!(text(shape).chars().all(|c| symbols.contains(c)), "{}", text(shape));
    }
    assert_eq!(text(Shape::Alphanumeric(32)).len(), 32);
    assert!(text(Shape::Alphanumeric(32)).bytes().all(|b| b.is_ascii_alphanumeric()));
}

#[test]
fn malformed_tokens_are_called_malformed() {
    for shape in SHAPES {
        let ring = ring();
        let good = derived(&ring, shape, "", ME);
        let longer = format!("{}0", good.as_str());
        let cut = good.as_str().strip_suffix(|_: char| true).unwrap();
        for text in ["", "x", cut, &longer, "\u{e9}", &"0".repeat(10_000), "_csrf[]"] {
            let checked = check_derived(&ring, shape, "", ME, text.as_bytes(), NOW);
            assert_eq!(checked, Err(TokenFault::Malformed), "{shape:?} {text:.40}");
        }
    }
}

/// A token of another maker has the same shape and begins with anything.
#[test]
fn first_symbols_that_are_no_key_id_are_an_unknown_keys() {
    let ring = ring();
    // 62 and more: key ids end at 61.
    for (shape, ids) in [
        (Shape::Uuid, ["3e", "ff"]),
        (Shape::LowerHex(40), ["3e", "ff"]),
        (Shape::UpperHex(100), ["3E", "FF"]),
        (Shape::Base64url(64), ["-", "_"]),
    ] {
        let changed = |good: &Token, id: &str| format!("{id}{}", &good.as_str()[id.len()..]);
        for id in ids {
            let name = format!("{shape:?} {id}");
            let text = changed(&derived(&ring, shape, "", ME), id);
            let checked = check_derived(&ring, shape, "", ME, text.as_bytes(), NOW);
            assert_eq!(checked, Err(TokenFault::UnknownKey), "{name}");

            let text = changed(&double_submit(&ring, shape, "", ME, &mut Counting(1)), id);
            let checked = check_double_submit(&ring, shape, "", ME, text.as_bytes(), NOW);
            assert_eq!(checked, Err(TokenFault::UnknownKey), "{name}");

            if shape == Shape::Uuid {
                continue; // Too short for a ticket.
            }
            let (session, life) = (SessionKey::from_bytes([0; 16]), Incarnation::from_random(1));
            let lifetime = Duration::from_secs(60);
            let terms = TicketTerms { ring: &ring, shape, scope: "", lifetime };
            let text = changed(&ticket(terms, ME, life, 0, NOW), id);
            let checked = check_ticket(terms, ME, session, life, text.as_bytes(), NOW);
            assert_eq!(checked, Err(TokenFault::UnknownKey), "{name}");
        }
    }
    let foreign = format!("zz{}", &derived(&ring, Shape::Uuid, "", ME).as_str()[2..]);
    let checked = check_derived(&ring, Shape::Uuid, "", ME, foreign.as_bytes(), NOW);
    assert_eq!(checked, Err(TokenFault::Malformed), "symbols of another alphabet");

    let user = Binding::User("admin");
    let lifetime = Duration::from_secs(60);
    let text = encrypted(&ring, "", user, lifetime, NOW, &mut Counting(1)).unwrap();
    let mut wire = data_encoding::BASE64URL_NOPAD.decode(text.as_bytes()).unwrap();
    for id in [62, 255] {
        wire[0] = id;
        let text = data_encoding::BASE64URL_NOPAD.encode(&wire);
        let checked = check_encrypted(&ring, "", user, text.as_bytes(), NOW);
        assert_eq!(checked, Err(TokenFault::UnknownKey), "encrypted, {id}");
    }
}

#[test]
fn masked_tokens_differ_and_carry_the_same() {
    for shape in SHAPES.into_iter().filter(|shape| shape.can_be_masked()) {
        let ring = ring();
        let mut random = Counting(1);
        let token = derived(&ring, shape, "", ME);
        let one = remasked(shape, token.as_str(), &mut random).unwrap();
        let two = remasked(shape, token.as_str(), &mut random).unwrap();
        assert_ne!(one, two, "{shape:?}");
        assert_eq!(one.len(), 2 * token.as_str().len());
        for text in [&one, &two] {
            let checked = check_derived(&ring, shape, "", ME, text.as_bytes(), NOW);
            assert_eq!(checked, Ok(()), "{shape:?}");
        }
        assert!(same_token(shape, one.as_bytes(), token.as_bytes()));
        assert!(!same_token(shape, one.as_bytes(), derived(&ring, shape, "", OTHER).as_bytes()));
    }
}

#[test]
fn a_double_submit_token_is_signed_and_bound() {
    let (ring, shape) = (ring(), Shape::Alphanumeric(32));
    let mut random = Counting(1);
    let token = double_submit(&ring, shape, "", ME, &mut random);
    assert_ne!(token.as_str(), double_submit(&ring, shape, "", ME, &mut random).as_str());
    let check =
        |binding, text: &str| check_double_submit(&ring, shape, "", binding, text.as_bytes(), NOW);
    assert_eq!(check(ME, token.as_str()), Ok(()));
    assert_eq!(check(OTHER, token.as_str()), Err(TokenFault::Invalid));
    assert_eq!(check(ME, &"a".repeat(32)), Err(TokenFault::Invalid));
}

#[test]
fn patterns_do_not_stand_in_for_each_other() {
    let (ring, shape) = (ring(), Shape::Alphanumeric(32));
    let synchronizer = derived(&ring, shape, "", ME);
    let checked = check_double_submit(&ring, shape, "", ME, synchronizer.as_bytes(), NOW);
    assert_eq!(checked, Err(TokenFault::Invalid));
}

#[test]
fn an_encrypted_token_names_its_user_and_its_end() {
    let ring = ring();
    let (admin, guest) = (Binding::User("admin"), Binding::User("guest-user"));
    let hours = |n: u64| NOW.plus(Duration::from_secs(3600 * n));
    let life = Duration::from_secs(3 * 3600);
    let text = encrypted(&ring, "s", admin, life, NOW, &mut Counting(3)).unwrap();
    let check = |scope, binding, at| check_encrypted(&ring, scope, binding, text.as_bytes(), at);
    assert_eq!(check("s", admin, NOW), Ok(()));
    assert_eq!(check("s", admin, hours(3)), Ok(()));
    assert_eq!(check("s", admin, hours(4)), Err(TokenFault::Expired));
    assert_eq!(check("s", admin, Timestamp::from_secs(5)), Err(TokenFault::Expired));
    assert_eq!(check("s", guest, NOW), Err(TokenFault::Invalid));
    assert_eq!(check("t", admin, NOW), Err(TokenFault::Invalid));
    let restarted = Keyring::from_random(&[9; 64]);
    let after = check_encrypted(&restarted, "s", admin, text.as_bytes(), NOW);
    assert_eq!(after, Err(TokenFault::Invalid));
}

#[test]
fn a_ticket_is_bound_to_session_time_and_incarnation() {
    let ring = ring();
    let life = Duration::from_secs(24 * 60);
    let terms = TicketTerms { ring: &ring, shape: Shape::LowerHex(40), scope: "", lifetime: life };
    let (first, second) = (Incarnation::from_random(0x0102), Incarnation::from_random(0x0103));
    let session = SessionKey::from_bytes([1; 16]);
    let token = ticket(terms, ME, first, 77, NOW);
    assert_eq!(token.as_str().len(), 40);
    let check = |binding, incarnation, at: Timestamp| {
        check_ticket(terms, binding, session, incarnation, token.as_bytes(), at)
    };
    let expected = Ticket { session, serial: 77, incarnation: first, expires: NOW.plus(life) };
    assert_eq!(check(ME, first, NOW), Ok(expected));
    assert_eq!(check(ME, first, NOW.plus(life)), Ok(expected));
    let later = NOW.plus(life + Duration::from_secs(1));
    assert_eq!(check(ME, first, later), Err(TokenFault::Expired));
    assert_eq!(check(OTHER, first, NOW), Err(TokenFault::Invalid));
    assert_eq!(check(ME, second, NOW), Err(TokenFault::Stale));
    let before = Timestamp::from_secs(NOW.as_secs() - 61);
    assert_eq!(check(ME, first, before), Err(TokenFault::Expired));
}

#[test]
fn a_retired_key_ends_with_its_grace() {
    let shape = Shape::Uuid;
    let ring = ring();
    let token = derived(&ring, shape, "", ME);
    let ring = ring.rotated(&[1; 32], NOW);
    let check = |at| check_derived(&ring, shape, "", ME, token.as_bytes(), at);
    assert_eq!(check(NOW.plus(Duration::from_secs(3600))), Ok(()));
    assert_eq!(check(NOW.plus(Duration::from_secs(3601))), Err(TokenFault::RetiredKey));
    let ring = ring.rotated(&[2; 32], NOW.plus(Duration::from_secs(7200)));
    let gone = check_derived(&ring, shape, "", ME, token.as_bytes(), NOW);
    assert_eq!(gone, Err(TokenFault::UnknownKey));
}
