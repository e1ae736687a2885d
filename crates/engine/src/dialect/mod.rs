//! A dialect: one convention of carrying tokens, as data.
//!
//! Which header, which shape, who must send it, where a client fetches it and what a refusal looks
//! like are all in one TOML file. No Rust code knows a dialect by its name.

mod builtin;
mod check;
mod client;
mod load;
mod refusal;
mod reserved;
mod values;

use std::collections::BTreeMap;

use http::{HeaderMap, Method};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use builtin::{builtin, builtin_names, builtin_source};
pub use client::{Handshake, Login, Logout, Obtain, TokenSource};
pub use load::DialectError;
pub use refusal::{RefusalBody, RefusalReply};
pub use values::{BadValue, FieldName, MethodName, Span};

use crate::path::PathPattern;
use crate::policy::is_safe;
use crate::token::Shape;

/// One convention, as its file describes it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Dialect {
    /// The name by which commands and policies call it.
    pub name: String,
    /// The product or framework whose convention it is.
    pub title: String,
    /// One sentence for people who choose a dialect.
    pub summary: String,
    /// Why it is of use to clients only, where nobody but the product's own server can make its
    /// tokens. No policy takes such a dialect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clients_only: Option<String>,
    /// What a request must show.
    pub protect: Protect,
    /// What tokens are bound to.
    pub session: Session,
    /// The token. May be missing where no rule asks for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<TokenRules>,
    /// How the origin of a request is judged.
    #[serde(default)]
    pub provenance: Provenance,
    /// What certain routes must show instead; of several that match, the first counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub route: Vec<Route>,
    /// How tokens reach clients with ordinary responses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deliver: Option<Deliver>,
    /// Where else a client fetches a token.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub obtain: Vec<Obtain>,
    /// What a refused client is told.
    #[serde(default)]
    pub refusal: RefusalReply,
    /// How a client logs in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login: Option<Login>,
    /// How it ends its session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logout: Option<Logout>,
    /// How a page's WebSocket carries the token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub websocket: Option<Handshake>,
    /// Names under which a properties file sets what a policy decides.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub settings: BTreeMap<String, Setting>,
}

/// What a request must show, unless a route says otherwise.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Protect {
    /// Which methods are judged.
    pub methods: Methods,
    /// What they must show.
    pub require: Require,
    /// What routes that anybody may call must show, where the app declares access per route.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unrestricted: Option<Require>,
    /// What a Bearer token or an API key without any credential that a browser adds by itself is
    /// worth.
    #[serde(default)]
    pub bearer_alone: BearerAlone,
    /// What Basic credentials without a session cookie are worth.
    #[serde(default)]
    pub basic_alone: BasicAlone,
}

/// Which methods are judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Methods {
    /// All but GET, HEAD, OPTIONS and TRACE (RFC 9110, section 9.2.1).
    Unsafe,
    /// All but OPTIONS, with which a browser asks before it sends anything.
    All,
}

/// What a request must show; each level demands more than the one before, a token being worth more
/// than evidence.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Require {
    /// Nothing: an exemption.
    Nothing,
    /// That no browser evidence speaks against it.
    Provenance,
    /// Provenance; where there is no evidence but a credential that a browser adds by itself, a
    /// token. With `absent = "refuse"`, the same as provenance.
    Either,
    /// A token, and no evidence against it.
    Token,
    /// A token, and provenance as well.
    Both,
}

impl Require {
    /// What meets both demands. A token alone does not show provenance.
    pub(crate) fn and(self, other: Self) -> Self {
        match (self.min(other), self.max(other)) {
            (Self::Provenance | Self::Either, Self::Token) => Self::Both,
            (_, more) => more,
        }
    }
}

/// See [`Protect::bearer_alone`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum BearerAlone {
    /// Let through: no browser adds it by itself, so there is nothing to forge.
    #[default]
    Allow,
    /// Judged like any other request.
    Judge,
}

/// See [`Protect::basic_alone`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum BasicAlone {
    /// Let through unless browser evidence speaks against it, since a browser repeats Basic by
    /// itself.
    Provenance,
    /// Judged like any other request.
    #[default]
    Judge,
}

/// What tokens are bound to.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Session {
    /// The cookie that carries the session id.
    pub cookie: String,
    /// What of it a token belongs to.
    #[serde(default)]
    pub bind: Bind,
}

/// What a token belongs to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Bind {
    /// The session.
    #[default]
    Session,
    /// The user, in whichever session.
    User,
}

