//! The file as it is written.

mod resolve;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use countersign::{Dialect, Network, PolicyFile, Span, line_of, toml_syntax};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Config, ConfigError};

/// What is looked for by a name: a dialect.
type Find<'f> = &'f dyn Fn(&str) -> Result<Dialect, String>;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Gateway")]
struct File {
    /// Where one-time tickets and stored tokens are remembered: `memory:`, `file:FOLDER`,
    /// `redis://HOST:PORT`, `rediss://..` (TLS), `redis+sentinel://HOST,HOST/NAME` or
    /// `redis+cluster://HOST,HOST`. `memory:` unless set.
    store: Option<String>,
    /// The file with the keys, made at the first start; or `env:NAME`, or `store:`. Unless set they are
    /// with what the store keeps; the memory store forgets them, and tokens end with the process.
    keyring: Option<String>,
    /// The file to which each refusal is written as a line of JSON; `"-"` is standard output.
    audit: Option<PathBuf>,
    /// How upstreams are told who asked.
    #[serde(default)]
    forwarded: Forwarded,
    /// Where clients connect.
    #[serde(default)]
    listen: Vec<ListenFile>,
    /// Where operators look.
    admin: Option<AdminFile>,
    /// Where other proxies ask.
    forward_auth: Option<ForwardAuthFile>,
    /// How much of everything.
    #[serde(default)]
    limits: LimitsFile,
    /// How long for everything.
    #[serde(default)]
    deadlines: DeadlinesFile,
    /// What is protected.
    #[serde(default)]
    site: Vec<SiteFile>,
}

/// How upstreams are told who asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Forwarded {
    /// `X-Forwarded-For`, `X-Forwarded-Host` and `X-Forwarded-Proto`.
    #[default]
    XForwarded,
    /// `Forwarded` (RFC 7239).
    Rfc7239,
    /// Both.
    Both,
    /// Not at all.
    None,
}

/// The name by which an upstream is called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum UpstreamHost {
    /// The name that the client used.
    #[default]
    Preserve,
    /// The upstream's own.
    Upstream,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ListenFile {
    /// Address and port: `0.0.0.0:443`.
    #[schemars(with = "String")]
    address: SocketAddr,
    /// The certificate; without one the listener is plain HTTP.
    tls: Option<TlsFile>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct TlsFile {
    /// The certificate and those that lead to its issuer, PEM.
    certificate: PathBuf,
    /// Its private key, PEM.
    key: PathBuf,
    /// Issuers of client certificates, PEM.
    client_ca: Option<PathBuf>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct AdminFile {
    /// Address and port; not for the public.
    #[schemars(with = "String")]
    listen: SocketAddr,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ForwardAuthFile {
    /// Where nginx, Caddy, Traefik and Envoy ask over HTTP: `127.0.0.1:9081`, or
    /// `unix:/run/countersign.sock` for who may write to that file.
    listen: Option<String>,
    /// Where Envoy asks over gRPC.
    #[schemars(with = "Option<String>")]
    grpc: Option<SocketAddr>,
    /// Networks or addresses that may ask; not needed for a socket file.
    #[serde(default)]
    trusted_peers: Vec<Network>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct LimitsFile {
    /// Clients connected at a time; further ones wait.
    connections: usize,
    /// Header fields in a request.
    headers: usize,
    /// Bytes in a request's head.
    header_bytes: usize,
    /// HTTP/2 requests at a time on one connection.
    streams: u32,
    /// Bytes in a request's body; 0 sets no limit.
    body: u64,
}

impl Default for LimitsFile {
    fn default() -> Self {
        Self { connections: 16_384, headers: 100, header_bytes: 65_536, streams: 128, body: 0 }
    }
}

#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct DeadlinesFile {
    /// From the first byte of a request's head to its last; 10s unless set.
    header: Option<Span>,
    /// Without a request on a connection; 75s unless set.
    idle: Option<Span>,
    /// Waiting for a request's body, in all; a second more for each KiB that came. 30s unless set.
    body: Option<Span>,
    /// Until an upstream takes a connection; 5s unless set.
    connect: Option<Span>,
    /// Until an upstream's response begins; 60s unless set.
    response: Option<Span>,
    /// Between two pieces of an upstream's response; 5m unless set.
    stall: Option<Span>,
    /// For requests under way when the gateway is told to end; 30s unless set.
    drain: Option<Span>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct SiteFile {
    /// Its name in logs, metrics and the scope of its tokens.
    name: String,
    /// The hosts that mean it: `bank.example`, `bank.example:8443`, `*.bank.example`. Without it, all.
    #[serde(default)]
    hosts: Vec<String>,
    /// The beginning of the paths that mean it; of several sites the longest counts.
    path: Option<String>,
    /// Where the app is: `http://127.0.0.1:9000`, `https://..` or `h2c://..`.
    upstream: Option<String>,
    /// The certificates that an https upstream is checked against, PEM; the system's unless set.
    upstream_ca: Option<PathBuf>,
    /// The name by which the upstream is called.
    #[serde(default)]
    host: UpstreamHost,
    /// Whether the gateway makes a session cookie of its own where the app has no session.
    #[serde(default = "yes")]
    own_session: bool,
    /// Whether `/.well-known/csrf` and the browser client are served.
    #[serde(default = "yes")]
    client_files: bool,
    /// What is placed in pages; nothing if absent.
    html: Option<HtmlFile>,
    /// How its requests are judged: what a policy file holds.
    #[serde(default)]
    policy: PolicyFile,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct HtmlFile {
    /// A hidden field in each form that posts to this origin.
    #[serde(default = "yes")]
    fields: bool,
    /// Meta tags with the token and its header's name.
    #[serde(default = "yes")]
    meta: bool,
    /// A script that puts the token on requests which scripts send.
    #[serde(default = "yes")]
    script: bool,
    /// The most bytes of a page.
    #[serde(default = "a_mebibyte")]
    limit: usize,
}

const fn yes() -> bool {
    true
}

const fn a_mebibyte() -> usize {
    1 << 20
}

pub(super) fn read(
    name: &str,
    text: &str,
    base: &Path,
    find: Find<'_>,
) -> Result<Config, ConfigError> {
    let refuse = |line, message| ConfigError { file: name.to_owned(), line, message };
    let file: File = toml::from_str(text).map_err(|error| {
        let (line, message) = toml_syntax(text, &error);
        refuse(line, message)
    })?;
    file.resolve(base, find).map_err(|flaw| refuse(line_of(text, &flaw.place), flaw.message))
}

/// The JSON Schema of a configuration, made from the types that read it.
#[must_use]
pub fn config_schema() -> serde_json::Value {
    schemars::schema_for!(File).to_value()
}
