//! The names of a site's keys. One hash tag holds all of them in one slot, so that a script may touch them
//! together in a cluster.

use countersign::SessionKey;

/// What the keys of one site have in common.
pub(super) struct Keys {
    pub(super) meta: String,
    tag: String,
}

impl Keys {
    pub(super) fn new(prefix: &str, site: &str) -> Self {
        let tag = format!("{{{prefix}:{site}}}");
        Self { meta: format!("{tag}:meta"), tag }
    }

    /// Serial numbers and marks of a session.
    pub(super) fn record(&self, session: SessionKey) -> String {
        format!("{}:s:{:032x}", self.tag, number(session))
    }

    /// A session's stored token.
    pub(super) fn token(&self, session: SessionKey) -> String {
        format!("{}:t:{:032x}", self.tag, number(session))
    }

    /// The field of the high mark that a session shares with a sixteenth of all others. With one mark for
    /// all, a large site would run out of 32-bit numbers in weeks, and then every ticket is stale at once.
    pub(super) fn high_mark(session: SessionKey) -> String {
        format!("h{:x}", number(session) & 0xf)
    }
}

/// The keyring that all sites with this prefix share.
pub(super) fn keyring(prefix: &str) -> String {
    format!("{{{prefix}}}:keyring")
}

fn number(session: SessionKey) -> u128 {
    u128::from_be_bytes(session.to_bytes())
}
