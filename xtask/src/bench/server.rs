//! A program that serves while the benchmark runs: pinned to a core, in a folder of its own, ended by
//! its id.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::Result;

const STARTS_WITHIN: Duration = Duration::from_secs(10);
const ENDS_WITHIN: Duration = Duration::from_secs(3);

/// One running program.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
    /// Lives as long as the program that reads it.
    _folder: TempDir,
}

/// What a configuration's `@NAMES@` stand for.
pub(crate) type Settings<'a> = &'a [(&'a str, String)];

impl Server {
    /// Copies the configurations into a new folder, with `settings` and `@LISTEN@` and `@FOLDER@`
    /// filled in, starts `command` there and waits until it takes connections.
    pub(crate) fn start(
        configs: &Path,
        settings: Settings<'_>,
        core: u8,
        command: &[&str],
    ) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("countersign-bench-").tempdir()?;
        let address = free_address()?;
        fill_in(configs, folder.path(), address, settings)?;
        let log = folder.path().join("log");
        let mut taskset = Command::new("taskset");
        taskset
            .args(["-c", &core.to_string()])
            .args(command)
            .current_dir(folder.path())
            // Caddy takes as many threads as the machine has cores, pinned or not, and keeps files
            // in the home folder.
            .env("GOMAXPROCS", "1")
            .env("HOME", folder.path())
            .env_remove("XDG_CONFIG_HOME")
            .env_remove("XDG_DATA_HOME")
            .stdin(Stdio::null())
            .stdout(File::create(&log)?)
            .stderr(File::options().append(true).open(&log)?);
        let child = taskset.spawn().map_err(|error| format!("cannot run `taskset`: {error}"))?;
        let mut server = Self { child, address, _folder: folder };
        if let Err(error) = server.wait_until_it_listens() {
            let log = fs::read_to_string(log).unwrap_or_default();
            return Err(format!("`{}` {error}:\n{log}", command.join(" ")).into());
        }
        Ok(server)
    }

    /// Processor time that the program and its worker processes have used so far.
    pub(crate) fn cpu_time(&self) -> Result<Duration> {
        cpu_time_with_children(self.child.id())
    }

    fn wait_until_it_listens(&mut self) -> Result<()> {
        let deadline = Instant::now() + STARTS_WITHIN;
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait()? {
                return Err(format!("ended early, {status}").into());
            }
            if TcpStream::connect(self.address).is_ok() {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Err(format!("does not listen at {} after {STARTS_WITHIN:?}", self.address).into())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if !matches!(self.child.try_wait(), Ok(None)) {
            return;
        }
        // Asked first: nginx ends its worker itself, and killing it would leave that one behind.
        let asked = Command::new("sh")
            .args(["-c", "kill -TERM \"$0\"", &self.child.id().to_string()])
            .status();
        let deadline = Instant::now() + ENDS_WITHIN;
        while asked.is_ok() && Instant::now() < deadline {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        if self.child.kill().is_ok() {
            let _ended = self.child.wait();
        }
    }
}

/// A loopback address that nothing uses at the moment.
fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}

fn fill_in(
    configs: &Path,
    folder: &Path,
    address: SocketAddr,
    settings: Settings<'_>,
) -> Result<()> {
    for entry in fs::read_dir(configs)? {
        let entry = entry?;
        let mut text = fs::read_to_string(entry.path())?
            .replace("@LISTEN@", &address.port().to_string())
            .replace("@FOLDER@", &folder.to_string_lossy());
        for (name, value) in settings {
            text = text.replace(name, value);
        }
        fs::write(folder.join(entry.file_name()), text)?;
    }
    Ok(())
}

fn cpu_time_with_children(pid: u32) -> Result<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let ticks = ticks(&stat).ok_or_else(|| format!("cannot read `/proc/{pid}/stat`"))?;
    // Linux shows these times in hundredths of a second on every machine that this runs on.
    let mut time = Duration::from_millis(10) * ticks;
    for child in fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"))?.split_whitespace()
    {
        time += cpu_time_with_children(child.parse()?)?;
    }
    Ok(time)
}

/// User and system time of all threads, from a line of `/proc/PID/stat`.
fn ticks(stat: &str) -> Option<u32> {
    // A program's name may hold blanks and brackets; what comes after the last bracket may not.
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut times = fields.split(' ').skip(11);
    let user: u32 = times.next()?.parse().ok()?;
    let system: u32 = times.next()?.parse().ok()?;
    Some(user + system)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processor_time_is_read_whatever_the_program_is_called() {
        for (name, stat, expected) in [
            ("plain", "7 (nginx) S 1 7 7 0 -1 4194560 9 8 7 6 120 34 5 4 20 0 1 0", Some(154)),
            ("brackets", "7 (a) b (c) S 1 7 7 0 -1 4194560 9 8 7 6 1 2 5 4 20", Some(3)),
            ("cut off", "7 (nginx) S 1 7", None),
        ] {
            assert_eq!(ticks(stat), expected, "{name}");
        }
    }

    #[test]
    fn configurations_are_filled_in() {
        let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::write(from.path().join("a.conf"), "listen @LISTEN@; root @FOLDER@; to @UPSTREAM@;")
            .unwrap();
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 81));
        fill_in(from.path(), to.path(), address, &[("@UPSTREAM@", "82".to_owned())]).unwrap();
        let expected = format!("listen 81; root {}; to 82;", to.path().display());
        assert_eq!(fs::read_to_string(to.path().join("a.conf")).unwrap(), expected);
    }
}
