//! A policy: a dialect, and what this deployment decides besides.

mod date;
mod file;
mod java;
mod properties;

use std::sync::Arc;

use http::Method;
use ipnet::IpNet;

pub use file::{Network, PolicyError, PolicyFile, policy_schema};
pub use properties::PropertiesError;

use crate::dialect::{
    Absent, BadValue, Dialect, FieldName, MethodName, Methods, Pattern, Require, Route, builtin,
};
use crate::facts::Peer;
use crate::origin::{NotAnOrigin, Origin};
use crate::path::PathPattern;
use crate::time::Timestamp;

/// Forms larger than this are not searched for a token.
const DEFAULT_FORM_LIMIT: usize = 256 * 1024;

/// Whether refusals are carried out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Refused requests go no further.
    #[default]
    Enforce,
    /// Nothing is refused; what would have been is reported.
    Report,
}

/// A rule that lets certain requests through unjudged.
#[derive(Clone, Debug)]
pub struct Exemption {
    /// Exactly these paths; an ambiguous path matches none.
    pub path: PathPattern,
    /// Exactly these methods.
    pub methods: Vec<MethodName>,
    /// Only requests with this `Origin`, such as an identity provider's.
    pub origin: Option<Origin>,
    /// Why; it stands in the log with each use.
    pub reason: String,
    /// From this moment on it no longer counts.
    pub expires: Option<Timestamp>,
}

/// A dialect, and what this deployment decides besides. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Policy(Arc<Inner>);

#[derive(Clone, Debug)]
struct Inner {
    dialect: Dialect,
    public_origins: Vec<Origin>,
    trusted_origins: Vec<Origin>,
    trusted_proxies: Vec<IpNet>,
    exemptions: Vec<Exemption>,
    api_key_headers: Vec<FieldName>,
    mode: Mode,
    rollout: u8,
    enabled: bool,
    check_token: bool,
    scope: String,
    form_limit: usize,
}

impl Policy {
    /// The policy of a dialect, with nothing decided besides.
    #[must_use]
    pub fn new(dialect: Dialect) -> Self {
        let scope = dialect.name.clone();
        Self(Arc::new(Inner {
            dialect,
            public_origins: Vec::new(),
            trusted_origins: Vec::new(),
            trusted_proxies: Vec::new(),
            exemptions: Vec::new(),
            api_key_headers: Vec::new(),
            mode: Mode::Enforce,
            rollout: 100,
            enabled: true,
            check_token: true,
            scope,
            form_limit: DEFAULT_FORM_LIMIT,
        }))
    }

    /// The policy of a built-in dialect.
    #[must_use]
    pub fn builtin(name: &str) -> Option<Self> {
        builtin(name).map(Self::new)
    }

    /// The policy for an app without a convention of its own.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test parses every built-in dialect")]
    pub fn standard() -> Self {
        Self::builtin("standard").expect("the standard dialect is built in")
    }

    fn with(mut self, change: impl FnOnce(&mut Inner)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }

    /// Adds an origin under which this app is reached. Without any, the `Host` of each request is
    /// believed, which is right only where a server in front checks it.
    ///
    /// # Errors
    /// A text that is not an origin.
    pub fn with_public_origin(self, origin: &str) -> Result<Self, NotAnOrigin> {
        let origin = Origin::parse(origin)?;
        Ok(self.with(|inner| inner.public_origins.push(origin)))
    }

    /// Adds a foreign origin whose pages may send requests here.
    ///
    /// # Errors
    /// A text that is not an origin.
    pub fn with_trusted_origin(self, origin: &str) -> Result<Self, NotAnOrigin> {
        let origin = Origin::parse(origin)?;
        Ok(self.with(|inner| inner.trusted_origins.push(origin)))
    }

    /// Adds a network whose forwarding headers are believed.
    #[must_use]
    pub fn with_trusted_proxy(self, network: IpNet) -> Self {
        self.with(|inner| inner.trusted_proxies.push(network))
    }

    /// Lets certain requests through unjudged.
    #[must_use]
    pub fn with_exemption(self, exemption: Exemption) -> Self {
        self.with(|inner| inner.exemptions.push(exemption))
    }

    /// Demands something else of certain routes; counts before the dialect's own routes.
    #[must_use]
    pub fn with_route(self, route: Route) -> Self {
        self.with(|inner| inner.dialect.route.insert(0, route))
    }

    /// Names a header that carries an API key, which no browser adds by itself.
    ///
    /// # Errors
    /// A header that has another meaning, such as `Accept`: browsers send it by themselves.
    pub fn with_api_key_header(self, name: FieldName) -> Result<Self, BadValue> {
        name.check_carrier()?;
        Ok(self.with(|inner| inner.api_key_headers.push(name)))
    }

    /// Reports in place of refusing.
    #[must_use]
    pub fn with_mode(self, mode: Mode) -> Self {
        self.with(|inner| inner.mode = mode)
    }

    /// Carries refusals out for so many in a hundred requests and reports those of the others, so
    /// that a new deployment can begin with a few. More than a hundred are a hundred. The caller
    /// draws the lot of each request ([`Facts::with_draw`](crate::Facts::with_draw)).
    #[must_use]
    pub fn with_rollout(self, share: u8) -> Self {
        self.with(|inner| inner.rollout = share.min(100))
    }

