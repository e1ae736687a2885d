use super::*;

const HOUR: Duration = Duration::from_secs(3600);

fn at(hours: u64) -> Timestamp {
    Timestamp::from_secs(hours * 3600)
}

#[test]
fn a_rotated_key_is_good_until_its_grace_ends() {
    let ring = Keyring::from_random(&[7; 64]).with_grace(HOUR);
    let first = ring.current_id();
    let ring = ring.rotated(&[8; 32], at(10));
    assert_ne!(ring.current_id(), first);
    assert!(ring.find(first, at(11)).is_ok());
    assert_eq!(ring.find(first, at(12)).err(), Some(NoKey::Retired));
}

#[test]
fn an_id_that_was_never_given_is_unknown() {
    let ring = Keyring::from_random(&[7; 64]);
    assert_eq!(ring.find(KeyId(33), at(0)).err(), Some(NoKey::Unknown));
}

#[test]
fn ids_stay_unique_through_a_whole_turn() {
    let mut ring = Keyring::from_random(&[7; 64]).with_grace(HOUR * 1000);
    for turn in 0..200 {
        ring = ring.rotated(&[turn; 32], at(u64::from(turn)));
        let current = ring.current_id();
        assert!(ring.keys.iter().all(|key| key.id != current), "after {turn} rotations");
    }
}

#[test]
fn a_pending_key_is_accepted_and_not_used() {
    let ring = Keyring::from_random(&[7; 64]).with_grace(HOUR);
    let first = ring.current_id();
    let ring = ring.with_pending(&[8; 32], at(10)).unwrap();
    assert_eq!(ring.current_id(), first);
    let next = KeyId(1);
    assert!(ring.find(next, at(10)).is_ok());
    let ring = ring.promoted(at(20)).unwrap();
    assert_eq!(ring.current_id(), next);
    assert!(ring.find(first, at(21)).is_ok());
    assert_eq!(ring.find(first, at(22)).err(), Some(NoKey::Retired));
    assert_eq!(ring.promoted(at(20)).unwrap_err(), RotationError::NonePending);
}

#[test]
fn of_several_pending_keys_the_oldest_is_next() {
    let ring = Keyring::from_random(&[7; 64]).with_pending(&[8; 32], at(1)).unwrap();
    let ring = ring.with_pending(&[9; 32], at(2)).unwrap();
    let order: Vec<u8> = ring.keys(at(3)).map(|key| key.id.get()).collect();
    assert_eq!(order, [2, 1, 0]);
    let ring = ring.promoted(at(3)).unwrap();
    assert_eq!(ring.current_id(), KeyId(1));
    assert_eq!(ring.promoted(at(4)).unwrap().current_id(), KeyId(2));
}

#[test]
fn a_dropped_key_is_unknown_at_once() {
    let ring = Keyring::from_random(&[7; 64]).rotated(&[8; 32], at(10));
    assert_eq!(
        ring.without(KeyId(1)).unwrap_err(),
        RotationError::Current(1),
        "without it there would be nothing to make tokens with"
    );
    let ring = Keyring::from_random(&[7; 64]).rotated(&[8; 32], at(10));
    let ring = ring.without(KeyId(0)).unwrap();
    assert_eq!(ring.find(KeyId(0), at(10)).err(), Some(NoKey::Unknown));
    assert_eq!(ring.without(KeyId(0)).unwrap_err(), RotationError::Unknown(0));
}

#[test]
fn a_full_ring_takes_no_pending_key_and_stays_as_it_is() {
    let mut ring = Keyring::from_random(&[7; 64]);
    for number in 1..KeyId::COUNT {
        ring = ring.with_pending(&[number; 32], at(0)).unwrap();
    }
    assert_eq!(ring.with_pending(&[99; 32], at(0)).unwrap_err(), RotationError::Full);
}

#[test]
fn what_is_told_of_keys_is_everything_but_the_secret() {
    let ring = Keyring::from_random(&[7; 64]).with_grace(HOUR).rotated(&[8; 32], at(10));
    let ring = ring.with_pending(&[9; 32], at(10)).unwrap();
    let told: Vec<KeyInfo> = ring.keys(at(11)).collect();
    let made = Some(at(10));
    assert_eq!(
        told,
        [
            KeyInfo { id: KeyId(2), made, state: KeyState::Pending },
            KeyInfo { id: KeyId(1), made, state: KeyState::Current },
            KeyInfo { id: KeyId(0), made: None, state: KeyState::Retired { until: at(11) } },
        ]
    );
    assert_eq!(ring.keys(at(12)).count(), 2, "what is over is not told of");
}

#[test]
fn a_keyring_survives_being_written_down() {
    let ring = Keyring::from_random(&[7; 64]).with_grace(HOUR).rotated(&[8; 32], at(10));
    let ring = ring.with_pending(&[9; 32], at(11)).unwrap();
    let again = Keyring::from_toml(&ring.to_toml()).unwrap();
    assert_eq!(again.to_toml(), ring.to_toml());
    assert_eq!(again.current_id(), ring.current_id());
}

#[test]
fn unusable_keyrings_are_refused_without_showing_them() {
    let secret = "ab".repeat(32);
    for (text, says) in [
        (String::new(), "missing field"),
        ("grace = 1\npseudonym = \"x\"\nkey = []".into(), "pseudonym"),
        (format!("grace = 1\npseudonym = \"{secret}\"\nkey = []"), "exactly one key"),
        (
            format!("grace = 1\npseudonym = \"{secret}\"\n[[key]]\nid = 62\nsecret = \"{secret}\""),
            "62",
        ),
        (
            format!(
                "grace = 1\npseudonym = \"{secret}\"\n[[key]]\nid = 1\nsecret = \"{secret}\"\n\
                 [[key]]\nid = 1\nsecret = \"{secret}\"\nretired = 1"
            ),
            "at most once",
        ),
        (
            format!(
                "grace = 1\npseudonym = \"{secret}\"\n[[key]]\nid = 1\nsecret = \"{secret}\"\n\
                 [[key]]\nid = 2\nsecret = \"{secret}\"\nretired = 1\npending = true"
            ),
            "both",
        ),
        (format!("grace = 1\npseudonym = \"{secret}\nkey = []"), "line"),
    ] {
        let error = Keyring::from_toml(&text).unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
        assert!(!error.contains("abab"), "{error}");
    }
}

#[test]
fn nothing_secret_is_in_the_debug_text() {
    let ring = Keyring::from_random(&[0xab; 64]);
    let shown = format!("{ring:?} {:?}", Secret::new([0xab; 32]));
    assert!(!shown.contains("171") && !shown.contains("abab"), "{shown}");
}

#[test]
fn each_purpose_has_a_key_of_its_own() {
    let ring = Keyring::from_random(&[7; 64]);
    let tag = |mac: &MacKey| -> [u8; 32] {
        mac.clone().chain_update(b"text").finalize().into_bytes().into()
    };
    let tags = [
        tag(ring.current.mac(Purpose::Synchronizer)),
        tag(ring.current.mac(Purpose::DoubleSubmit)),
        tag(ring.current.mac(Purpose::Ticket)),
        tag(&ring.pseudonym()),
    ];
    for (at, one) in tags.iter().enumerate() {
        assert!(tags.iter().skip(at + 1).all(|other| other != one), "{at}");
    }
    let encryption = ring.current.encryption();
    assert_ne!(encryption.expose(), ring.current.secret.expose());
}
