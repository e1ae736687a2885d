//! Names and passwords on the command line, or asked for.

use std::convert::Infallible;
use std::fmt;
use std::io::{self, IsTerminal};
use std::str::FromStr;

use zeroize::Zeroizing;

use crate::failure::Failure;

/// `user` or `user:password`.
#[derive(Clone)]
pub(super) struct Credentials {
    user: String,
    password: Option<Zeroizing<String>>,
}

/// Both.
pub(super) struct Complete {
    pub(super) user: String,
    pub(super) password: Zeroizing<String>,
}

impl FromStr for Credentials {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        // RFC 7617: a user's name has no colon.
        let (user, password) = match text.split_once(':') {
            Some((user, password)) => (user, Some(Zeroizing::new(password.to_owned()))),
            None => (text, None),
        };
        Ok(Self { user: user.to_owned(), password })
    }
}

impl Credentials {
    /// Whether standard input must hold the password.
    pub(super) fn reads_input(&self) -> bool {
        self.password.is_none() && !io::stdin().is_terminal()
    }

    /// Asks for the password if it was not given.
    pub(super) fn complete(&self, flag: &str) -> Result<Complete, Failure> {
        let failed = |error: io::Error| Failure::world(format!("{flag}: no password: {error}"));
        let password = match &self.password {
            Some(password) => password.clone(),
            None if self.reads_input() => line(flag)?,
            None => {
                let prompt = format!("Password of {}: ", self.user);
                Zeroizing::new(rpassword::prompt_password(prompt).map_err(failed)?)
            }
        };
        Ok(Complete { user: self.user.clone(), password })
    }
}

fn line(flag: &str) -> Result<Zeroizing<String>, Failure> {
    let mut line = Zeroizing::new(String::new());
    io::stdin()
        .read_line(&mut line)
        .map_err(|error| Failure::world(format!("cannot read standard input: {error}")))?;
    let password = line.trim_end_matches(['\r', '\n']);
    if password.is_empty() {
        return Err(Failure::input(format!(
            "{flag}: there is no password on standard input; write one line there, or \
             `user:password`"
        )));
    }
    Ok(Zeroizing::new(password.to_owned()))
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials")
    }
}
