//! `countersign request`.

mod args;
mod body;
mod credentials;
mod discreet;
mod exchange;
mod form;
mod mask;
mod multipart;
mod reply;
mod session_file;
mod source;
mod tls;
mod upload;

use std::io::Write;
use std::process::ExitCode;

use countersign_client::reqwest::header::HeaderMap;
use countersign_client::{DocumentError, Error, Session};
use tokio::runtime::Builder;

pub(crate) use args::Request;

use crate::failure::Failure;
use crate::output;
use body::Payload;
use exchange::Exchange;
use session_file::SessionFile;

/// The server has answered, and this is what the answer was worth.
const REFUSED: u8 = 4;

impl Request {
    pub(crate) fn run(&self) -> Result<ExitCode, Failure> {
        // Everything that could be wrong with the flags comes before the first request.
        reply::can_be_written(self)?;
        let payload = Payload::of(self)?;
        let login = self.login.as_ref().map(|own| own.complete("--login")).transpose()?;
        let user = self.user.as_ref().map(|own| own.complete("--user")).transpose()?;
        let document = self.document()?;
        let http = tls::client(self)?;
        let file = self.cookie_jar.as_deref().map(SessionFile::open).transpose()?;

        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| Failure::world(format!("cannot start: {error}")))?;
        runtime.block_on(async {
            let origin = self.url.origin().ascii_serialization();
            let jar = file.as_ref().map_or_else(Default::default, SessionFile::cookies);
            let exchange = self.show_exchange.then(|| Exchange::new(jar.clone()));
            let mut builder = Session::builder(&origin)
                .http(http)
                .jar(jar)
                .redirects(if self.location { 10 } else { 0 });
            if let Some(document) = document {
                builder = builder.document(document);
            }
            if let Some(tokens) = file.as_ref().and_then(|file| file.tokens(&origin)) {
                builder = builder.tokens(tokens);
            }
            if let Some(exchange) = &exchange {
                builder = builder.with(exchange.clone());
            }
            let session = match builder.build().await {
                Ok(session) => session,
                Err(error) => return self.failed(&error),
            };
            if let Some(exchange) = &exchange {
                exchange.know(session.document());
            }
            self.can_log(&session)?;
            let done = async {
                if let Some(login) = &login {
                    session.login(&login.user, &login.password).await?;
                }
                let mut request = session.request(self.method.clone(), self.url.as_str());
                if let Some(user) = &user {
                    request = request.basic_auth(&user.user, Some(user.password.as_str()));
                }
                let headers: HeaderMap = self.header.iter().cloned().collect();
                let response = payload.put_on(request).headers(headers).send().await?;
                Ok::<_, Error>(response)
            };
            let (mut status, answered) = match done.await {
                Ok(response) => (reply::hand_over(self, response).await, true),
                Err(error) => (self.failed(&error), false),
            };
            let mut ended = false;
            // Even if the answer could not be written. After a refused login there is nobody to log out.
            if self.logout && answered {
                match session.logout().await {
                    Ok(_) => ended = true,
                    Err(error) => status = status.and_then(|_| self.failed(&error)),
                }
            }
            // Whatever became of the request, cookies and tokens may have changed.
            if let Some(file) = file {
                file.save(&session, ended)?;
            }
            status
        })
    }

    /// A dialect that does not say how to log in or out is told before anything is sent.
    fn can_log(&self, session: &Session) -> Result<(), Failure> {
        let document = session.document();
        for (wanted, known, flag, direction) in [
            (self.login.is_some(), document.login.is_some(), "--login", "in"),
            (self.logout, document.logout.is_some(), "--logout", "out"),
        ] {
            if wanted && !known {
                return Err(Failure::input(format!(
                    "{flag}: the dialect `{}` does not say how to log {direction}; send the request \
                     that does, or leave the flag out",
                    document.dialect
                )));
            }
        }
        Ok(())
    }

    fn failed(&self, error: &Error) -> Result<ExitCode, Failure> {
        let message = printable(&error.to_string());
        match error {
            Error::Refused { .. } => {
                output::complain(&message);
                Ok(ExitCode::from(REFUSED))
            }
            Error::NoDocument { .. } => Err(Failure::input(format!(
                "{message} with `--dialect`: {}, or the path of a dialect file",
                args::dialects()
            ))),
            // Many answer every path with the same page.
            Error::BadDocument { source: DocumentError::Malformed(_), .. } => {
                Err(Failure::input(format!(
                    "{message}; name a dialect with `--dialect`: {}, or the path of a dialect file",
                    args::dialects()
                )))
            }
            Error::BadDocument { .. } | Error::NoSuchStep { .. } | Error::BadRequest(_) => {
                Err(Failure::input(message))
            }
            _ => Err(Failure::world(format!(
                "no answer from `{}`: {}",
                self.url.origin().ascii_serialization(),
                printable(&causes(error))
            ))),
        }
    }
}

/// The innermost cause, which is the one that can be mended. The others repeat the URL.
fn causes(error: &dyn std::error::Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

/// What a server says may hold characters that a terminal obeys.
fn printable(text: &str) -> String {
    text.replace(char::is_control, "\u{fffd}")
}

/// One line about what is not right and goes on all the same.
fn warn(message: &str) {
    use crate::output::UNSURE;
    // Nothing depends on whether it can be written.
    let _ = writeln!(anstream::stderr().lock(), "{UNSURE}warning{UNSURE:#}: {message}");
}
