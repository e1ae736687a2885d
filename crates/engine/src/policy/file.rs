//! A policy as a TOML file.

use std::net::IpAddr;

use ipnet::IpNet;
use schemars::JsonSchema;
use serde::Deserialize;
use toml::value::Datetime;

use super::{Exemption, Mode, Policy, date};
use crate::dialect::{
    Absent, Dialect, DialectError, FieldName, MethodName, Require, Route, line_of, toml_syntax,
};
use crate::origin::Origin;
use crate::path::PathPattern;

/// Why a policy file is not used; the same three parts as for a dialect's.
pub type PolicyError = DialectError;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Policy")]
struct File {
    /// A built-in dialect, or the path of a dialect file.
    #[serde(default = "standard")]
    dialect: String,
    /// `"report"` refuses nothing and reports everything.
    #[serde(default)]
    mode: FileMode,
    /// `false` judges nothing.
    #[serde(default = "yes")]
    enabled: bool,
    /// Where this app is reached: `https://app.example`.
    #[serde(default)]
    public_origins: Vec<Origin>,
    /// Foreign origins whose pages may send requests here.
    #[serde(default)]
    trusted_origins: Vec<Origin>,
    /// Networks or addresses whose forwarding headers are believed: `10.0.0.0/8`.
    #[serde(default)]
    trusted_proxies: Vec<Network>,
    /// Headers that carry API keys.
    #[serde(default)]
    api_key_headers: Vec<FieldName>,
    /// The cookie that carries the app's session, in place of the dialect's.
    session_cookie: Option<FieldName>,
    /// The header that carries the token, in place of the dialect's.
    token_header: Option<FieldName>,
    /// What no evidence of a request's origin means where provenance is required.
    absent_origin: Option<Absent>,
    /// Whether reads need what the dialect demands of every method.
    #[serde(default = "yes")]
    protect_reads: bool,
    /// `false` looks at no token.
    #[serde(default = "yes")]
    check_token: bool,
    /// Tells this site's tokens from those of others under the same keyring.
    scope: Option<String>,
    /// The most bytes of a form that are searched for a token.
    form_limit: Option<usize>,
    /// Rules that let certain requests through unjudged.
    #[serde(default)]
    exempt: Vec<FileExemption>,
    /// Rules that demand something else of certain routes.
    #[serde(default)]
    route: Vec<Route>,
}

#[derive(Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum FileMode {
    #[default]
    Enforce,
    Report,
}

#[derive(Deserialize, JsonSchema)]
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
#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String")]
struct Network(IpNet);

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

fn standard() -> String {
    "standard".to_owned()
}

const fn yes() -> bool {
    true
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
        let refuse = |line, message| PolicyError { file: name.to_owned(), line, message };
        let file: File = toml::from_str(text).map_err(|error| {
            let (line, message) = toml_syntax(text, &error);
            refuse(line, message)
        })?;
        let at = |place: &[&str]| {
            line_of(text, &place.iter().map(|key| (*key).to_owned()).collect::<Vec<_>>())
        };
        let dialect = find(&file.dialect).map_err(|message| refuse(at(&["dialect"]), message))?;
        for (index, exempt) in file.exempt.iter().enumerate() {
            if exempt.methods.is_empty() {
                let place = at(&["exempt", &index.to_string(), "methods"]);
                return Err(refuse(place, "an exemption names its methods".to_owned()));
            }
            if exempt.reason.trim().is_empty() {
                let place = at(&["exempt", &index.to_string(), "reason"]);
                return Err(refuse(place, "an exemption says why: fill in `reason`".to_owned()));
            }
            let a_date = |expires: Datetime| expires.date.is_some() && expires.time.is_none();
            if exempt.expires.is_some_and(|expires| !a_date(expires)) {
                let place = at(&["exempt", &index.to_string(), "expires"]);
                return Err(refuse(place, "write a date: 2027-01-31".to_owned()));
            }
        }
        for (index, route) in file.route.iter().enumerate() {
            let index = index.to_string();
            if route.methods.as_ref().is_some_and(Vec::is_empty) {
                let message = "an empty list matches no request; remove it";
                return Err(refuse(at(&["route", &index, "methods"]), message.to_owned()));
            }
            if route.require == Require::Nothing {
                let message = "to let requests through unjudged, write an [[exempt]] rule";
                return Err(refuse(at(&["route", &index, "require"]), message.to_owned()));
            }
            if route.require >= Require::Either && dialect.token.is_none() {
                let message = "the dialect has no token that this could ask for";
                return Err(refuse(at(&["route", &index, "require"]), message.to_owned()));
            }
        }
        if file.token_header.is_some() && dialect.token.is_none() {
            let message = "the dialect has no token that this could carry; remove it";
            return Err(refuse(at(&["token_header"]), message.to_owned()));
        }
        let carrier = dialect.token.as_ref().and_then(|token| token.cookie.as_ref());
        if let (Some(own), Some(carrier)) = (&file.session_cookie, carrier)
            && own.as_str() == carrier.name
        {
            let message = "the token's cookie must not be the session's";
            return Err(refuse(at(&["session_cookie"]), message.to_owned()));
        }
        Ok(file.apply(Self::new(dialect)))
    }
}

impl File {
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

impl FileExemption {
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
    schemars::schema_for!(File).to_value()
}
