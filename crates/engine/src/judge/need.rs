//! Rules 2 and 4: whether a request must be judged, and what it must show.

use http::Method;

use crate::dialect::{Absent, MethodName, Methods, Require, Route};
use crate::facts::{Facts, Override, RouteAccess};
use crate::path::CanonicalPath;
use crate::policy::{Policy, is_safe};
use crate::time::Timestamp;

pub(super) enum Need<'a> {
    /// Nothing changes, nothing is demanded.
    None,
    Judge {
        require: Require,
        /// The reason of the dialect's own exemption, if it is one.
        exempt: Option<&'a str>,
    },
}

pub(super) fn of<'a>(facts: &Facts<'_>, policy: &'a Policy) -> Need<'a> {
    let protect = &policy.dialect().protect;
    let methods = Effective::of(facts);
    let every_method = protect.methods == Methods::All;
    let by_method = methods.judged(policy);
    let judged = by_method || facts.websocket;

    let ordinary = match facts.access {
        RouteAccess::Unrestricted => protect.unrestricted.unwrap_or(protect.require),
        RouteAccess::Unspecified | RouteAccess::Restricted | RouteAccess::Undeclared => {
            protect.require
        }
    };
    // A browser cannot put a header on a WebSocket handshake, so a token cannot be demanded of one
    // that shows its origin; nor may one without evidence pass with a cookie alone. A request that
    // is judged for its method too gains nothing by an `Upgrade` header.
    let handshake = facts.websocket && (!by_method || methods.only_connect() && !every_method);
    let lenient =
        ordinary == Require::Provenance && policy.dialect().provenance.absent == Absent::Allow;
    let ordinary = if handshake || facts.websocket && lenient { Require::Either } else { ordinary };

    let routes = &policy.dialect().route;
    if routes.is_empty() {
        return if judged { Need::judge(ordinary, None) } else { Need::None };
    }
    let path = facts.path();
    // The first rule that means this very request counts. But perhaps the app reads method or path
    // in another way than this crate does: what the rules before it might demand holds as well.
    let mut perhaps = Require::Nothing;
    for route in routes {
        if means(route, &methods, judged) && route.path.loosens(&path) {
            return Need::judge(route.require.and(perhaps), route.reason.as_deref());
        }
        if might_mean(route, &methods, judged) && route.path.tightens(&path) {
            perhaps = perhaps.and(route.require);
        }
    }
    match (judged, perhaps) {
        (false, Require::Nothing) => Need::None,
        (false, _) => Need::judge(perhaps, None),
        (true, _) => Need::judge(ordinary.and(perhaps), None),
    }
}

impl Policy {
    /// The route rule that logs and metrics name for a request: the first that means it.
    #[must_use]
    pub fn route_of(&self, facts: &Facts<'_>) -> Option<&Route> {
        let routes = &self.dialect().route;
        if routes.is_empty() {
            return None;
        }
        let (path, methods) = (facts.path(), Effective::of(facts));
        let judged = methods.judged(self) || facts.websocket;
        routes.iter().find(|route| means(route, &methods, judged) && route.path.loosens(&path))
    }
}

impl<'a> Need<'a> {
    fn judge(require: Require, reason: Option<&'a str>) -> Self {
        let exempt = if require == Require::Nothing { reason } else { None };
        Self::Judge { require, exempt }
    }
}

/// Rule 4: the policy's exemptions, each by method, exact path, origin and date.
pub(super) fn exemption<'a>(
    facts: &Facts<'_>,
    policy: &'a Policy,
    now: Timestamp,
) -> Option<&'a str> {
    if policy.exemptions().is_empty() {
        return None;
    }
    let path: CanonicalPath<'_> = facts.path();
    let methods = Effective::of(facts);
    policy
        .exemptions()
        .iter()
        .find(|exempt| {
            let origin_fits = exempt.origin.as_ref().is_none_or(|origin| {
                super::provenance::origin_of(facts).is_some_and(|seen| seen == origin.as_ref())
            });
            exempt.expires.is_none_or(|expires| now < expires)
                && methods.all_covered(&exempt.methods)
                && origin_fits
                && exempt.path.loosens(&path)
        })
        .map(|exempt| exempt.reason.as_str())
}

/// The methods that an app may take the request for.
struct Effective<'r> {
    line: &'r Method,
    named: Option<Override<'r>>,
}

impl<'r> Effective<'r> {
    fn of(facts: &Facts<'r>) -> Self {
        Self { line: facts.method(), named: facts.overridden() }
    }

    /// Whether the dialect judges requests with these methods, whatever else they are.
    fn judged(&self, policy: &Policy) -> bool {
        let every_method = policy.dialect().protect.methods == Methods::All;
        !self.all_safe() || every_method && *self.line != Method::OPTIONS
    }

    fn all_safe(&self) -> bool {
        is_safe(self.line)
            && match self.named {
                None => true,
                // Frameworks read what an override names without regard to case.
                Some(Override::Method(named)) => {
                    Method::from_bytes(named.to_ascii_uppercase().as_bytes())
                        .is_ok_and(|method| is_safe(&method))
                }
                Some(Override::Unclear) => false,
            }
    }

    /// HTTP/2's way to open a WebSocket (RFC 8441).
    fn only_connect(&self) -> bool {
        *self.line == Method::CONNECT && self.named.is_none()
    }

    fn all_covered(&self, list: &[MethodName]) -> bool {
        let covered = |method: &str| list.iter().any(|own| own.covers(method));
        covered(self.line.as_str())
            && match self.named {
                None => true,
                Some(Override::Method(named)) => covered(named),
                Some(Override::Unclear) => false,
            }
    }

    fn any_covered(&self, list: &[MethodName]) -> bool {
        // OPTIONS is how a browser asks whether it may send at all; it can carry no token. HEAD
        // reaches the handler of GET in most frameworks.
        let covered = |method: &str| {
            list.iter().any(|own| match own {
                MethodName::Any => !method.eq_ignore_ascii_case("OPTIONS"),
                MethodName::One(get)
                    if *get == Method::GET && method.eq_ignore_ascii_case("HEAD") =>
                {
                    true
                }
                MethodName::One(_) => own.covers(method),
            })
        };
        covered(self.line.as_str())
            || match self.named {
                None => false,
                Some(Override::Method(named)) => covered(named),
                Some(Override::Unclear) => true,
            }
    }
}

fn means(route: &Route, methods: &Effective<'_>, judged: bool) -> bool {
    might_mean(route, methods, judged)
        && route.methods.as_ref().is_none_or(|list| methods.all_covered(list))
}

fn might_mean(route: &Route, methods: &Effective<'_>, judged: bool) -> bool {
    route.methods.as_ref().map_or(judged, |list| methods.any_covered(list))
}

pub(super) fn describe(facts: &Facts<'_>) -> String {
    let method = facts.method();
    if facts.websocket {
        return format!("{method} that opens a WebSocket");
    }
    match facts.overridden() {
        None => method.to_string(),
        Some(Override::Method(named)) => format!("{method}, overridden as {named}"),
        Some(Override::Unclear) => format!("{method} with an unclear method override"),
    }
}

pub(super) const fn words(require: Require) -> &'static str {
    match require {
        Require::Nothing => "nothing",
        Require::Provenance => "that its origin does not speak against it",
        Require::Either => "its origin or a token",
        Require::Token => "a token",
        Require::Both => "its origin and a token",
    }
}
