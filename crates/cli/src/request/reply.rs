//! The answer, handed over as it is.

use std::fs::File;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;

use countersign_client::reqwest::{Response, StatusCode};

use super::{REFUSED, Request, causes};
use crate::failure::Failure;

/// What can be known of `--output` before anything is sent. The file is made when there is an answer.
pub(super) fn can_be_written(request: &Request) -> Result<(), Failure> {
    let Some(file) = request.file() else { return Ok(()) };
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    let why = match folder {
        _ if file.is_dir() => "it is a directory; name a file in it",
        Some(folder) if !folder.is_dir() => "its folder is not there; make it first",
        _ => return Ok(()),
    };
    Err(Failure::input(format!("--output: cannot write `{}`: {why}", file.display())))
}

impl Request {
    /// The file for the answer, unless that is for standard output.
    fn file(&self) -> Option<&Path> {
        self.output.as_deref().filter(|file| *file != Path::new("-"))
    }
}

/// Writes the answer and says what it was worth.
pub(super) async fn hand_over(
    request: &Request,
    mut response: Response,
) -> Result<ExitCode, Failure> {
    let status = response.status();
    let mut out: Box<dyn Write> = match request.file() {
        Some(file) => Box::new(File::create(file).map_err(|error| {
            Failure::world(format!("cannot write `{}`: {error}", file.display()))
        })?),
        None => Box::new(io::stdout().lock()),
    };
    let for_eyes = request.output.is_none() && io::stdout().is_terminal();
    if request.include && !written(out.write_all(&head(&response)))? {
        return Ok(worth(status));
    }
    loop {
        let chunk = response
            .chunk()
            .await
            .map_err(|error| Failure::world(format!("the answer broke off: {}", causes(&error))))?;
        match chunk {
            Some(chunk) if for_eyes && chunk.contains(&0) => {
                return Err(Failure::world(
                    "the answer is no text and could upset the terminal; write it to a file with \
                     `--output FILE`, or have it all the same with `--output -`",
                ));
            }
            Some(chunk) if written(out.write_all(&chunk))? => {}
            _ => break,
        }
    }
    written(out.flush())?;
    Ok(worth(status))
}

/// As it came, with nothing masked: the user asked for it.
fn head(response: &Response) -> Vec<u8> {
    let mut head = format!("{:?} {}\r\n", response.version(), response.status()).into_bytes();
    for (name, value) in response.headers() {
        head.extend_from_slice(name.as_str().as_bytes());
        head.extend_from_slice(b": ");
        head.extend_from_slice(value.as_bytes());
        head.extend_from_slice(b"\r\n");
    }
    head.extend_from_slice(b"\r\n");
    head
}

/// Whether there is still a reader.
fn written(done: io::Result<()>) -> Result<bool, Failure> {
    match done {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(Failure::world(format!("cannot write the answer: {error}"))),
    }
}

fn worth(status: StatusCode) -> ExitCode {
    match status.as_u16() {
        ..400 => ExitCode::SUCCESS,
        400..500 => ExitCode::from(REFUSED),
        500.. => ExitCode::from(5),
    }
}
