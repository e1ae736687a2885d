//! Where Redis is and how to treat it. Whatever could never work is refused here, and nothing that is said
//! about it repeats the URL: it may hold a password.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use zeroize::Zeroizing;

use super::url;

/// How long a request waits for Redis, unless the configuration says otherwise.
const TIMEOUT: Duration = Duration::from_millis(250);
/// A client that waits longer than this has long gone.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(60);
/// How long a stored token outlives its last use: a day.
const IDLE: Duration = Duration::from_secs(24 * 3600);

/// A store that can never be opened as it is configured.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The URL begins with something else.
    #[error(
        "a Redis URL begins with `redis://`, `rediss://` (TLS), `redis+sentinel://` or `redis+cluster://`"
    )]
    Scheme,
    /// User or password cannot be told from the rest of the URL.
    #[error(
        "the user and password in a Redis URL have the form `user:password@` or `:password@`, with every \
         `/`, `?`, `#`, `@`, `:` and `%` in them percent-encoded"
    )]
    Credentials,
    /// A server's address is none.
    #[error("server {0} of the Redis URL has no address of the form `host:port`")]
    Server(usize),
    /// One address is all that `redis://` takes.
    #[error(
        "a `redis://` URL names one server; for more, use `redis+sentinel://` or `redis+cluster://`"
    )]
    OneServer,
    /// The path is not what this kind of URL has.
    #[error("the path of this Redis URL should be {0}")]
    Path(&'static str),
    /// A key in the query that means nothing.
    #[error("unknown key `{0}` in the Redis URL's query; there are `timeout`, `prefix` and `ca`")]
    Key(String),
    /// A time that cannot be waited.
    #[error("`timeout` must be between `1ms` and `60s`, as in `250ms` or `1s`")]
    Timeout,
    /// A prefix or site that would break the names of keys.
    #[error("`{0}` cannot be part of a key's name: use 1 to 200 letters, digits and `.`, `-`, `_`")]
    Name(String),
    /// A CA file for a connection without TLS.
    #[error("`ca` is only for TLS: begin the Redis URL with `rediss`")]
    CaWithoutTls,
    /// The CA file cannot be used.
    #[error("cannot read certificates from `{}`: {reason}", path.display())]
    Ca {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The machine trusts nobody.
    #[error("this machine has no root certificates; name a file of them with `ca`")]
    NoRoots,
    /// The caller is on no Tokio runtime.
    #[error("the Redis store needs a Tokio runtime")]
    NoRuntime,
}

/// Where Redis is and how to treat it, from a URL:
///
/// ```text
/// redis://[user[:password]@]host[:port][/database]
/// rediss://…                                          the same through TLS
/// redis+sentinel://host[:port],…/name[/database]       the primary that Sentinel knows by this name
/// redis+cluster://host[:port],…                        whoever in the cluster owns the site's keys
/// ```
///
/// and a query of any of `timeout=250ms`, `prefix=countersign` and `ca=/path/to/roots.pem`. Sentinel and
/// Cluster go through TLS with `rediss+sentinel://` and `rediss+cluster://`.
#[derive(Clone, PartialEq, Eq)]
pub struct RedisConfig {
    pub(super) servers: Servers,
    pub(super) user: Option<String>,
    pub(super) password: Option<Zeroizing<String>>,
    pub(super) database: u32,
    pub(super) tls: bool,
    pub(super) ca: Option<PathBuf>,
    pub(super) timeout: Duration,
    pub(super) prefix: String,
    pub(super) idle: Duration,
}

/// Whom to ask for the primary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Servers {
    One(Server),
    Sentinel { sentinels: Vec<Server>, name: String },
    Cluster(Vec<Server>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Server {
    pub(super) host: String,
    pub(super) port: u16,
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port } = self;
        if host.contains(':') { write!(f, "[{host}]:{port}") } else { write!(f, "{host}:{port}") }
    }
}

impl RedisConfig {
    pub(super) fn new(servers: Servers) -> Self {
        Self {
            servers,
            user: None,
            password: None,
            database: 0,
            tls: false,
            ca: None,
            timeout: TIMEOUT,
            prefix: "countersign".to_owned(),
            idle: IDLE,
        }
    }

    /// How long a request waits for Redis before it is refused.
    ///
    /// # Errors
    ///
    /// If nobody could wait so long, or so short.
    pub fn with_timeout(mut self, timeout: Duration) -> Result<Self, OpenError> {
        if timeout < Duration::from_millis(1) || timeout > LONGEST_TIMEOUT {
            return Err(OpenError::Timeout);
        }
        self.timeout = timeout;
        Ok(self)
    }

    /// What the names of all keys begin with, for deployments that share a Redis without sharing tickets.
    ///
    /// # Errors
    ///
    /// If the prefix would break the names of keys.
    pub fn with_prefix(mut self, prefix: &str) -> Result<Self, OpenError> {
        self.prefix = name(prefix)?;
        Ok(self)
    }

    /// The ACL user to log in as; without one it is Redis' `default`.
    #[must_use]
    pub fn with_user(mut self, user: &str) -> Self {
        self.user = Some(user.to_owned());
        self
    }

    /// The password to log in with, from wherever it is kept.
    #[must_use]
    pub fn with_password(mut self, password: Zeroizing<String>) -> Self {
        self.password = Some(password);
        self
    }

    /// A PEM file of the authorities that may vouch for Redis, instead of those that the machine trusts.
    #[must_use]
    pub fn with_ca(mut self, file: &Path) -> Self {
        self.ca = Some(file.to_owned());
        self
    }

    /// How long a stored token outlives its last use.
    #[must_use]
    pub const fn with_idle(mut self, idle: Duration) -> Self {
        self.idle = idle;
        self
    }

    /// How long finding Redis, logging in and the first words may take together.
    pub(super) fn patience(&self) -> Duration {
        self.timeout * 4
    }
}

/// What may stand in a key's name: nothing that a hash tag, an ACL pattern or a log line could trip over.
pub(super) fn name(text: &str) -> Result<String, OpenError> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    if text.is_empty() || text.len() > 200 || !text.bytes().all(plain) {
        return Err(OpenError::Name(text.escape_debug().to_string()));
    }
    Ok(text.to_owned())
}

impl std::str::FromStr for RedisConfig {
    type Err = OpenError;

    fn from_str(text: &str) -> Result<Self, OpenError> {
        url::parse(text)
    }
}

impl fmt::Display for RedisConfig {
    /// As a URL, without user, password and query.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tls = if self.tls { "s" } else { "" };
        let list = |servers: &[Server]| {
            servers.iter().map(Server::to_string).collect::<Vec<_>>().join(",")
        };
        match &self.servers {
            Servers::One(server) => write!(f, "redis{tls}://{server}"),
            Servers::Sentinel { sentinels, name } => {
                write!(f, "redis{tls}+sentinel://{}/{name}", list(sentinels))
            }
            Servers::Cluster(servers) => write!(f, "redis{tls}+cluster://{}", list(servers)),
        }?;
        if self.database > 0 { write!(f, "/{}", self.database) } else { Ok(()) }
    }
}

impl fmt::Debug for RedisConfig {
    /// Without user and password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisConfig")
            .field("servers", &self.servers)
            .field("database", &self.database)
            .field("tls", &self.tls)
            .field("ca", &self.ca)
            .field("timeout", &self.timeout)
            .field("prefix", &self.prefix)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
