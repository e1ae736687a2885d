//! The `countersign` command.
//!
//! Every flag and help text is defined once, in the structs that clap reads; completions and manual
//! pages are made from the same definitions.

mod check;
mod dialects;
mod explain;
mod failure;
mod find;
mod generate;
mod keys;
mod output;
mod playground;
mod request;
mod serve;
mod service;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use failure::Failure;

/// A proxied request makes a few small allocations; the system's allocator makes them cost more.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Protects web APIs and apps against cross-site request forgery
#[derive(Debug, Parser)]
#[command(
    name = "countersign",
    version,
    propagate_version = true,
    arg_required_else_help = true,
    after_help = EXAMPLES
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  countersign playground
  countersign serve --upstream http://127.0.0.1:9000
  countersign check gateway.toml
  countersign keys new --config gateway.toml
  countersign dialects list
  countersign explain --dialect genesys request.http
  countersign request GET http://127.0.0.1:8082/tao/items";

#[derive(Debug, Subcommand)]
enum Command {
    // By far the longest list of flags.
    Playground(Box<playground::Playground>),
    Serve(serve::Serve),
    Check(check::Check),
    Keys(keys::Keys),
    Dialects(dialects::Dialects),
    Explain(explain::Explain),
    Request(Box<request::Request>),
    Completions(generate::Completions),
    Man(generate::Man),
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Playground(playground) => playground.run(),
        Command::Serve(serve) => serve.run(),
        Command::Check(check) => check.run(),
        Command::Keys(keys) => keys.run(),
        Command::Dialects(dialects) => dialects.run(),
        Command::Explain(explain) => explain.run(),
        Command::Request(request) => request.run(),
        Command::Completions(completions) => completions.run(),
        Command::Man(man) => man.run(),
    };
    done.unwrap_or_else(|failure: Failure| {
        output::complain(&failure.message);
        failure.status()
    })
}
