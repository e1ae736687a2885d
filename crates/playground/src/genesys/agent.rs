//! What an agent is doing: a small state machine.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The channels that an agent can serve.
pub(super) const CHANNELS: [&str; 4] = ["voice", "chat", "email", "sms"];

/// What an agent asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    /// Begin to work, on these channels.
    Start(Vec<String>),
    /// Take calls.
    Ready,
    /// Take no calls for now.
    NotReady,
    /// Go home.
    End,
}

/// What an agent is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum State {
    /// Not working.
    #[default]
    LoggedOut,
    /// Working, and takes no calls.
    NotReady,
    /// Working, and takes calls.
    Ready,
}

/// The states of all agents, by user id.
#[derive(Clone, Debug, Default)]
pub(super) struct Agents(Arc<Mutex<HashMap<String, State>>>);

impl State {
    /// As events show it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::LoggedOut => "LoggedOut",
            Self::NotReady => "NotReady",
            Self::Ready => "Ready",
        }
    }

    /// The state after `operation`, or why it does not fit.
    fn after(self, operation: &Operation) -> Result<Self, &'static str> {
        match (self, operation) {
            (Self::LoggedOut, Operation::Start(_)) => Ok(Self::NotReady),
            (Self::LoggedOut, _) => {
                Err("there is no contact center session; call `StartContactCenterSession` first")
            }
            (_, Operation::Start(_)) => {
                Err("a contact center session is running; call `EndContactCenterSession` first")
            }
            (_, Operation::Ready) => Ok(Self::Ready),
            (_, Operation::NotReady) => Ok(Self::NotReady),
            (_, Operation::End) => Ok(Self::LoggedOut),
        }
    }
}

impl Agents {
    /// Does `operation` and gives the state before and after it.
    pub(super) fn apply(
        &self,
        user_id: &str,
        operation: &Operation,
    ) -> Result<(State, State), &'static str> {
        let mut states = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = states.get(user_id).copied().unwrap_or_default();
        let after = before.after(operation)?;
        states.insert(user_id.to_owned(), after);
        Ok((before, after))
    }

    /// Forgets a user.
    pub(super) fn forget(&self, user_id: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(user_id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_in_every_state() {
        let start = || Operation::Start(vec!["voice".to_owned()]);
        for (state, operation, expected) in [
            (State::LoggedOut, start(), Some(State::NotReady)),
            (State::LoggedOut, Operation::Ready, None),
            (State::LoggedOut, Operation::NotReady, None),
            (State::LoggedOut, Operation::End, None),
            (State::NotReady, start(), None),
            (State::NotReady, Operation::Ready, Some(State::Ready)),
            (State::NotReady, Operation::NotReady, Some(State::NotReady)),
            (State::NotReady, Operation::End, Some(State::LoggedOut)),
            (State::Ready, start(), None),
            (State::Ready, Operation::Ready, Some(State::Ready)),
            (State::Ready, Operation::NotReady, Some(State::NotReady)),
            (State::Ready, Operation::End, Some(State::LoggedOut)),
        ] {
            assert_eq!(state.after(&operation).ok(), expected, "{operation:?} in {state:?}");
        }
    }

    #[test]
    fn a_refused_operation_changes_nothing_and_agents_do_not_share_a_state() {
        let agents = Agents::default();
        assert!(agents.apply("a", &Operation::Ready).is_err());
        agents.apply("a", &Operation::Start(vec!["voice".to_owned()])).unwrap();
        assert!(agents.apply("b", &Operation::Ready).is_err());
        assert_eq!(agents.apply("a", &Operation::Ready), Ok((State::NotReady, State::Ready)));
    }
}
