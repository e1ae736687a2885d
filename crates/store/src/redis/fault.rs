//! Why Redis could not be asked. For the log: a caller only learns that the store did not answer.

use std::io;
use std::time::Duration;

use redis::{ErrorKind, RedisError, ServerError, ServerErrorKind};

use super::config::Server;

#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    #[error("cannot connect to {server}: {source}")]
    Connect { server: Server, source: io::Error },
    #[error("no answer within {0:?}")]
    Timeout(Duration),
    #[error("the connection was closed")]
    Closed,
    #[error("the password or user is wrong: Redis refuses the login")]
    Login,
    #[error("Redis answers: {0}")]
    Refusal(ServerError),
    #[error("{0}")]
    Protocol(String),
    #[error("this server is no primary, or its life is not the one that was claimed")]
    OtherLife,
    #[error("Sentinel names {0} as the primary now")]
    Moved(Server),
    #[error("no Sentinel knows a primary called `{0}`")]
    NoSuchPrimary(String),
    #[error("nobody in the cluster owns the slot of this site")]
    NoOwner,
}

impl Fault {
    pub(super) fn unexpected(what: &str) -> Self {
        Self::Protocol(format!("unexpected answer to {what}"))
    }
}

impl From<RedisError> for Fault {
    fn from(error: RedisError) -> Self {
        match error.kind() {
            ErrorKind::AuthenticationFailed => Self::Login,
            _ if error.is_connection_dropped() => Self::Closed,
            _ => Self::Protocol(error.to_string()),
        }
    }
}

/// Whether such an answer says that this is the wrong server to ask, now.
pub(super) fn is_elsewhere(error: &ServerError) -> bool {
    use ServerErrorKind::{
        Ask, BusyLoading, ClusterDown, CrossSlot, MasterDown, Moved, ReadOnly, TryAgain,
    };
    let known = [Ask, BusyLoading, ClusterDown, CrossSlot, MasterDown, Moved, ReadOnly, TryAgain];
    error.kind().is_some_and(|kind| known.contains(&kind)) || error.code() == "NOAUTH"
}
