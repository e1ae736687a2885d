//! A command that runs until it is told to stop.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStderr, ChildStdout, Command, ExitStatus, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

/// Ends with the test, however that ends.
pub(crate) struct Running(Child);

impl Running {
    /// Starts the command, and reads the line of JSON that says where it listens.
    pub(crate) fn start(args: &[&str]) -> (Self, Value) {
        let (running, mut out) = Self::heard(args);
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        (running, serde_json::from_str(&line).unwrap())
    }

    /// Starts the command, with all that it prints.
    pub(crate) fn heard(args: &[&str]) -> (Self, BufReader<ChildStdout>) {
        let mut child = Command::new(env!("CARGO_BIN_EXE_countersign"))
            .args(args)
            .env_remove("RUST_LOG")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        (Self(child), out)
    }

    pub(crate) fn log(&mut self) -> BufReader<ChildStderr> {
        BufReader::new(self.0.stderr.take().unwrap())
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.0), signal).unwrap();
    }

    pub(crate) fn end(mut self, signal: Signal) -> ExitStatus {
        self.signal(signal);
        self.0.wait().unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