    /// Names the cookie that carries the app's session.
    #[must_use]
    pub fn with_session_cookie(self, name: &FieldName) -> Self {
        self.with(|inner| name.as_str().clone_into(&mut inner.dialect.session.cookie))
    }

    /// Renames the header that carries the token.
    ///
    /// # Errors
    /// A header that has another meaning, such as `Cookie`.
    pub fn with_token_header(self, name: FieldName) -> Result<Self, BadValue> {
        name.check_carrier()?;
        Ok(self.with(|inner| {
            if let Some(token) = &mut inner.dialect.token {
                token.header = name;
            }
        }))
    }

    /// Sets what no evidence of a request's origin means where provenance is required.
    #[must_use]
    pub fn with_absent_origin(self, absent: Absent) -> Self {
        self.with(|inner| inner.dialect.provenance.absent = absent)
    }

    /// Whether reads need what the dialect demands of every method; `false` lets GET, HEAD and
    /// OPTIONS pass with the session alone.
    ///
    /// It loosens the dialect as a whole and its routes about everything below a folder (`/api/**`),
    /// where most GETs are reads. A route about one path, or one path in each folder
    /// (`/users/*/delete`), names every method because GET changes something there, as at
    /// `/logout`: it stays as it is.
    #[must_use]
    pub fn with_protected_reads(self, protect: bool) -> Self {
        self.with(|inner| {
            if protect {
                return;
            }
            inner.dialect.protect.methods = Methods::Unsafe;
            for route in &mut inner.dialect.route {
                let all = |methods: &Vec<MethodName>| methods.contains(&MethodName::Any);
                if route.path.is_deep()
                    && route.require != Require::Nothing
                    && route.methods.as_ref().is_some_and(all)
                {
                    route.methods = None;
                }
            }
        })
    }

    /// Tells this site's tokens from those of others under the same keyring. The dialect's name,
    /// unless set.
    #[must_use]
    pub fn with_scope(self, scope: &str) -> Self {
        self.with(|inner| scope.clone_into(&mut inner.scope))
    }

    /// Searches forms of up to `bytes` for a token.
    #[must_use]
    pub fn with_form_limit(self, bytes: usize) -> Self {
        self.with(|inner| inner.form_limit = bytes)
    }

    /// Judges nothing at all and puts no token on any response. A handler that asks for one still
    /// gets it, so that its forms stay as they are.
    #[must_use]
    pub fn insecure_disabled(self) -> Self {
        self.with(|inner| inner.enabled = false)
    }

    /// Looks at no token: only provenance counts.
    #[must_use]
    pub fn insecure_without_token(self) -> Self {
        self.with(|inner| inner.check_token = false)
    }

    /// The dialect, with this policy's changes.
    #[must_use]
    pub fn dialect(&self) -> &Dialect {
        &self.0.dialect
    }

    /// Where this app is reached.
    #[must_use]
    pub fn public_origins(&self) -> &[Origin] {
        &self.0.public_origins
    }

    /// Whose pages may send requests here.
    #[must_use]
    pub fn trusted_origins(&self) -> &[Origin] {
        &self.0.trusted_origins
    }

    /// Whose forwarding headers are believed.
    #[must_use]
    pub fn trusted_proxies(&self) -> &[IpNet] {
        &self.0.trusted_proxies
    }

    /// Whether a peer's forwarding headers are believed.
    #[must_use]
    pub fn trusts_proxy(&self, peer: &Peer) -> bool {
        // An IPv4 peer of a dual-stack listener shows as an IPv6 address.
        peer.address.map(|address| address.to_canonical()).is_some_and(|address| {
            self.trusted_proxies().iter().any(|network| network.contains(&address))
        })
    }

    /// What passes unjudged.
    #[must_use]
    pub fn exemptions(&self) -> &[Exemption] {
        &self.0.exemptions
    }

    /// Whether refusals are carried out.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.0.mode
    }

    /// Of how many in a hundred requests refusals are carried out.
    #[must_use]
    pub fn rollout(&self) -> u8 {
        self.0.rollout
    }

    /// Whether the refusal of a request with this lot is carried out. Without a lot it is, unless
    /// no request's is.
    pub(crate) fn enforces(&self, draw: Option<u8>) -> bool {
        let share = self.0.rollout;
        self.0.mode == Mode::Enforce && draw.map_or(share > 0, |draw| draw < share)
    }

    /// Whether requests are judged at all.
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        self.0.enabled
    }

    /// The most bytes of a form that are searched.
    #[must_use]
    pub fn form_limit(&self) -> usize {
        self.0.form_limit
    }

    pub(crate) fn api_key_headers(&self) -> &[FieldName] {
        &self.0.api_key_headers
    }

    /// Whether tokens are looked at.
    #[must_use]
    pub fn checks_token(&self) -> bool {
        self.0.check_token
    }

    pub(crate) fn scope(&self) -> &str {
        &self.0.scope
    }

    /// The pattern of the dialect's token, where it has one.
    #[must_use]
    pub fn pattern(&self) -> Option<Pattern> {
        self.0.dialect.token.as_ref().map(|token| token.pattern)
    }
}

/// Whether the method changes nothing by definition (RFC 9110, section 9.2.1).
///
/// Not `http::Method::is_safe`, which counts QUERY: frameworks and apps do not agree on it yet, so
/// it must be shown to be wanted, like every unknown method. So must `get`: methods differ by case.
pub(crate) fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE)
}

#[cfg(test)]
mod tests;
