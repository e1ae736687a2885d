//! `countersign check`.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::SystemTime;

use clap::Args;
use countersign::{Timestamp, line_of};
use countersign_gateway::config::{Severity, config_schema, lint};

use crate::failure::Failure;
use crate::output::{self, BAD, GOOD, UNSURE};
use crate::{find, serve};

/// Say whether a gateway's configuration can be used, and what in it is hardly meant
///
/// Ends with status 0 if there is nothing to say but notes, 1 if there are warnings, 2 if it cannot be
/// used.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Check {
    /// The configuration
    #[arg(value_name = "FILE", required_unless_present = "schema")]
    file: Option<PathBuf>,

    /// Print the JSON Schema of such files, for editors that complete and check them
    #[arg(long, conflicts_with = "file")]
    schema: bool,
}

const EXAMPLES: &str = "\
Examples:
  countersign check gateway.toml
  countersign check --schema > gateway.schema.json";

impl Check {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let Some(file) = self.file else {
            let schema = format!("{:#}\n", config_schema());
            return output::print_raw(schema.as_bytes()).map(|()| ExitCode::SUCCESS);
        };
        let config = serve::read(&file)?;
        let source = find::text(&file)?;
        let found = lint(&config, Timestamp::from(SystemTime::now()));
        let mut text = String::new();
        for lint in &found {
            let colour = if lint.severity == Severity::Error { BAD } else { UNSURE };
            let _ = write!(text, "{}", file.display());
            if let Some(line) = line_of(&source, &lint.place) {
                let _ = write!(text, ":{line}");
            }
            let _ = writeln!(text, ": {colour}{}{colour:#}: {lint}", lint.severity);
        }
        if found.is_empty() {
            let sites = config.sites.len();
            let _ = writeln!(
                text,
                "{GOOD}ok{GOOD:#}: {sites} {}",
                if sites == 1 { "site" } else { "sites" }
            );
        }
        output::print(&text)?;
        let is_fine = found.iter().all(|lint| lint.severity == Severity::Note);
        Ok(if is_fine { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}
