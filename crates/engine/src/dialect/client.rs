//! What a dialect says to clients: where tokens come from, how one logs in and out.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::FieldName;

/// A request that gives a client its token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Obtain {
    /// Method and target: `GET /dataservice/client/token`. The target `*` is that of the request
    /// for which a token is wanted.
    pub request: String,
    /// Headers by which it asks for a token.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<FieldName, String>,
    /// Where in the response the token is.
    pub from: TokenSource,
    /// What stands beside the token in a JSON object or a `require.config`, where a gateway answers
    /// in place of an app that knows nothing of tokens.
    #[serde(default, skip_serializing_if = "serde_json::Map::is_empty")]
    pub beside: serde_json::Map<String, serde_json::Value>,
}

/// Where in a response a token is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TokenSource {
    /// In this header.
    Header(FieldName),
    /// The whole body.
    Text,
    /// At this place of a JSON body (RFC 6901).
    Json(String),
    /// In the array at this place of the object that a script hands to `require.config`.
    RequireConfig(String),
    /// In the cookie of this name, percent-encoded.
    Cookie(String),
    /// In the `<meta>` of this name in a page.
    Meta(String),
    /// In the first `<input>` of this name in a page.
    Input(String),
}

/// How a client logs in: one request with the name of the user and the password.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Login {
    /// Method and target: `POST /login/`.
    pub request: String,
    /// The fields of a form, in which `{user}` and `{password}` are replaced.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub form: BTreeMap<String, String>,
    /// The members of a JSON object, in which the same are replaced.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub json: BTreeMap<String, String>,
    /// Name and password go into `Authorization` (RFC 7617).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub basic: bool,
    /// What the answer to a wrong password contains, where its status does not say so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
}

/// How a client ends its session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Logout {
    /// Method and target: `POST /logout/`.
    pub request: String,
}

/// How a page's WebSocket, on whose handshake it can put no header, carries the token.
///
/// For products that ask for it: addresses stand in logs, so no engine of ours takes a token from
/// one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Handshake {
    /// The query parameter.
    pub query: String,
}
