//! The file's way to a [`Config`]: what belongs together, and what was left unsaid.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use countersign::{Misplaced, Network, Span};
use countersign_store::{StoreUrl, StoreUrlError};

use super::{DeadlinesFile, File, Find, ForwardAuthFile, LimitsFile, ListenFile, SiteFile};
use crate::config::{
    Address, Audit, Config, Deadlines, ForwardAuth, HostPattern, Html, Limits, Listen, Site, Tls,
    UpstreamUrl,
};
use crate::keyring::KeyringPlace;

impl File {
    pub(super) fn resolve(self, base: &Path, find: Find<'_>) -> Result<Config, Misplaced> {
        let mut sites: Vec<Site> = Vec::with_capacity(self.site.len());
        let mut names = HashMap::new();
        for (index, site) in self.site.into_iter().enumerate() {
            let place = index.to_string();
            let at = |flaw: Misplaced| {
                let outer = ["site".to_owned(), place.clone()];
                Misplaced { place: outer.into_iter().chain(flaw.place).collect(), ..flaw }
            };
            let site = site.resolve(base, find).map_err(at)?;
            if names.insert(site.name.clone(), index).is_some() {
                let message = format!("another site is called `{}` too", site.name);
                return Err(at(misplaced(&["name"], message)));
            }
            sites.push(site);
        }
        if sites.is_empty() {
            return Err(misplaced(&[], "nothing is protected: add a [[site]]"));
        }
        if self.listen.is_empty() && self.forward_auth.is_none() {
            let message =
                "nobody can connect: add a [[listen]] with an `address`, or a [forward_auth]";
            return Err(misplaced(&[], message));
        }
        let proxied = sites.iter().position(|site| site.upstream.is_none());
        if let (Some(index), None) = (proxied, &self.forward_auth) {
            let message = "a site needs an `upstream`, unless a [forward_auth] answers for it";
            return Err(misplaced(&["site", &index.to_string()], message));
        }
        let limits = self.limits.resolve()?;
        let store = store(self.store.as_deref(), base)?;
        let keyring = match self.keyring.as_deref() {
            Some(text) => Some(
                KeyringPlace::parse(text, base, &store)
                    .map_err(|message| misplaced(&["keyring"], message))?,
            ),
            None => KeyringPlace::beside(&store),
        };
        Ok(Config {
            store,
            keyring,
            audit: self.audit.map(|path| match path.as_os_str() {
                dash if dash == "-" => Audit::Stdout,
                _ => Audit::File(base.join(path)),
            }),
            forwarded: self.forwarded,
            listen: self.listen.into_iter().map(|listen| listen.resolve(base)).collect(),
            admin: self.admin.map(|admin| admin.listen),
            forward_auth: self.forward_auth.map(|auth| auth.resolve(base)).transpose()?,
            limits,
            deadlines: self.deadlines.resolve(),
            sites,
        })
    }
}

impl ListenFile {
    fn resolve(self, base: &Path) -> Listen {
        let tls = self.tls.map(|tls| Tls {
            certificate: base.join(tls.certificate),
            key: base.join(tls.key),
            client_ca: tls.client_ca.map(|path| base.join(path)),
        });
        Listen { address: self.address, tls }
    }
}

impl ForwardAuthFile {
    fn resolve(self, base: &Path) -> Result<ForwardAuth, Misplaced> {
        let place = ["forward_auth"];
        if self.listen.is_none() && self.grpc.is_none() {
            return Err(misplaced(&place, "no proxy can ask: set `listen`, `grpc` or both"));
        }
        let listen = self.listen.map(|text| Address::parse(&text, base)).transpose();
        let listen = listen.map_err(|message| misplaced(&["forward_auth", "listen"], message))?;
        let is_reached_by_network =
            self.grpc.is_some() || listen.as_ref().is_some_and(|listen| listen.tcp().is_some());
        if is_reached_by_network && self.trusted_peers.is_empty() {
            let message = "name the proxies that may ask: trusted_peers = [\"127.0.0.1\"]";
            return Err(misplaced(&place, message));
        }
        let trusted_peers = self.trusted_peers.into_iter().map(Network::get).collect();
        Ok(ForwardAuth { listen, grpc: self.grpc, trusted_peers })
    }
}

impl LimitsFile {
    fn resolve(self) -> Result<Limits, Misplaced> {
        // hyper's own floor, and what a head can sensibly need.
        if !(8_192..=1 << 20).contains(&self.header_bytes) {
            let message = "between 8192 bytes and a mebibyte";
            return Err(misplaced(&["limits", "header_bytes"], message));
        }
        for (key, value) in [
            ("connections", self.connections),
            ("headers", self.headers),
            ("streams", usize::try_from(self.streams).unwrap_or_default()),
        ] {
            if value == 0 {
                return Err(misplaced(&["limits", key], "0 would let nobody in"));
            }
        }
        Ok(Limits {
            connections: self.connections,
            headers: self.headers,
            header_bytes: self.header_bytes,
            streams: self.streams,
            body: (self.body > 0).then_some(self.body),
        })
    }
}

