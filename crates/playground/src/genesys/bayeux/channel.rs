//! Channel names and the patterns that match them.

/// Longer names are refused.
const MAX_LENGTH: usize = 256;

/// A channel name: `/` and segments, without wildcards.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Channel(String);

/// What a client subscribes to: a channel, or a pattern that ends in `/*` or `/**`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Pattern(String);

impl Channel {
    /// Reads a name; none when it is not one.
    pub(super) fn parse(text: &str) -> Option<Self> {
        is_path(text).then(|| Self(text.to_owned()))
    }

    /// The name.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// Part of the protocol itself.
    pub(super) fn is_meta(&self) -> bool {
        self.0.starts_with("/meta/")
    }

    /// A call to the server, never broadcast.
    pub(super) fn is_service(&self) -> bool {
        self.0.starts_with("/service/")
    }

    /// Where the server alone may publish.
    pub(super) fn is_ours(&self) -> bool {
        self.0.starts_with("/v2/")
    }
}

impl Pattern {
    /// Reads a pattern; none when it is not one. Wildcards stand for whole segments, at the end only.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let fixed = text.strip_suffix("/**").or_else(|| text.strip_suffix("/*"));
        let valid = match fixed {
            Some(fixed) => text.len() <= MAX_LENGTH && (fixed.is_empty() || is_path(fixed)),
            None => is_path(text),
        };
        let ours_alone = text.starts_with("/meta/") || text.starts_with("/service/");
        (valid && !ours_alone).then(|| Self(text.to_owned()))
    }

    /// Whether an event on `channel` is for the subscriber: `/*` stands for one segment, `/**` for one or
    /// more.
    pub(super) fn matches(&self, channel: &Channel) -> bool {
        let (Self(pattern), Channel(name)) = (self, channel);
        if let Some(prefix) = pattern.strip_suffix("**") {
            return name.strip_prefix(prefix).is_some_and(|rest| !rest.is_empty());
        }
        if let Some(prefix) = pattern.strip_suffix('*') {
            return name
                .strip_prefix(prefix)
                .is_some_and(|rest| !rest.is_empty() && !rest.contains('/'));
        }
        pattern == name
    }
}

fn is_path(text: &str) -> bool {
    text.len() <= MAX_LENGTH
        && text.strip_prefix('/').is_some_and(|rest| rest.split('/').all(is_segment))
}

/// The letters that the protocol allows, less the wildcard.
fn is_segment(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_!~()$@ .+'".contains(c);
    !text.is_empty() && text.chars().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matching() {
        for (pattern, channel, expected) in [
            ("/v2/me/devices", "/v2/me/devices", true),
            ("/v2/me/devices", "/v2/me/calls", false),
            ("/v2/me/*", "/v2/me/devices", true),
            ("/v2/me/*", "/v2/me/devices/1", false),
            ("/v2/me/*", "/v2/me", false),
            ("/v2/me/*", "/v2/meet/x", false),
            ("/v2/**", "/v2/me", true),
            ("/v2/**", "/v2/me/devices/1", true),
            ("/v2/**", "/v2", false),
            ("/v2/**", "/v3/me", false),
            ("/**", "/v2/me/devices", true),
            ("/*", "/news", true),
            ("/*", "/v2/me", false),
        ] {
            let matches =
                Pattern::parse(pattern).unwrap().matches(&Channel::parse(channel).unwrap());
            assert_eq!(matches, expected, "{pattern} and {channel}");
        }
    }

    #[test]
    fn what_is_no_channel() {
        let long = format!("/{}", "x".repeat(MAX_LENGTH));
        for text in ["", "/", "news", "/a//b", "/a/", "/a/*", "/a*", "/a\n", "/ä", "/a?b", &long] {
            assert_eq!(Channel::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn what_is_no_pattern() {
        let long = format!("/{}/*", "x".repeat(MAX_LENGTH - 2));
        for text in [
            "",
            "/",
            "*",
            "**",
            "/a*",
            "/*/a",
            "/**/a",
            "/a/***",
            "//*",
            "/meta/*",
            "/meta/connect",
        ] {
            assert_eq!(Pattern::parse(text), None, "{text:?}");
        }
        assert_eq!(Pattern::parse(&long), None);
        assert_eq!(Pattern::parse("/service/x"), None);
    }
}
