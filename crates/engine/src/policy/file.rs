//! A policy as a TOML file.

use std::net::IpAddr;

use ipnet::IpNet;
use schemars::JsonSchema;
use serde::Deserialize;
use toml::value::Datetime;

use super::{Exemption, Mode, Policy, date};
use crate::dialect::{
    Absent, BadValue, Dialect, DialectError, FieldName, MethodName, Require, Route,
};
use crate::misplaced::Misplaced;
use crate::origin::Origin;
use crate::path::PathPattern;

/// Why a policy file is not used; the same three parts as for a dialect's.
pub type PolicyError = DialectError;

/// The table that a policy file is, as another file may nest it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(title = "Policy")]
pub struct PolicyFile {
    /// A built-in dialect, or the path of a dialect file.
    dialect: String,
    /// `"report"` refuses nothing and reports everything.
    mode: FileMode,
    /// Of how many in a hundred requests refusals are carried out; those of the others are
    /// reported.
    #[schemars(with = "u8", range(max = 100))]
    rollout: Share,
    /// `false` judges nothing.
    enabled: bool,
    /// Where this app is reached: `https://app.example`.
    public_origins: Vec<Origin>,
    /// Foreign origins whose pages may send requests here.
    trusted_origins: Vec<Origin>,
    /// Networks or addresses whose forwarding headers are believed: `10.0.0.0/8`.
    trusted_proxies: Vec<Network>,
    /// Headers that carry API keys.
    api_key_headers: Vec<FieldName>,
    /// The cookie that carries the app's session, in place of the dialect's.
    session_cookie: Option<FieldName>,
    /// The header that carries the token, in place of the dialect's.
    token_header: Option<FieldName>,
    /// What no evidence of a request's origin means where provenance is required.
    absent_origin: Option<Absent>,
    /// Whether reads need what the dialect demands of every method. `false` frees them where the
    /// dialect means a whole folder (`/api/**`), not where it names one path, such as `/logout`.
    protect_reads: bool,
    /// `false` looks at no token.
    check_token: bool,
    /// Tells this site's tokens from those of others under the same keyring.
    scope: Option<String>,
    /// The most bytes of a form that are searched for a token.
    form_limit: Option<usize>,
    /// Rules that let certain requests through unjudged.
    exempt: Vec<FileExemption>,
    /// Rules that demand something else of certain routes.
    route: Vec<Route>,
}

impl Default for PolicyFile {
    /// What an empty file says.
    fn default() -> Self {
        Self {
            dialect: "standard".to_owned(),
            mode: FileMode::Enforce,
            rollout: Share(100),
            enabled: true,
            public_origins: Vec::new(),
            trusted_origins: Vec::new(),
            trusted_proxies: Vec::new(),
            api_key_headers: Vec::new(),
            session_cookie: None,
            token_header: None,
            absent_origin: None,
            protect_reads: true,
            check_token: true,
            scope: None,
            form_limit: None,
            exempt: Vec::new(),
            route: Vec::new(),
        }
    }
}

#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum FileMode {
    #[default]
    Enforce,
    Report,
}

/// So many in a hundred.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "i64")]
struct Share(u8);

impl TryFrom<i64> for Share {
    type Error = String;

    fn try_from(number: i64) -> Result<Self, String> {
        let share = u8::try_from(number).ok().filter(|share| *share <= 100);
        share
            .map(Self)
            .ok_or_else(|| format!("`{number}` is no share of a hundred; write 0 to 100"))
    }
}

#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct FileExemption {
    /// Exactly these paths.
    path: PathPattern,
    /// Exactly these methods.
    methods: Vec<MethodName>,
    /// Only requests with this `Origin`.
    origin: Option<Origin>,
    /// Why.
    reason: String,
    /// The date from which it no longer counts: `2027-01-31`.
    #[schemars(with = "Option<String>")]
    expires: Option<Datetime>,
}

/// A network; a single address is one too.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String")]
pub struct Network(IpNet);

impl Network {
    /// The network itself.
    #[must_use]
    pub const fn get(self) -> IpNet {
        self.0
    }
}

impl TryFrom<String> for Network {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let network: Option<IpNet> =
            text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from));
        match network {
            None => Err(format!("`{text}` is not a network; write it like `10.0.0.0/8`")),
            // A peer's address is compared in its IPv4 form.
            Some(IpNet::V6(own)) if own.addr().to_ipv4_mapped().is_some() => {
                Err(format!("`{text}` never matches; write it as IPv4, like `10.0.0.0/8`"))
            }
            Some(network) => Ok(Self(network)),
        }
    }
}

impl Policy {
    /// Reads a policy file; `find` gives the dialect that it names.
    ///
    /// # Errors
    /// What the file or the dialect it names has wrong, and where.
    pub fn from_toml(
        name: &str,
        text: &str,
        find: impl FnOnce(&str) -> Result<Dialect, String>,
    ) -> Result<Self, PolicyError> {
        let file: PolicyFile =
            toml::from_str(text).map_err(|error| PolicyError::syntax(name, text, &error))?;
        find(file.dialect_name())
            .map_err(|message| Misplaced::at(&["dialect"], message))
            .and_then(|dialect| file.read(dialect))
            .map_err(|flaw| PolicyError::flaw(name, text, flaw))
    }
}

