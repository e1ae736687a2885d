//! `countersign playground`.

use std::process::ExitCode;

use clap::Args;
use countersign_playground::{Environment, Options, print_guide, start};
use tokio::runtime::Runtime;
use tracing_subscriber::filter::LevelFilter;

use crate::failure::Failure;
use crate::service::{log, stop_signal};

/// Start five guarded services, and a bank bare and behind the gateway, and say what to try
///
/// Everything listens on 127.0.0.1 unless a flag says otherwise. Ctrl-C stops it.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Playground {
    #[command(flatten)]
    options: Options,
}

const EXAMPLES: &str = "\
Examples:
  countersign playground
  countersign playground --genesys 127.0.0.1:9180 --data ./playground
  countersign playground --portal 127.0.0.1:0 --json

Refused requests are logged on standard error; RUST_LOG says what else is (RUST_LOG=info).";

impl Playground {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        log(LevelFilter::WARN);
        let failed = |what: &str, error: std::io::Error| Failure::world(format!("{what}: {error}"));
        let runtime = Runtime::new().map_err(|error| failed("cannot start threads", error))?;
        runtime.block_on(async {
            // Asked for before anything is up, so that a signal during the start counts as well.
            let stop = stop_signal().map_err(|error| failed("cannot wait for signals", error))?;
            let json = self.options.json;
            let playground = start(self.options, Environment::default())
                .await
                .map_err(|error| Failure::world(error.to_string()))?;
            print_guide(playground.addresses(), json)
                .map_err(|error| failed("cannot write to standard output", error))?;
            playground.run_until(stop).await;
            Ok(ExitCode::SUCCESS)
        })
    }
}
