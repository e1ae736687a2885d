//! `countersign serve`.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use countersign_gateway::config::Address;
use countersign_gateway::{Addresses, Config, Files, Gateway};
use serde_json::json;
use toml::Value;
use tracing_subscriber::filter::LevelFilter;

use crate::failure::Failure;
use crate::service::{Hangups, log, stop_signal};
use crate::{find, output};

/// Put a protecting gateway in front of an app, or answer for nginx, Caddy, Traefik and Envoy
///
/// With a configuration file everything can be said; without one the flags describe a single app. A
/// changed file and SIGHUP reload it; Ctrl-C and SIGTERM let requests under way finish and end.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Serve {
    /// The configuration; `countersign check` says whether it is right
    #[arg(long, value_name = "FILE", required_unless_present = "upstream")]
    config: Option<PathBuf>,

    /// The app to protect, such as http://127.0.0.1:9000
    #[arg(long, value_name = "URL", conflicts_with = "config")]
    upstream: Option<String>,

    /// Where clients connect
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:9080", conflicts_with = "config")]
    listen: SocketAddr,

    /// The convention by which tokens are carried: a name of `countersign dialects list`, or a file
    #[arg(long, value_name = "NAME", default_value = "standard", conflicts_with = "config")]
    dialect: String,

    /// Where browsers reach the app, such as https://app.example; may be given more than once
    #[arg(long = "public-origin", value_name = "ORIGIN", conflicts_with = "config")]
    public_origins: Vec<String>,

    /// The cookie that carries the app's session, in place of the dialect's
    #[arg(long, value_name = "NAME", conflicts_with = "config")]
    session_cookie: Option<String>,

    /// Place tokens in the app's pages: forms and scripts then work unchanged
    #[arg(long, conflicts_with = "config")]
    html: bool,

    /// Refuse nothing, and report what would have been refused
    #[arg(long, conflicts_with = "config")]
    report: bool,

    /// What remembers spent tickets: `memory:`, `file:FOLDER` or `redis://HOST:PORT`
    #[arg(long, value_name = "URL", conflicts_with = "config")]
    store: Option<String>,

    /// The file that keeps the keys, or `env:NAME`; without it, and without a store, tokens end with
    /// the process
    #[arg(long, value_name = "FILE", conflicts_with = "config")]
    keyring: Option<String>,

    /// The file to which refusals are written as JSON lines; `-` is standard output
    #[arg(long, value_name = "FILE", conflicts_with = "config")]
    audit: Option<PathBuf>,

    /// Where operators find /metrics, /healthz and /readyz
    #[arg(long, value_name = "ADDR", conflicts_with = "config")]
    admin: Option<SocketAddr>,

    /// Print one line of JSON with all addresses once everything listens
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  countersign serve --upstream http://127.0.0.1:9000
  countersign serve --upstream http://127.0.0.1:9000 --html --public-origin https://app.example
  countersign serve --upstream http://127.0.0.1:9000 --report --audit -
  countersign serve --config gateway.toml

Refused requests are logged on standard error; RUST_LOG says what else is (RUST_LOG=debug).
Builds with the feature `otel` send traces to where OTEL_EXPORTER_OTLP_ENDPOINT says.";

/// How often the files are looked at.
const LOOK: Duration = Duration::from_secs(2);

