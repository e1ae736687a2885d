//! The flags of `countersign request`.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use clap::Args;
use countersign::{ClientDocument, builtin_names};
use countersign_client::parse_document;
use countersign_client::reqwest::header::{HeaderName, HeaderValue};
use countersign_client::reqwest::{Method, Url};

use super::credentials::Credentials;
use super::discreet::Discreet;
use super::form::Field;
use crate::failure::Failure;
use crate::find;

/// Send a request like curl, with the CSRF handshake done
///
/// Fetches a token where the request needs one, sends it along, and tries once more with a new one when
/// the server refuses the first. Redirects are not followed unless `--location` is given, and a token
/// never goes to another origin.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Request {
    /// Method, in upper case
    #[arg(value_parser = method)]
    pub(super) method: Method,

    /// URL, with its scheme
    #[arg(value_parser = Discreet(url))]
    pub(super) url: Url,

    /// Built-in dialect, file of a dialect or client document, or `auto`: what the server says at
    /// `/.well-known/csrf`
    #[arg(long, value_name = "NAME|FILE|auto", default_value = AUTO)]
    pub(super) dialect: String,

    /// Body, sent as a form unless a header says otherwise; `@FILE` reads it from a file, `@-` from
    /// standard input
    #[arg(short, long, value_name = "TEXT|@FILE", group = "body", help_heading = BODY)]
    pub(super) data: Option<String>,

    /// Body of JSON; `@FILE` and `@-` as for `--data`
    #[arg(long, value_name = "TEXT|@FILE", group = "body", help_heading = BODY)]
    pub(super) json: Option<String>,

    /// Field of a form; may be given more than once. With `@FILE` as the value the file is uploaded, with
    /// `@-` standard input, in a multipart/form-data body. `;type=` and `;filename=` after it say what the
    /// server is told. Write `@@` for a value that begins with `@`
    #[arg(
        long,
        value_name = "NAME=VALUE|NAME=@FILE",
        group = "body",
        value_parser = Discreet(str::parse::<Field>),
        help_heading = BODY
    )]
    pub(super) form: Vec<Field>,

    /// Header; may be given more than once
    #[arg(short = 'H', long, value_name = "NAME: VALUE", value_parser = Discreet(header))]
    pub(super) header: Vec<(HeaderName, HeaderValue)>,

    /// Send name and password with the request (RFC 7617). Without a colon, the password is asked for, or
    /// read from standard input where that is no terminal
    #[arg(short, long, value_name = "USER[:PASSWORD]", help_heading = SESSION)]
    pub(super) user: Option<Credentials>,

    /// Log in first, in the way of the dialect. Without a colon, the password is asked for or read, as
    /// for `--user`
    #[arg(long, value_name = "USER[:PASSWORD]", help_heading = SESSION)]
    pub(super) login: Option<Credentials>,

    /// Log out afterwards, in the way of the dialect
    #[arg(long, help_heading = SESSION)]
    pub(super) logout: bool,

    /// File that keeps cookies and tokens for the next call. Made if it is not there, readable by its
    /// owner only; of two calls at once, one waits for the other
    #[arg(long, value_name = "FILE", help_heading = SESSION)]
    pub(super) cookie_jar: Option<PathBuf>,

    /// Show on standard error what is sent and received, those for tokens and logins too, with secrets
    /// masked
    #[arg(long, help_heading = OUTPUT)]
    pub(super) show_exchange: bool,

    /// Print the head of the answer as well
    #[arg(short, long, help_heading = OUTPUT)]
    pub(super) include: bool,

    /// Write the answer to a file; `-` is standard output, even if that is a terminal and the answer no
    /// text
    #[arg(short, long, value_name = "FILE", help_heading = OUTPUT)]
    pub(super) output: Option<PathBuf>,

    /// Follow redirects, ten at most
    #[arg(short = 'L', long, help_heading = CONNECTION)]
    pub(super) location: bool,

    /// Take any certificate; anybody on the way can then read along
    #[arg(short = 'k', long, help_heading = CONNECTION)]
    pub(super) insecure: bool,

    /// Trust the certificates in this PEM file, and no others
    #[arg(long, value_name = "FILE", conflicts_with = "insecure", help_heading = CONNECTION)]
    pub(super) cacert: Option<PathBuf>,

    /// Give up when one request takes longer than so many seconds
    #[arg(long, value_name = "SECONDS", value_parser = seconds, help_heading = CONNECTION)]
    pub(super) timeout: Option<Duration>,
}

