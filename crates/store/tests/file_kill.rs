//! `kill -9` at random moments: the file opens again, and no ticket that was acknowledged is accepted
//! a second time.

#![cfg(all(feature = "file", unix))]
#![expect(clippy::unwrap_used, reason = "a panic is a test's verdict, in its helpers as well")]

use std::collections::HashSet;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use countersign::{SessionKey, Spent, Ticket, Timestamp};
use countersign_store::Store;
use countersign_store::file::{FileLimits, FileSite, FileStore};

const ROUNDS: u64 = 200;
const TASKS: u8 = 16;
const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);
const LIFE: Duration = Duration::from_secs(24 * 60);

/// Tells this program, started once more, that it is the one to be killed, and where.
const FOLDER: &str = "COUNTERSIGN_TEST_SPENDER_FOLDER";

#[test]
fn what_was_acknowledged_before_a_kill_is_never_accepted_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut acknowledged: HashSet<(u8, u32)> = HashSet::new();
    let (mut rounds_with_some, mut incarnation) = (0, None);
    for round in 0..ROUNDS {
        let before = acknowledged.len();
        let moment = Duration::from_micros(random() % 60_000);
        // Every fourth is killed while it makes or opens the file, or soon after.
        let fresh = spend_until_killed(folder.path(), round % 4 != 0, moment);
        for ticket in &fresh {
            assert!(acknowledged.insert(*ticket), "round {round}: {ticket:?} acknowledged twice");
        }
        rounds_with_some += usize::from(acknowledged.len() > before);

        let store = FileStore::open(folder.path(), FileLimits::default())
            .unwrap_or_else(|error| panic!("round {round}: {error}"));
        let site = store.site("kill");
        // A site that has given out no ticket yet is nowhere written down.
        if !acknowledged.is_empty() {
            let life = *incarnation.get_or_insert(site.incarnation());
            assert_eq!(site.incarnation(), life, "round {round}: tickets outlive a kill");
        }
        // All of them now and then; every time the latest, which are those in danger.
        let all = round % 50 == 49 || round == ROUNDS - 1;
        let replayed: Vec<_> =
            if all { acknowledged.iter().copied().collect() } else { fresh.into_iter().collect() };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            for (session, serial) in replayed {
                let again = site.spend(ticket(&site, session, serial), 0, NOW, NOW).await.spent;
                assert_eq!(again, Spent::Already, "round {round}: session {session}, {serial}");
            }
        });
    }
    println!("{} acknowledged, in {rounds_with_some} of {ROUNDS} rounds", acknowledged.len());
    assert!(rounds_with_some > ROUNDS as usize / 3, "enough rounds must come to spending");
}

/// Starts a spender, kills it `moment` after its start or first word, and says what it had acknowledged.
fn spend_until_killed(folder: &Path, after_opening: bool, moment: Duration) -> Vec<(u8, u32)> {
    let mut child = Spender::start(folder);
    let mut lines = BufReader::new(child.0.stdout.take().unwrap()).lines();
    if after_opening {
        let ready = lines.by_ref().map_while(Result::ok).any(|line| line.ends_with("ready"));
        assert!(ready, "the spender opens the store");
    }
    let killer = std::thread::spawn(move || {
        let begin = Instant::now();
        while begin.elapsed() < moment {
            std::thread::yield_now();
        }
        drop(child);
    });
    let mut acknowledged = Vec::new();
    for line in lines.map_while(Result::ok) {
        // The last line may be cut short; a whole one ends in a dot.
        let Some(line) = line.strip_prefix("spent ").and_then(|rest| rest.strip_suffix('.')) else {
            continue;
        };
        let (session, serial) = line.split_once(' ').unwrap();
        acknowledged.push((session.parse().unwrap(), serial.parse().unwrap()));
    }
    killer.join().unwrap();
    acknowledged
}

struct Spender(Child);

impl Spender {
    fn start(folder: &Path) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "the_one_that_is_killed", "--nocapture"]).env(FOLDER, folder);
        Self(command.stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().unwrap())
    }
}

impl Drop for Spender {
    /// `Child::kill` sends SIGKILL.
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Does nothing unless started by the test above.
#[test]
fn the_one_that_is_killed() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else { return };
    let store = FileStore::open(&folder, FileLimits::default()).unwrap();
    println!("ready");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_time()
        .build()
        .unwrap();
    runtime.block_on(async {
        let tasks: Vec<_> =
            (0..TASKS).map(|session| tokio::spawn(spend_on(store.site("kill"), session))).collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
}

async fn spend_on(site: FileSite, session: u8) {
    let until = NOW.plus(LIFE);
    let key = SessionKey::from_bytes([session; 16]);
    loop {
        for serial in site.reserve(key, 10, until, NOW).await.unwrap().serials {
            // Some are left over, as by pages that nobody comes back to.
            if serial % 7 == 3 {
                continue;
            }
            let spent = site.spend(ticket(&site, session, serial), 0, until, NOW).await.spent;
            assert_eq!(spent, Spent::First);
            // One write of one line: the pipe takes it whole.
            let line = format!("spent {session} {serial}.\n");
            std::io::stdout().lock().write_all(line.as_bytes()).unwrap();
        }
    }
}

/// From the hash keys that the standard library draws.
fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

fn ticket(site: &FileSite, session: u8, serial: u32) -> Ticket {
    let session = SessionKey::from_bytes([session; 16]);
    Ticket { session, serial, incarnation: site.incarnation(), expires: NOW.plus(LIFE) }
}
