//! Files that are sent without being in memory whole, and can be sent again.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use tempfile::{SpooledData, SpooledTempFile};

use crate::failure::Failure;

/// Of what has no end that could be looked up, so much is kept in memory; the rest goes to a temporary
/// file that has no name.
const IN_MEMORY: usize = 8 << 20;

/// So much is read at once.
pub(super) const CHUNK: usize = 64 << 10;

/// Bytes that can be read from anywhere, any number of times.
#[derive(Clone)]
pub(super) enum Source {
    Memory(Bytes),
    /// Opened once: who replaces the file between two tries does not change what is sent.
    File {
        file: Arc<Mutex<File>>,
        path: String,
        length: u64,
    },
}

impl From<Vec<u8>> for Source {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Memory(bytes.into())
    }
}

impl Source {
    /// Opens a file; `-` is standard input.
    pub(super) fn open(path: &str) -> Result<Self, Failure> {
        if path == "-" {
            return Self::spool(io::stdin().lock(), "standard input").map_err(|error| {
                Failure::world(format!("--form: cannot read standard input: {error}"))
            });
        }
        let failed =
            |error: io::Error| Failure::input(format!("--form: cannot read `{path}`: {error}"));
        let file = File::open(path).map_err(failed)?;
        let found = file.metadata().map_err(failed)?;
        if found.is_dir() {
            return Err(Failure::input(format!(
                "--form: `{path}` is a directory; name a file in it"
            )));
        }
        if !found.is_file() {
            // A pipe, as of `<(command)`.
            return Self::spool(file, path).map_err(failed);
        }
        Ok(Self::of_file(file, path, found.len()))
    }

    fn spool(mut from: impl Read, path: &str) -> io::Result<Self> {
        let mut kept = SpooledTempFile::new(IN_MEMORY);
        let length = io::copy(&mut from, &mut kept)?;
        Ok(match kept.into_inner() {
            SpooledData::InMemory(bytes) => Self::Memory(bytes.into_inner().into()),
            SpooledData::OnDisk(file) => Self::of_file(file, path, length),
        })
    }

    fn of_file(file: File, path: &str, length: u64) -> Self {
        Self::File { file: Arc::new(Mutex::new(file)), path: path.to_owned(), length }
    }

    pub(super) fn len(&self) -> u64 {
        match self {
            Self::Memory(bytes) => bytes.len() as u64,
            Self::File { length, .. } => *length,
        }
    }

    /// Some of the bytes from `at` on; none at the end only.
    pub(super) fn read(&self, at: u64) -> io::Result<Bytes> {
        match self {
            Self::Memory(bytes) => {
                let from = usize::try_from(at).unwrap_or(usize::MAX).min(bytes.len());
                let to = from.saturating_add(CHUNK).min(bytes.len());
                Ok(bytes.slice(from..to))
            }
            Self::File { file, path, length } => {
                let wanted = length.saturating_sub(at).min(CHUNK as u64);
                let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
                // Where a body before this one has left off does not count.
                file.seek(SeekFrom::Start(at))?;
                let mut chunk = Vec::with_capacity(CHUNK);
                (&mut *file).take(wanted).read_to_end(&mut chunk)?;
                // The length has been told to the server already.
                if (chunk.len() as u64) < wanted {
                    let why = format!("`{path}` has become shorter while it was sent");
                    return Err(io::Error::new(ErrorKind::UnexpectedEof, why));
                }
                Ok(chunk.into())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn whole(source: &Source) -> Vec<u8> {
        let mut all = Vec::new();
        while (all.len() as u64) < source.len() {
            all.extend_from_slice(&source.read(all.len() as u64).unwrap());
        }
        all
    }

    #[test]
    fn what_is_too_long_for_memory_can_be_read_again_too() {
        for length in [0, 1, IN_MEMORY, IN_MEMORY + 1] {
            let bytes: Vec<u8> = (0..length).map(|at| (at % 251) as u8).collect();
            let source = Source::spool(&bytes[..], "test").unwrap();
            assert_eq!(matches!(source, Source::Memory(_)), length <= IN_MEMORY, "{length}");
            for _ in 0..2 {
                assert!(whole(&source) == bytes, "{length}");
            }
        }
    }

    #[test]
    fn of_a_file_that_changes_meanwhile_no_more_than_was_said_is_sent() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(b"said").unwrap();
        let source = Source::open(file.path().to_str().unwrap()).unwrap();
        file.write_all(b" and more").unwrap();
        assert_eq!(whole(&source), b"said");
        file.as_file().set_len(2).unwrap();
        let error = source.read(0).unwrap_err().to_string();
        assert!(error.contains("has become shorter"), "{error}");
    }
}
