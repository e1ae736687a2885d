//! The server: all clients, and what each kind of message does to them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::channel::{Channel, Pattern};
use super::client::{Client, Release};
use super::message::{Advice, Event, Message, OneOrMany, Outgoing, Refusal, Reply};
use super::{Limits, Owner};
use crate::db::random_id;
use crate::listen::Stop;

const LONG_POLLING: &str = "long-polling";

/// The Bayeux server. Clones share the clients.
#[derive(Clone, Debug)]
pub(in super::super) struct Bayeux {
    clients: Arc<Mutex<HashMap<String, Client>>>,
    limits: Limits,
    stop: Stop,
}

/// A connect that is held. Dropping it, as happens when the connection breaks, ends the hold.
struct Hold {
    server: Bayeux,
    client_id: String,
    turn: u64,
    released: oneshot::Receiver<Release>,
    deadline: Instant,
}

/// What becomes of a connect.
enum Connect {
    AtOnce,
    Held(Hold),
}

impl Bayeux {
    /// A server without clients, which lets held connects go at the stop.
    pub(in super::super) fn new(limits: Limits, stop: Stop) -> Self {
        Self { clients: Arc::default(), limits, stop }
    }

    /// Publishes to every client of `user` that has subscribed to `channel`.
    pub(in super::super) fn publish(&self, user: &str, channel: &str, data: &Value) {
        if let Some(channel) = Channel::parse(channel) {
            self.broadcast(user, &channel, data);
        }
    }

    /// At most this many messages in one request.
    pub(super) const fn max_messages(&self) -> usize {
        self.limits.messages
    }

    /// Does what the message says. `alone`: it is the only one in its request, so a connect may be held
    /// without holding up the answers to others.
    pub(super) async fn handle(
        &self,
        owner: &Owner,
        message: &Message,
        alone: bool,
    ) -> Vec<Outgoing> {
        let handled = match message.channel.as_deref() {
            None => Err(Refusal::Malformed("a message needs a channel")),
            Some("/meta/handshake") => self.handshake(owner, message),
            Some("/meta/connect") => return self.connect(owner, message, alone).await,
            Some("/meta/subscribe") => self.subscribe(owner, message),
            Some("/meta/unsubscribe") => self.unsubscribe(owner, message),
            Some("/meta/disconnect") => self.disconnect(owner, message),
            Some(channel) => self.publish_for(owner, message, channel),
        };
        vec![reply(handled.unwrap_or_else(|refusal| self.refuse(message, &refusal)))]
    }

    fn handshake(&self, owner: &Owner, message: &Message) -> Result<Reply, Refusal> {
        if let Some(version) = message.version.as_deref().filter(|text| !text.starts_with("1.")) {
            return Err(Refusal::Version(version.to_owned()));
        }
        if let Some(types) = &message.supported_connection_types
            && !types.iter().any(|kind| kind == LONG_POLLING)
        {
            return Err(Refusal::ConnectionType(types.join(",")));
        }
        let ack = message.ext.get("ack").filter(|ack| wants_ack(ack));
        let now = Instant::now();
        let client_id =
            random_id().map_err(|_| Refusal::Full("the system has no random bytes; try again"))?;

        let mut clients = self.lock();
        clients.retain(|_, client| !client.is_lost(&self.limits, now));
        if clients.len() >= self.limits.clients {
            return Err(Refusal::Full("too many clients; try again later"));
        }
        let own = clients.values().filter(|client| client.owner.session == owner.session).count();
        if own >= self.limits.clients_of_session {
            return Err(Refusal::Full("too many clients of this session; disconnect one"));
        }
        clients.insert(client_id.clone(), Client::new(owner.clone(), ack.is_some(), now));
        drop(clients);

        let accepted = Reply {
            client_id: Some(client_id),
            version: Some("1.0"),
            supported_connection_types: Some([LONG_POLLING]),
            advice: Some(Advice::retry(&self.limits)),
            ..message.accepted()
        };
        Ok(match ack {
            Some(ack) => accepted.with_ack(ack.clone()),
            None => accepted,
        })
    }

