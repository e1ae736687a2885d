//! The gateway in front of the bank: what `countersign serve` makes of `gateway.toml`.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use countersign::Dialect;
use countersign_gateway::{Config, Gateway};

use crate::StartError;

/// The file that the README shows.
const FILE: &str = include_str!("gateway.toml");

/// Starts it in front of the bank, at the address `own`. In `folder` it keeps its keys.
pub(crate) fn gateway(
    bank: SocketAddr,
    own: SocketAddr,
    folder: Option<&Path>,
) -> Result<Gateway, StartError> {
    let mut config =
        Config::from_toml("gateway.toml", &with_addresses(bank, own), Path::new(""), dialect)?;
    // The playground is stopped by somebody who waits for it.
    config.deadlines.drain = Duration::from_secs(1);
    config.keyring = folder.map(|folder| folder.join("gateway-keyring.toml"));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_readme_shows_this_very_file() {
        let readme = include_str!("../../../../README.md");
        let body = FILE.split_once("\n\n").unwrap().1;
        assert!(body.starts_with("[[listen]]"));
        assert!(readme.contains(&format!("```toml\n{body}```")));
    }
}
