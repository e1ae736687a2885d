//! Reading a dialect file, with errors that a person can act on.

use toml::de::{DeTable, DeValue};

use super::{Dialect, check};

/// Why a dialect file is not used: where, what is wrong, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}{}: {message}", .line.map(|line| format!(":{line}")).unwrap_or_default())]
pub struct DialectError {
    /// The file's name, as the caller gave it.
    pub file: String,
    /// The line, counted from 1, where one is to blame.
    pub line: Option<usize>,
    /// What is wrong and how to mend it.
    pub message: String,
}

impl Dialect {
    /// Reads a dialect; `file` is only named in errors.
    ///
    /// # Errors
    /// Text that is not TOML, keys or values that do not exist, and combinations that could not
    /// work.
    pub fn parse(file: &str, text: &str) -> Result<Self, DialectError> {
        let dialect: Self = toml::from_str(text).map_err(|error| {
            let (line, message) = syntax(text, &error);
            DialectError { file: file.to_owned(), line, message }
        })?;
        check::check(&dialect).map_err(|flaw| DialectError {
            file: file.to_owned(),
            line: line_of(text, &flaw.place),
            message: flaw.message,
        })?;
        Ok(dialect)
    }
}

/// Line and message of what the TOML reader says.
pub(crate) fn syntax(text: &str, error: &toml::de::Error) -> (Option<usize>, String) {
    (error.span().map(|span| line_at(text, span.start)), error.message().to_owned())
}

/// The line of a key: `["token", "shape"]`, or `["route", "2", "path"]` for the third route. Where
/// the key is missing, the line of the table that should hold it.
pub(crate) fn line_of(text: &str, place: &[String]) -> Option<usize> {
    let table = DeTable::parse(text).ok()?;
    let mut span = None;
    let mut here = place.first().and_then(|key| table.get_ref().get(key.as_str()));
    for key in place.iter().skip(1).map(Some).chain([None]) {
        let Some(value) = here else { break };
        span = Some(value.span());
        here = key.and_then(|key| match value.get_ref() {
            DeValue::Table(table) => table.get(key.as_str()),
            DeValue::Array(array) => key.parse().ok().and_then(|at: usize| array.get(at)),
            _ => None,
        });
    }
    span.map(|span| line_at(text, span.start))
}

fn line_at(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|b| *b == b'\n').count() + 1
}
