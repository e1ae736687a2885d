//! What the gateway's tests have in common: a gateway of a test's own, an app behind it, and the
//! client's end of the wire.

pub(crate) mod app;
pub(crate) mod client;
pub(crate) mod tls;

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use countersign::builtin;
use countersign_gateway::{Config, Gateway};
use tempfile::TempDir;

/// Only a hang reaches it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A gateway, and the folder with its files.
pub(crate) struct Running {
    pub(crate) gateway: Gateway,
    pub(crate) folder: TempDir,
}

/// Reads a configuration whose paths are relative to `folder`.
pub(crate) fn read(folder: &Path, text: &str) -> Result<Config, String> {
    let find = |name: &str| builtin(name).ok_or_else(|| format!("there is no dialect `{name}`"));
    Config::from_toml("gateway.toml", text, folder, find).map_err(|error| error.to_string())
}

impl Running {
    /// Starts one with a configuration as it stands.
    pub(crate) fn of(text: &str) -> Self {
        Self::within(tempfile::tempdir().unwrap(), text)
    }

    /// The same, where the folder holds files already.
    pub(crate) fn within(folder: TempDir, text: &str) -> Self {
        let config = read(folder.path(), text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        Self { gateway: Gateway::start(config).unwrap(), folder }
    }

    /// One plain listener and one site, `app`, before `upstream`. `before` are keys of the file
    /// itself and tables, `site` are keys of the site and its tables.
    pub(crate) fn before(upstream: SocketAddr, before: &str, site: &str) -> Self {
        Self::of(&one_site(upstream, before, site))
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.gateway.addresses().listen[0]
    }

    pub(crate) fn reload(&self, text: &str) -> Result<(), String> {
        let config = read(self.folder.path(), text)?;
        self.gateway.reload(config).map_err(|error| error.to_string())
    }
}

/// The text of such a configuration.
pub(crate) fn one_site(upstream: SocketAddr, before: &str, site: &str) -> String {
    format!(
        "{before}\n[[listen]]\naddress = \"127.0.0.1:0\"\n[[site]]\nname = \"app\"\n\
         upstream = \"http://{upstream}\"\n{site}\n"
    )
}
