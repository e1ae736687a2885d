//! Values of the command line that may hold secrets.

use std::ffi::OsStr;

use clap::builder::TypedValueParser;
use clap::error::{Error, ErrorKind};
use clap::{Arg, Command};

/// Reads a value as clap would, whose own errors repeat what they could not read.
#[derive(Clone)]
pub(super) struct Discreet<T>(pub(super) fn(&str) -> Result<T, String>);

impl<T: Clone + Send + Sync + 'static> TypedValueParser for Discreet<T> {
    type Value = T;

    fn parse_ref(&self, command: &Command, flag: Option<&Arg>, value: &OsStr) -> Result<T, Error> {
        let read = value.to_str().ok_or_else(|| "this is no UTF-8".to_owned()).and_then(self.0);
        read.map_err(|why| {
            let flag = flag.map(ToString::to_string).unwrap_or_default();
            let message = format!("invalid value for `{flag}`: {why}");
            command.clone().error(ErrorKind::ValueValidation, message)
        })
    }
}
