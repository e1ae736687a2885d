//! The HTTP side: a request holds messages, the response their answers. Always a JSON array.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::Value;

use super::message::{Message, Outgoing, Refusal};
use super::{Bayeux, Owner};

/// Answers the messages in `body`, in their order.
pub(in super::super) async fn respond(server: &Bayeux, owner: &Owner, body: &[u8]) -> Response {
    let messages = match read(body) {
        Ok(messages) => messages,
        Err(refusal) => return refuse(StatusCode::BAD_REQUEST, &refusal),
    };
    if messages.len() > server.max_messages() {
        return refuse(
            StatusCode::BAD_REQUEST,
            &Refusal::Malformed("too many messages in one request"),
        );
    }
    let alone = messages.len() == 1;
    let mut answers = Vec::new();
    for message in messages {
        match Message::read(message) {
            Ok(message) => answers.extend(server.handle(owner, &message, alone).await),
            Err(message) => {
                let refusal = Refusal::Malformed("a field has the wrong type");
                answers.push(Outgoing::Reply(Box::new(message.refused(&refusal))));
            }
        }
    }
    Json(answers).into_response()
}

/// Answers a request whose body could not be read to its end.
pub(in super::super) fn refuse_body(status: StatusCode) -> Response {
    refuse(status, &Refusal::Malformed("the request is too long or broke off"))
}

/// One message or an array of them: both are allowed.
fn read(body: &[u8]) -> Result<Vec<Value>, Refusal> {
    match serde_json::from_slice(body) {
        Ok(Value::Array(messages)) => Ok(messages),
        Ok(message @ Value::Object(_)) => Ok(vec![message]),
        Ok(_) | Err(_) => Err(Refusal::Malformed("send a JSON array of messages")),
    }
}

/// For a request that holds no messages to answer.
fn refuse(status: StatusCode, refusal: &Refusal) -> Response {
    let answer = Message::default().refused(refusal);
    (status, Json([answer])).into_response()
}

impl Message {
    /// Reads a message. One with a field of the wrong type comes back with its channel and id alone, to be
    /// refused by name.
    fn read(value: Value) -> Result<Self, Box<Self>> {
        let channel = value.get("channel").and_then(Value::as_str).map(str::to_owned);
        let id = value.get("id").filter(|id| id.is_string() || id.is_number()).cloned();
        serde_json::from_value(value).map_err(|_| Box::new(Self { channel, id, ..Self::default() }))
    }
}
