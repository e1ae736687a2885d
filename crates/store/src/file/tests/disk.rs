//! A disk in memory that fails, stops and loses power when told to.

use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};

use redb::StorageBackend;

use crate::file::open::{self, Opener};

/// What a disk writes whole or not at all.
const SECTOR: usize = 512;

#[derive(Clone, Debug, Default)]
pub(super) struct Disk(Arc<(Mutex<State>, Condvar)>);

#[derive(Debug, Default)]
struct State {
    /// What reads see.
    cache: Vec<u8>,
    /// What survives.
    durable: Vec<u8>,
    pending: Vec<Change>,
    /// Writes, syncs and changes of length so far.
    changes: u64,
    fault: Option<Fault>,
    /// Whether syncs wait, and how many do.
    held: bool,
    waiting: usize,
}

#[derive(Clone, Debug)]
enum Change {
    Write(usize, Vec<u8>),
    Length(usize),
}

/// From that many changes on, so many fail.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fault {
    pub(super) from: u64,
    pub(super) count: u64,
    pub(super) kind: io::ErrorKind,
    /// What was written before a failed sync is forgotten, as Linux does: reads still see it, and a
    /// later sync succeeds without it.
    pub(super) forgets: bool,
}

impl Fault {
    pub(super) fn at(from: u64, count: u64, kind: io::ErrorKind) -> Self {
        Self { from, count, kind, forgets: false }
    }
}

impl Disk {
    /// With a new store on it.
    pub(super) fn with_store() -> Self {
        let disk = Self::default();
        let database = open::builder().create_with_backend(disk.clone()).unwrap();
        open::initialise(&database).unwrap();
        database.close().unwrap();
        disk.synced();
        disk
    }

    /// Nothing is pending; changes are counted from here.
    pub(super) fn synced(&self) {
        let mut state = self.state();
        assert!(state.pending.is_empty(), "a closed file is on the disk");
        state.changes = 0;
    }

    pub(super) fn opener(&self) -> Opener {
        let disk = self.clone();
        Opener::new("disk".as_ref(), move || open::builder().create_with_backend(disk.clone()))
    }

    pub(super) fn fail(&self, fault: Option<Fault>) {
        self.state().fault = fault;
    }

    pub(super) fn changes(&self) -> u64 {
        self.state().changes
    }

    pub(super) fn length(&self) -> usize {
        self.state().cache.len()
    }

    /// Lets syncs wait until [`Self::release`].
    pub(super) fn hold(&self) {
        self.state().held = true;
    }

    pub(super) fn release(&self) {
        self.state().held = false;
        self.0.1.notify_all();
    }

    pub(super) fn until_a_sync_waits(&self) {
        let state = self.state();
        drop(self.0.1.wait_while(state, |state| state.waiting == 0).unwrap());
    }

    /// What is found on it when the power comes back: of what was written since the last sync, any
    /// sectors in any order. `random` draws a bit.
    pub(super) fn after_power_loss(&self, mut random: impl FnMut() -> bool) -> Self {
        let state = self.state();
        let mut found = state.durable.clone();
        for change in &state.pending {
            match change {
                Change::Length(length) if random() => found.resize(*length, 0),
                Change::Length(_) => {}
                Change::Write(offset, data) => {
                    for (number, sector) in data.chunks(SECTOR).enumerate() {
                        if random() {
                            put(&mut found, offset + number * SECTOR, sector);
                        }
                    }
                }
            }
        }
        let state = State { cache: found.clone(), durable: found, ..State::default() };
        Self(Arc::new((Mutex::new(state), Condvar::new())))
    }

    pub(super) fn flip(&self, offset: usize, bits: u8) {
        self.state().cache[offset] ^= bits;
    }

    /// Where these bytes are.
    pub(super) fn find(&self, bytes: &[u8]) -> Vec<usize> {
        let state = self.state();
        let windows = state.cache.windows(bytes.len()).enumerate();
        windows.filter(|(_, found)| *found == bytes).map(|(place, _)| place).collect()
    }

    pub(super) fn cut(&self, length: usize) {
        self.state().cache.truncate(length);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.0.lock().unwrap()
    }

    /// Counts a change, and says whether it fails.
    fn change(&self) -> io::Result<MutexGuard<'_, State>> {
        let mut state = self.state();
        let number = state.changes;
        state.changes += 1;
        match state.fault {
            Some(fault) if number >= fault.from && number - fault.from < fault.count => {
                if fault.forgets {
                    state.pending.clear();
                }
                Err(fault.kind.into())
            }
            _ => Ok(state),
        }
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.state().cache.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let state = self.state();
        let found = state.cache.get(offset as usize..).and_then(|rest| rest.get(..out.len()));
        out.copy_from_slice(found.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut state = self.change()?;
        state.cache.resize(len as usize, 0);
        state.pending.push(Change::Length(len as usize));
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut state = self.change()?;
        state.waiting += 1;
        self.0.1.notify_all();
        let mut state = self.0.1.wait_while(state, |state| state.held).unwrap();
        state.waiting -= 1;
        for change in std::mem::take(&mut state.pending) {
            match change {
                Change::Length(length) => state.durable.resize(length, 0),
                Change::Write(offset, data) => put(&mut state.durable, offset, &data),
            }
        }
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut state = self.change()?;
        put(&mut state.cache, offset as usize, data);
        state.pending.push(Change::Write(offset as usize, data.to_vec()));
        Ok(())
    }
}

fn put(bytes: &mut Vec<u8>, offset: usize, data: &[u8]) {
    if bytes.len() < offset + data.len() {
        bytes.resize(offset + data.len(), 0);
    }
    bytes[offset..offset + data.len()].copy_from_slice(data);
}
