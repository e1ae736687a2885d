//! Putting the layer around a service: the one thing that all five do alike.

use countersign::Policy;
use countersign_tower::{CsrfLayer, keys_for};

pub(crate) use countersign_tower::axum::{
    CsrfField, CsrfToken, FreshTickets, Guarded, any_of, client_files, unrestricted,
};
pub(crate) use countersign_tower::{Csrf, IssueError, Principal, Rejection, SessionBinding};

use crate::StartError;
use crate::context::Context;
use crate::service::Service;

impl Service {
    /// The policy of the dialect that bears the service's name.
    pub(crate) fn policy(self) -> Result<Policy, StartError> {
        Policy::builtin(self.name()).ok_or(StartError::Dialect(self.name()))
    }
}

impl Context {
    /// The layer for one service, with the playground's clock and keys.
    pub(crate) fn protection(&self, policy: Policy) -> Result<CsrfLayer, StartError> {
        let keys = keys_for(&policy, &self.keyring)?;
        Ok(CsrfLayer::with_keyring(policy, keys).clock(self.clock.clone()))
    }
}
