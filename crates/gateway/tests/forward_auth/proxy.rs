//! The proxies, each started by its recipe.

use std::net::SocketAddr;

use crate::client::{Answer, send};
use crate::recipe::{Recipe, Running, free_address};
use crate::setup::Setup;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Nginx,
    Caddy,
    Haproxy,
}

impl Kind {
    pub(crate) const ALL: [Self; 3] = [Self::Nginx, Self::Caddy, Self::Haproxy];
}

pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    running: Running,
}

impl Proxy {
    pub(crate) async fn start(kind: Kind, setup: &Setup) -> Self {
        match kind {
            Kind::Nginx => Self::nginx(setup, &[]).await,
            Kind::Caddy => Self::caddy(setup).await,
            Kind::Haproxy => Self::haproxy(setup).await,
        }
    }

    /// nginx by its recipe, with these changes to what it says of a request.
    pub(crate) async fn nginx(setup: &Setup, ask: &[(&str, String)]) -> Self {
        Self::nginx_asking(&setup.relay.address.to_string(), setup, ask).await
    }

    /// The same, asking elsewhere.
    pub(crate) async fn nginx_asking(at: &str, setup: &Setup, ask: &[(&str, String)]) -> Self {
        let address = free_address();
        let recipe = Recipe::named("nginx");
        recipe.take("countersign-http.conf", &[("127.0.0.1:9081", at.to_owned())]);
        recipe.take("countersign-ask.conf", ask);
        recipe.take("countersign-protect.conf", &[]);
        recipe.take("site.conf", &site_addresses(setup, address));
        recipe.write(
            "nginx.conf",
            "daemon off;\nmaster_process off;\npid nginx.pid;\nerror_log stderr info;\nevents { }\n\
             http {\n    access_log off;\n    client_body_temp_path body;\n    proxy_temp_path proxy;\n\
             fastcgi_temp_path fastcgi;\n    uwsgi_temp_path uwsgi;\n    scgi_temp_path scgi;\n\
             include countersign-http.conf;\n    include site.conf;\n}\n",
        );
        let folder = recipe.folder().to_string_lossy().into_owned();
        let arguments = ["-p", &folder, "-e", "stderr", "-c", "nginx.conf"];
        let running = recipe.start("nginx", &arguments, address).await;
        Self { address, running }
    }

    async fn caddy(setup: &Setup) -> Self {
        let address = free_address();
        let recipe = Recipe::named("caddy");
        let [_, app] = site_addresses(setup, address);
        let listens = ("http://:8080", format!("http://:{}", address.port()));
        let asked = ("127.0.0.1:9081", setup.relay.address.to_string());
        recipe.take("Caddyfile", &[listens, app, asked]);
        let arguments = ["run", "--config", "Caddyfile", "--adapter", "caddyfile"];
        let running = recipe.start("caddy", &arguments, address).await;
        Self { address, running }
    }

    async fn haproxy(setup: &Setup) -> Self {
        let address = free_address();
        let recipe = Recipe::named("haproxy");
        let [listens, app] = site_addresses(setup, address);
        let asked = ("127.0.0.1:9081", setup.relay.address.to_string());
        recipe.take("countersign.lua", std::slice::from_ref(&asked));
        recipe.take("haproxy.cfg", &[listens, app, asked]);
        let running = recipe.start("haproxy", &["-db", "-f", "haproxy.cfg"], address).await;
        Self { address, running }
    }

    pub(crate) async fn send(
        &self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        send(self.address, method, target, headers, body).await
    }

    /// What the program wrote.
    pub(crate) fn log(&self) -> String {
        self.running.log()
    }
}

fn site_addresses(setup: &Setup, address: SocketAddr) -> [(&'static str, String); 2] {
    [("127.0.0.1:8080", address.to_string()), ("127.0.0.1:9000", setup.app.address.to_string())]
}
