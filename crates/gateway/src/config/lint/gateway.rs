//! Of the gateway as a whole.

use std::net::IpAddr;
use std::time::Duration;

use countersign::Keys;
use ipnet::IpNet;

use super::Severity::{Error, Warning};
use super::{Config, Found, Site};
use crate::config::HostPattern;

pub(super) fn look(config: &Config, found: &mut Found) {
    keyring(config, found);
    admin(config, found);
    plain_listeners(config, found);
    limits(config, found);
    deadlines(config, found);
    shadowed_sites(config, found);
    let peers = config.forward_auth.iter().flat_map(|auth| &auth.trusted_peers);
    for (index, _) in peers.enumerate().filter(|(_, network)| is_everybody(network)) {
        found.add(
            "trusts-everybody",
            Error,
            &["forward_auth", "trusted_peers", &index.to_string()],
            "anybody may say which request they ask about",
            "name the proxies that ask, and nobody else",
        );
    }
}

/// A network of all addresses.
pub(super) fn is_everybody(network: &IpNet) -> bool {
    network.prefix_len() == 0
}

fn keyring(config: &Config, found: &mut Found) {
    let keeps_keys = |site: &Site| {
        site.policy.dialect().token.as_ref().is_some_and(|token| token.keys == Keys::Keyring)
    };
    if config.keyring.is_none() && config.sites.iter().any(keeps_keys) {
        found.add(
            "keyring-missing",
            Warning,
            &["keyring"],
            "tokens end with the process, and another instance does not know them",
            "set `keyring = \"keyring.toml\"`, which is made at the first start, or a `store`",
        );
    }
}

fn admin(config: &Config, found: &mut Found) {
    let Some(address) = config.admin.filter(|address| is_public(address.ip())) else { return };
    found.add(
        "admin-public",
        Warning,
        &["admin", "listen"],
        format!("everybody who reaches `{address}` can read what is protected, and how"),
        "listen on a loopback or private address",
    );
}

fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            !(address.is_loopback() || address.is_private() || address.is_link_local())
        }
        IpAddr::V6(address) => {
            !(address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local())
        }
    }
}

fn plain_listeners(config: &Config, found: &mut Found) {
    let without_proxy = |site: &&Site| {
        let policy = &site.policy;
        site.upstream.is_some()
            && policy.trusted_proxies().is_empty()
            && policy.public_origins().iter().any(|origin| origin.as_ref().is_https())
    };
    let Some(site) = config.sites.iter().find(without_proxy) else { return };
    for (index, listen) in config.listen.iter().enumerate() {
        if listen.tls.is_some() {
            continue;
        }
        found.add(
            "listener-plain",
            Warning,
            &["listen", &index.to_string()],
            format!(
                "`{}` takes plain HTTP, while browsers reach the site `{}` over https",
                listen.address, site.name
            ),
            "give the listener `tls`, or name the proxy in front that has it in the site's \
             `policy.trusted_proxies`",
        );
    }
}

fn limits(config: &Config, found: &mut Found) {
    let limits = &config.limits;
    let streams = usize::try_from(limits.streams).unwrap_or(usize::MAX);
    let body = limits.body.map_or(usize::MAX, |body| usize::try_from(body).unwrap_or(usize::MAX));
    for (key, value, least, most) in [
        ("connections", limits.connections, 16, 1_000_000),
        ("headers", limits.headers, 30, 1_000),
        ("streams", streams, 2, 1_024),
        ("body", body, 1_024, usize::MAX),
    ] {
        if value < least {
            let message = format!("`{key} = {value}` refuses what ordinary browsers send");
            let help = format!("set {least} or more");
            found.add("limit-odd", Warning, &["limits", key], message, help);
        } else if value > most {
            let message = format!("`{key} = {value}` is as good as no limit");
            let help = format!("set {most} or less");
            found.add("limit-odd", Warning, &["limits", key], message, help);
        }
    }
}

fn deadlines(config: &Config, found: &mut Found) {
    const MINUTE: u64 = 60;
    const HOUR: u64 = 60 * MINUTE;

    let all = &config.deadlines;
    for (key, value, least, most) in [
        ("header", all.header, 2, 2 * MINUTE),
        ("idle", all.idle, 5, HOUR),
        ("body", all.body, 5, HOUR),
        ("connect", all.connect, 1, MINUTE),
        ("response", all.response, 2, HOUR),
        ("stall", all.stall, 5, 24 * HOUR),
        ("drain", all.drain, 1, 10 * MINUTE),
    ] {
        let seconds = value.as_secs();
        if value < Duration::from_secs(least) {
            let message = format!("`{key} = \"{seconds}s\"` ends what ordinary requests need");
            let help = format!("set `{least}s` or more");
            found.add("deadline-odd", Warning, &["deadlines", key], message, help);
        } else if value > Duration::from_secs(most) {
            let message = format!("`{key} = \"{seconds}s\"` is as good as no deadline");
            let help = format!("set `{most}s` or less");
            found.add("deadline-odd", Warning, &["deadlines", key], message, help);
        }
    }
}

/// A site that another one stands before, for all its hosts and paths.
fn shadowed_sites(config: &Config, found: &mut Found) {
    for (index, site) in config.sites.iter().enumerate() {
        let earlier = config.sites.iter().take(index);
        let Some(other) = earlier.into_iter().find(|earlier| takes_all(earlier, site)) else {
            continue;
        };
        found.add(
            "site-shadowed",
            Error,
            &["site", &index.to_string()],
            format!(
                "no request ever means it: the site `{}` has its hosts and its path",
                other.name
            ),
            "remove one, or tell them apart by `hosts` or `path`",
        );
        if let Some(lint) = found.0.last_mut() {
            lint.site = Some(site.name.clone());
        }
    }
}

/// Whether every request that means `site` means `earlier` before.
fn takes_all(earlier: &Site, site: &Site) -> bool {
    if earlier.path != site.path {
        return false;
    }
    if earlier.hosts.is_empty() || site.hosts.is_empty() {
        return earlier.hosts.is_empty() && site.hosts.is_empty();
    }
    // Sites are asked in the order of their most general host.
    let generality = |site: &Site| site.hosts.iter().map(HostPattern::generality).max();
    generality(earlier) == generality(site)
        && site.hosts.iter().all(|host| earlier.hosts.contains(host))
}