impl Serve {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        log(LevelFilter::INFO);
        more_files();
        let config = self.read()?;
        let failed = |what: &str, error: std::io::Error| Failure::world(format!("{what}: {error}"));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| failed("cannot start", error))?;
        runtime.block_on(async {
            // Asked for before anything is up, so that a signal during the start counts as well.
            let stop = stop_signal().map_err(|error| failed("cannot wait for signals", error))?;
            let hangups =
                Hangups::new().map_err(|error| failed("cannot wait for signals", error))?;
            let files = Files::of(self.config.as_deref(), &config);
            let gateway =
                Gateway::start(config).map_err(|error| Failure::world(error.to_string()))?;
            self.tell(gateway.addresses())?;
            tokio::select! {
                () = stop => {}
                () = self.follow(&gateway, hangups, files) => {}
            }
            tracing::info!(target: "countersign", "stopping: requests under way may finish");
            gateway.drain();
            Ok(ExitCode::SUCCESS)
        })
    }

    fn read(&self) -> Result<Config, Failure> {
        match &self.config {
            Some(file) => read(file),
            None => {
                let find = |name: &str| find::dialect_from(name, Path::new(""));
                Config::from_toml("the command line", &self.written(), Path::new(""), find)
                    .map_err(|error| Failure::input(error.message))
            }
        }
    }

    /// The flags as the file that they stand for.
    fn written(&self) -> String {
        let mut text = String::new();
        let audit = self.audit.as_ref().map(|path| path.display().to_string());
        for (key, value) in [("store", &self.store), ("keyring", &self.keyring), ("audit", &audit)]
        {
            if let Some(value) = value {
                let _ = writeln!(text, "{key} = {}", Value::from(value.clone()));
            }
        }
        if let Some(admin) = self.admin {
            let _ = writeln!(text, "admin = {{ listen = {} }}", Value::from(admin.to_string()));
        }
        let listen = Value::from(self.listen.to_string());
        let upstream = Value::from(self.upstream.clone().unwrap_or_default());
        let _ = writeln!(text, "[[listen]]\naddress = {listen}\n[[site]]\nname = \"app\"");
        let _ = writeln!(text, "upstream = {upstream}");
        if self.html {
            let _ = writeln!(text, "html = {{}}");
        }
        let _ = writeln!(text, "[site.policy]\ndialect = {}", Value::from(self.dialect.clone()));
        if self.report {
            let _ = writeln!(text, "mode = \"report\"");
        }
        if let Some(cookie) = &self.session_cookie {
            let _ = writeln!(text, "session_cookie = {}", Value::from(cookie.clone()));
        }
        if !self.public_origins.is_empty() {
            let origins: Vec<Value> =
                self.public_origins.iter().cloned().map(Value::from).collect();
            let _ = writeln!(text, "public_origins = {}", Value::from(origins));
        }
        text
    }

    fn tell(&self, addresses: &Addresses) -> Result<(), Failure> {
        if self.json {
            let line = json!({
                "listen": addresses.listen,
                "admin": addresses.admin,
                "forward_auth": addresses.forward_auth.as_ref().map(Address::to_string),
                "grpc": addresses.grpc,
            });
            return output::print_raw(format!("{line}\n").as_bytes());
        }
        for address in &addresses.listen {
            tracing::info!(target: "countersign", "clients connect to {address}");
        }
        if let Some(address) = &addresses.forward_auth {
            tracing::info!(target: "countersign", "other proxies ask at {address}");
        }
        for (what, address) in
            [("Envoy asks over gRPC at", addresses.grpc), ("operators look at", addresses.admin)]
        {
            if let Some(address) = address {
                tracing::info!(target: "countersign", "{what} {address}");
            }
        }
        Ok(())
    }

    /// Reloads whenever it should, for ever.
    async fn follow(&self, gateway: &Gateway, mut hangups: Hangups, mut files: Files) {
        loop {
            tokio::select! {
                () = hangups.next() => {}
                () = tokio::time::sleep(LOOK) => {
                    if !files.have_changed() && !gateway.keys_have_changed() {
                        continue;
                    }
                }
            }
            match self.reload(gateway) {
                Ok(now) => {
                    files = now;
                    tracing::info!(target: "countersign", "the configuration was read again");
                }
                Err(failure) => tracing::error!(
                    target: "countersign",
                    error = failure.message,
                    "the new configuration is not used; the one before stays in operation"
                ),
            }
            gateway.reopen();
        }
    }

    fn reload(&self, gateway: &Gateway) -> Result<Files, Failure> {
        let config = self.read().inspect_err(|_| gateway.reload_failed())?;
        let files = Files::of(self.config.as_deref(), &config);
        gateway.reload(config).map_err(|error| Failure::input(error.to_string()))?;
        Ok(files)
    }
}

/// The configuration in `file`.
pub(crate) fn read(file: &Path) -> Result<Config, Failure> {
    let text = find::text(file)?;
    let folder = file.parent().unwrap_or(Path::new(""));
    let find = |name: &str| find::dialect_from(name, folder);
    Config::from_toml(&file.display().to_string(), &text, folder, find)
        .map_err(|error| Failure::input(error.to_string()))
}

/// Each connection is a file to the system, and many systems permit a process only 1024 unless it asks.
#[cfg(unix)]
fn more_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    // Where it is not permitted, the limit before holds, and connections wait for each other.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
}

#[cfg(not(unix))]
fn more_files() {}
