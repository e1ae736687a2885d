//! The client document: all that a client must know of a dialect, as JSON.
//!
//! A server says its own at `/.well-known/csrf`, with what its policy changes; clients carry those of
//! the built-in dialects. `docs/clients.md` has what a client does with it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::dialect::{
    Absent, Dialect, FieldName, Handshake, Login, Logout, MethodName, Methods, Obtain, Pattern,
    Referer, Require, Span, TokenSource,
};
use crate::path::PathPattern;
use crate::policy::Policy;

/// The version of the documents that this crate writes and reads.
pub const CLIENT_DOCUMENT_VERSION: u32 = 1;

/// What a client must know. Keys that it does not know are for later clients.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClientDocument {
    /// [`CLIENT_DOCUMENT_VERSION`]
    pub version: u32,
    /// The dialect's name.
    pub dialect: String,
    /// What requests must show.
    pub protect: ClientProtect,
    /// What those to certain paths must show instead; the first that matches counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub routes: Vec<ClientRoute>,
    /// The cookie that carries the session. A token is dropped when its value changes.
    pub session_cookie: String,
    /// The token, where the dialect has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<ClientToken>,
    /// When a client that is no browser must say where its request comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<SaysOrigin>,
    /// Response headers that bring a token; see [`Deliver::headers`](crate::Deliver).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub deliver: BTreeMap<FieldName, String>,
    /// Requests that bring one, in the order in which to try them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub obtain: Vec<Obtain>,
    /// How a refusal is told from other answers.
    pub refusal: ClientRefusal,
    /// How to log in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login: Option<Login>,
    /// How to log out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logout: Option<Logout>,
    /// How a page's WebSocket carries the token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub websocket: Option<Handshake>,
}

/// What requests must show, unless a route says otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientProtect {
    /// Which methods.
    pub methods: Methods,
    /// What.
    pub require: Require,
}

/// What requests to a path must show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientRoute {
    /// The paths.
    pub path: PathPattern,
    /// The methods, safe ones too; without them, those that are judged anyway.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub methods: Option<Vec<MethodName>>,
    /// What they must show.
    pub require: Require,
}

/// The token and its carriers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientToken {
    /// The request header.
    pub header: FieldName,
    /// The form field that may carry it instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// Each is good for one request.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub once: bool,
    /// How many seconds it is good for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifetime: Option<u64>,
    /// How many a client gets at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pool: Option<u16>,
    /// The cookie that must hold the same token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cookie: Option<String>,
}

/// When a client that is no browser must send `Origin`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SaysOrigin {
    /// With every request.
    Always,
    /// With unsafe ones over https.
    Https,
}

/// How a refusal is told from other answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientRefusal {
    /// Its status.
    pub status: u16,
    /// What its body contains. Without this and without headers, it has no body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contains: Option<String>,
    /// Headers that it has, of these values without regard to case.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<FieldName, String>,
    /// Where the token is that should have been sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<TokenSource>,
}

impl ClientDocument {
    /// What clients of a dialect must know.
    #[must_use]
    pub fn of(dialect: &Dialect) -> Self {
        let routes = dialect.route.iter().map(|route| ClientRoute {
            path: route.path.clone(),
            methods: route.methods.clone(),
            require: route.require,
        });
        let token = dialect.token.as_ref().map(|token| ClientToken {
            header: token.header.clone(),
            field: token.field.clone(),
            once: token.pattern == Pattern::OneTime,
            lifetime: token.lifetime.map(|span: Span| span.get().as_secs()),
            pool: token.pool,
            cookie: token.cookie.as_ref().map(|cookie| cookie.name.clone()),
        });
        let origin = match (dialect.provenance.absent, dialect.provenance.referer) {
            (Absent::Refuse, _) => Some(SaysOrigin::Always),
            (Absent::Allow, Referer::Https) => Some(SaysOrigin::Https),
            (Absent::Allow, _) => None,
        };
        let obtain = dialect.obtain.iter().map(|obtain| Obtain {
            // For gateways, not for clients.
            beside: serde_json::Map::new(),
            ..obtain.clone()
        });
        Self {
            version: CLIENT_DOCUMENT_VERSION,
            dialect: dialect.name.clone(),
            protect: ClientProtect {
                methods: dialect.protect.methods,
                require: dialect.protect.require,
            },
            routes: routes.collect(),
            session_cookie: dialect.session.cookie.clone(),
            token,
            origin,
            deliver: dialect.deliver.as_ref().map(|own| own.headers.clone()).unwrap_or_default(),
            obtain: obtain.collect(),
            refusal: ClientRefusal {
                status: dialect.refusal.status,
                contains: dialect.refusal.contains.clone(),
                headers: dialect.refusal.headers.clone(),
                token: dialect.refusal.token.clone(),
            },
            login: dialect.login.clone(),
            logout: dialect.logout.clone(),
            websocket: dialect.websocket.clone(),
        }
    }
}

impl Policy {
    /// What clients must know where this policy is in force.
    #[must_use]
    pub fn client_document(&self) -> ClientDocument {
        let document = ClientDocument::of(self.dialect());
        if self.is_enabled() && self.checks_token() {
            return document;
        }
        // Nothing asks for a token here.
        ClientDocument { token: None, deliver: BTreeMap::new(), obtain: Vec::new(), ..document }
    }
}
