//! The double-submit tokens of one exchange.

use std::sync::{Mutex, MutexGuard, PoisonError};

use countersign::Holder;

/// Header, cookie and page of a response must carry one and the same token. Whoever makes it first,
/// a handler or the layer, leaves it here for the other.
#[derive(Default)]
pub(crate) struct Twins(Mutex<Vec<(Holder, String)>>);

impl Twins {
    /// Those of a request that brought `kept` for `holder`: a token that is good is not replaced.
    pub(crate) fn after(holder: Option<&Holder>, kept: Option<String>) -> Self {
        Self(Mutex::new(holder.cloned().zip(kept).into_iter().collect()))
    }

    pub(crate) fn known(&self, holder: &Holder) -> Option<String> {
        let twins = self.lock();
        twins.iter().find(|(own, _)| own == holder).map(|(_, token)| token.clone())
    }

    /// Leaves `token` for the others, unless another was left meanwhile; gives back the one that
    /// counts.
    pub(crate) fn leave(&self, holder: &Holder, token: String) -> String {
        let mut twins = self.lock();
        if let Some((_, first)) = twins.iter().find(|(own, _)| own == holder) {
            return first.clone();
        }
        twins.push((holder.clone(), token.clone()));
        token
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(Holder, String)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
