//! One `redis-server` or `redis-sentinel` process, on a loopback port that was free, in a folder of its own.

use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Killed, by its id, when it is dropped.
pub(crate) struct Process {
    child: Child,
    port: u16,
    args: Vec<String>,
    program: &'static str,
    folder: PathBuf,
}

impl Process {
    /// Starts `program` with arguments that may depend on its port. Another process may take the port
    /// first: then with the next.
    pub(crate) fn start(
        program: &'static str,
        folder: &Path,
        args: impl Fn(u16) -> Vec<String>,
    ) -> Self {
        for _ in 0..20 {
            let port = free_port();
            let args = args(port);
            if let Some(child) = launch(program, folder, &args) {
                return Self { child, port, args, program, folder: folder.to_owned() };
            }
        }
        panic!("{program} does not start; is it installed?")
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// As `kill -9`.
    pub(crate) fn kill(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        self.child.wait().unwrap();
    }

    /// Starts it again as it was, on the same port.
    pub(crate) fn restart(&mut self) {
        self.kill();
        for _ in 0..50 {
            if let Some(child) = launch(self.program, &self.folder, &self.args) {
                self.child = child;
                return;
            }
        }
        panic!("{} does not start again on port {}", self.program, self.port)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// `None` when it ends before it listens.
fn launch(program: &str, folder: &Path, args: &[String]) -> Option<Child> {
    let mut child = Command::new(program)
        .args(args)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap_or_else(|error| {
            panic!("{program} is needed (apt-get install redis-server redis-sentinel): {error}")
        });
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let is_up = lines.any(|line| {
        ["Ready to accept connections", "Sentinel ID is"].iter().any(|sign| line.contains(sign))
    });
    if !is_up {
        child.wait().unwrap();
        return None;
    }
    // A pipe that nobody reads would fill and hold the server up.
    std::thread::spawn(move || lines.for_each(drop));
    Some(child)
}

/// Cluster nodes listen on a second port, 10,000 above, so it must fit.
fn free_port() -> u16 {
    loop {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        if port < 55_000 && TcpListener::bind((Ipv4Addr::LOCALHOST, port + 10_000)).is_ok() {
            return port;
        }
    }
}
