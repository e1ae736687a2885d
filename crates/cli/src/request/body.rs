//! What is sent.

use std::fs;
use std::io::{self, Read};

use countersign_client::reqwest::header::{ACCEPT, CONTENT_TYPE};
use countersign_client::reqwest_middleware::RequestBuilder;

use super::Request;
use crate::failure::Failure;

/// The body of the request, read whole so that it can be sent again.
pub(super) enum Payload {
    None,
    Typed(&'static str, Vec<u8>),
    Json(Vec<u8>),
    Form(Vec<(String, String)>),
}

impl Payload {
    pub(super) fn of(request: &Request) -> Result<Self, Failure> {
        let input = |text: &str| -> Result<Vec<u8>, Failure> {
            if text == "@-" && request.needs_input_for_password() {
                return Err(Failure::input(
                    "standard input cannot be both body and password; write the body to a file",
                ));
            }
            read(text)
        };
        Ok(match (&request.data, &request.json) {
            (Some(data), _) => Self::Typed("application/x-www-form-urlencoded", input(data)?),
            (_, Some(json)) => {
                let body = input(json)?;
                serde_json::from_slice::<serde::de::IgnoredAny>(&body).map_err(|error| {
                    Failure::input(format!("--json: this is not JSON: {error}"))
                })?;
                Self::Json(body)
            }
            _ if !request.form.is_empty() => Self::Form(request.form.clone()),
            _ => Self::None,
        })
    }

    /// Before the user's headers, which replace those set here.
    pub(super) fn put_on(self, request: RequestBuilder) -> RequestBuilder {
        match self {
            Self::None => request,
            Self::Typed(kind, body) => request.header(CONTENT_TYPE, kind).body(body),
            Self::Json(body) => {
                let json = "application/json";
                request.header(CONTENT_TYPE, json).header(ACCEPT, json).body(body)
            }
            Self::Form(fields) => request.form(&fields),
        }
    }
}

impl Request {
    fn needs_input_for_password(&self) -> bool {
        [&self.user, &self.login]
            .into_iter()
            .flatten()
            .any(super::credentials::Credentials::reads_input)
    }
}

fn read(text: &str) -> Result<Vec<u8>, Failure> {
    let Some(file) = text.strip_prefix('@') else { return Ok(text.as_bytes().to_owned()) };
    if file == "-" {
        let mut body = Vec::new();
        io::stdin()
            .read_to_end(&mut body)
            .map_err(|error| Failure::world(format!("cannot read standard input: {error}")))?;
        return Ok(body);
    }
    fs::read(file).map_err(|error| Failure::input(format!("cannot read `{file}`: {error}")))
}
