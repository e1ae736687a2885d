//! Rules 1, 2 and 7, without any I/O: scope, need, refusal.

use countersign::{
    CanonicalPath, ClientDocument, ClientRefusal, ClientRoute, MethodName, Methods, Require,
    SaysOrigin,
};
use http::{HeaderMap, Method};
use reqwest::Url;

use crate::answer::Answer;

/// Whether a request needs a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    Token,
    /// A browser's word about its origin would do; for everybody else the same as a token.
    Either,
    None,
}

/// Rule 1: whether two URLs have the same scheme, host and port.
pub(crate) fn same_origin(one: &Url, other: &Url) -> bool {
    // An origin that is opaque (`data:`, `file:`) is never the same, not even as itself.
    one.origin().is_tuple() && one.origin() == other.origin()
}

/// RFC 9110, section 9.2.1.
pub(crate) fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE)
}

/// Rule 2. `path` as it stands in the URL.
pub(crate) fn need(document: &ClientDocument, method: &Method, path: &str) -> Need {
    if document.token.is_none() {
        return Need::None;
    }
    match require(document, method, path) {
        Require::Token | Require::Both => Need::Token,
        Require::Either => Need::Either,
        Require::Nothing | Require::Provenance => Need::None,
    }
}

fn require(document: &ClientDocument, method: &Method, path: &str) -> Require {
    let judged = match document.protect.methods {
        Methods::Unsafe => !is_safe(method),
        Methods::All => *method != Method::OPTIONS,
    };
    let path = CanonicalPath::of(path);
    // The first route that means the request counts; what those before it might demand, if the
    // server reads the path in another way, counts as well.
    let mut perhaps = Require::Nothing;
    for route in document.routes.iter().filter(|route| covers(route, method, judged)) {
        if route.path.loosens(&path) {
            return route.require.max(perhaps);
        }
        if route.path.tightens(&path) {
            perhaps = perhaps.max(route.require);
        }
    }
    if judged { document.protect.require.max(perhaps) } else { perhaps }
}

fn covers(route: &ClientRoute, method: &Method, judged: bool) -> bool {
    let Some(methods) = &route.methods else { return judged };
    methods.iter().any(|own| match own {
        MethodName::Any => *method != Method::OPTIONS,
        // Frameworks hand HEAD to what answers GET.
        MethodName::One(own) => own == method || *own == Method::GET && *method == Method::HEAD,
    })
}

/// Whether the request must say where it comes from.
pub(crate) fn says_origin(document: &ClientDocument, method: &Method, url: &Url) -> bool {
    match document.origin {
        Some(SaysOrigin::Always) => true,
        Some(SaysOrigin::Https) => url.scheme() == "https" && !is_safe(method),
        None => false,
    }
}

/// Rule 7: whether status and headers are those of a refusal, so that its body is worth reading.
pub(crate) fn may_be_refusal(refusal: &ClientRefusal, status: u16, headers: &HeaderMap) -> bool {
    status == refusal.status
        && refusal.headers.iter().all(|(name, expected)| {
            headers
                .get(name.name())
                .and_then(|value| value.to_str().ok())
                .is_some_and(|value| value.eq_ignore_ascii_case(expected))
        })
}

/// Rule 7.
pub(crate) fn is_refusal(refusal: &ClientRefusal, answer: &Answer<'_>) -> bool {
    may_be_refusal(refusal, answer.status, answer.headers)
        && match &refusal.contains {
            Some(text) => contains(answer.body, text.as_bytes()),
            None => !refusal.headers.is_empty() || answer.body.is_empty(),
        }
}

pub(crate) fn contains(body: &[u8], text: &[u8]) -> bool {
    text.is_empty() || body.windows(text.len()).any(|part| part == text)
}
