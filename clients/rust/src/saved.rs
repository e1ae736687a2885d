//! Tokens on their way from one run of a program to the next.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::pool::Ticket;

/// The tokens of a session, to be kept beside its cookies: [`Session::tokens`](crate::Session::tokens)
/// gives them, [`SessionBuilder::tokens`](crate::SessionBuilder::tokens) takes them.
///
/// As JSON they are readable; keep them where only their user can read. They are good only together
/// with the [`Jar`](crate::Jar) of the same moment.
///
/// ```
/// let saved: countersign_client::SavedTokens = serde_json::from_str("{}")?;
/// assert_eq!(format!("{saved:?}"), "SavedTokens { 0 }");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedTokens {
    /// The header that carries them, where the server named one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) header: Option<String>,
    /// The value of the session cookie under which they came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) session: Option<Zeroizing<String>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) tickets: Vec<SavedTicket>,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SavedTicket {
    pub(crate) token: Zeroizing<String>,
    /// When it came, in seconds since 1970.
    at: u64,
}

impl SavedTicket {
    pub(crate) fn of(ticket: &Ticket) -> Self {
        let since = ticket.at.duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { token: Zeroizing::new(ticket.token.as_str().to_owned()), at: since.as_secs() }
    }

    pub(crate) fn at(&self) -> SystemTime {
        // A time that cannot be is long ago, so that the token is too old.
        UNIX_EPOCH.checked_add(Duration::from_secs(self.at)).unwrap_or(UNIX_EPOCH)
    }
}

impl SavedTokens {
    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tickets.is_empty()
    }
}

impl fmt::Debug for SavedTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SavedTokens {{ {} }}", self.tickets.len())
    }
}
