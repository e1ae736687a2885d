//! The gateway, the app, and what counts connections between.

use std::net::SocketAddr;
use std::path::Path;

use countersign_gateway::config::Address;
use countersign_gateway::{Config, Environment, Gateway};

use crate::app::App;
use crate::relay::Relay;

pub(crate) struct Setup {
    pub(crate) gateway: Gateway,
    pub(crate) app: App,
    pub(crate) relay: Relay,
}

impl Setup {
    /// A gateway that protects one site with this policy, and is asked by other proxies only.
    pub(crate) async fn with_policy(policy: &str) -> Self {
        let config = config(&format!("[site.policy]\n{policy}"), "127.0.0.1");
        Self::start(config, Environment::default()).await
    }

    pub(crate) async fn start(config: Config, environment: Environment) -> Self {
        let gateway = Gateway::start_with(config, environment).expect("a gateway");
        let relay = Relay::to(
            gateway.addresses().forward_auth.as_ref().and_then(Address::tcp).expect("a listener"),
        )
        .await;
        Self { gateway, app: App::start().await, relay }
    }

    /// Where the gateway itself is asked.
    pub(crate) fn gateway(&self) -> SocketAddr {
        self.gateway.addresses().forward_auth.as_ref().and_then(Address::tcp).expect("a listener")
    }
}

pub(crate) fn config(site: &str, trusted: &str) -> Config {
    let listen = "listen = \"127.0.0.1:0\"\ngrpc = \"127.0.0.1:0\"";
    let text =
        format!("{listen}\ntrusted_peers = [\"{trusted}\"]\n[[site]]\nname = \"app\"\n{site}\n");
    config_in(Path::new("."), &text)
}

/// A configuration in a folder; `text` begins within `[forward_auth]`.
pub(crate) fn config_in(folder: &Path, text: &str) -> Config {
    let text = format!("[forward_auth]\n{text}");
    let find = |name: &str| countersign::builtin(name).ok_or_else(|| format!("no `{name}`"));
    Config::from_toml("gateway.toml", &text, folder, find)
        .unwrap_or_else(|error| panic!("{error}\n{text}"))
}
