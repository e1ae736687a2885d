//! The real process, and what the system knows about it.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::app::App;
use crate::client::Client;
use crate::until;

/// `countersign serve` with a site before an app. It ends with the test, however that ends.
pub(crate) struct Gateway {
    child: Child,
    log: Arc<Mutex<String>>,
    folder: TempDir,
    /// Where it listens: twice, so that a crowd does not use up the ports of one.
    pub(crate) addresses: [String; 2],
    upstream: String,
}

impl Gateway {
    /// `tables` are added to the configuration before the site, `policy` to the site's policy.
    pub(crate) fn start(app: &App, tables: &str, policy: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let upstream = app.address.clone();
        let text = configuration(&upstream, tables, policy);
        let file = folder.path().join("gateway.toml");
        fs::write(&file, text).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_countersign"))
            .args(["serve", "--json", "--config"])
            .arg(file)
            .env_remove("RUST_LOG")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let log = Arc::<Mutex<String>>::default();
        let (stderr, kept) = (child.stderr.take().unwrap(), log.clone());
        // Read all the time: a full pipe would stop the process.
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines() {
                let mut log = kept.lock().unwrap();
                log.push_str(&line.unwrap());
                log.push('\n');
            }
        });
        let told: serde_json::Value = serde_json::from_str(&line).unwrap();
        let address = |number| told["listen"][number].as_str().unwrap().to_owned();
        let addresses = [address(0), address(1)];
        Self { child, log, folder, addresses, upstream }
    }

    pub(crate) fn address(&self) -> &str {
        &self.addresses[0]
    }

    /// Takes other tables into the configuration, and waits until they count.
    pub(crate) fn reload(&self, tables: &str) {
        let text = configuration(&self.upstream, tables, "");
        fs::write(self.folder.path().join("gateway.toml"), text).unwrap();
        kill_process(Pid::from_child(&self.child), Signal::HUP).unwrap();
        until("the configuration is read again", || self.log().contains("was read again"));
    }

    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Requests over enough connections that each of its threads has served some, so that what is
    /// measured afterwards is not the first use of anything.
    pub(crate) fn warm_up(&self) {
        for address in self.addresses.iter().cycle().take(64) {
            assert_eq!(Client::connect(address).get("/").status, 200);
        }
    }

    /// Bytes of memory in use.
    pub(crate) fn memory(&self) -> u64 {
        self.status("VmRSS:")
    }

    /// The most bytes of memory that were ever in use.
    pub(crate) fn peak(&self) -> u64 {
        self.status("VmHWM:")
    }

    fn status(&self, name: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim().strip_suffix(" kB").unwrap().parse::<u64>().unwrap() << 10
    }

    /// How many files are open, connections among them.
    pub(crate) fn files(&self) -> usize {
        fs::read_dir(format!("/proc/{}/fd", self.child.id())).unwrap().count()
    }

    /// Waits until the process has let go of what was opened since there were `before` files. Each
    /// thread may keep a connection to the app for the next request.
    pub(crate) fn lets_go(&self, before: usize) {
        until("the gateway closes what nobody uses", || self.files() <= before + kept());
    }

    /// It still serves, and nothing went wrong inside.
    pub(crate) fn is_well(&self) {
        self.warm_up();
        let log = self.log();
        assert!(!log.contains("panicked"), "{log}");
    }
}

/// Upstream connections that may be kept beyond those from before: one for each thread.
pub(crate) fn kept() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

fn configuration(upstream: &str, tables: &str, policy: &str) -> String {
    let listen = "[[listen]]\naddress = \"127.0.0.1:0\"\n".repeat(2);
    format!(
        "{listen}{tables}\n[[site]]\nname = \"app\"\nupstream = \"http://{upstream}\"\n\
         [site.policy]\n{policy}\n"
    )
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
