//! Which site a request means.

use std::sync::Arc;

use countersign::CanonicalPath;

use crate::config::HostPattern;
use crate::head::Addressed;
use crate::site::Site;

/// A host that means a site; none means it whatever the host.
type Way = (Option<HostPattern>, Arc<Site>);

/// The ways to the sites.
pub(crate) struct Routes {
    /// The most particular first.
    ways: Vec<Way>,
    /// Whether the path decides anything.
    by_path: bool,
}

/// Why a request means no site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoSite {
    /// No site has this host.
    Host,
    /// The host's sites have other paths.
    Path,
    /// Servers read the path in different ways, and so might mean different sites.
    Ambiguous,
}

impl Routes {
    pub(crate) fn new(sites: &[Arc<Site>]) -> Self {
        let mut ways: Vec<Way> = Vec::new();
        for site in sites {
            let hosts = &site.config.hosts;
            ways.extend(hosts.iter().map(|host| (Some(host.clone()), site.clone())));
            if hosts.is_empty() {
                ways.push((None, site.clone()));
            }
        }
        // A named host before a wildcard before none, a port before none, a long path before a short.
        ways.sort_by_key(|(host, site)| {
            let general = host.as_ref().map_or(4, HostPattern::generality);
            (general, usize::MAX - site.config.path.len())
        });
        let by_path = sites.iter().any(|site| !site.config.path.is_empty());
        Self { ways, by_path }
    }

    pub(crate) fn find(&self, asked: &Addressed, path: &str) -> Result<&Arc<Site>, NoSite> {
        let path = if self.by_path { Some(CanonicalPath::of(path)) } else { None };
        let mut reason = NoSite::Host;
        for (host, site) in &self.ways {
            if !host.as_ref().is_none_or(|host| host.matches(asked)) {
                continue;
            }
            let path = match &path {
                None => return Ok(site),
                Some(CanonicalPath::Plain(text)) => *text,
                Some(CanonicalPath::Decoded(text)) => text.as_str(),
                Some(CanonicalPath::Ambiguous) => return Err(NoSite::Ambiguous),
            };
            let is_below = path
                .strip_prefix(site.config.path.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
            if is_below {
                return Ok(site);
            }
            reason = NoSite::Path;
        }
        Err(reason)
    }
}

impl HostPattern {
    pub(crate) fn matches(&self, asked: &Addressed) -> bool {
        let name = if self.wildcard {
            asked
                .host
                .strip_suffix(self.name.as_str())
                .is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
        } else {
            asked.host == self.name
        };
        name && self.port.is_none_or(|port| asked.port == Some(port))
    }

    pub(crate) const fn generality(&self) -> u8 {
        match (self.wildcard, self.port) {
            (false, Some(_)) => 0,
            (false, None) => 1,
            (true, Some(_)) => 2,
            (true, None) => 3,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(name: &str, port: Option<u16>, wildcard: bool) -> HostPattern {
        HostPattern { name: name.to_owned(), port, wildcard }
    }

    #[test]
    fn a_host_is_meant_as_a_whole() {
        let (plain, port) =
            (pattern("a.example", None, false), pattern("a.example", Some(81), false));
        let (wild, wild_port) =
            (pattern("a.example", None, true), pattern("a.example", Some(81), true));
        for (host, asked_port, matches) in [
            ("a.example", None, [true, false, false, false]),
            ("a.example", Some(81), [true, true, false, false]),
            ("a.example", Some(82), [true, false, false, false]),
            ("b.a.example", None, [false, false, true, false]),
            ("c.b.a.example", Some(81), [false, false, true, true]),
            ("ba.example", None, [false, false, false, false]),
            (".a.example", None, [false, false, false, false]),
            ("a.example.b", None, [false, false, false, false]),
            ("", None, [false, false, false, false]),
        ] {
            let asked = Addressed { host: host.to_owned(), port: asked_port };
            let found = [&plain, &port, &wild, &wild_port].map(|pattern| pattern.matches(&asked));
            assert_eq!(found, matches, "{host} {asked_port:?}");
        }
    }

    #[test]
    fn the_more_particular_host_is_looked_at_first() {
        let order = [
            pattern("a", Some(1), false),
            pattern("a", None, false),
            pattern("a", Some(1), true),
            pattern("a", None, true),
        ];
        let generality: Vec<u8> = order.iter().map(HostPattern::generality).collect();
        assert!(generality.is_sorted_by(|one, next| one < next), "{generality:?}");
    }
}
