//! Writing to the terminal: colours where they are wanted, and no panic when a pipe is closed.

use std::io::{self, ErrorKind, Write};

use anstyle::{AnsiColor, Style};

use crate::failure::Failure;

pub(crate) const STRONG: Style = Style::new().bold();
pub(crate) const DIM: Style = Style::new().dimmed();
pub(crate) const GOOD: Style = AnsiColor::Green.on_default().bold();
pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();
pub(crate) const UNSURE: Style = AnsiColor::Yellow.on_default().bold();
pub(crate) const NAME: Style = AnsiColor::Cyan.on_default();

/// Prints `text`. Its colours are dropped unless standard output is a terminal that may have them
/// (`NO_COLOR`, `CLICOLOR`, `CLICOLOR_FORCE`).
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    finish(anstream::stdout().lock(), text.as_bytes())
}

/// Prints bytes that other programs read, as they are.
pub(crate) fn print_raw(bytes: &[u8]) -> Result<(), Failure> {
    finish(io::stdout().lock(), bytes)
}

/// One line about an error, on standard error.
pub(crate) fn complain(message: &str) {
    // When not even that can be written, only the exit status is left to tell of it.
    let _ = writeln!(anstream::stderr().lock(), "{BAD}error{BAD:#}: {message}");
}

/// One line for whoever sits before the terminal.
pub(crate) fn hint(text: &str) {
    let _ = writeln!(anstream::stderr().lock(), "{DIM}{text}{DIM:#}");
}

fn finish(mut out: impl Write, bytes: &[u8]) -> Result<(), Failure> {
    match out.write_all(bytes).and_then(|()| out.flush()) {
        // `countersign dialects list | head -1` has got what it wanted.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(Failure::world(format!("cannot write to standard output: {error}"))),
        Ok(()) => Ok(()),
    }
}
