//! Redis servers, their Sentinel, and clocks that can be set.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use super::INTERRUPTED;
use super::process::{Process, free_port};
use crate::Result;

const WITHIN: Duration = Duration::from_secs(30);

/// One server, in a folder of its own.
pub(crate) struct Redis {
    process: Process,
    pub(crate) port: u16,
    pub(crate) folder: PathBuf,
    settings: Vec<String>,
    clock: Option<Clock>,
}

impl Redis {
    pub(crate) fn start(folder: &Path, settings: &[&str], clock: Option<Clock>) -> Result<Self> {
        let port = free_port()?;
        let folder = folder.join(format!("redis-{port}"));
        fs::create_dir(&folder)?;
        let settings: Vec<String> = settings.iter().map(|&setting| setting.to_owned()).collect();
        let process = launch(port, &folder, &settings, clock.as_ref())?;
        let redis = Self { process, port, folder, settings, clock };
        redis.wait_until_it_answers()?;
        Ok(redis)
    }

    pub(crate) fn kill(&mut self) -> Result<()> {
        self.process.kill()
    }

    /// Starts it again, with further settings.
    pub(crate) fn restart(&mut self, further: &[&str]) -> Result<()> {
        let further = further.iter().map(|&setting| setting.to_owned());
        let settings: Vec<_> = self.settings.iter().cloned().chain(further).collect();
        self.process = launch(self.port, &self.folder, &settings, self.clock.as_ref())?;
        Ok(())
    }

    /// From when on it does.
    pub(crate) fn wait_until_it_answers(&self) -> Result<Instant> {
        wait_until("Redis to answer", || self.ask("PING").is_some_and(|answer| answer == "PONG"))
    }

    pub(crate) fn wait_until_it_follows(&self) -> Result<Instant> {
        wait_until("a replica to be in step", || self.says("master_link_status:up"))
    }

    pub(crate) fn is_primary(&self) -> bool {
        self.says("role:master")
    }

    fn says(&self, line: &str) -> bool {
        self.ask("INFO replication").is_some_and(|info| info.lines().any(|it| it == line))
    }

    /// Runs a command whose words have no blanks in them.
    pub(crate) fn ask(&self, command: &str) -> Option<String> {
        ask(self.port, command)
    }

    pub(crate) fn follow(&self, primary: Option<&Self>) -> Result<()> {
        let command = match primary {
            Some(primary) => format!("REPLICAOF 127.0.0.1 {}", primary.port),
            None => "REPLICAOF NO ONE".to_owned(),
        };
        self.ask(&command).map(drop).ok_or_else(|| format!("`{command}` failed").into())
    }
}

fn launch(port: u16, folder: &Path, settings: &[String], clock: Option<&Clock>) -> Result<Process> {
    let mut command = Command::new("redis-server");
    command.args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--dir", "."]);
    command.args(settings).current_dir(folder);
    if let Some(clock) = clock {
        clock.apply_to(&mut command);
    }
    Process::start(&mut command, &folder.join("log"))
}

/// What Redis says; nothing while it does not answer.
fn ask(port: u16, command: &str) -> Option<String> {
    let output = Command::new("redis-cli")
        .args(["-e", "-p", &port.to_string()])
        .args(command.split(' '))
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&output.stdout).replace('\r', "");
    output.status.success().then(|| text.trim_end().to_owned())
}

/// A Sentinel that watches one primary.
pub(crate) struct Sentinel {
    _process: Process,
    port: u16,
}

impl Sentinel {
    pub(crate) fn start(folder: &Path, primary: u16) -> Result<Self> {
        let port = free_port()?;
        let file = folder.join("sentinel.conf");
        fs::write(
            &file,
            format!(
                "port {port}\nbind 127.0.0.1\nsentinel monitor main 127.0.0.1 {primary} 1\n\
                 sentinel down-after-milliseconds main 1000\nsentinel failover-timeout main 3000\n"
            ),
        )?;
        let mut command = Command::new("redis-sentinel");
        let process = Process::start(command.arg(&file), &folder.join("sentinel.log"))?;
        Ok(Self { _process: process, port })
    }

    pub(crate) fn url(&self) -> String {
        format!("redis+sentinel://127.0.0.1:{}/main", self.port)
    }

    /// From when on it tells clients of this primary.
    pub(crate) fn wait_until_it_names(&self, primary: &Redis) -> Result<Instant> {
        let port = primary.port.to_string();
        wait_until("Sentinel to name the new primary", || {
            ask(self.port, "SENTINEL GET-MASTER-ADDR-BY-NAME main")
                .is_some_and(|address| address.lines().nth(1) == Some(&port))
        })
    }

    pub(crate) fn wait_until_it_could_promote(&self) -> Result<Instant> {
        wait_until("Sentinel to know a replica that is in step", || {
            let replicas = ask(self.port, "SENTINEL REPLICAS main").unwrap_or_default();
            let replicas: Vec<_> = replicas.lines().collect();
            let value = |name: &str| {
                let mut pairs = replicas.chunks(2).filter(|pair| pair.first() == Some(&name));
                pairs.next().and_then(|pair| pair.get(1)).copied().unwrap_or_default()
            };
            value("master-link-status") == "ok" && value("flags") == "slave"
        })
    }
}

/// The time as a program sees it, through libfaketime.
#[derive(Clone)]
pub(crate) struct Clock {
    file: PathBuf,
    library: String,
}

impl Clock {
    pub(crate) fn new(folder: &Path, name: &str) -> Result<Self> {
        let output =
            Command::new("faketime").args(["-m", "+0 hours", "printenv", "LD_PRELOAD"]).output()?;
        let library = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        // Redis' allocator asks for the time before libfaketime is ready, which ends both. The one
        // that glibc brings for debugging does not.
        let library = format!("libc_malloc_debug.so.0 {library}");
        let clock = Self { file: folder.join(format!("{name}.time")), library };
        clock.set(0)?;
        Ok(clock)
    }

    /// So many seconds from the true time, from now on.
    pub(crate) fn set(&self, seconds: i64) -> Result<()> {
        // Written beside it first: a program that reads half of a number would jump elsewhere.
        let new = self.file.with_extension("new");
        fs::write(&new, format!("{seconds:+}\n"))?;
        Ok(fs::rename(new, &self.file)?)
    }

    pub(crate) fn apply_to(&self, command: &mut Command) {
        command
            .env("LD_PRELOAD", &self.library)
            .env("FAKETIME_TIMESTAMP_FILE", &self.file)
            .env("FAKETIME_NO_CACHE", "1")
            // The clock of the wall jumps; the one that deadlines go by never does.
            .env("DONT_FAKE_MONOTONIC", "1");
    }
}

/// Asks until it is so; when that was.
pub(crate) fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) -> Result<Instant> {
    let deadline = Instant::now() + WITHIN;
    while Instant::now() < deadline && !INTERRUPTED.load(Ordering::SeqCst) {
        if is_so() {
            return Ok(Instant::now());
        }
        thread::sleep(Duration::from_millis(2));
    }
    Err(format!("waited for {what}").into())
}
