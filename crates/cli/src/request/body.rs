//! What is sent.

use std::fs;
use std::io::{self, Read};

use countersign_client::reqwest::header::{ACCEPT, CONTENT_TYPE};
use countersign_client::reqwest_middleware::RequestBuilder;

use super::Request;
use super::form::{Field, Value};
use super::multipart::Multipart;
use super::upload;
use crate::failure::Failure;

/// The body of the request, which can be sent again.
pub(super) enum Payload {
    None,
    Typed(&'static str, Vec<u8>),
    Json(Vec<u8>),
    Form(Vec<(String, String)>),
    Files(Multipart),
}

impl Payload {
    pub(super) fn of(request: &Request) -> Result<Self, Failure> {
        Ok(match (&request.data, &request.json) {
            (Some(data), _) => {
                Self::Typed("application/x-www-form-urlencoded", request.read(data)?)
            }
            (_, Some(json)) => {
                let body = request.read(json)?;
                serde_json::from_slice::<serde::de::IgnoredAny>(&body).map_err(|error| {
                    Failure::input(format!("--json: this is not JSON: {error}"))
                })?;
                Self::Json(body)
            }
            _ if request.form.is_empty() => Self::None,
            _ => match request.form.iter().map(text).collect() {
                Some(fields) => Self::Form(fields),
                None => request.files()?,
            },
        })
    }

    /// Before the user's headers, which replace those set here.
    pub(super) fn put_on(self, request: RequestBuilder) -> RequestBuilder {
        match self {
            Self::None => request,
            Self::Typed(kind, body) => {
                upload::body(vec![body.into()]).put_on(request.header(CONTENT_TYPE, kind))
            }
            Self::Json(body) => {
                let json = "application/json";
                let request = request.header(CONTENT_TYPE, json).header(ACCEPT, json);
                upload::body(vec![body.into()]).put_on(request)
            }
            Self::Form(fields) => request.form(&fields),
            Self::Files(form) => {
                upload::body(form.pieces).put_on(request.header(CONTENT_TYPE, form.content_type))
            }
        }
    }
}

/// Name and value of a field that is no file.
fn text(field: &Field) -> Option<(String, String)> {
    match &field.value {
        Value::Text(value) => Some((field.name.clone(), value.clone())),
        Value::File(_) => None,
    }
}

impl Request {
    fn files(&self) -> Result<Payload, Failure> {
        // Theirs would replace ours, and the server could not tell the fields apart.
        if self.header.iter().any(|(name, _)| *name == CONTENT_TYPE) {
            return Err(Failure::input(
                "--form: with a file in it, the form says its `Content-Type` itself; leave that header \
                 out, or write `name=@file;type=text/csv` for the type of the file",
            ));
        }
        let is_input =
            |field: &&Field| matches!(&field.value, Value::File(file) if file.path == "-");
        match self.form.iter().filter(is_input).count() {
            0 => {}
            1 => self.claim_input()?,
            _ => {
                return Err(Failure::input(
                    "--form: standard input can be sent once; write it to a file",
                ));
            }
        }
        Multipart::of(&self.form).map(Payload::Files)
    }

    /// The text, or the whole of the file that it names.
    fn read(&self, text: &str) -> Result<Vec<u8>, Failure> {
        let Some(file) = text.strip_prefix('@') else { return Ok(text.as_bytes().to_owned()) };
        if file == "-" {
            self.claim_input()?;
            let mut body = Vec::new();
            io::stdin()
                .read_to_end(&mut body)
                .map_err(|error| Failure::world(format!("cannot read standard input: {error}")))?;
            return Ok(body);
        }
        fs::read(file).map_err(|error| Failure::input(format!("cannot read `{file}`: {error}")))
    }

    /// For the body, unless the password is to be there.
    fn claim_input(&self) -> Result<(), Failure> {
        let wants_password = [&self.user, &self.login]
            .into_iter()
            .flatten()
            .any(super::credentials::Credentials::reads_input);
        if wants_password {
            return Err(Failure::input(
                "standard input cannot be both body and password; write the body to a file",
            ));
        }
        Ok(())
    }
}
