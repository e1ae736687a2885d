//! A gateway before two sites, one for each kind of token.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::ExitStatus;
use std::sync::{Arc, Mutex};

use rustix::process::Signal;

use crate::running::Running;
use crate::until;

pub(crate) struct Gateway {
    running: Running,
    log: Arc<Mutex<String>>,
    /// Where it listens.
    pub(crate) address: String,
}

/// Writes a configuration with `top` before the tables.
pub(crate) fn configuration(folder: &std::path::Path, app: &str, top: &str) -> PathBuf {
    let site = |name: &str, path: &str, dialect: &str| {
        format!(
            "[[site]]\nname = \"{name}\"\npath = \"{path}\"\nupstream = \"{app}\"\n\
             [site.policy]\ndialect = \"{dialect}\"\n"
        )
    };
    let text = format!(
        "{top}\n[[listen]]\naddress = \"127.0.0.1:0\"\n{}{}",
        site("tao", "/tao", "tao"),
        site("genesys", "/api/v2", "genesys")
    );
    let file = folder.join("gateway.toml");
    fs::write(&file, text).unwrap();
    file
}

impl Gateway {
    pub(crate) fn start(file: &std::path::Path) -> Self {
        let args = ["serve", "--json", "--config", file.to_str().unwrap()];
        let (mut running, addresses) = Running::start(&args);
        let address = addresses["listen"][0].as_str().unwrap().to_owned();
        let log = Arc::<Mutex<String>>::default();
        let (lines, kept) = (running.log(), log.clone());
        // Read all the time: a full pipe would stop the process.
        std::thread::spawn(move || {
            for line in BufReader::new(lines).lines().map_while(Result::ok) {
                let mut log = kept.lock().unwrap();
                log.push_str(&line);
                log.push('\n');
            }
        });
        Self { running, log, address }
    }

    /// How often it has said something.
    pub(crate) fn has_said(&self, text: &str) -> usize {
        self.log.lock().unwrap().matches(text).count()
    }

    /// Does something that makes it read its configuration again, and waits until it has.
    pub(crate) fn after_reading_again(gateways: &[&Self], act: impl FnOnce()) {
        let read = |gateway: &Self| gateway.has_said("was read again");
        let before: Vec<usize> = gateways.iter().map(|gateway| read(gateway)).collect();
        act();
        until("all gateways to read their keys again", || {
            gateways.iter().zip(&before).all(|(gateway, before)| read(gateway) > *before)
        });
    }

    pub(crate) fn end(self, signal: Signal) -> ExitStatus {
        self.running.end(signal)
    }
}
