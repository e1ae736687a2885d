//! The audit log: every refusal, and every one that was only reported, as a line of JSON.
//!
//! A request never waits for it. Lines go through a queue of bounded length to a thread that writes
//! them; when they come faster than it can write, they are dropped and counted.

mod pen;
mod record;

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use crate::config::Audit;
use crate::metrics::{Dropped, Metrics};
use pen::Pen;
pub(crate) use record::Record;
#[cfg(feature = "otel")]
pub(crate) use record::shown;

/// Lines that wait to be written; a line is a KiB at most, or little more.
const QUEUE: usize = 4096;

/// So many bytes are handed to the system at once.
const PORTION: usize = 64 * 1024;

/// How long the end of the process waits for the last lines, if nobody takes them.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why the audit log cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write the audit log `{}`: {error}", .path.display())]
pub struct AuditError {
    /// The file.
    pub path: PathBuf,
    /// What the system says.
    pub error: io::Error,
}

/// The audit log, wherever it goes at present.
#[derive(Debug)]
pub(crate) struct Log {
    queue: mpsc::Sender<Message>,
    desk: Arc<Desk>,
    metrics: Metrics,
    clerk: Mutex<Clerk>,
    is_on: AtomicBool,
}

/// Who writes, and where to.
#[derive(Debug)]
struct Clerk {
    destination: Option<Audit>,
    /// Until the first line could be written, nobody listens to the queue.
    waiting: Option<mpsc::Receiver<Message>>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
enum Message {
    Line(Vec<u8>),
    /// Something lies on the desk.
    Look,
}

/// What the writing thread is told beside the queue, so that it is told even if the queue is full.
#[derive(Debug, Default)]
struct Desk {
    output: Mutex<Option<Output>>,
    is_ending: AtomicBool,
}

/// Where lines go.
#[derive(Debug)]
enum Output {
    Stdout(io::Stdout),
    File(File),
}

impl Output {
    fn open(destination: &Audit) -> Result<Self, AuditError> {
        match destination {
            Audit::Stdout => Ok(Self::Stdout(io::stdout())),
            Audit::File(path) => match open(path) {
                Ok(file) => Ok(Self::File(file)),
                Err(error) => Err(AuditError { path: path.clone(), error }),
            },
        }
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Stdout(stdout) => stdout.write(bytes),
            Self::File(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Stdout(stdout) => stdout.flush(),
            Self::File(file) => file.flush(),
        }
    }
}

/// Opens a file at its end. It tells who visited what, so it is nobody else's.
fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

impl Log {
    /// A log that goes nowhere yet.
    pub(crate) fn new(metrics: &Metrics) -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE);
        Self {
            queue,
            desk: Arc::default(),
            metrics: metrics.clone(),
            clerk: Mutex::new(Clerk { destination: None, waiting: Some(waiting), thread: None }),
            is_on: AtomicBool::new(false),
        }
    }

    /// Writes to `destination` from now on; nowhere if there is none.
    ///
    /// # Errors
    /// When it cannot be opened; the one before stays then.
    pub(crate) fn turn_to(&self, destination: Option<&Audit>) -> Result<(), AuditError> {
        let mut clerk = self.clerk.lock().unwrap_or_else(PoisonError::into_inner);
        if clerk.destination.as_ref() == destination {
            return Ok(());
        }
        if let Some(destination) = destination {
            let output = Output::open(destination)?;
            self.put_on_desk(output);
            self.start(&mut clerk).map_err(|error| {
                let path = match destination {
                    Audit::File(path) => path.clone(),
                    Audit::Stdout => PathBuf::from("-"),
                };
                AuditError { path, error }
            })?;
        }
        clerk.destination = destination.cloned();
        self.is_on.store(destination.is_some(), Ordering::Relaxed);
        Ok(())
    }

    /// Opens the file anew, since somebody may have moved it away.
    ///
    /// # Errors
    /// When it cannot be opened; lines still go to the old one then.
    pub(crate) fn reopen(&self) -> Result<(), AuditError> {
        let clerk = self.clerk.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(destination @ Audit::File(_)) = &clerk.destination {
            let output = Output::open(destination)?;
            self.put_on_desk(output);
        }
        Ok(())
    }

    fn put_on_desk(&self, output: Output) {
        *self.desk.output.lock().unwrap_or_else(PoisonError::into_inner) = Some(output);
        // If the queue is full, the thread looks at its desk in any case.
        let _ = self.queue.try_send(Message::Look);
    }

    fn start(&self, clerk: &mut Clerk) -> io::Result<()> {
        let Some(queue) = clerk.waiting.take() else { return Ok(()) };
        let (desk, metrics) = (self.desk.clone(), self.metrics.clone());
        let thread = std::thread::Builder::new().name("audit".to_owned());
        clerk.thread = Some(thread.spawn(move || write(queue, &desk, metrics))?);
        Ok(())
    }

    /// Whether anybody reads what is recorded.
    pub(crate) fn is_on(&self) -> bool {
        self.is_on.load(Ordering::Relaxed)
    }

    /// Writes a record, unless too many wait already: then it is not even made.
    pub(crate) fn record<'a>(&self, record: impl FnOnce() -> Record<'a>) {
        match self.queue.try_reserve() {
            Ok(place) => place.send(Message::Line(record().line())),
            Err(_) => self.metrics.audit_dropped(Dropped::QueueFull, 1),
        }
    }

    /// Has everything written that was recorded.
    pub(crate) fn finish(&self) {
        self.is_on.store(false, Ordering::Relaxed);
        self.desk.is_ending.store(true, Ordering::Release);
        let _ = self.queue.try_send(Message::Look);
        let thread = self.clerk.lock().unwrap_or_else(PoisonError::into_inner).thread.take();
        let Some(thread) = thread else { return };
        let begun = Instant::now();
        // A pipe that nobody empties must not keep the process from ending.
        while !thread.is_finished() {
            if begun.elapsed() > PATIENCE {
                tracing::error!(target: "countersign", "nobody takes the last lines of the audit log");
                return;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        let _ = thread.join();
    }
}

/// The writing thread's life. What was recorded is written as soon as nothing more waits behind it.
fn write(mut queue: mpsc::Receiver<Message>, desk: &Desk, metrics: Metrics) {
    let mut pen: Pen<Output> = Pen::new(metrics);
    loop {
        look(desk, &mut pen);
        let is_ending = desk.is_ending.load(Ordering::Acquire);
        let mut next = if is_ending { queue.try_recv().ok() } else { queue.blocking_recv() };
        if next.is_none() {
            return;
        }
        let mut size = 0;
        while let Some(message) = next {
            match message {
                Message::Line(line) => {
                    size += line.len();
                    pen.add(&line);
                }
                // What comes behind it must not go where lines went before.
                Message::Look => {
                    pen.write(Instant::now());
                    look(desk, &mut pen);
                }
            }
            next = if size < PORTION { queue.try_recv().ok() } else { None };
        }
        pen.write(Instant::now());
    }
}

fn look(desk: &Desk, pen: &mut Pen<Output>) {
    if let Some(output) = desk.output.lock().unwrap_or_else(PoisonError::into_inner).take() {
        pen.turn_to(output);
    }
}

#[cfg(test)]
mod tests;
