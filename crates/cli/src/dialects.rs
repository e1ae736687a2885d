//! `countersign dialects`.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use countersign::{
    ClientDocument, Dialect, MethodName, Methods, Pattern, Require, Route, builtin, builtin_names,
    dialect_schema, policy_schema,
};

use crate::failure::Failure;
use crate::output::{DIM, GOOD, NAME, STRONG};
use crate::{find, output};

/// List, show and check dialects: conventions of carrying tokens, as data
#[derive(Args, Debug)]
pub(crate) struct Dialects {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the built-in dialects
    List,
    /// Show the file of a dialect, to read or to begin one's own with
    Show {
        /// Built-in dialect or dialect file
        #[arg(value_name = "NAME|FILE")]
        name: String,
        /// Print it as JSON, with every default filled in
        #[arg(long)]
        json: bool,
    },
    /// Print what clients of a dialect must know, as servers say it at `/.well-known/csrf`
    Document {
        /// Built-in dialect or dialect file
        #[arg(value_name = "NAME|FILE", required_unless_present = "all")]
        name: Option<String>,
        /// Those of all built-in dialects, by name
        #[arg(long, conflicts_with = "name")]
        all: bool,
    },
    /// Print the JSON Schema of dialect files
    Schema {
        /// That of policy files instead
        #[arg(long)]
        policy: bool,
    },
    /// Check dialect files; says file, line and what to write instead
    ///
    /// Exit status: 0 when all can be used, 2 when one cannot.
    Check {
        /// Dialect files
        #[arg(value_name = "FILE", required = true)]
        files: Vec<PathBuf>,
    },
}

impl Dialects {
    pub(crate) fn run(&self) -> Result<ExitCode, Failure> {
        match &self.command {
            Command::List => output::print(&list())?,
            Command::Show { name, json: false } => output::print(&find::dialect_source(name)?)?,
            Command::Show { name, json: true } => print_json(&find::dialect(name)?)?,
            Command::Document { name: Some(name), .. } => {
                print_json(&ClientDocument::of(&find::dialect(name)?))?;
            }
            Command::Document { name: None, .. } => print_json(&documents())?,
            Command::Schema { policy: false } => print_json(&dialect_schema())?,
            Command::Schema { policy: true } => print_json(&policy_schema())?,
            Command::Check { files } => return check(files),
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn documents() -> BTreeMap<String, ClientDocument> {
    let all = builtin_names().filter_map(builtin);
    all.map(|dialect| (dialect.name.clone(), ClientDocument::of(&dialect))).collect()
}

fn print_json(value: &impl serde::Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| Failure::world(format!("cannot write JSON: {error}")))?;
    output::print(&(text + "\n"))
}

fn check(files: &[PathBuf]) -> Result<ExitCode, Failure> {
    let mut status = ExitCode::SUCCESS;
    for file in files {
        let name = file.display().to_string();
        let read = find::text(file)
            .map_err(|failure| failure.message)
            .and_then(|text| Dialect::parse(&name, &text).map_err(|error| error.to_string()));
        match read {
            Ok(dialect) => {
                output::print(&format!("{name}: {GOOD}ok{GOOD:#}, {}\n", dialect.title))?;
            }
            Err(message) => {
                output::complain(&message);
                status = ExitCode::from(2);
            }
        }
    }
    Ok(status)
}

fn list() -> String {
    let heads = ["NAME", "TITLE", "TOKEN", "HEADER", "MUST BE SHOWN"].map(str::to_owned);
    let rows: Vec<[String; 5]> = builtin_names().filter_map(builtin).map(|own| row(&own)).collect();
    let mut widths = [0; 5];
    for row in std::iter::once(&heads).chain(&rows) {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let mut text = String::new();
    let mut line = |row: &[String; 5], styles: [anstyle::Style; 5]| {
        for (((cell, width), style), last) in
            row.iter().zip(widths).zip(styles).zip([false, false, false, false, true])
        {
            let gap = if last { 0 } else { width - cell.chars().count() + 2 };
            // Writing to a String cannot fail.
            let _ = write!(text, "{style}{cell}{style:#}{:gap$}", "");
        }
        text.push('\n');
    };
    let plain = anstyle::Style::new();
    line(&heads, [DIM; 5]);
    for row in &rows {
        line(row, [NAME, STRONG, plain, plain, plain]);
    }
    text
}

fn row(dialect: &Dialect) -> [String; 5] {
    let token = dialect.token.as_ref();
    [
        dialect.name.clone(),
        dialect.title.clone(),
        token.map_or("none", |token| pattern_words(token.pattern)).to_owned(),
        token.map_or("-", |token| token.header.as_str()).to_owned(),
        demand(dialect),
    ]
}

const fn pattern_words(pattern: Pattern) -> &'static str {
    match pattern {
        Pattern::Synchronizer => "synchronizer",
        Pattern::StoredSynchronizer => "stored synchronizer",
        Pattern::SignedDoubleSubmit => "signed double submit",
        Pattern::Encrypted => "encrypted",
        Pattern::OneTime => "one-time",
    }
}

fn demand(dialect: &Dialect) -> String {
    let methods = match dialect.protect.methods {
        Methods::Unsafe => "to change anything",
        Methods::All => "by every call",
    };
    let mut words = format!("{} {methods}", require_words(dialect.protect.require));
    // Exemptions take something away; what is worth knowing at a glance is where more is demanded.
    let own = dialect.protect.require;
    let stricter: Vec<&Route> = dialect
        .route
        .iter()
        .filter(|route| route.require > own || route.require == own && covers_reads(route))
        .collect();
    for (index, route) in stricter.iter().enumerate() {
        let _ = match index {
            0 => write!(words, "; {} on {}", require_words(route.require), route.path),
            _ => write!(words, ", {}", route.path),
        };
    }
    words
}

fn covers_reads(route: &Route) -> bool {
    route.methods.as_ref().is_some_and(|methods| methods.contains(&MethodName::Any))
}

const fn require_words(require: Require) -> &'static str {
    match require {
        Require::Nothing => "nothing",
        Require::Provenance => "provenance",
        Require::Either => "provenance or token",
        Require::Token => "token",
        Require::Both => "provenance and token",
    }
}
