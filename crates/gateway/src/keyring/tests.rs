use std::fs;
use std::path::{Path, PathBuf};

use countersign::{KeyState, Timestamp};
use countersign_store::StoreUrl;

use super::*;

const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

fn place(folder: &Path, name: &str) -> KeyringPlace {
    KeyringPlace::File(folder.join(name))
}

#[test]
fn a_file_keeps_its_keys() {
    let folder = tempfile::tempdir().unwrap();
    let text = |name| place(folder.path(), name).open().unwrap().to_toml();
    assert_eq!(text("one"), text("one"));
    assert_ne!(text("one"), text("two"));
}

#[cfg(unix)]
#[test]
fn only_its_user_can_read_the_file() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().unwrap();
    let place = place(folder.path(), "keyring.toml");
    // Left behind by a crash, and readable by all.
    fs::write(folder.path().join("keyring.toml.new"), "").unwrap();
    place.open().unwrap();
    let mode = || fs::metadata(place.file().unwrap()).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(), 0o600);
    place.change::<KeyringError>(|ring| Ok(ring.unwrap().rotated(&[1; 32], NOW))).unwrap();
    assert_eq!(mode(), 0o600);
    assert!(!folder.path().join("keyring.toml.new").exists());
}

#[test]
fn a_broken_file_is_named_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let place = place(folder.path(), "keyring.toml");
    let path = place.file().unwrap();
    fs::write(path, "secret = 1").unwrap();
    let change = || place.change::<KeyringError>(|_| Ok(fresh_keyring()?));
    for error in [place.open().unwrap_err(), change().unwrap_err()] {
        let error = error.to_string();
        assert!(error.contains("keyring.toml") && error.contains("remove"), "{error}");
    }
    assert_eq!(fs::read_to_string(path).unwrap(), "secret = 1");
}

#[test]
fn changes_of_several_at_once_all_count() {
    let folder = tempfile::tempdir().unwrap();
    let place = place(folder.path(), "keyring.toml");
    place.open().unwrap();
    std::thread::scope(|scope| {
        for number in 0..8 {
            let place = &place;
            scope.spawn(move || {
                let add = |ring: Option<countersign::Keyring>| {
                    ring.unwrap().with_pending(&[number; 32], NOW).map_err(|_| unreachable!())
                };
                place.change::<KeyringError>(add).unwrap();
            });
        }
    });
    let ring = place.load().unwrap().unwrap();
    assert_eq!(ring.keys(NOW).filter(|key| key.state == KeyState::Pending).count(), 8);
}

#[test]
fn a_variable_is_read_and_never_changed() {
    let unset = KeyringPlace::Variable("COUNTERSIGN_TEST_KEYRING_THAT_NOBODY_SETS".to_owned());
    assert!(unset.load().unwrap().is_none());
    let error = unset.open().unwrap_err().to_string();
    assert!(error.contains("countersign keys new"), "{error}");
    // A variable that every process has, and that is no keyring.
    let other = KeyringPlace::Variable("PATH".to_owned());
    assert!(matches!(other.load(), Err(KeyringError::Content { .. })));
}

#[test]
fn places_are_told_by_how_they_are_written() {
    let file: StoreUrl = "file:/var/lib/countersign".parse().unwrap();
    let redis: StoreUrl = "redis://127.0.0.1:6379".parse().unwrap();
    let base = Path::new("/etc/countersign");
    let parse = |text, store: &StoreUrl| KeyringPlace::parse(text, base, store);
    let at = |path| Ok(KeyringPlace::File(PathBuf::from(path)));
    assert_eq!(parse("keys.toml", &StoreUrl::Memory), at("/etc/countersign/keys.toml"));
    assert_eq!(parse("/keys.toml", &redis), at("/keys.toml"));
    assert_eq!(parse("env:KEYS", &redis), Ok(KeyringPlace::Variable("KEYS".to_owned())));
    assert_eq!(parse("store:", &file), at("/var/lib/countersign/keyring.toml"));
    assert!(matches!(parse("store:", &redis), Ok(KeyringPlace::Store(_))));
    for (text, store) in [("store:", &StoreUrl::Memory), ("env:", &file), ("", &file)] {
        assert!(parse(text, store).is_err(), "{text}");
    }
    assert_eq!(KeyringPlace::beside(&StoreUrl::Memory), None);
}
