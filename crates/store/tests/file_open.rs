//! Opening, closing and opening again; and every way in which it cannot be opened.

#![cfg(feature = "file")]

use std::fs;
use std::path::Path;
use std::time::Duration;

use countersign::{SessionKey, Spent, StoredToken, Ticket, Timestamp, Token};
use countersign_store::Store;
use countersign_store::file::{FileLimits, FileStore, OpenError};

const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);
const LIFE: Duration = Duration::from_secs(24 * 60);
const SESSION: SessionKey = SessionKey::from_bytes([1; 16]);

fn open(folder: &Path) -> Result<FileStore, OpenError> {
    FileStore::open(folder, FileLimits::default())
}

fn refusal(folder: &Path) -> String {
    let opened = open(folder).map(drop);
    assert!(opened.is_err(), "it must not open");
    opened.map_or_else(|error| error.to_string(), |()| String::new())
}

fn tickets(store: &impl Store, serials: std::ops::Range<u32>) -> Vec<Ticket> {
    let (incarnation, expires) = (store.incarnation(), NOW.plus(LIFE));
    serials.map(|serial| Ticket { session: SESSION, serial, incarnation, expires }).collect()
}

#[tokio::test]
async fn marks_tokens_and_the_life_of_each_site_outlive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("made/here");
    let token = Box::new(Token::from_stored("0123456789abcdef").unwrap());
    let store = open(&folder).unwrap();
    let (one, two) = (store.site("one"), store.site("two"));
    assert_ne!(one.incarnation(), two.incarnation(), "tickets of one site are nothing at another");
    let serials = one.reserve(SESSION, 100, NOW.plus(LIFE), NOW).await.unwrap().serials;
    let all = tickets(&one, serials);
    // Every second one: with a window of 32, that needs the large form.
    for ticket in all.iter().step_by(2) {
        assert_eq!(one.spend(*ticket, 0, NOW, NOW).await.spent, Spent::First);
    }
    let _ = one.keep(SESSION, token.clone(), NOW).await.unwrap();
    let before = (one.incarnation(), two.incarnation());
    two.end(SESSION).await.unwrap();
    two.reserve(SESSION, 1, NOW.plus(LIFE), NOW).await.unwrap();
    drop((store, one, two));

    let store = open(&folder).unwrap();
    let (one, two) = (store.site("one"), store.site("two"));
    assert_eq!((one.incarnation(), two.incarnation()), before);
    for (number, ticket) in all.into_iter().enumerate() {
        let expected = if number % 2 == 0 { Spent::Already } else { Spent::First };
        assert_eq!(one.spend(ticket, 0, NOW, NOW).await.spent, expected, "{number}");
    }
    let StoredToken::Found(found) = one.stored(SESSION, NOW).await else { panic!("it is there") };
    assert_eq!(found.as_str(), token.as_str());
    assert!(matches!(two.stored(SESSION, NOW).await, StoredToken::Missing), "of the other site");
}

#[tokio::test]
async fn a_second_opener_is_told_who_has_it() {
    let folder = tempfile::tempdir().unwrap();
    let first = open(folder.path()).unwrap();
    let text = refusal(folder.path());
    for part in [&*folder.path().to_string_lossy(), "another process", "one process at a time"] {
        assert!(text.contains(part), "`{part}` in: {text}");
    }
    drop(first);
    assert!(open(folder.path()).is_ok(), "once the first is gone");
}

#[test]
fn a_file_that_is_no_store_is_left_alone() {
    for (case, content) in [
        ("empty", Vec::new()),
        ("text", b"not a database\n".repeat(1000)),
        ("zeros", vec![0; 1 << 20]),
        ("short", vec![0x72]),
        ("another database's first bytes", b"SQLite format 3\0".repeat(256)),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.redb");
        fs::write(&path, &content).unwrap();
        let text = refusal(folder.path());
        assert!(text.contains("store.redb` is not a store"), "{case}: {text}");
        assert!(text.contains("move it away"), "{case}: says what to do: {text}");
        assert_eq!(fs::read(&path).unwrap(), content, "{case}: untouched");
    }
}

#[test]
fn a_database_of_something_else_or_of_a_later_release_is_told_apart() {
    const FORMAT: redb::TableDefinition<'_, &str, u32> = redb::TableDefinition::new("format");
    for (version, expected) in [(None, "is not a store"), (Some(2), "is a store of format 2")] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.redb");
        let database = redb::Database::create(&path).unwrap();
        if let Some(version) = version {
            let transaction = database.begin_write().unwrap();
            transaction.open_table(FORMAT).unwrap().insert("version", version).unwrap();
            transaction.commit().unwrap();
        }
        drop(database);
        let text = refusal(folder.path());
        assert!(text.contains(expected), "{text}");
        assert!(path.exists());
    }
}

#[test]
fn what_a_crash_left_of_making_it_is_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("store.redb.new"), vec![0; 5_000]).unwrap();
    assert!(open(folder.path()).is_ok());
    assert!(!folder.path().join("store.redb.new").exists());
}

#[test]
fn a_folder_that_cannot_be_used_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    for path in [file.clone(), file.join("below"), "/proc/nowhere".into()] {
        let text = refusal(&path);
        assert!(text.contains(&format!("cannot use `{}", path.display())), "{text}");
    }
}

#[cfg(unix)]
#[test]
fn nobody_else_can_read_it() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("private");
    let _store = open(&folder).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    for name in ["store.redb", "store.lock"] {
        assert_eq!(mode(&folder.join(name)), 0o600, "{name}");
    }
}
