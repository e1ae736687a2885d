//! Where a listener is.

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// Where a listener is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// An address and a port.
    Tcp(SocketAddr),
    /// A socket file, for proxies on the same machine.
    Unix(PathBuf),
}

impl Address {
    /// Reads `127.0.0.1:9081` or `unix:/run/countersign.sock`; `base` is the folder that the file is
    /// relative to.
    pub(super) fn parse(text: &str, base: &Path) -> Result<Self, String> {
        match text.strip_prefix("unix:") {
            Some("") => Err("name the socket file: `unix:/run/countersign.sock`".to_owned()),
            Some(path) => Ok(Self::Unix(base.join(path))),
            None => text.parse().map(Self::Tcp).map_err(|_| {
                format!(
                    "`{text}` is not an address; write it like `127.0.0.1:9081` or `unix:/run/countersign.sock`"
                )
            }),
        }
    }

    /// The address and port, if it is one.
    #[must_use]
    pub const fn tcp(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(address) => Some(*address),
            Self::Unix(_) => None,
        }
    }
}

impl From<SocketAddr> for Address {
    fn from(address: SocketAddr) -> Self {
        Self::Tcp(address)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}
