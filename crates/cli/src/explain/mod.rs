//! `countersign explain`: what the rules say of one request, and why.

mod args;
mod form;
mod json;
mod judge;
mod mend;
mod raw;
mod report;
mod words;

use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::path::Path;
use std::process::ExitCode;
use std::time::SystemTime;

use countersign::{Policy, Timestamp};

pub(crate) use args::Explain;

use crate::failure::Failure;
use crate::{find, output};
use judge::{Explanation, Known, Request};
use raw::Raw;

/// Larger requests are not read: every form limit that makes sense is far below.
const MOST: u64 = 8 * 1024 * 1024;

/// The exit status of a refusal; 1 and 2 mean that there is no verdict.
const REFUSED: u8 = 3;

impl Explain {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let policy = find::policy(self.dialect.as_deref(), self.policy.as_deref())?;
        let keyring = self.keyring.as_deref().map(find::keyring).transpose()?;
        let bytes = read(&self.request)?;
        let raw = Raw::read(&bytes).map_err(|unreadable| {
            let line = unreadable.line.map(|line| format!(":{line}")).unwrap_or_default();
            Failure::input(format!("{}{line}: {}", title(&self.request), unreadable.message))
        })?;
        let explanation = self.explain(&policy, keyring, raw)?;
        if self.json {
            output::print(&json::write(&explanation)?)?;
        } else {
            output::print(&report::write(&explanation))?;
        }
        Ok(if explanation.allowed() { ExitCode::SUCCESS } else { ExitCode::from(REFUSED) })
    }

    fn explain(
        &self,
        policy: &Policy,
        keyring: Option<countersign::Keyring>,
        raw: Raw,
    ) -> Result<Explanation, Failure> {
        let scheme = self.scheme.map(Into::into).or(raw.scheme);
        let mut notes = raw.notes;
        if scheme.is_none() {
            notes.push("taken as plain http; `--scheme https` says otherwise".to_owned());
        }
        let request = Request {
            head: raw.head,
            body: raw.body,
            scheme: scheme.unwrap_or(countersign::Scheme::Http),
            peer: self.peer,
            user: self.user.clone(),
            access: self.access.into(),
        };
        let known = Known {
            keyring,
            token: self.assume_token.map(args::Assumed::is_valid),
            incarnation: self.incarnation,
            now: self.now.map_or_else(|| SystemTime::now().into(), Timestamp::from_secs),
        };
        judge::explain(policy, request, known, notes)
    }
}

fn title(request: &Path) -> String {
    if is_standard_input(request) {
        "standard input".to_owned()
    } else {
        request.display().to_string()
    }
}

fn is_standard_input(request: &Path) -> bool {
    request == Path::new("-")
}

fn read(request: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let done = if is_standard_input(request) {
        if io::stdin().is_terminal() {
            output::hint("paste a request, then press Ctrl-D on a line of its own");
        }
        io::stdin().lock().take(MOST + 1).read_to_end(&mut bytes)
    } else {
        File::open(request).and_then(|file| file.take(MOST + 1).read_to_end(&mut bytes))
    };
    done.map_err(|error| Failure::input(format!("cannot read `{}`: {error}", title(request))))?;
    if bytes.len() as u64 > MOST {
        return Err(Failure::input(format!(
            "{}: larger than {} MiB; give the head and the beginning of the body",
            title(request),
            MOST / 1024 / 1024
        )));
    }
    Ok(bytes)
}
