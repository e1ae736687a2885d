//! Real Redis servers for tests: one, a cluster of three, a primary with a replica and Sentinel.

pub(crate) mod cluster;
pub(crate) mod process;
pub(crate) mod proxy;
pub(crate) mod sentinel;
pub(crate) mod tickets;

use std::time::{Duration, Instant};

use process::Process;
use redis::{FromRedisValue, aio::MultiplexedConnection};
use tempfile::TempDir;

/// One server. Keeps nothing on disk unless told otherwise.
pub(crate) struct Server {
    pub(crate) process: Process,
    // Dropped after the process.
    _folder: TempDir,
}

impl Server {
    pub(crate) fn start() -> Self {
        Self::with(&["--save", "", "--appendonly", "no"])
    }

    pub(crate) fn with(settings: &[&str]) -> Self {
        Self::in_folder(TempDir::new().unwrap(), settings)
    }

    pub(crate) fn in_folder(folder: TempDir, settings: &[&str]) -> Self {
        let process = Process::start("redis-server", folder.path(), |port| {
            let port = port.to_string();
            let usual = ["--port", &port, "--bind", "127.0.0.1", "--loglevel", "notice"];
            usual.iter().chain(settings).map(|arg| (*arg).to_owned()).collect()
        });
        Self { process, _folder: folder }
    }

    pub(crate) fn port(&self) -> u16 {
        self.process.port()
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port())
    }

    pub(crate) async fn connect(&self) -> MultiplexedConnection {
        connect(self.port()).await
    }

    pub(crate) async fn run<T: FromRedisValue>(&self, command: &str) -> T {
        run(&mut self.connect().await, command).await
    }
}

pub(crate) async fn connect(port: u16) -> MultiplexedConnection {
    let client = redis::Client::open(format!("redis://127.0.0.1:{port}")).unwrap();
    client.get_multiplexed_async_connection().await.unwrap()
}

/// Runs a command whose words have no spaces in them.
pub(crate) async fn run<T: FromRedisValue>(
    connection: &mut MultiplexedConnection,
    command: &str,
) -> T {
    let mut words = command.split(' ');
    let mut cmd = redis::cmd(words.next().unwrap());
    cmd.arg(words.collect::<Vec<_>>());
    cmd.query_async(connection).await.unwrap_or_else(|error| panic!("{command}: {error}"))
}

/// Asks until it is so. Ten seconds are for a machine that is busy; a test that gets here fails.
pub(crate) async fn until(what: &str, mut so: impl AsyncFnMut() -> bool) {
    let start = Instant::now();
    while !so().await {
        assert!(start.elapsed() < Duration::from_secs(10), "{what}: not after ten seconds");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
