//! Why a command ends without having done its work.

use std::process::ExitCode;

/// What the user is told, and how the command ends.
#[derive(Debug)]
pub(crate) struct Failure {
    /// For the one line on standard error.
    pub(crate) message: String,
    kind: Kind,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    /// Something outside did not work: a port is taken, a pipe cannot be written.
    World,
    /// What was given cannot be read: a file, a request, a flag.
    Input,
}

impl Failure {
    /// The command could not do its work: status 1.
    pub(crate) fn world(message: impl Into<String>) -> Self {
        Self { message: message.into(), kind: Kind::World }
    }

    /// What the command was given cannot be used: status 2, as clap's own errors.
    pub(crate) fn input(message: impl Into<String>) -> Self {
        Self { message: message.into(), kind: Kind::Input }
    }

    /// The exit status.
    pub(crate) fn status(&self) -> ExitCode {
        ExitCode::from(match self.kind {
            Kind::World => 1,
            Kind::Input => 2,
        })
    }
}