    async fn connect(&self, owner: &Owner, message: &Message, alone: bool) -> Vec<Outgoing> {
        let release = match self.begin_connect(owner, message, alone) {
            Err(refusal) => return vec![reply(self.refuse(message, &refusal))],
            Ok(Connect::AtOnce) => Release::Events,
            Ok(Connect::Held(mut hold)) => hold.wait().await,
        };
        if release == Release::Over {
            let advice = Some(Advice::give_up());
            return vec![reply(Reply { advice, ..message.accepted() })];
        }
        self.finish_connect(owner, message)
            .unwrap_or_else(|refusal| vec![reply(self.refuse(message, &refusal))])
    }

    fn begin_connect(
        &self,
        owner: &Owner,
        message: &Message,
        alone: bool,
    ) -> Result<Connect, Refusal> {
        if let Some(other) = message.connection_type.as_deref().filter(|kind| *kind != LONG_POLLING)
        {
            return Err(Refusal::ConnectionType(other.to_owned()));
        }
        self.with_client(owner, message, |client_id, client| {
            if client.acknowledges {
                client.acknowledge(message.acknowledged().unwrap_or(0));
            }
            let wanted = message.advice.timeout.map_or(self.limits.timeout, Duration::from_millis);
            let first = !std::mem::replace(&mut client.connected, true);
            let (turn, released) = client.hold();
            if first || wanted.is_zero() || !alone || client.has_news() {
                client.let_go(turn, Instant::now());
                return Ok(Connect::AtOnce);
            }
            Ok(Connect::Held(Hold {
                server: self.clone(),
                client_id: client_id.to_owned(),
                turn,
                released,
                deadline: Instant::now() + wanted.min(self.limits.timeout),
            }))
        })
    }

    fn finish_connect(&self, owner: &Owner, message: &Message) -> Result<Vec<Outgoing>, Refusal> {
        self.with_client(owner, message, |_, client| {
            let (news, batch) = client.take_news();
            let accepted =
                Reply { advice: Some(Advice::retry(&self.limits)), ..message.accepted() };
            let accepted = if client.acknowledges { accepted.with_ack(batch) } else { accepted };
            // The reply last: a client connects again as soon as it sees it.
            let events = news.into_iter().map(Outgoing::Event);
            Ok(events.chain([reply(accepted)]).collect())
        })
    }

    fn subscribe(&self, owner: &Owner, message: &Message) -> Result<Reply, Refusal> {
        let (patterns, subscription) = read_subscription(message)?;
        self.with_client(owner, message, |_, client| {
            let mut wanted = client.subscriptions.clone();
            wanted.extend(patterns);
            if wanted.len() > self.limits.subscriptions {
                return Err(Refusal::Full("too many subscriptions; unsubscribe from some"));
            }
            client.subscriptions = wanted;
            Ok(Reply { subscription: Some(subscription), ..message.accepted() })
        })
    }

    fn unsubscribe(&self, owner: &Owner, message: &Message) -> Result<Reply, Refusal> {
        let (patterns, subscription) = read_subscription(message)?;
        self.with_client(owner, message, |_, client| {
            client.subscriptions.retain(|pattern| !patterns.contains(pattern));
            Ok(Reply { subscription: Some(subscription), ..message.accepted() })
        })
    }

    fn disconnect(&self, owner: &Owner, message: &Message) -> Result<Reply, Refusal> {
        self.with_client(owner, message, |_, client| {
            client.release(Release::Over);
            Ok(())
        })?;
        if let Some(client_id) = &message.client_id {
            self.lock().remove(client_id);
        }
        Ok(message.accepted())
    }

