use std::fs;

use super::*;

#[cfg(unix)]
#[test]
fn the_file_is_its_owners_only() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    let log = Log::new(&Metrics::default());
    log.turn_to(Some(&Audit::File(path.clone()))).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_place_that_cannot_be_written_is_refused_and_the_one_before_stays() {
    let folder = tempfile::tempdir().unwrap();
    let good = Audit::File(folder.path().join("audit.jsonl"));
    let bad = Audit::File(folder.path().join("missing").join("audit.jsonl"));
    let log = Log::new(&Metrics::default());
    assert!(log.turn_to(Some(&bad)).is_err());
    assert!(!log.is_on());
    log.turn_to(Some(&good)).unwrap();
    let error = log.turn_to(Some(&bad)).unwrap_err();
    assert!(error.to_string().contains("missing"), "{error}");
    assert!(log.is_on());
    log.turn_to(None).unwrap();
    assert!(!log.is_on());
}

#[test]
fn what_nobody_writes_is_dropped_and_counted() {
    let metrics = Metrics::default();
    // No thread takes anything from the queue of a log that was never turned to anything.
    let log = Log::new(&metrics);
    for _ in 0..QUEUE {
        log.queue.try_send(Message::Look).unwrap();
    }
    for _ in 0..3 {
        log.record(|| panic!("a record is made that cannot be written"));
    }
    let text = metrics.text().unwrap();
    let line = r#"countersign_audit_lines_dropped_total{reason="queue_full"} 3"#;
    assert!(text.contains(line), "{text}");
}
