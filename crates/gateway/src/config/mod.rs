//! The gateway's configuration: one TOML file, checked before it is used.

mod address;
mod file;
mod lint;
mod upstream;

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use countersign::{Dialect, Policy, PolicyError};
use countersign_store::StoreUrl;
use ipnet::IpNet;

pub use address::Address;
pub use file::{Forwarded, UpstreamHost, config_schema};
pub use lint::{Lint, Severity, lint};
pub use upstream::{Protocol, UpstreamUrl};

use crate::keyring::KeyringPlace;

/// Why a configuration is not used: file, line, what is wrong and what to write instead.
pub type ConfigError = PolicyError;

/// All that the gateway is told, read and found to be possible.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where one-time tickets and stored tokens are remembered.
    pub store: StoreUrl,
    /// Where its keys are; without it they are made at each start.
    pub keyring: Option<KeyringPlace>,
    /// Where each refusal is written.
    pub audit: Option<Audit>,
    /// How upstreams are told who asked.
    pub forwarded: Forwarded,
    /// Where clients connect.
    pub listen: Vec<Listen>,
    /// Where operators look.
    pub admin: Option<SocketAddr>,
    /// Where other proxies ask.
    pub forward_auth: Option<ForwardAuth>,
    /// How much of everything.
    pub limits: Limits,
    /// How long for everything.
    pub deadlines: Deadlines,
    /// What is protected.
    pub sites: Vec<Site>,
}

/// Where the audit log goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Audit {
    /// Standard output.
    Stdout,
    /// A file, which is appended to and opened anew on each reload, so that it can be rotated.
    File(PathBuf),
}

/// A listener for clients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listen {
    /// Its address.
    pub address: SocketAddr,
    /// Its certificate; without one it is plain HTTP.
    pub tls: Option<Tls>,
}

/// The files of a listener's TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// The certificate and those that lead to its issuer, PEM.
    pub certificate: PathBuf,
    /// Its private key, PEM.
    pub key: PathBuf,
    /// Issuers of client certificates, PEM. Clients may show one then, and need not.
    pub client_ca: Option<PathBuf>,
}

/// The listeners for other proxies.
#[derive(Clone, Debug)]
pub struct ForwardAuth {
    /// Where nginx, Caddy, Traefik and Envoy ask over HTTP.
    pub listen: Option<Address>,
    /// Where Envoy asks over gRPC.
    pub grpc: Option<SocketAddr>,
    /// Who may ask, besides those that can open the socket file. What anybody else says about a request
    /// is refused.
    pub trusted_peers: Vec<IpNet>,
}

/// How much of everything.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Clients connected at a time; further ones wait.
    pub connections: usize,
    /// Header fields in a request.
    pub headers: usize,
    /// Bytes in a request's head.
    pub header_bytes: usize,
    /// HTTP/2 requests at a time on one connection.
    pub streams: u32,
    /// Bytes in a request's body; without it as many as the upstream takes.
    pub body: Option<u64>,
}

/// How long for everything.
#[derive(Clone, Copy, Debug)]
pub struct Deadlines {
    /// From the first byte of a request's head to its last.
    pub header: Duration,
    /// Without a request on a connection.
    pub idle: Duration,
    /// Waiting for a request's body, in all; a second more for each KiB that came.
    pub body: Duration,
    /// Until an upstream takes a connection.
    pub connect: Duration,
    /// Until an upstream's response begins.
    pub response: Duration,
    /// Between two pieces of an upstream's response.
    pub stall: Duration,
    /// For requests under way when the gateway is told to end.
    pub drain: Duration,
}

/// Something that is protected.
#[derive(Clone, Debug)]
pub struct Site {
    /// Its name in logs, metrics and the scope of its tokens.
    pub name: String,
    /// The hosts that mean it; without one, all do.
    pub hosts: Vec<HostPattern>,
    /// The beginning of the paths that mean it; without a slash at its end, so empty for all.
    pub path: String,
    /// Where the app is. A site that only other proxies ask about has none.
    pub upstream: Option<UpstreamUrl>,
    /// The certificates that an https upstream is checked against, in place of the system's.
    pub upstream_ca: Option<PathBuf>,
    /// The name by which the upstream is called.
    pub host: UpstreamHost,
    /// Whether the gateway makes a session cookie of its own where the app has no session.
    pub own_session: bool,
    /// Whether `/.well-known/csrf` and the browser client are served.
    pub client_files: bool,
    /// What is placed in pages; nothing if absent.
    pub html: Option<Html>,
    /// How its requests are judged.
    pub policy: Policy,
    /// So many of the policy's routes are its own; the dialect's follow.
    pub(crate) own_routes: usize,
}

/// What is placed in pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Html {
    /// A hidden field in each form that posts to this origin.
    pub fields: bool,
    /// Meta tags with the token and its header's name.
    pub meta: bool,
    /// A script that puts the token on requests which scripts send.
    pub script: bool,
    /// The most bytes of a page.
    pub limit: usize,
}

/// A host that means a site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostPattern {
    /// In lower case; of `*.example.com` what follows the star.
    pub(crate) name: String,
    pub(crate) port: Option<u16>,
    pub(crate) wildcard: bool,
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let star = if self.wildcard { "*." } else { "" };
        let name = self.name.trim_start_matches('.');
        match self.port {
            Some(port) => write!(f, "{star}{name}:{port}"),
            None => write!(f, "{star}{name}"),
        }
    }
}

impl Config {
    /// Reads a configuration; `base` is the folder that its paths are relative to, `find` gives the
    /// dialects that its sites name.
    ///
    /// # Errors
    /// What the file has wrong, and where.
    pub fn from_toml(
        name: &str,
        text: &str,
        base: &Path,
        find: impl Fn(&str) -> Result<Dialect, String>,
    ) -> Result<Self, ConfigError> {
        file::read(name, text, base, &find)
    }
}

#[cfg(test)]
mod tests;
