//! The gateway in front of the bank: what `countersign serve` makes of `gateway.toml`.

use std::net::SocketAddr;
use std::path::Path;

use countersign::Dialect;
use countersign_gateway::{Config, Gateway};

use crate::StartError;
use crate::listen::find_address;
use crate::options::Options;

/// The file that the README shows.
const FILE: &str = include_str!("gateway.toml");

/// Starts it before the bank, at its own address.
pub(crate) fn gateway(bank: SocketAddr, options: &Options) -> Result<Gateway, StartError> {
    let own = find_address("--gateway", options.gateway)?;
    let mut config =
        Config::from_toml("gateway.toml", &with_addresses(bank, own), Path::new(""), dialect)?;
    config.keyring = options.data.as_ref().map(|folder| folder.join("gateway-keyring.toml"));
    Ok(Gateway::start(config)?)
}

/// The file with the addresses that are really used: its public origins must name the real port.
fn with_addresses(bank: SocketAddr, own: SocketAddr) -> String {
    FILE.replace("127.0.0.1:9000", &bank.to_string())
        .replace("localhost:9080", &format!("localhost:{}", own.port()))
        .replace("127.0.0.1:9080", &own.to_string())
}

fn dialect(name: &str) -> Result<Dialect, String> {
    countersign::builtin(name).ok_or_else(|| format!("there is no dialect `{name}`"))
}
