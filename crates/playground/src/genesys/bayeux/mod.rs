//! A Bayeux server: publish and subscribe over HTTP long polling, as CometD clients speak it.
//!
//! The crates for this that exist are clients, or servers that were left at an early stage, so this one
//! is ours. It does what the protocol's long-polling transport needs and no more:
//!
//! * handshake, connect, subscribe, unsubscribe, disconnect, publish, and several messages in one request;
//! * a connect is held until there is something to deliver, and one connect of a client is held at a time;
//! * the acknowledgement extension: what the client has not confirmed is delivered again;
//! * a client belongs to the [`Owner`] that made it. To anybody else its id names nothing;
//! * everything is bounded ([`Limits`]), and a client that stays away is forgotten.

mod channel;
mod client;
mod endpoint;
mod message;
mod server;

use std::time::Duration;

pub(super) use endpoint::{refuse_body, respond};
pub(super) use server::Bayeux;

/// Whose client it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Owner {
    /// The session that made the client; the only one that may use it.
    pub(super) session: String,
    /// The user, who sees the events meant for this user.
    pub(super) user: String,
}

/// What the server holds at most, and for how long.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// How long a connect is held.
    pub(super) timeout: Duration,
    /// How long a client may stay away between connects.
    pub(super) max_interval: Duration,
    /// Clients in all.
    pub(super) clients: usize,
    /// Clients of one session.
    pub(super) clients_of_session: usize,
    /// Subscriptions of one client.
    pub(super) subscriptions: usize,
    /// Events that wait for one client. One more and the client is dropped: it shall know that it missed
    /// something, and start again.
    pub(super) events: usize,
    /// Messages in one request.
    pub(super) messages: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(30),
            // CometD's own default is ten seconds, too short for somebody who tries this by hand.
            max_interval: Duration::from_secs(60),
            clients: 1_000,
            clients_of_session: 16,
            subscriptions: 64,
            events: 1_000,
            messages: 64,
        }
    }
}

#[cfg(test)]
mod tests;
