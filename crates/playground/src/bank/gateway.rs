//! The gateway in front of the bank: what `countersign serve` makes of `gateway.toml`.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use countersign::Dialect;
use countersign_gateway::{Config, Gateway, KeyringPlace};

use crate::StartError;

/// The file that the README shows.
const FILE: &str = include_str!("gateway.toml");

/// Starts it in front of the bank. Its own address is known only then, so it is configured twice: until
/// [`configure`] is called, its public origin is not the right one.
pub(crate) fn gateway(bank: SocketAddr, listen: SocketAddr) -> Result<Gateway, StartError> {
    Ok(Gateway::start(config(bank, listen, listen)?)?)
}

/// Tells it its own address, and the folder where it keeps its keys.
pub(crate) fn configure(
    gateway: &Gateway,
    bank: SocketAddr,
    listen: SocketAddr,
    folder: Option<&Path>,
) -> Result<(), StartError> {
    let own = gateway.addresses().listen.first().copied().unwrap_or(listen);
    let mut config = config(bank, listen, own)?;
    config.keyring = folder.map(|folder| KeyringPlace::File(folder.join("gateway-keyring.toml")));
    Ok(gateway.reload(config)?)
}

/// The file with the addresses that are really used.
fn config(bank: SocketAddr, listen: SocketAddr, own: SocketAddr) -> Result<Config, StartError> {
    let text = FILE
        .replace("address = \"127.0.0.1:9080\"", &format!("address = \"{listen}\""))
        .replace("127.0.0.1:9000", &bank.to_string())
        .replace("localhost:9080", &format!("localhost:{}", own.port()))
        .replace("127.0.0.1:9080", &own.to_string());
    let mut config = Config::from_toml("gateway.toml", &text, Path::new(""), dialect)?;
    // The playground is stopped by somebody who waits for it.
    config.deadlines.drain = Duration::from_secs(1);
    Ok(config)
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
