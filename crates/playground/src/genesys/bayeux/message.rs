//! Messages on the wire.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Limits;

/// A message from a client. Fields that this server does not need are not looked at.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Message {
    pub(super) channel: Option<String>,
    pub(super) id: Option<Value>,
    pub(super) client_id: Option<String>,
    pub(super) version: Option<String>,
    pub(super) supported_connection_types: Option<Vec<String>>,
    pub(super) connection_type: Option<String>,
    pub(super) subscription: Option<OneOrMany>,
    pub(super) data: Option<Value>,
    #[serde(default)]
    pub(super) advice: WantedAdvice,
    #[serde(default)]
    pub(super) ext: Map<String, Value>,
}

/// What a client wishes for a connect.
#[derive(Debug, Default, Deserialize)]
pub(super) struct WantedAdvice {
    /// How long to hold it, in milliseconds.
    pub(super) timeout: Option<u64>,
}

/// A subscription, or several.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

/// A message to a client.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Outgoing {
    Reply(Box<Reply>),
    Event(Event),
}

/// The answer to one message.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Reply {
    /// As the client gave it: a client that does not find its id again waits for ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<Value>,
    pub(super) channel: String,
    pub(super) successful: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) client_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) version: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) supported_connection_types: Option<[&'static str; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) subscription: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) advice: Option<Advice>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub(super) ext: Map<String, Value>,
}

/// Something that happened.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Event {
    pub(super) channel: String,
    pub(super) data: Value,
}

/// What the client shall do next.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Advice {
    reconnect: &'static str,
    interval: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    timeout: Option<u128>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_interval: Option<u128>,
}

/// Why a message is refused. The number and the text behind it are the protocol's error format.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    #[error("400::{0}")]
    Malformed(&'static str),
    #[error("402::session_unknown")]
    UnknownClient,
    #[error("403:{0}:publish_denied")]
    PublishDenied(String),
    #[error("404:{0}:unknown_channel")]
    UnknownChannel(String),
    #[error("403:{0}:subscription_invalid")]
    BadSubscription(String),
    #[error("301:{0}:use long-polling")]
    ConnectionType(String),
    #[error("300:{0}:use version 1.0")]
    Version(String),
    #[error("503::{0}")]
    Full(&'static str),
}

impl Message {
    /// The beginning of the answer: same channel, same id.
    pub(super) fn accepted(&self) -> Reply {
        Reply {
            id: self.id.clone(),
            channel: self.channel.clone().unwrap_or_default(),
            successful: true,
            ..Reply::default()
        }
    }

    /// The answer that refuses.
    pub(super) fn refused(&self, refusal: &Refusal) -> Reply {
        let advice = match refusal {
            Refusal::UnknownClient => Some(Advice::handshake()),
            Refusal::ConnectionType(_) | Refusal::Version(_) => Some(Advice::give_up()),
            Refusal::Full(_) => Some(Advice::later()),
            _ => None,
        };
        let error = Some(refusal.to_string());
        Reply { successful: false, error, advice, ..self.accepted() }
    }

    /// The batch that the client confirms, where it uses the acknowledgement extension.
    pub(super) fn acknowledged(&self) -> Option<u64> {
        self.ext.get("ack").and_then(Value::as_u64)
    }
}

impl Reply {
    pub(super) fn with_ack(mut self, ack: impl Into<Value>) -> Self {
        self.ext.insert("ack".to_owned(), ack.into());
        self
    }
}

impl Advice {
    /// Connect again, at once; it will be held.
    pub(super) const fn retry(limits: &Limits) -> Self {
        Self {
            reconnect: "retry",
            interval: 0,
            timeout: Some(limits.timeout.as_millis()),
            max_interval: Some(limits.max_interval.as_millis()),
        }
    }

    /// Do not connect again.
    pub(super) const fn give_up() -> Self {
        Self { reconnect: "none", interval: 0, timeout: None, max_interval: None }
    }

    /// Start anew, in a second.
    const fn handshake() -> Self {
        Self { reconnect: "handshake", interval: 1_000, timeout: None, max_interval: None }
    }

    /// Start anew, in a while.
    const fn later() -> Self {
        Self { reconnect: "handshake", interval: 10_000, timeout: None, max_interval: None }
    }
}