impl DeadlinesFile {
    fn resolve(self) -> Deadlines {
        let or = |span: Option<Span>, seconds| span.map_or(Duration::from_secs(seconds), Span::get);
        Deadlines {
            header: or(self.header, 10),
            idle: or(self.idle, 75),
            body: or(self.body, 30),
            connect: or(self.connect, 5),
            response: or(self.response, 60),
            stall: or(self.stall, 300),
            drain: or(self.drain, 30),
        }
    }
}

impl SiteFile {
    fn resolve(self, base: &Path, find: Find<'_>) -> Result<Site, Misplaced> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        if self.name.is_empty() || !self.name.bytes().all(plain) {
            return Err(misplaced(&["name"], "write it of letters, digits, `-`, `_` and `.`"));
        }
        let hosts: Result<_, _> = self.hosts.iter().map(|host| HostPattern::parse(host)).collect();
        let hosts = hosts.map_err(|message| misplaced(&["hosts"], message))?;
        let path = prefix(self.path.as_deref().unwrap_or("/"))
            .map_err(|message| misplaced(&["path"], message))?;
        let upstream = self.upstream.as_deref().map(UpstreamUrl::parse).transpose();
        let upstream = upstream.map_err(|message| misplaced(&["upstream"], message))?;
        let nested = |flaw: Misplaced| {
            let place = std::iter::once("policy".to_owned()).chain(flaw.place).collect();
            Misplaced { place, ..flaw }
        };
        let dialect = find(self.policy.dialect_name())
            .map_err(|message| misplaced(&["policy", "dialect"], message))?;
        let scoped = self.policy.scope().is_some();
        let inherited = dialect.route.len();
        let policy = self.policy.read(dialect).map_err(nested)?;
        // Two sites of one gateway share keys, and must not take each other's tokens.
        let policy = if scoped { policy } else { policy.with_scope(&self.name) };
        let html = self.html.map(|html| Html {
            fields: html.fields,
            meta: html.meta,
            script: html.script,
            limit: html.limit,
        });
        if html.is_some() && policy.dialect().token.is_none() {
            return Err(misplaced(&["html"], "the dialect has no token that pages could carry"));
        }
        if html.is_some_and(|html| html.script) && !self.client_files {
            let message = "pages would load a script that nobody serves; write `script = false`";
            return Err(misplaced(&["html"], message));
        }
        Ok(Site {
            name: self.name,
            hosts,
            path,
            upstream,
            upstream_ca: self.upstream_ca.map(|path| base.join(path)),
            host: self.host,
            own_session: self.own_session,
            client_files: self.client_files,
            html,
            own_routes: policy.dialect().route.len().saturating_sub(inherited),
            policy,
        })
    }
}

fn store(text: Option<&str>, base: &Path) -> Result<StoreUrl, Misplaced> {
    let url = text.map_or(Ok(StoreUrl::Memory), str::parse);
    match url.map_err(|error: StoreUrlError| misplaced(&["store"], error.to_string()))? {
        StoreUrl::File(folder) => Ok(StoreUrl::File(base.join(folder))),
        other => Ok(other),
    }
}

/// `/shop/` and `/shop` mean the same.
fn prefix(text: &str) -> Result<String, String> {
    use countersign::CanonicalPath;

    if !text.starts_with('/') {
        return Err(format!("the path `{text}` does not begin with `/`"));
    }
    let trimmed = text.trim_end_matches('/');
    match CanonicalPath::of(text) {
        CanonicalPath::Plain(_) if !trimmed.contains(['*', '?', '#']) => Ok(trimmed.to_owned()),
        _ => Err(format!("the path `{text}` can never match; write it plain, such as `/shop`")),
    }
}

impl HostPattern {
    fn parse(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "`{text}` is not a host; write it like `bank.example`, `*.bank.example` or `bank.example:8443`"
            )
        };
        let (wildcard, rest) = match text.strip_prefix("*.") {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let authority: http::uri::Authority = rest.parse().map_err(|_| wrong())?;
        let name = authority.host().to_ascii_lowercase();
        let odd = rest.contains(['@', '*']) || name.is_empty() || name.ends_with('.');
        if odd || (wildcard && name.starts_with('[')) {
            return Err(wrong());
        }
        Ok(Self { name, port: authority.port_u16(), wildcard })
    }
}

fn misplaced(place: &[&str], message: impl Into<String>) -> Misplaced {
    let place = place.iter().map(|key| (*key).to_owned()).collect();
    Misplaced { place, message: message.into() }
}
