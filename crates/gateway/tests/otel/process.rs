//! A gateway in a process of its own.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use countersign_gateway::Gateway;
use serde_json::{Value, json};

use crate::common::client::{Answer, Client};
use crate::common::{PATIENCE, read};

/// In the process of a gateway, its configuration.
const CONFIGURATION: &str = "COUNTERSIGN_TEST_GATEWAY";

/// The test that is a gateway in that process.
const ENTRY: &str = "trouble::without_an_environment_nothing_is_sent";

/// What this machine may say of proxies and collectors is no part of a test.
const FOREIGN: [&str; 7] =
    ["OTEL_", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"];

/// Runs a gateway until standard input ends, if this process was started for that.
pub(crate) fn be_a_gateway_if_told() {
    let Ok(text) = std::env::var(CONFIGURATION) else { return };
    let folder = std::env::current_dir().unwrap();
    match Gateway::start(read(&folder, &text).unwrap()) {
        Ok(gateway) => {
            let addresses = gateway.addresses();
            say(&json!({
                "listen": addresses.listen.first().map(ToString::to_string),
                "asked": addresses.forward_auth.as_ref().map(ToString::to_string),
                "grpc": addresses.grpc.map(|address| address.to_string()),
            }));
            let _ = std::io::stdin().read_to_end(&mut Vec::new());
            gateway.drain();
        }
        Err(error) => say(&json!({ "error": error.to_string() })),
    }
    std::process::exit(0);
}

fn say(line: &Value) {
    // The test runner has begun a line of its own.
    println!("\n{line}");
}

/// A gateway that runs.
pub(crate) struct Process {
    child: Child,
    _output: BufReader<ChildStdout>,
    addresses: Value,
}

impl Process {
    /// Starts one and waits until it listens.
    pub(crate) fn start(configuration: &str, environment: &[(&str, &str)]) -> Self {
        Self::try_start(configuration, environment).unwrap()
    }

    /// The same, where it may not start.
    pub(crate) fn try_start(
        configuration: &str,
        environment: &[(&str, &str)],
    ) -> Result<Self, String> {
        let mut command = Command::new(std::env::current_exe().unwrap());
        for (name, _) in std::env::vars() {
            if FOREIGN.iter().any(|foreign| name.starts_with(foreign)) {
                command.env_remove(name);
            }
        }
        let mut child = command
            .args(["--exact", ENTRY, "--nocapture", "--test-threads=1"])
            .env(CONFIGURATION, configuration)
            .envs(environment.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        let addresses: Value = loop {
            line.clear();
            assert_ne!(output.read_line(&mut line).unwrap(), 0, "the gateway says nothing");
            if line.starts_with('{') {
                break serde_json::from_str(&line).unwrap();
            }
        };
        let process = Self { child, _output: output, addresses };
        match process.addresses["error"].as_str() {
            Some(error) => Err(error.to_owned()),
            None => Ok(process),
        }
    }

    fn address(&self, of: &str) -> SocketAddr {
        self.addresses[of].as_str().expect("a listener").parse().unwrap()
    }

    /// Where Envoy asks.
    pub(crate) fn grpc(&self) -> SocketAddr {
        self.address("grpc")
    }

    /// A connection of a client's.
    pub(crate) async fn client(&self) -> Client {
        Client::connect(self.address("listen")).await
    }

    /// Sends a request over a connection of its own.
    pub(crate) async fn ask(&self, request: &str) -> Answer {
        self.client().await.ask(request).await
    }

    /// The same to the listener for other proxies.
    pub(crate) async fn question(&self, request: &str) -> Answer {
        Client::connect(self.address("asked")).await.ask(request).await
    }

    /// Has it drain, and waits for its end; how long that took.
    pub(crate) async fn end(mut self) -> Duration {
        let begun = Instant::now();
        drop(self.child.stdin.take());
        let ended = tokio::task::spawn_blocking(move || self.wait()).await.unwrap();
        assert!(ended.success(), "{ended}");
        begun.elapsed()
    }

    fn wait(&mut self) -> ExitStatus {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(begun.elapsed() < PATIENCE, "the gateway does not end");
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Nothing to do if it has ended; else the test failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
