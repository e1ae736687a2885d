//! `cargo xtask bench gateway`: what a request costs through the gateway, beside its peers.
//!
//! 1. [`fleet`] starts the app and every proxy, each a [`server`] in a folder of its own;
//! 2. [`credentials`] fetches a real session and token, and proves that spoiled copies are refused;
//! 3. [`rounds`] lets the proxies take turns at each [`case`], with [`load`] on them;
//! 4. [`table`] says what came out, beside the targets.
//!
//! Proxies run on core 0; the app and the load generator share core 1.

mod case;
mod credentials;
mod first_byte;
mod fleet;
mod load;
mod page;
mod probe;
mod rounds;
mod server;
mod stats;
mod table;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::builder::RangedU64ValueParser;
use clap::{Args, ValueEnum};

use crate::{Result, needs, suites};

use self::case::Case;
use self::credentials::Credentials;
use self::fleet::Fleet;

/// How `cargo xtask bench gateway` measures.
#[derive(Args)]
pub(crate) struct Options {
    /// How often each proxy has its turn
    #[arg(long, default_value_t = 7, value_parser = RangedU64ValueParser::<usize>::new().range(1..=1000))]
    rounds: usize,
    /// How long each turn is
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
    /// Measure only this; may be given again
    #[arg(long)]
    only: Vec<Case>,
    /// Send the rest of what Chromium sends, too: `User-Agent`, `Accept-Language` and so on
    #[arg(long)]
    browser_headers: bool,
    /// Measure this `countersign` instead of building one
    #[arg(long)]
    binary: Option<PathBuf>,
    /// Write the tables to this file as well
    #[arg(long)]
    save: Option<PathBuf>,
}

/// Measures and prints.
pub(crate) fn gateway(root: &Path, options: &Options) -> Result<()> {
    let missing = needs::of_the_gateway_benchmark();
    if !missing.is_empty() {
        return Err("install what is missing, then start me again".into());
    }
    if std::thread::available_parallelism()?.get() < 2 {
        return Err("two cores are needed: one for the proxy, one for the load".into());
    }
    let binary = match &options.binary {
        Some(binary) => std::path::absolute(binary)?,
        None => suites::build_binary(root, "dist")?,
    };
    let fleet = Fleet::start(&root.join("bench/gateway"), &binary)?;
    let mut credentials = Credentials::fetch(fleet.gateway())?;
    credentials.browser_headers = options.browser_headers;
    fleet.prove_enforcement(&credentials)?;

    let mut report = table::heading(options);
    let cases = if options.only.is_empty() { Case::value_variants() } else { &options.only };
    for &case in cases {
        let seconds = Duration::from_secs(options.seconds);
        let text = if case == Case::FirstByte {
            first_byte::measure(&fleet, &credentials, options.rounds)?
        } else {
            let results = rounds::measure(&fleet, &credentials, case, options.rounds, seconds)?;
            table::of_case(case, &results)
        };
        anstream::print!("{text}");
        report.push_str(&text);
    }
    if let Some(file) = &options.save {
        fs::write(file, anstream::adapter::strip_str(&report).to_string())
            .map_err(|error| format!("cannot write `{}`: {error}", file.display()))?;
    }
    Ok(())
}
