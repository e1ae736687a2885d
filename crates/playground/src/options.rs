//! The flags of `countersign playground`.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use countersign::Origin;

/// Where the services listen, and what they keep.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// Where the Genesys service listens
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080", help_heading = LISTENERS)]
    pub genesys: SocketAddr,

    /// Where the VOSS service listens
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8000", help_heading = LISTENERS)]
    pub voss: SocketAddr,

    /// Where the Redback service listens
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8081", help_heading = LISTENERS)]
    pub redback: SocketAddr,

    /// Where the vManage service listens, with TLS and a certificate made at start
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8443", help_heading = LISTENERS)]
    pub vmanage: SocketAddr,

    /// Where the vManage service listens without TLS; not at all unless given
    #[arg(long, value_name = "ADDR", help_heading = LISTENERS)]
    pub vmanage_http: Option<SocketAddr>,

    /// Where the TAO service listens
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8082", help_heading = LISTENERS)]
    pub tao: SocketAddr,

    /// Where the bank listens, which has no protection at all
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:9000", help_heading = LISTENERS)]
    pub bank: SocketAddr,

    /// Where the gateway that protects the bank listens
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:9080", help_heading = LISTENERS)]
    pub gateway: SocketAddr,

    /// Where the page that attacks the bank listens; opened as `localhost`, it is another site
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:9666", help_heading = LISTENERS)]
    pub attacker: SocketAddr,

    /// Where the page that shows them all listens
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:7878", help_heading = LISTENERS)]
    pub portal: SocketAddr,

    /// Folder that keeps the database; without it everything is forgotten at the end
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,

    /// Print one line of JSON with all addresses instead of the guide
    #[arg(long)]
    pub json: bool,

    /// Further origin whose pages may call the Genesys service, such as `http://localhost:3000`; may be
    /// given more than once
    #[arg(long = "trusted-origin", value_name = "ORIGIN", value_parser = Origin::parse)]
    pub trusted_origins: Vec<Origin>,

    /// Whether the Genesys service has its CSRF protection switched on
    #[arg(long, value_name = "STATE", value_enum, default_value_t = Switch::On)]
    pub genesys_csrf: Switch,

    /// Properties file with `rest.csrffilter.*` and `rest.baseUrl` settings for the Redback service
    #[arg(long, value_name = "FILE")]
    pub redback_properties: Option<PathBuf>,
}

const LISTENERS: &str = "Listeners (port 0 takes any free port)";

/// On or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Switch {
    /// Switched on.
    On,
    /// Switched off.
    Off,
}

impl Options {
    /// Every listener on a free loopback port, the plain vManage one too; nothing is kept.
    #[must_use]
    pub fn on_free_ports() -> Self {
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self {
            genesys: any,
            voss: any,
            redback: any,
            vmanage: any,
            vmanage_http: Some(any),
            tao: any,
            bank: any,
            gateway: any,
            attacker: any,
            portal: any,
            data: None,
            json: false,
            trusted_origins: Vec::new(),
            genesys_csrf: Switch::On,
            redback_properties: None,
        }
    }
}

impl Switch {
    /// Whether it is on.
    #[must_use]
    pub const fn is_on(self) -> bool {
        matches!(self, Self::On)
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        options: Options,
    }

    #[test]
    fn the_defaults_are_the_documents_ports() {
        let options = Command::parse_from(["playground"]).options;
        let all = [
            options.genesys,
            options.voss,
            options.redback,
            options.vmanage,
            options.tao,
            options.bank,
            options.gateway,
            options.attacker,
            options.portal,
        ];
        assert_eq!(
            all.map(|address| address.port()),
            [8080, 8000, 8081, 8443, 8082, 9000, 9080, 9666, 7878]
        );
        assert!(all.iter().all(|address| address.ip().is_loopback()));
        assert_eq!(options.vmanage_http, None);
        assert!(options.genesys_csrf.is_on());
    }
}
