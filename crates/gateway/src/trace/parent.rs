//! Which trace a request belongs to, as its `traceparent` and `tracestate` say (W3C Trace Context).

use http::header::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::Context;
use opentelemetry::propagation::{Injector, TextMapPropagator};
use opentelemetry::trace::{SpanContext, TraceContextExt, TraceState};
use opentelemetry_http::HeaderExtractor;
use opentelemetry_sdk::propagation::TraceContextPropagator;

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// The trace and span that a request names, if it names one.
pub(super) fn named(headers: &HeaderMap) -> Option<SpanContext> {
    let mut parents = headers.get_all(TRACEPARENT).iter();
    // Of two, neither can be believed.
    if parents.next().is_none() || parents.next().is_some() {
        return None;
    }
    let context = TraceContextPropagator::new()
        .extract_with_context(&Context::new(), &HeaderExtractor(headers));
    let named = context.span().span_context().clone();
    // Several fields of `tracestate` are one list, of which the propagator reads the first part.
    let is_whole = headers.get_all(TRACESTATE).iter().count() <= 1;
    let named = if is_whole { named } else { without_state(&named) };
    named.is_valid().then_some(named)
}

/// The same without `tracestate`: of somebody who is not trusted it is only more of what he wrote.
pub(super) fn without_state(named: &SpanContext) -> SpanContext {
    SpanContext::new(
        named.trace_id(),
        named.span_id(),
        named.trace_flags(),
        named.is_remote(),
        TraceState::NONE,
    )
}

/// Names a span to whom the request is sent, in place of what the client named.
pub(super) fn name(span: &SpanContext, headers: &mut HeaderMap) {
    headers.remove(TRACEPARENT);
    headers.remove(TRACESTATE);
    let context = Context::new().with_remote_span_context(span.clone());
    TraceContextPropagator::new().inject_context(&context, &mut Fields(headers));
}

/// As `opentelemetry_http::HeaderInjector`, but without fields that are empty.
struct Fields<'a>(&'a mut HeaderMap);

impl Injector for Fields<'_> {
    fn set(&mut self, key: &str, value: String) {
        let name = HeaderName::from_bytes(key.as_bytes());
        if let (Ok(name), Ok(value), false) =
            (name, HeaderValue::try_from(&value), value.is_empty())
        {
            self.0.insert(name, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    fn headers(fields: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn a_request_names_one_trace_or_none() {
        for (name, fields, state) in [
            ("a parent", vec![("traceparent", PARENT)], Some("")),
            (
                "with state",
                vec![("traceparent", PARENT), ("tracestate", "a=1,b=2")],
                Some("a=1,b=2"),
            ),
            (
                "state in two parts",
                vec![("traceparent", PARENT), ("tracestate", "a=1"), ("tracestate", "b=2")],
                Some(""),
            ),
            ("state alone", vec![("tracestate", "a=1")], None),
            ("two parents", vec![("traceparent", PARENT), ("traceparent", PARENT)], None),
            ("no hex", vec![("traceparent", "00-x-b7ad6b7169203331-01")], None),
            (
                "no trace",
                vec![("traceparent", "00-00000000000000000000000000000000-b7ad6b7169203331-01")],
                None,
            ),
        ] {
            let named = named(&headers(&fields));
            assert_eq!(named.map(|named| named.trace_state().header()).as_deref(), state, "{name}");
        }
    }

    #[test]
    fn what_the_client_named_is_replaced() {
        let mut sent = headers(&[
            ("traceparent", "00-11111111111111111111111111111111-2222222222222222-01"),
            ("traceparent", "00-11111111111111111111111111111111-3333333333333333-01"),
            ("tracestate", "evil=1"),
            ("baggage", "kept=1"),
        ]);
        let own = named(&headers(&[("traceparent", PARENT)])).unwrap();
        name(&own, &mut sent);
        assert_eq!(sent, headers(&[("traceparent", PARENT), ("baggage", "kept=1")]));
    }
}
