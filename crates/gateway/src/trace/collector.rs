//! The way to the collector.
//!
//! Called by the thread that batches spans, and by nobody else: it may wait here, requests never do.

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use opentelemetry_http::{HttpClient, HttpError};
use ureq::Agent;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use super::TracesError;
use crate::tls;

/// An answer says how many spans were not taken, and no more.
const LONGEST_ANSWER: u64 = 64 * 1024;

/// What a collector that comes and goes may say in the log.
const SILENCE: Duration = Duration::from_secs(60);

/// How long one attempt may take, where the environment does not say.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the specification of OTLP exporters has clients read from the environment.
#[derive(Debug, Default)]
pub(super) struct Settings<'a> {
    /// In milliseconds.
    pub(super) timeout: Option<&'a str>,
    /// The file of who vouches for the collector, in place of the system's.
    pub(super) certificate: Option<&'a Path>,
    /// Whether certificates are needed at all: reading the system's takes a while.
    pub(super) is_https: bool,
}

/// Hands spans to a collector over HTTP.
pub(super) struct Collector {
    agent: Agent,
    health: Mutex<Health>,
}

impl Collector {
    pub(super) fn new(settings: &Settings<'_>) -> Result<Self, TracesError> {
        let timeout = match settings.timeout {
            None => PATIENCE,
            Some(text) => {
                let milliseconds = text.trim().parse().map_err(|_| {
                    TracesError(format!("`{text}` is no timeout in milliseconds, like `10000`"))
                })?;
                Duration::from_millis(milliseconds)
            }
        };
        let mut config = Agent::config_builder()
            .timeout_global(Some(timeout))
            // What would follow a redirect may hold credentials for the one who redirects.
            .max_redirects(0)
            .http_status_as_error(false)
            .user_agent(concat!("countersign/", env!("CARGO_PKG_VERSION")));
        if settings.is_https {
            let provider = Arc::new(rustls::crypto::ring::default_provider());
            let tls = TlsConfig::builder()
                .root_certs(roots(settings.certificate)?)
                .unversioned_rustls_crypto_provider(provider);
            config = config.tls_config(tls.build());
        }
        Ok(Self { agent: config.build().new_agent(), health: Mutex::default() })
    }

    fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, ureq::Error> {
        let response = self.agent.run(request.map(|body| body.to_vec()))?;
        let (parts, mut body) = response.into_parts();
        let answer = body.with_config().limit(LONGEST_ANSWER).read_to_vec()?;
        Ok(Response::from_parts(parts, Bytes::from(answer)))
    }

    fn log(&self, sent: Result<StatusCode, &ureq::Error>) {
        let mut health = self.health.lock().unwrap_or_else(PoisonError::into_inner);
        let trouble = match sent {
            Ok(status) if status.is_success() => None,
            Ok(status) => Some(format!("it answers {}", status.as_u16())),
            Err(error) => Some(error.to_string()),
        };
        match health.turn(trouble.is_some(), Instant::now()) {
            None => {}
            Some(Word::Failing) => tracing::warn!(
                target: "countersign",
                error = trouble,
                "the collector takes no traces; until it does they are dropped"
            ),
            Some(Word::Well) => {
                tracing::info!(target: "countersign", "the collector takes traces again");
            }
        }
    }
}

#[async_trait]
impl HttpClient for Collector {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let sent = self.send(request);
        self.log(sent.as_ref().map(Response::status));
        Ok(sent?)
    }
}

impl fmt::Debug for Collector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Collector").finish_non_exhaustive()
    }
}

/// Whether the collector works, as far as the log was told.
#[derive(Debug, Default)]
struct Health {
    is_failing: bool,
    told: Option<Instant>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    Failing,
    Well,
}

impl Health {
    /// What the log is told, if anything: that it fails at most once in a while, and that it works
    /// if it was told of the failure.
    fn turn(&mut self, fails: bool, now: Instant) -> Option<Word> {
        if fails == self.is_failing {
            return None;
        }
        if fails && self.told.is_some_and(|told| now.duration_since(told) < SILENCE) {
            return None;
        }
        self.is_failing = fails;
        if fails {
            self.told = Some(now);
        }
        Some(if fails { Word::Failing } else { Word::Well })
    }
}

fn roots(file: Option<&Path>) -> Result<RootCerts, TracesError> {
    let all = match file {
        Some(path) => tls::certificates(path).map_err(|error| TracesError(error.to_string()))?,
        None => rustls_native_certs::load_native_certs().certs,
    };
    if all.is_empty() {
        let error = io::Error::from(io::ErrorKind::NotFound);
        return Err(TracesError(format!(
            "the system's certificates: {error}; name a file in `OTEL_EXPORTER_OTLP_CERTIFICATE`"
        )));
    }
    Ok(all.iter().map(|certificate| Certificate::from_der(certificate).to_owned()).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_hears_of_changes_and_not_of_every_one() {
        let (mut health, begun) = (Health::default(), Instant::now());
        for (name, seconds, fails, expected) in [
            ("it works from the start", 0, false, None),
            ("it fails", 1, true, Some(Word::Failing)),
            ("it still fails", 2, true, None),
            ("it works", 3, false, Some(Word::Well)),
            ("it fails again, too soon to be told", 4, true, None),
            ("and works again", 5, false, None),
            ("it fails later", 61, true, Some(Word::Failing)),
            ("it still fails long after", 600, true, None),
            ("it works at last", 601, false, Some(Word::Well)),
        ] {
            let word = health.turn(fails, begun + Duration::from_secs(seconds));
            assert_eq!(word, expected, "{name}");
        }
    }

    #[test]
    fn settings_that_cannot_be_used_are_refused() {
        let absent = Path::new("no/such/file.pem");
        for (settings, part) in [
            (Settings { timeout: Some("10s"), ..Settings::default() }, "`10s`"),
            (
                Settings { certificate: Some(absent), is_https: true, ..Settings::default() },
                "no/such/file.pem",
            ),
        ] {
            let error = Collector::new(&settings).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }
}
