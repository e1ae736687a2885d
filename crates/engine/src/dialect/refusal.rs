//! What a dialect tells a refused client.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{FieldName, TokenSource};
use crate::verdict::Reason;

/// What a refused client is told; never why in detail.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RefusalReply {
    /// The status code.
    pub status: u16,
    /// The text beside it, which HTTP/1.1 still carries.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason_phrase: Option<String>,
    /// Headers of the refusal, by which clients tell it from other answers with its status.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<FieldName, String>,
    /// What every body contains, by which clients tell a refusal from other answers with its status;
    /// empty where nothing else has that status. Without it and without headers, a refusal has no body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contains: Option<String>,
    /// Where in the refusal the client finds the token that it should have sent. A server puts it
    /// there if nothing but the token was missing: into a header, from a pattern that needs no store.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<TokenSource>,
    /// The bodies; the first whose `accept` the client names counts, or has none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub body: Vec<RefusalBody>,
    /// What stands in a body for `{detail}`, by reason.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub detail: BTreeMap<Reason, String>,
    /// What stands there for all other reasons.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub other_detail: Option<String>,
}

impl Default for RefusalReply {
    fn default() -> Self {
        Self {
            status: 403,
            reason_phrase: None,
            headers: BTreeMap::new(),
            contains: None,
            token: None,
            body: Vec::new(),
            detail: BTreeMap::new(),
            other_detail: None,
        }
    }
}

/// One form of a refusal's body.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RefusalBody {
    /// The media type that the client must name in `Accept`; without one it suits everybody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accept: Option<String>,
    /// Its `Content-Type`.
    pub content_type: String,
    /// Its text.
    pub text: String,
}