const AUTO: &str = "auto";
const BODY: &str = "Body (one kind at a time)";
const SESSION: &str = "Session";
const OUTPUT: &str = "Output";
const CONNECTION: &str = "Connection";

const EXAMPLES: &str = r#"Examples, with the services of `countersign playground`:
  Genesys, an agent begins to work:
    countersign request -u paveld@redwings.com:password POST http://127.0.0.1:8080/api/v2/me \
      --json '{"operationName":"StartContactCenterSession","channels":["voice"]}'
  VOSS, logging in and out again:
    countersign request --login joe:bloggs --logout POST http://127.0.0.1:8000/api/data/Phone/ \
      --json '{"name":"SEPAABBCCDDEE0F"}'
  Redback, one login for several calls:
    countersign request --cookie-jar jar.json --login admin:admin1 \
      GET http://127.0.0.1:8081/restServices/redbackServices/userService/getUsers
    countersign request --cookie-jar jar.json \
      GET http://127.0.0.1:8081/restServices/redbackServices/userService/getUser/guest-user
  vManage, whose certificate is its own; the password is asked for:
    countersign request --insecure --login admin GET https://127.0.0.1:8443/dataservice/device
  TAO, with every request shown:
    countersign request --show-exchange POST http://127.0.0.1:8082/tao/items \
      --json '{"label":"Fractions"}'
  The bank behind the gateway, a file uploaded:
    countersign request --cookie-jar jar.json POST http://127.0.0.1:9080/login \
      --form username=alice --form password=wonderland
    countersign request --cookie-jar jar.json POST http://127.0.0.1:9080/statements \
      --form note=March --form file=@statement.pdf
  A server that says no dialect of its own:
    countersign request --dialect mine.toml POST https://app.example/transfer --form amount=5

Exit status: 0 for an answer of the classes 2xx and 3xx, 4 for 4xx and for a refused login,
5 for 5xx, 1 when there is no answer, 2 when a flag or a file cannot be used."#;

impl Request {
    /// The document that the user chose; `None` is for the server to say.
    pub(super) fn document(&self) -> Result<Option<ClientDocument>, Failure> {
        if self.dialect == AUTO {
            return Ok(None);
        }
        // Both are files; what begins like JSON is a document.
        if self.dialect.contains(['/', '\\', '.']) {
            let text = find::text(Path::new(&self.dialect))?;
            if text.trim_start().starts_with('{') {
                return parse_document(&text)
                    .map(Some)
                    .map_err(|error| Failure::input(format!("`{}`: {error}", self.dialect)));
            }
        }
        find::dialect(&self.dialect).map(|dialect| Some(ClientDocument::of(&dialect)))
    }
}

/// The names of all built-in dialects.
pub(super) fn dialects() -> String {
    builtin_names().collect::<Vec<_>>().join(", ")
}

fn method(text: &str) -> Result<Method, String> {
    let upper = text.to_ascii_uppercase();
    if text != upper {
        return Err(format!("methods differ by case; write `{upper}`"));
    }
    Method::from_str(text).map_err(|_| "this is no method, such as `GET` or `POST`".to_owned())
}

fn url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    match url {
        Some(url) if !url.has_host() => Err("there is no host in it".to_owned()),
        Some(url) if !url.username().is_empty() || url.password().is_some() => {
            Err("user names and passwords do not belong in a URL; take `--user`".to_owned())
        }
        Some(url) => Ok(url),
        None => Err("write it with its scheme, as `https://app.example/path`".to_owned()),
    }
}

fn header(text: &str) -> Result<(HeaderName, HeaderValue), String> {
    let (name, value) = text.split_once(':').ok_or("write it as `Name: value`")?;
    let name = HeaderName::from_str(name.trim())
        .map_err(|_| format!("`{}` is no header name", name.trim()))?;
    let mut value = HeaderValue::from_str(value.trim())
        .map_err(|_| format!("the value of `{name}` has characters that no header may have"))?;
    value.set_sensitive(true);
    Ok((name, value))
}

fn seconds(text: &str) -> Result<Duration, String> {
    text.parse()
        .ok()
        .and_then(|seconds: f64| Duration::try_from_secs_f64(seconds).ok())
        .filter(|span| !span.is_zero())
        .ok_or_else(|| "write a number of seconds above 0, as `30` or `0.5`".to_owned())
}
