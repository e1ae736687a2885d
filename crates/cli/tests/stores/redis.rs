//! A Redis of the test's own.

use std::process::Command;

use tempfile::TempDir;

use crate::process::Process;

pub(crate) struct Redis {
    process: Process,
    // Dropped after the process.
    _folder: TempDir,
}

impl Redis {
    /// One that keeps nothing on disk.
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let process = Process::start("redis-server", folder.path(), |port| {
            let port = port.to_string();
            let settings =
                ["--port", &port, "--bind", "127.0.0.1", "--loglevel", "notice", "--save", ""];
            settings.map(str::to_owned).to_vec()
        });
        Self { process, _folder: folder }
    }

    /// With time enough for a machine that does other things as well: what is late is refused.
    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}?timeout=10s", self.process.port())
    }

    pub(crate) fn kill(&mut self) {
        self.process.kill();
    }

    /// As somebody who wanted another database.
    pub(crate) fn flush(&self) {
        let port = self.process.port().to_string();
        let flushed = Command::new("redis-cli").args(["-p", &port, "FLUSHALL"]).status().unwrap();
        assert!(flushed.success());
    }

    pub(crate) fn restart(&mut self) {
        self.process.restart();
    }
}
