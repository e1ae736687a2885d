//! Running other programs: what runs is said before, how long it took after, and their output goes
//! through as it comes.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::Instant;

use crate::Result;

/// The cargo that started us, in the workspace's folder.
pub(crate) fn cargo(root: &Path) -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(root);
    cargo
}

/// Runs a step that must succeed.
pub(crate) fn run(what: &str, command: &mut Command) -> Result<()> {
    let status = status(what, command)?;
    if status.success() { Ok(()) } else { Err(format!("{what}: {status}").into()) }
}

/// Runs a step and hands back how it ended.
pub(crate) fn status(what: &str, command: &mut Command) -> Result<ExitStatus> {
    timed(what, command, Command::status)
}

/// Runs a step and shows each line of its standard output to `on_line` too.
pub(crate) fn lines(
    what: &str,
    command: &mut Command,
    mut on_line: impl FnMut(&str),
) -> Result<ExitStatus> {
    timed(what, command.stdout(Stdio::piped()), |command| {
        let mut child = command.spawn()?;
        if let Some(stdout) = child.stdout.take() {
            // Split by bytes: a test may print what is not UTF-8, and its neighbours still count.
            for line in BufReader::new(stdout).split(b'\n') {
                on_line(&String::from_utf8_lossy(&line?));
            }
        }
        child.wait()
    })
}

fn timed(
    what: &str,
    command: &mut Command,
    start: impl FnOnce(&mut Command) -> std::io::Result<ExitStatus>,
) -> Result<ExitStatus> {
    println!("==> {what}");
    let started = Instant::now();
    let program = command.get_program().to_string_lossy().into_owned();
    let status = start(command.stdin(Stdio::null()))
        .map_err(|error| format!("{what}: cannot run `{program}`: {error}"))?;
    println!("    {what}: {} s", started.elapsed().as_secs());
    Ok(status)
}
