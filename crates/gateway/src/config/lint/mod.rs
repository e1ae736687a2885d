//! What is possible, but hardly meant.
//!
//! A mistake that makes a configuration impossible is an error when it is read. What is found here
//! can be used, and is either useless, or less safe than it looks.

mod gateway;
mod origins;
mod rules;
mod site;

use std::fmt;

use countersign::Timestamp;

use super::{Config, Site};

/// Something about a configuration that its writer should look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lint {
    /// A stable name for this kind of finding: `origin-unmatched`.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// The site that it is about, if it is about one.
    pub site: Option<String>,
    /// The key that it is about, for [`countersign::line_of`].
    pub place: Vec<String>,
    /// What was found.
    pub message: String,
    /// What to do.
    pub help: String,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Right for a while, and easily forgotten.
    Note,
    /// Hardly meant, or less safe than it could be.
    Warning,
    /// It cannot do what it says, or takes all protection away.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

impl fmt::Display for Lint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(site) = &self.site {
            write!(f, "site `{site}`: ")?;
        }
        write!(f, "{}; {} ({})", self.message, self.help, self.code)
    }
}

/// Looks for what is possible, but hardly meant. `now` tells which exemptions are over.
#[must_use]
pub fn lint(config: &Config, now: Timestamp) -> Vec<Lint> {
    let mut found = Found::default();
    gateway::look(config, &mut found);
    for (at, site) in config.sites.iter().enumerate() {
        let mut found = Of { found: &mut found, site, at };
        site::look(&mut found);
        origins::look(&mut found);
        rules::look(&mut found, now);
    }
    found.0
}

#[derive(Default)]
struct Found(Vec<Lint>);

impl Found {
    fn add(
        &mut self,
        code: &'static str,
        severity: Severity,
        place: &[&str],
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let place = place.iter().map(|key| (*key).to_owned()).collect();
        let (message, help) = (message.into(), help.into());
        self.0.push(Lint { code, severity, site: None, place, message, help });
    }
}

/// What is found of one site.
struct Of<'a> {
    found: &'a mut Found,
    site: &'a Site,
    /// Its number in the file.
    at: usize,
}

impl Of<'_> {
    /// `place` begins within the site's table.
    fn add(
        &mut self,
        code: &'static str,
        severity: Severity,
        place: &[&str],
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let at = self.at.to_string();
        let place: Vec<&str> = ["site", &at].into_iter().chain(place.iter().copied()).collect();
        self.found.add(code, severity, &place, message, help);
        if let Some(lint) = self.found.0.last_mut() {
            lint.site = Some(self.site.name.clone());
        }
    }
}

#[cfg(test)]
mod tests;
