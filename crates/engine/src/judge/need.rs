//! Rules 2 and 4: whether a request must be judged, and what it must show.

use http::Method;

use crate::dialect::{MethodName, Methods, Require, Route};
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
    let judged = !methods.all_safe()
        || facts.websocket
        || protect.methods == Methods::All && facts.method() != Method::OPTIONS;

    let ordinary = match facts.access {
        RouteAccess::Unrestricted => protect.unrestricted.unwrap_or(protect.require),
        RouteAccess::Unspecified | RouteAccess::Restricted | RouteAccess::Undeclared => {
            protect.require
        }
    };
    // A browser cannot put a header on a WebSocket handshake, so a token cannot be demanded of one
    // that shows its origin; nor may one without evidence pass with a cookie alone.
    let ordinary = if facts.websocket { Require::Either } else { ordinary };

    let routes = &policy.dialect().route;
    if routes.is_empty() {
        return need(judged, ordinary, None);
    }
    let path = facts.path();
    let meant = routes.iter().find(|route| {
        covers(route, &methods, judged, route.require < ordinary) && route.path.loosens(&path)
    });
    if let Some(route) = meant {
        return need(true, route.require, route.reason.as_deref());
    }
    // No rule means this very path. Perhaps the app reads the path in another way than this crate
    // does: then the strictest of the rules that it might fall under holds.
    let strictest = routes
        .iter()
        .filter(|route| covers(route, &methods, judged, false) && route.path.tightens(&path))
        .map(|route| route.require)
        .max();
    match strictest {
        Some(require) => need(true, require.max(ordinary_if(judged, ordinary)), None),
        None => need(judged, ordinary, None),
    }
}

fn need(judged: bool, require: Require, reason: Option<&str>) -> Need<'_> {
    if !judged {
        return Need::None;
    }
    let exempt = if require == Require::Nothing { reason } else { None };
    Need::Judge { require, exempt }
}

fn ordinary_if(judged: bool, ordinary: Require) -> Require {
    if judged { ordinary } else { Require::Nothing }
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
    line: &'r str,
    named: Option<Override<'r>>,
}

impl<'r> Effective<'r> {
    fn of(facts: &Facts<'r>) -> Self {
        Self { line: facts.method().as_str(), named: facts.overridden() }
    }

    fn all_safe(&self) -> bool {
        is_safe(self.line)
            && match self.named {
                None => true,
                Some(Override::Method(named)) => is_safe(named),
                Some(Override::Unclear) => false,
            }
    }

    fn all_covered(&self, list: &[MethodName]) -> bool {
        let covered = |method: &str| list.iter().any(|own| own.covers(method));
        covered(self.line)
            && match self.named {
                None => true,
                Some(Override::Method(named)) => covered(named),
                Some(Override::Unclear) => false,
            }
    }

    fn any_covered(&self, list: &[MethodName]) -> bool {
        // OPTIONS is how a browser asks whether it may send at all; it can carry no token.
        let covered = |method: &str| {
            list.iter().any(|own| match own {
                MethodName::Any => !method.eq_ignore_ascii_case("OPTIONS"),
                MethodName::One(_) => own.covers(method),
            })
        };
        covered(self.line)
            || match self.named {
                None => false,
                Some(Override::Method(named)) => covered(named),
                Some(Override::Unclear) => true,
            }
    }
}

fn covers(route: &Route, methods: &Effective<'_>, judged: bool, loosening: bool) -> bool {
    match &route.methods {
        None => judged,
        Some(list) if loosening => methods.all_covered(list),
        Some(list) => methods.any_covered(list),
    }
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
