//! `cargo xtask`: the project's chores, started the same way on every machine.
//!
//! `test` works in four moves, one module each:
//!
//! 1. [`needs`] looks for the programs that the chosen suites use, and installs what is missing where it may;
//! 2. [`packages`] puts the npm and pip packages into the project's own ignored folders;
//! 3. [`suites`] runs each suite with its own test runner, the output going through live;
//! 4. [`report`] adds up what the runners counted and prints the one last line.
//!
//! `bench` runs the workspace's benchmarks; `bench gateway` is [`bench`]. `chaos` is [`chaos`].

mod bench;
mod chaos;
mod needs;
mod packages;
mod report;
mod steps;
mod suites;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::suites::Suite;

/// Whatever stops a chore, worded for the person at the terminal.
type Result<T> = std::result::Result<T, Box<dyn Error>>;

#[derive(Parser)]
#[command(bin_name = "cargo xtask", about = "The project's chores", disable_version_flag = true)]
struct Cli {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Install what the tests need, run them all, end with `N passed, N failed, N skipped`
    Test {
        /// Run only these suites
        #[arg(value_enum)]
        suites: Vec<Suite>,
    },
    /// Run the benchmarks
    #[command(args_conflicts_with_subcommands = true)]
    Bench {
        #[command(subcommand)]
        whole: Option<Whole>,
        /// Handed on to the benchmarks, for example the name of one of them
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Kill, empty and switch over stores under gateways, and see that no ticket is accepted twice
    Chaos(chaos::Options),
}

/// Benchmarks of whole programs.
#[derive(Subcommand)]
enum Whole {
    /// Measure the gateway beside nginx, HAProxy and Caddy
    Gateway(bench::Options),
    /// Measure the clients for browsers, Python and Rust beside bare calls, axios and a helper by hand
    Clients,
}

fn main() -> ExitCode {
    let Cli { chore } = Cli::parse();
    let done = match chore {
        Chore::Test { suites } => test(&suites),
        Chore::Bench { whole: Some(Whole::Gateway(options)), .. } => bench_gateway(&options),
        Chore::Bench { whole: Some(Whole::Clients), .. } => bench_clients(),
        Chore::Bench { whole: None, args } => bench(&args),
        Chore::Chaos(options) => run_chaos(&options),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn test(chosen: &[Suite]) -> Result<ExitCode> {
    let chosen = if chosen.is_empty() { Suite::ALL } else { chosen };
    let report = suites::run(&root()?, chosen);
    println!("\n{report}");
    Ok(if report.is_green() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn bench(args: &[String]) -> Result<ExitCode> {
    let mut cargo = steps::cargo(&root()?);
    cargo.args(["bench", "--workspace", "--bench", "*", "--"]).args(args);
    steps::run("running the benchmarks", &mut cargo)?;
    Ok(ExitCode::SUCCESS)
}

fn bench_gateway(options: &bench::Options) -> Result<ExitCode> {
    bench::gateway(&root()?, options)?;
    Ok(ExitCode::SUCCESS)
}

fn bench_clients() -> Result<ExitCode> {
    suites::bench_clients(&root()?)?;
    Ok(ExitCode::SUCCESS)
}

fn run_chaos(options: &chaos::Options) -> Result<ExitCode> {
    let held = chaos::run(&root()?, options)?;
    Ok(if held { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The workspace's folder. Cargo says where it is at run time; the path compiled in would be wrong
/// once two checkouts share a target folder.
fn root() -> Result<PathBuf> {
    std::env::var_os("CARGO_MANIFEST_DIR")
        .as_deref()
        .and_then(|manifest| Path::new(manifest).parent())
        .map(Path::to_path_buf)
        .ok_or_else(|| "cannot tell where the project is: start me as `cargo xtask`".into())
}
