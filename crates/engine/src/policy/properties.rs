//! Settings from a Java properties file, by the names that the dialect gives them.

use super::Policy;
use super::java::{self, Entry};
use crate::dialect::{Absent, Setting};
use crate::origin::Origin;

/// Why a properties file is not used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct PropertiesError {
    /// Counted from 1.
    pub line: usize,
    /// What is wrong and how to mend it.
    pub message: String,
}

impl Policy {
    /// Applies the settings of a properties file. Keys that the dialect does not know belong to
    /// the application and are left alone.
    ///
    /// # Errors
    /// A value that its setting cannot take, and a line that cannot be read.
    pub fn with_properties(mut self, text: &str) -> Result<Self, PropertiesError> {
        for entry in java::entries(text) {
            let Entry { line, key, value } = entry?;
            let Some(setting) = self.dialect().settings.get(&key).copied() else { continue };
            self = self
                .with_setting(setting, &value)
                .map_err(|message| PropertiesError { line, message })?;
        }
        Ok(self)
    }

    fn with_setting(self, setting: Setting, value: &str) -> Result<Self, String> {
        Ok(match setting {
            Setting::Enabled => {
                let enabled = flag(value)?;
                self.with(|inner| inner.enabled = enabled)
            }
            Setting::SkipToken => {
                let skip = flag(value)?;
                self.with(|inner| inner.check_token = !skip)
            }
            Setting::RefuseAbsentOrigin => {
                let absent = if flag(value)? { Absent::Refuse } else { Absent::Allow };
                self.with_absent_origin(absent)
            }
            Setting::PublicOrigins => {
                // A base URL may have a path; an origin has none.
                let origins: Result<Vec<Origin>, _> = value
                    .split(',')
                    .map(str::trim)
                    .filter(|url| !url.is_empty())
                    .map(|url| Origin::parse(url).or_else(|error| base_url(url).ok_or(error)))
                    .collect();
                let origins = origins.map_err(|error| error.to_string())?;
                self.with(|inner| inner.public_origins = origins)
            }
        })
    }
}

fn flag(value: &str) -> Result<bool, String> {
    match value.to_ascii_lowercase().as_str() {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(format!("`{value}` is neither true nor false")),
    }
}

fn base_url(url: &str) -> Option<Origin> {
    let (scheme, rest) = url.split_once("://")?;
    let authority = rest.split('/').next()?;
    Origin::parse(&format!("{scheme}://{authority}")).ok()
}