/// The token and the places that carry it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenRules {
    /// How it is made and remembered.
    pub pattern: Pattern,
    /// What it looks like. The encrypted pattern has a form of its own, so it takes none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shape: Option<Shape>,
    /// The request header that carries it.
    pub header: FieldName,
    /// The form field that may carry it instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// The cookie whose value must be the same token (double submit).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cookie: Option<TokenCookie>,
    /// How long it is good. Patterns that derive it from the session need none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifetime: Option<Span>,
    /// How many one-time tokens a client is given at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pool: Option<u16>,
    /// Where the keys come from.
    #[serde(default)]
    pub keys: Keys,
}

/// How a token is made and remembered (OWASP's names).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Pattern {
    /// Derived from the session under a key: nothing is stored.
    Synchronizer,
    /// Random, kept in the session's record.
    StoredSynchronizer,
    /// Sent twice, as a cookie and by the client, and signed for the session.
    SignedDoubleSubmit,
    /// Says whose it is and until when, under a key of the service.
    Encrypted,
    /// A pool of tickets, each good once.
    OneTime,
}

/// A cookie that carries the token.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenCookie {
    /// Its name.
    pub name: String,
    /// What follows name and value in `Set-Cookie`: `SameSite=Lax; HttpOnly; Path=/`.
    pub attributes: String,
}

/// Where keys come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Keys {
    /// The deployment's keyring: tokens outlive a restart.
    #[default]
    Keyring,
    /// Made at start: after a restart earlier tokens fail.
    Ephemeral,
}

/// How the origin of a request is judged.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Provenance {
    /// What no evidence at all means where provenance is required.
    pub absent: Absent,
    /// What `Origin: null`, or one that cannot be read, means.
    pub null_origin: NullOrigin,
    /// When `Referer` is looked at.
    pub referer: Referer,
}

/// What no evidence at all means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Absent {
    /// The client is no browser, and nothing speaks against it.
    #[default]
    Allow,
    /// A client must say where it comes from.
    Refuse,
}

/// What an origin that names nobody means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum NullOrigin {
    /// It speaks against the request.
    #[default]
    Refuse,
    /// As if it had not been sent.
    Absent,
}

/// When `Referer` is looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Referer {
    /// When there is neither `Origin` nor Fetch Metadata.
    #[default]
    Fallback,
    /// Besides `Origin`: one that is foreign speaks against the request.
    Always,
    /// Over https it must be there when `Origin` is not.
    Https,
}

/// What a route must show in place of [`Protect::require`].
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// The paths it is about.
    pub path: PathPattern,
    /// The methods it is about. A safe method that is named here is judged; `["*"]` names all.
    /// Without it, the methods that are judged anyway.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub methods: Option<Vec<MethodName>>,
    /// What they must show.
    pub require: Require,
    /// Why. An exemption must say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// How tokens reach clients with ordinary responses.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Deliver {
    /// Which responses carry a token.
    pub on: DeliverOn,
    /// Response headers, in which `{token}` and `{header}` stand for the token and the name of the
    /// request header that is to carry it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<FieldName, String>,
    /// What `Vary` must name besides, because the response differs by it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub vary: Vec<FieldName>,
    /// Only to a request with all of these headers, of these values without regard to case.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub when: BTreeMap<FieldName, String>,
}

impl Deliver {
    /// Whether the response to such a request carries a token, whatever the request shows. Not where
    /// tokens come back for spent ones.
    #[must_use]
    pub fn is_due(&self, method: &Method, headers: &HeaderMap) -> bool {
        let kind = match self.on {
            DeliverOn::Always => true,
            DeliverOn::Safe => is_safe(method),
            DeliverOn::Spent => false,
        };
        kind && self.when.iter().all(|(name, wanted)| {
            let mut said = headers.get_all(name.name()).iter();
            let asks = said
                .next()
                .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(wanted.as_bytes()));
            asks && said.next().is_none()
        })
    }
}

/// Which responses carry a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DeliverOn {
    /// Those to GET, HEAD and OPTIONS.
    Safe,
    /// All.
    Always,
    /// Those to requests that spent a ticket: a fresh one comes back.
    Spent,
}

/// What a properties file can set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Setting {
    /// Whether requests are judged at all.
    Enabled,
    /// The public origins, separated by commas.
    PublicOrigins,
    /// Whether a request without any evidence is refused.
    RefuseAbsentOrigin,
    /// Whether tokens are *not* looked at.
    SkipToken,
}

/// The JSON Schema of a dialect file, made from the types that read it.
#[must_use]
pub fn dialect_schema() -> serde_json::Value {
    schemars::schema_for!(Dialect).to_value()
}

#[cfg(test)]
mod tests;
