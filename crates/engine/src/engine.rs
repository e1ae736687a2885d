//! The engine: a policy and a keyring, ready to judge and to issue.

use std::sync::Arc;

use hmac::Mac;

use crate::keyring::Keyring;
use crate::policy::Policy;
use crate::store::{Incarnation, SessionKey};
use crate::time::Timestamp;

/// What the caller knows and a request does not show.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// The time.
    pub now: Timestamp,
    /// The present life of the store, for one-time tokens. Without a store any value does: no
    /// ticket passes without the store's word.
    pub incarnation: Incarnation,
}

/// Judges requests and issues tokens. Cheap to clone; replace it as a whole to change anything.
#[derive(Clone, Debug)]
pub struct Engine {
    policy: Policy,
    check: TokenCheck,
}

#[derive(Clone, Debug)]
pub(crate) enum TokenCheck {
    Keyring(Arc<Keyring>),
    /// For explaining a request without its key.
    Assume(bool),
}

impl Engine {
    /// An engine for this policy and these keys.
    #[must_use]
    pub fn new(policy: Policy, keyring: impl Into<Arc<Keyring>>) -> Self {
        Self { policy, check: TokenCheck::Keyring(keyring.into()) }
    }

    /// An engine that believes every token, or none, in place of checking it: for explaining a
    /// request whose key is not at hand. Never for deciding about real ones.
    #[must_use]
    pub const fn danger_assuming_tokens(policy: Policy, valid: bool) -> Self {
        Self { policy, check: TokenCheck::Assume(valid) }
    }

    /// Its policy.
    #[must_use]
    pub const fn policy(&self) -> &Policy {
        &self.policy
    }

    pub(crate) const fn token_check(&self) -> &TokenCheck {
        &self.check
    }

    /// The name of a session in stores and logs.
    #[must_use]
    pub fn session_key(&self, id: &[u8]) -> SessionKey {
        let TokenCheck::Keyring(ring) = &self.check else { return SessionKey::from_bytes([0; 16]) };
        let mut mac = ring.pseudonym();
        mac.update(id);
        let hash: [u8; 32] = mac.finalize().into_bytes().into();
        let mut short = [0; 16];
        for (to, from) in short.iter_mut().zip(hash) {
            *to = from;
        }
        SessionKey::from_bytes(short)
    }
}