impl PolicyFile {
    /// What tells this site's tokens from those of others, where the file says it.
    #[must_use]
    pub fn scope(&self) -> Option<&str> {
        self.scope.as_deref()
    }

    /// The dialect that it names: a built-in one, or the path of a file.
    #[must_use]
    pub fn dialect_name(&self) -> &str {
        &self.dialect
    }

    /// The policy that it describes, over the dialect that it names.
    ///
    /// # Errors
    /// What does not fit together, and which key of the table is to blame.
    pub fn read(self, dialect: Dialect) -> Result<Policy, Misplaced> {
        self.check(&dialect)?;
        Ok(self.apply(Policy::new(dialect)))
    }

    fn check(&self, dialect: &Dialect) -> Result<(), Misplaced> {
        if let Some(why) = &dialect.clients_only {
            let message = format!("`{}` is for clients only: {why}", dialect.name);
            return Err(Misplaced::at(&["dialect"], message));
        }
        for (index, exempt) in self.exempt.iter().enumerate() {
            exempt.check(&index.to_string())?;
        }
        for (index, route) in self.route.iter().enumerate() {
            check_route(&index.to_string(), route, dialect)?;
        }
        for (index, header) in self.api_key_headers.iter().enumerate() {
            let place = ["api_key_headers", &index.to_string()];
            header.check_carrier().map_err(|error| Misplaced::at(&place, error.to_string()))?;
        }
        if let Some(header) = &self.token_header {
            let refuse = |error: BadValue| Misplaced::at(&["token_header"], error.to_string());
            header.check_carrier().map_err(refuse)?;
        }
        if self.token_header.is_some() && dialect.token.is_none() {
            let message = "the dialect has no token that this could carry; remove it";
            return Err(Misplaced::at(&["token_header"], message));
        }
        let carrier = dialect.token.as_ref().and_then(|token| token.cookie.as_ref());
        if let (Some(own), Some(carrier)) = (&self.session_cookie, carrier)
            && own.as_str() == carrier.name
        {
            let message = "the token's cookie must not be the session's";
            return Err(Misplaced::at(&["session_cookie"], message));
        }
        Ok(())
    }

    fn apply(self, policy: Policy) -> Policy {
        let mut policy = policy.with_protected_reads(self.protect_reads);
        for route in self.route.into_iter().rev() {
            policy = policy.with_route(route);
        }
        policy.with(|inner| {
            inner.mode = match self.mode {
                FileMode::Enforce => Mode::Enforce,
                FileMode::Report => Mode::Report,
            };
            inner.rollout = self.rollout.0;
            inner.enabled = self.enabled;
            inner.check_token = self.check_token;
            inner.public_origins = self.public_origins;
            inner.trusted_origins = self.trusted_origins;
            inner.trusted_proxies = self.trusted_proxies.into_iter().map(|own| own.0).collect();
            inner.api_key_headers = self.api_key_headers;
            inner.exemptions = self.exempt.into_iter().map(FileExemption::read).collect();
            inner.scope = self.scope.unwrap_or_else(|| inner.scope.clone());
            inner.form_limit = self.form_limit.unwrap_or(inner.form_limit);
            if let Some(cookie) = self.session_cookie {
                inner.dialect.session.cookie = cookie.as_str().to_owned();
            }
            if let (Some(header), Some(token)) = (self.token_header, &mut inner.dialect.token) {
                token.header = header;
            }
            if let Some(absent) = self.absent_origin {
                inner.dialect.provenance.absent = absent;
            }
        })
    }
}

fn check_route(index: &str, route: &Route, dialect: &Dialect) -> Result<(), Misplaced> {
    if route.methods.as_ref().is_some_and(Vec::is_empty) {
        let message = "an empty list matches no request; remove it";
        return Err(Misplaced::at(&["route", index, "methods"], message));
    }
    if route.require == Require::Nothing {
        let message = "to let requests through unjudged, write an [[exempt]] rule";
        return Err(Misplaced::at(&["route", index, "require"], message));
    }
    if route.require >= Require::Either && dialect.token.is_none() {
        let message = "the dialect has no token that this could ask for";
        return Err(Misplaced::at(&["route", index, "require"], message));
    }
    Ok(())
}

impl FileExemption {
    fn check(&self, index: &str) -> Result<(), Misplaced> {
        let a_date = |expires: Datetime| expires.date.is_some() && expires.time.is_none();
        let (key, message) = if self.methods.is_empty() {
            ("methods", "an exemption names its methods")
        } else if self.reason.trim().is_empty() {
            ("reason", "an exemption says why: fill in `reason`")
        } else if self.expires.is_some_and(|expires| !a_date(expires)) {
            ("expires", "write a date: 2027-01-31")
        } else {
            return Ok(());
        };
        Err(Misplaced::at(&["exempt", index, key], message))
    }

    fn read(self) -> Exemption {
        Exemption {
            path: self.path,
            methods: self.methods,
            origin: self.origin,
            reason: self.reason,
            expires: self.expires.and_then(|expires| expires.date).map(date::midnight),
        }
    }
}

/// The JSON Schema of a policy file, made from the types that read it.
#[must_use]
pub fn policy_schema() -> serde_json::Value {
    schemars::schema_for!(PolicyFile).to_value()
}
