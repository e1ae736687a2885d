//! Finding dialects, policies and keyrings by what the user calls them.

use std::fs;
use std::path::Path;

use countersign::{Dialect, Keyring, Policy, builtin, builtin_names, builtin_source};
use zeroize::Zeroizing;

use crate::failure::Failure;

/// A dialect by its built-in name, or from a file.
pub(crate) fn dialect(name: &str) -> Result<Dialect, Failure> {
    dialect_from(name, Path::new("")).map_err(Failure::input)
}

/// The text of a dialect's file.
pub(crate) fn dialect_source(name: &str) -> Result<String, Failure> {
    if let Some(source) = builtin_source(name) {
        return Ok(source.to_owned());
    }
    dialect(name)?;
    text(Path::new(name))
}

/// The policy in `file`, or none but its dialect's. `dialect`, when given, counts in place of the one
/// that the file names.
pub(crate) fn policy(dialect_name: Option<&str>, file: Option<&Path>) -> Result<Policy, Failure> {
    let Some(file) = file else {
        return dialect(dialect_name.unwrap_or("standard")).map(Policy::new);
    };
    let content = text(file)?;
    let folder = file.parent().unwrap_or(Path::new(""));
    let find = |named: &str| match dialect_name {
        Some(given) => dialect_from(given, Path::new("")),
        None => dialect_from(named, folder),
    };
    Policy::from_toml(&file.display().to_string(), &content, find)
        .map_err(|error| Failure::input(error.to_string()))
}

/// The keyring in `file`.
pub(crate) fn keyring(file: &Path) -> Result<Keyring, Failure> {
    let content = Zeroizing::new(text(file)?);
    Keyring::from_toml(&content)
        .map_err(|error| Failure::input(format!("`{}`: {error}", file.display())))
}

/// A file's text.
pub(crate) fn text(file: &Path) -> Result<String, Failure> {
    fs::read_to_string(file)
        .map_err(|error| Failure::input(format!("cannot read `{}`: {error}", file.display())))
}

/// A file's path is told from a name by what a name cannot hold.
pub(crate) fn dialect_from(name: &str, folder: &Path) -> Result<Dialect, String> {
    if let Some(dialect) = builtin(name) {
        return Ok(dialect);
    }
    if !name.contains(['/', '\\', '.']) {
        let names: Vec<&str> = builtin_names().collect();
        return Err(format!(
            "there is no dialect `{name}`; take {}, or the path of a dialect file",
            names.join(", ")
        ));
    }
    let path = folder.join(name);
    let content = text(&path).map_err(|failure| failure.message)?;
    Dialect::parse(&path.display().to_string(), &content).map_err(|error| error.to_string())
}
