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
fn a_keyring_survives_being_written_down() {
    let ring = Keyring::from_random(&[7; 64]).with_grace(HOUR).rotated(&[8; 32], at(10));
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
