//! A `redis-server` of this benchmark's own.

use std::net::{Ipv4Addr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::Outcome;

/// Keeps nothing on disk: what is compared is work in memory. Ends when it is dropped.
pub(crate) struct Server {
    child: Child,
    port: u16,
    _folder: TempDir,
}

impl Server {
    pub(crate) fn is_installed() -> bool {
        let quiet = |program| {
            Command::new(program)
                .arg("--version")
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status()
        };
        ["redis-server", "redis-benchmark"].map(quiet).iter().all(Result::is_ok)
    }

    pub(crate) fn start() -> Outcome<Self> {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let folder = TempDir::new()?;
        let child = Command::new("redis-server")
            .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
            .args(["--port", &port.to_string()])
            .current_dir(folder.path())
            .stdout(Stdio::null())
            .spawn()?;
        let server = Self { child, port, _folder: folder };
        let start = Instant::now();
        while server.connect().is_err() {
            if start.elapsed() > Duration::from_secs(10) {
                return Err("redis-server does not answer".into());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(server)
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    pub(crate) fn connect(&self) -> redis::RedisResult<redis::Connection> {
        redis::Client::open(self.url())?.get_connection()
    }

    /// Requests a second of `SET key NX`, each with a key of its own, over so many connections.
    pub(crate) fn set_nx_rate(&self, connections: usize, requests: usize) -> Outcome<f64> {
        let run = Command::new("redis-benchmark")
            .args(["-p", &self.port.to_string(), "-c", &connections.to_string()])
            .args(["-n", &requests.to_string(), "-r", "100000000", "--csv"])
            .args(["SET", "bare:__rand_int__", "x", "NX"])
            .output()?;
        let table = String::from_utf8(run.stdout)?;
        // A line of titles, and one of figures: the test's name, requests a second, ...
        let rate = table.lines().last().and_then(|line| line.split("\",\"").nth(1));
        Ok(rate.ok_or("redis-benchmark printed no table")?.parse()?)
    }

    /// Holds the process, so that it takes what is sent and answers nothing; or lets it go on.
    pub(crate) fn signal(&self, signal: &str) -> Outcome {
        Command::new("kill").args([signal, &self.child.id().to_string()]).status()?;
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