    /// A client's own message goes to the same user's clients only: `/v2/me/..` is everybody's own view, and
    /// nobody writes into another's.
    fn publish_for(
        &self,
        owner: &Owner,
        message: &Message,
        channel: &str,
    ) -> Result<Reply, Refusal> {
        let channel = Channel::parse(channel)
            .filter(|channel| !channel.is_meta())
            .ok_or_else(|| Refusal::UnknownChannel(channel.to_owned()))?;
        self.with_client(owner, message, |_, _| Ok(()))?;
        if channel.is_ours() {
            return Err(Refusal::PublishDenied(channel.as_str().to_owned()));
        }
        let data = message.data.as_ref().ok_or(Refusal::Malformed("a publish needs data"))?;
        if !channel.is_service() {
            self.broadcast(&owner.user, &channel, data);
        }
        Ok(message.accepted())
    }

    fn broadcast(&self, user: &str, channel: &Channel, data: &Value) {
        let now = Instant::now();
        self.lock().retain(|_, client| {
            if client.is_lost(&self.limits, now) {
                return false;
            }
            if client.owner.user != user || !client.wants(channel) {
                return true;
            }
            let event = Event { channel: channel.as_str().to_owned(), data: data.clone() };
            let delivered = client.deliver(event, &self.limits);
            if !delivered {
                tracing::warn!(%user, "a client's queue is full; it has to start again");
            }
            delivered
        });
    }

    /// Runs `work` on the client that the message names, if it lives and belongs to `owner`.
    fn with_client<T>(
        &self,
        owner: &Owner,
        message: &Message,
        work: impl FnOnce(&str, &mut Client) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let now = Instant::now();
        let client_id = message.client_id.as_deref().ok_or(Refusal::UnknownClient)?;
        let mut clients = self.lock();
        let client = clients
            .get_mut(client_id)
            .filter(|client| client.owner == *owner && !client.is_lost(&self.limits, now))
            .ok_or(Refusal::UnknownClient)?;
        client.seen(now);
        work(client_id, client)
    }

    /// The refusal as a reply; a refused subscription is named in it, as clients expect.
    fn refuse(&self, message: &Message, refusal: &Refusal) -> Reply {
        tracing::debug!(%refusal, "bayeux message refused");
        let subscription = message.subscription.as_ref().map(OneOrMany::to_value);
        Reply { subscription, ..message.refused(refusal) }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Client>> {
        // Nothing in here panics half-way through a change.
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.lock().len()
    }
}

impl Hold {
    /// Waits for something to deliver. At the deadline, and when the playground stops, the connect is answered
    /// with what there is, which is nothing: the client will connect again, and find out.
    async fn wait(&mut self) -> Release {
        tokio::select! {
            released = &mut self.released => released.unwrap_or(Release::Events),
            () = tokio::time::sleep_until(self.deadline) => Release::Events,
            () = self.server.stop.wait() => Release::Events,
        }
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        if let Some(client) = self.server.lock().get_mut(&self.client_id) {
            client.let_go(self.turn, Instant::now());
        }
    }
}

fn reply(reply: Reply) -> Outgoing {
    Outgoing::Reply(Box::new(reply))
}

/// `true`, or an object that says `enabled`, as newer clients may send.
fn wants_ack(ack: &Value) -> bool {
    ack.as_bool().or_else(|| ack.get("enabled")?.as_bool()).unwrap_or(false)
}

fn read_subscription(message: &Message) -> Result<(Vec<Pattern>, Value), Refusal> {
    let wanted = message.subscription.as_ref();
    let wanted = wanted.ok_or(Refusal::Malformed("a subscription is missing"))?;
    let names: &[String] = match wanted {
        OneOrMany::One(name) => std::slice::from_ref(name),
        OneOrMany::Many(names) => names,
    };
    let patterns = names
        .iter()
        .map(|name| Pattern::parse(name).ok_or_else(|| Refusal::BadSubscription(name.clone())))
        .collect::<Result<_, _>>()?;
    Ok((patterns, wanted.to_value()))
}

impl OneOrMany {
    fn to_value(&self) -> Value {
        match self {
            Self::One(name) => name.as_str().into(),
            Self::Many(names) => names.as_slice().into(),
        }
    }
}
