//! Writing lines to something that may fail.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use crate::metrics::{Dropped, Metrics};

/// A full disk is told once in so long, and not with every line.
const BETWEEN_COMPLAINTS: Duration = Duration::from_secs(60);

/// Writes whole lines, and counts those that were not taken.
pub(super) struct Pen<W> {
    output: Option<W>,
    waiting: Vec<u8>,
    /// The output ends within a line.
    is_torn: bool,
    metrics: Metrics,
    /// Lines that nobody was told of.
    lost: u64,
    complained: Option<Instant>,
}

impl<W: Write> Pen<W> {
    pub(super) const fn new(metrics: Metrics) -> Self {
        Self {
            output: None,
            waiting: Vec::new(),
            is_torn: false,
            metrics,
            lost: 0,
            complained: None,
        }
    }

    pub(super) fn turn_to(&mut self, output: W) {
        self.output = Some(output);
        self.is_torn = false;
    }

    /// Takes a line, with its end.
    pub(super) fn add(&mut self, line: &[u8]) {
        self.waiting.extend_from_slice(line);
    }

    /// Hands over everything that waits. What is not taken is lost.
    pub(super) fn write(&mut self, now: Instant) {
        if self.waiting.is_empty() {
            return;
        }
        if self.is_torn {
            self.waiting.insert(0, b'\n');
        }
        let (written, done) = match &mut self.output {
            Some(output) => hand_over(output, &self.waiting),
            None => (0, Ok(())),
        };
        let (taken, rest) = self.waiting.split_at_checked(written).unwrap_or((&self.waiting, &[]));
        if let Some(last) = taken.last() {
            self.is_torn = *last != b'\n';
        }
        let lost = rest.iter().filter(|byte| **byte == b'\n').count() as u64;
        self.waiting.clear();
        if let Err(error) = done {
            self.complain(lost, &error, now);
        }
    }

    fn complain(&mut self, lost: u64, error: &io::Error, now: Instant) {
        self.metrics.audit_dropped(Dropped::WriteFailed, lost);
        self.lost += lost;
        let is_recent = |then: Instant| now.saturating_duration_since(then) < BETWEEN_COMPLAINTS;
        if self.complained.is_some_and(is_recent) {
            return;
        }
        tracing::error!(
            target: "countersign",
            %error,
            lines = self.lost,
            "the audit log cannot be written; refusals are counted in the metrics all the same"
        );
        self.complained = Some(now);
        self.lost = 0;
    }
}

/// How many bytes the output took, and why no more.
fn hand_over<W: Write>(output: &mut W, bytes: &[u8]) -> (usize, io::Result<()>) {
    let mut written = 0;
    while let Some(rest) = bytes.get(written..).filter(|rest| !rest.is_empty()) {
        match output.write(rest) {
            Ok(0) => return (written, Err(io::ErrorKind::WriteZero.into())),
            Ok(more) => written += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return (written, Err(error)),
        }
    }
    (written, output.flush())
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// A disk with so much room.
    #[derive(Clone, Default)]
    struct Disk(Arc<Mutex<(Vec<u8>, usize)>>);

    impl Disk {
        fn with_room(room: usize) -> Self {
            Self(Arc::new(Mutex::new((Vec::new(), room))))
        }

        fn give(&self, more: usize) {
            self.0.lock().unwrap().1 += more;
        }

        fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().0.clone()).unwrap()
        }
    }

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let (held, room) = &mut *self.0.lock().unwrap();
            let taken = bytes.len().min(*room);
            held.extend_from_slice(&bytes[..taken]);
            *room -= taken;
            if taken == 0 { Err(io::ErrorKind::StorageFull.into()) } else { Ok(taken) }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_disk_that_fills_up_tears_at_most_one_line() {
        let metrics = Metrics::default();
        let mut pen = Pen::new(metrics.clone());
        let disk = Disk::with_room(6);
        pen.turn_to(disk.clone());
        let now = Instant::now();
        for line in ["one\n", "two\n", "three\n"] {
            pen.add(line.as_bytes());
        }
        pen.write(now);
        assert_eq!(disk.text(), "one\ntw");
        disk.give(100);
        pen.add(b"four\n");
        pen.write(now);
        assert_eq!(disk.text(), "one\ntw\nfour\n");
        let text = metrics.text().unwrap();
        let dropped = r#"countersign_audit_lines_dropped_total{reason="write_failed"} 2"#;
        assert!(text.contains(dropped), "{text}");
    }

    #[test]
    fn a_full_disk_is_told_once_a_minute() {
        let mut pen = Pen::new(Metrics::default());
        pen.turn_to(Disk::with_room(0));
        let begun = Instant::now();
        let mut told = Vec::new();
        for second in 0..=130 {
            let now = begun + Duration::from_secs(second);
            pen.add(b"line\n");
            pen.write(now);
            if pen.complained == Some(now) {
                told.push(second);
            }
        }
        assert_eq!(told, [0, 60, 120]);
        // Those since the last time are told with the next.
        assert_eq!(pen.lost, 10);
    }
}
