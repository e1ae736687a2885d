//! One whole verdict of the engine.

use countersign::{
    Engine, Facts, Incarnation, Keyring, Moment, Peer, Policy, Scheme, Step, Timestamp, Verdict,
};
use http::Request;

/// An engine for a built-in dialect, with nothing decided besides.
pub(crate) fn engine(name: &str) -> Engine {
    let policy = Policy::builtin(name).unwrap_or_else(Policy::standard);
    Engine::new(policy, Keyring::from_random(&[7; 64]))
}

/// One whole verdict, from the bare request.
pub(crate) fn passes(engine: &Engine, request: &Request<()>) -> bool {
    let facts = Facts::of(request, Peer::new(None, Scheme::Https));
    match engine.judge(&facts, moment()) {
        Step::Decided(Verdict::Allow(_)) | Step::Spend(_) => true,
        Step::Decided(_) | Step::Form(_) | Step::Session(_) => false,
    }
}

pub(crate) fn moment() -> Moment {
    Moment { now: Timestamp::from_secs(1_800_000_000), incarnation: Incarnation::from_random(1) }
}
