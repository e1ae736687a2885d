//! One gateway before two sites, one for each kind of token.

use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use super::process::{Process, free_port};
use super::redis::Clock;
use crate::Result;

const STARTS_WITHIN: Duration = Duration::from_secs(20);

pub(crate) struct Gateway {
    process: Process,
    command: Box<dyn Fn() -> Result<Process>>,
    /// Where it listens, before and after a restart.
    pub(crate) address: String,
}

/// What one is started with.
pub(crate) struct Settings<'a> {
    pub(crate) binary: &'a Path,
    pub(crate) folder: &'a Path,
    pub(crate) number: usize,
    pub(crate) app: SocketAddr,
    pub(crate) store: &'a str,
    pub(crate) clock: Option<Clock>,
}

impl Gateway {
    pub(crate) fn start(settings: &Settings<'_>) -> Result<Self> {
        let address = format!("127.0.0.1:{}", free_port()?);
        let config = settings.folder.join(format!("gateway-{}.toml", settings.number));
        fs::write(&config, configuration(&address, settings))?;
        let log = config.with_extension("log");
        let (binary, clock) = (PathBuf::from(settings.binary), settings.clock.clone());
        let command = move || {
            let mut command = Command::new(&binary);
            command.arg("serve").arg("--config").arg(&config).env_remove("RUST_LOG");
            if let Some(clock) = &clock {
                clock.apply_to(&mut command);
            }
            Process::start(&mut command, &log)
        };
        let process = command()?;
        let gateway = Self { process, command: Box::new(command), address };
        gateway.wait_until_it_listens()?;
        Ok(gateway)
    }

    pub(crate) fn kill(&mut self) -> Result<()> {
        self.process.kill()
    }

    /// Starts it again; from when on it listens.
    pub(crate) fn restart(&mut self) -> Result<Instant> {
        self.process = (self.command)()?;
        self.wait_until_it_listens()
    }

    fn wait_until_it_listens(&self) -> Result<Instant> {
        let deadline = Instant::now() + STARTS_WITHIN;
        while Instant::now() < deadline {
            if TcpStream::connect(&self.address).is_ok() {
                return Ok(Instant::now());
            }
            thread::sleep(Duration::from_millis(5));
        }
        Err(format!("the gateway does not listen at {}", self.address).into())
    }
}

fn configuration(address: &str, settings: &Settings<'_>) -> String {
    let site = |name: &str, path: &str| {
        format!(
            "[[site]]\nname = \"{name}\"\npath = \"{path}\"\nupstream = \"http://{}\"\n\
             [site.policy]\ndialect = \"{name}\"\n",
            settings.app
        )
    };
    let (tao, genesys) = (site("tao", "/tao"), site("genesys", "/api/v2"));
    // Both have the same keys, whatever becomes of the store.
    let keyring = settings.folder.join("keyring.toml");
    format!(
        "store = \"{}\"\nkeyring = \"{}\"\n[[listen]]\naddress = \"{address}\"\n{tao}{genesys}",
        settings.store,
        keyring.display()
    )
}
