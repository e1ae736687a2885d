//! What the log says of a request.

use countersign::{Head, Permit, Refusal};
use http::HeaderName;
use http::header::{ORIGIN, USER_AGENT};

use crate::observe::{Judged, Judgement};

/// Logs a refusal as the possible attack that it is, and each use of an exemption.
pub(crate) fn write(judged: &Judged<'_>) {
    match judged.outcome() {
        Judgement::Refused(refusal) => refused(judged, refusal, true),
        Judgement::Reported(refusal) => refused(judged, refusal, false),
        Judgement::Allowed(Permit::Exempt(reason)) => {
            let head = judged.facts().head();
            tracing::info!(
                target: "countersign",
                method = shown(head.method.as_str().as_bytes()),
                route = shown(head.uri.path().as_bytes()),
                reason,
                "exempt from CSRF protection"
            );
        }
        Judgement::Allowed(_) => {}
    }
}

fn refused(judged: &Judged<'_>, refusal: &Refusal, enforced: bool) {
    // What the log says costs more than the verdict: nothing is made that nobody reads.
    if !tracing::enabled!(target: "countersign", tracing::Level::WARN) {
        return;
    }
    let head = judged.facts().head();
    tracing::warn!(
        target: "countersign",
        reason = refusal.reason.code(),
        rule = refusal.rule.number(),
        seen = %refusal.seen,
        expected = %refusal.expected,
        remedy = %refusal.remedy(judged.engine().policy()),
        method = shown(head.method.as_str().as_bytes()),
        route = shown(head.uri.path().as_bytes()),
        session = judged.session().map(tracing::field::debug),
        origin = header(head, &ORIGIN),
        user_agent = header(head, &USER_AGENT),
        enforced,
        "possible CSRF attempt"
    );
}

fn header(head: Head<'_>, name: &HeaderName) -> Option<String> {
    head.headers.get(name).map(|value| shown(value.as_bytes()))
}

/// What a client wrote, as a log may show it: nothing that forges a line, and not so much of it that
/// requests which cost their sender nothing fill the disk.
fn shown(bytes: &[u8]) -> String {
    const MOST: usize = 200;
    let visible = |byte: &u8| if (b' '..=b'~').contains(byte) { char::from(*byte) } else { '?' };
    bytes.iter().take(MOST).map(visible).collect()
}
