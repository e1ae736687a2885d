//! Who sent a request, where a trusted proxy passed it on.

use std::net::IpAddr;

use countersign::{Peer, Policy};
use http::header::HeaderMap;

/// The first address behind the trusted proxies, read from the end of `X-Forwarded-For`: what stands
/// before it, the client itself may have written.
pub(super) fn behind_proxies(policy: &Policy, peer: &Peer, headers: &HeaderMap) -> Option<IpAddr> {
    let mut last = peer.address?.to_canonical();
    if !policy.trusts_proxy(peer) {
        return Some(last);
    }
    let fields = headers.get_all("x-forwarded-for").iter().rev();
    let addresses = fields.flat_map(|field| field.as_bytes().rsplit(|byte| *byte == b','));
    for address in addresses {
        let text = std::str::from_utf8(address).ok().map(str::trim);
        let Some(address) = text.and_then(|text| text.parse::<IpAddr>().ok()) else { break };
        last = address.to_canonical();
        if !policy.trusts_proxy(&Peer { address: Some(last), ..*peer }) {
            break;
        }
    }
    Some(last)
}

#[cfg(test)]
mod tests {
    use countersign::{Scheme, builtin};
    use http::HeaderValue;

    use super::*;

    #[test]
    fn addresses_count_as_far_as_proxies_are_trusted() {
        let policy = Policy::from_toml("", "trusted_proxies = [\"10.0.0.0/8\"]", |name| {
            builtin(name).ok_or_else(|| name.to_owned())
        })
        .unwrap();
        for (name, peer, fields, expected) in [
            ("nobody is trusted", "192.0.2.9", vec!["198.51.100.1"], "192.0.2.9"),
            ("a proxy", "10.0.0.1", vec!["198.51.100.1"], "198.51.100.1"),
            ("two proxies", "10.0.0.1", vec!["198.51.100.1, 10.0.0.2"], "198.51.100.1"),
            ("in two fields", "10.0.0.1", vec!["198.51.100.1", "10.0.0.2"], "198.51.100.1"),
            ("an invented one before", "10.0.0.1", vec!["1.1.1.1, 198.51.100.1"], "198.51.100.1"),
            ("proxies alone", "10.0.0.1", vec!["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
            ("no address", "10.0.0.1", vec!["198.51.100.1, unknown"], "10.0.0.1"),
            ("IPv6", "10.0.0.1", vec!["2001:db8::1"], "2001:db8::1"),
            ("no field", "10.0.0.1", vec![], "10.0.0.1"),
        ] {
            let peer = Peer::new(Some(peer.parse().unwrap()), Scheme::Http);
            let mut headers = HeaderMap::new();
            for field in fields {
                headers.append("x-forwarded-for", HeaderValue::from_static(field));
            }
            let found = behind_proxies(&policy, &peer, &headers);
            assert_eq!(found, Some(expected.parse().unwrap()), "{name}");
        }
    }
}
