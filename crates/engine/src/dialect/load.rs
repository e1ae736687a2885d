//! Reading a dialect file, with errors that a person can act on.

use super::{Dialect, check};
use crate::misplaced::{Misplaced, line_of, toml_syntax};

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

impl DialectError {
    pub(crate) fn syntax(file: &str, text: &str, error: &toml::de::Error) -> Self {
        let (line, message) = toml_syntax(text, error);
        Self { file: file.to_owned(), line, message }
    }

    pub(crate) fn flaw(file: &str, text: &str, Misplaced { place, message }: Misplaced) -> Self {
        Self { file: file.to_owned(), line: line_of(text, &place), message }
    }
}

impl Dialect {
    /// Reads a dialect; `file` is only named in errors.
    ///
    /// # Errors
    /// Text that is not TOML, keys or values that do not exist, and combinations that could not
    /// work.
    pub fn parse(file: &str, text: &str) -> Result<Self, DialectError> {
        let dialect = toml::from_str(text).map_err(|e| DialectError::syntax(file, text, &e))?;
        check::check(&dialect).map_err(|flaw| DialectError::flaw(file, text, flaw))?;
        Ok(dialect)
    }
}
