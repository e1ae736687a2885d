//! The app, the proxies in front of it, and what stands for each of them.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;

use super::case::Case;
use super::credentials::{self, Credentials};
use super::first_byte::SlowApp;
use super::page;
use super::server::Server;
use crate::Result;

const PROXY_CORE: u8 = 0;
const APP_CORE: u8 = 1;

/// What `nginx-sub-filter.conf` writes into pages: as many bytes as the gateway does.
const HEAD_INSERT: &str = concat!(
    r#"<meta name="csrf-token" content="0123456789012345678901234567890123456789012345678901234567890123">"#,
    r#"<meta name="csrf-header" content="X-CSRF-Token"><meta name="csrf-param" content="csrf_token">"#,
    r#"<script src="/.countersign/csrf.js" defer></script>"#,
);
const FORM_INSERT: &str = r#"<input type="hidden" name="csrf_token" value="0123456789012345678901234567890123456789012345678901234567890123" data-csrf>"#;

/// Who is measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Contender {
    Nginx,
    /// nginx asking an nginx that always says yes. Only the asking one counts.
    NginxAsking,
    NginxSubFilter,
    HaProxy,
    Caddy,
    Gateway,
    /// nginx asking countersign. Both count.
    ForwardAuth,
    /// The same over a socket file.
    ForwardAuthFile,
}

impl Contender {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Nginx => "nginx",
            Self::NginxAsking => "nginx + auth_request",
            Self::NginxSubFilter => "nginx sub_filter",
            Self::HaProxy => "HAProxy",
            Self::Caddy => "Caddy",
            Self::Gateway => "countersign",
            Self::ForwardAuth => "nginx + countersign",
            Self::ForwardAuthFile => "the same, unix socket",
        }
    }
}

/// Everything that runs.
pub(crate) struct Fleet {
    nginx: Server,
    nginx_asking: Server,
    nginx_sub_filter: Server,
    haproxy: Server,
    caddy: Server,
    gateway: Server,
    nginx_before_forward_auth: Server,
    forward_auth: Server,
    nginx_before_file: Server,
    forward_auth_file: Server,
    pub(crate) slow_app: SlowApp,
    _app: Server,
    _folder: TempDir,
}

impl Fleet {
    /// Starts everything; `configs` is the folder of their configurations.
    pub(crate) fn start(configs: &Path, binary: &Path) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let page = folder.path().join("page.html");
        fs::write(&page, page::page())?;
        let slow_app = SlowApp::start()?;
        let mut settings = vec![
            ("@PAGE@", page.to_string_lossy().into_owned()),
            ("@KEYRING@", folder.path().join("keyring.toml").to_string_lossy().into_owned()),
            ("@SLOW@", slow_app.address.port().to_string()),
            ("@SOCKET@", folder.path().join("socket").to_string_lossy().into_owned()),
            ("@HEAD_INSERT@", HEAD_INSERT.to_owned()),
            ("@FORM_INSERT@", FORM_INSERT.to_owned()),
        ];
        let app = Server::start(configs, &settings, APP_CORE, &nginx("upstream.conf"))?;
        settings.push(("@UPSTREAM@", app.address.port().to_string()));
        let start = |command: &[&str]| Server::start(configs, &settings, PROXY_CORE, command);
        let asking = |verdicts: String| {
            let mut settings = settings.clone();
            settings.push(("@AUTH@", verdicts));
            Server::start(configs, &settings, PROXY_CORE, &nginx("nginx-auth-request.conf"))
        };
        let binary = binary.to_str().ok_or("the path of the built program is not UTF-8")?;
        let gateway = start(&[binary, "serve", "--config", "countersign.toml"])?;
        let forward_auth = start(&[binary, "serve", "--config", "countersign-forward-auth.toml"])?;
        let forward_auth_file = start(&[binary, "serve", "--config", "countersign-socket.toml"])?;
        let socket = format!("unix:{}", folder.path().join("socket").display());
        Ok(Self {
            nginx: start(&nginx("nginx.conf"))?,
            nginx_asking: asking(app.address.to_string())?,
            nginx_sub_filter: start(&nginx("nginx-sub-filter.conf"))?,
            haproxy: start(&["haproxy", "-q", "-f", "haproxy.cfg"])?,
            caddy: start(&["caddy", "run", "--config", "Caddyfile", "--adapter", "caddyfile"])?,
            nginx_before_forward_auth: asking(forward_auth.address.to_string())?,
            gateway,
            forward_auth,
            nginx_before_file: asking(socket)?,
            forward_auth_file,
            slow_app,
            _app: app,
            _folder: folder,
        })
    }

    /// Where the gateway takes requests.
    pub(crate) const fn gateway(&self) -> SocketAddr {
        self.gateway.address
    }

    /// Where a contender takes requests.
    pub(crate) const fn address(&self, contender: Contender) -> SocketAddr {
        self.front(contender).address
    }

    /// Processor time that a contender has used so far, all its processes together.
    pub(crate) fn cpu_time(&self, contender: Contender) -> Result<Duration> {
        let front = self.front(contender).cpu_time()?;
        let behind = match contender {
            Contender::ForwardAuth => self.forward_auth.cpu_time()?,
            Contender::ForwardAuthFile => self.forward_auth_file.cpu_time()?,
            _ => Duration::ZERO,
        };
        Ok(front + behind)
    }

    /// Makes sure that those who are measured with a check make it.
    pub(crate) fn prove_enforcement(&self, credentials: &Credentials) -> Result<()> {
        for (contender, cases) in [
            (Contender::Gateway, &[Case::Post, Case::Form] as &[_]),
            (Contender::ForwardAuth, &[Case::Post]),
            (Contender::ForwardAuthFile, &[Case::Post]),
        ] {
            credentials::prove(contender.name(), self.address(contender), credentials, cases)?;
        }
        Ok(())
    }

    const fn front(&self, contender: Contender) -> &Server {
        match contender {
            Contender::Nginx => &self.nginx,
            Contender::NginxAsking => &self.nginx_asking,
            Contender::NginxSubFilter => &self.nginx_sub_filter,
            Contender::HaProxy => &self.haproxy,
            Contender::Caddy => &self.caddy,
            Contender::Gateway => &self.gateway,
            Contender::ForwardAuth => &self.nginx_before_forward_auth,
            Contender::ForwardAuthFile => &self.nginx_before_file,
        }
    }
}

const fn nginx(config: &'static str) -> [&'static str; 5] {
    ["nginx", "-p", ".", "-c", config]
}
