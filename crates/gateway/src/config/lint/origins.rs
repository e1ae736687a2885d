//! Origins that say nothing, or can never match.

use countersign::Origin;
use http::Uri;

use super::Of;
use super::Severity::{Error, Note, Warning};
use crate::head::Addressed;

pub(super) fn look(found: &mut Of<'_>) {
    public(found);
    trusted(found);
}

fn public(found: &mut Of<'_>) {
    let site = found.site;
    let origins = site.policy.public_origins();
    if origins.is_empty() {
        let named = !site.hosts.is_empty() && site.hosts.iter().all(|host| !host.wildcard);
        let (severity, message) = if named {
            (Note, "where browsers reach it is told from the scheme of each connection")
        } else {
            (Warning, "the `Host` of each request is believed to be its own")
        };
        let help = "name where browsers reach it: public_origins = [\"https://app.example\"]";
        found.add("origins-missing", severity, &["policy", "public_origins"], message, help);
    }
    for (index, origin) in origins.iter().enumerate() {
        let at = index.to_string();
        let place = ["policy", "public_origins", &at];
        let Some(addressed) = addressed(origin) else {
            let message = format!("no page has the origin `{origin}`");
            let help = "write it with http or https, as the browser's address bar does";
            found.add("origin-scheme", Error, &place, message, help);
            continue;
        };
        if !site.hosts.is_empty() && !site.hosts.iter().any(|host| host.matches(&addressed)) {
            let message = format!("no request for `{origin}` comes here: none of `hosts` means it");
            let help = "add its host to `hosts`, or remove the origin";
            found.add("origin-unmatched", Warning, &place, message, help);
        }
        if origins.iter().take(index).any(|earlier| earlier == origin) {
            repeated(found, &place, origin);
        }
    }
}

fn trusted(found: &mut Of<'_>) {
    let policy = &found.site.policy;
    let origins = policy.trusted_origins();
    for (index, origin) in origins.iter().enumerate() {
        let at = index.to_string();
        let place = ["policy", "trusted_origins", &at];
        let is_websocket = ["ws://", "wss://"].iter().any(|s| origin.to_string().starts_with(s));
        if is_websocket {
            let message = format!("no page has the origin `{origin}`");
            let help = "name the origin of the page that opens the WebSocket, with http or https";
            found.add("origin-scheme", Error, &place, message, help);
        }
        if policy.public_origins().contains(origin) {
            let message =
                format!("`{origin}` is among the site's `public_origins`, and needs no trust");
            let help = "remove it from `trusted_origins`";
            found.add("origin-trusted-own", Note, &place, message, help);
        }
        if origins.iter().take(index).any(|earlier| earlier == origin) {
            repeated(found, &place, origin);
        }
    }
}

fn repeated(found: &mut Of<'_>, place: &[&str], origin: &Origin) {
    let message = format!("`{origin}` stands there twice");
    found.add("origin-repeated", Note, place, message, "remove one");
}

/// What a browser's request to this origin addresses.
fn addressed(origin: &Origin) -> Option<Addressed> {
    let uri: Uri = origin.to_string().parse().ok()?;
    if !matches!(uri.scheme_str(), Some("http" | "https")) {
        return None;
    }
    Some(Addressed { host: uri.host()?.to_ascii_lowercase(), port: uri.port_u16() })
}
