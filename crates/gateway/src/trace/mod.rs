//! Traces, as OpenTelemetry has them: a span for each request, and one in it for the exchange with
//! the upstream.
//!
//! 1. [`Traces::request`] notes when a request began and which trace it says it belongs to.
//! 2. [`Span::begin`] is told the site. If the site trusts the peer, the span goes on with that
//!    trace; else it begins one of its own, with a link.
//! 3. [`judged`] hears of the verdict from the guard, which runs within [`Span::around`].
//! 4. [`Span::ask`] begins the span of the exchange, and names it to the upstream.
//! 5. [`Span::answered`] is told the status. The span ends with the response's last byte.
//!
//! What a span says of a request is what the audit log may say: method, path and user agent, cut to
//! a length. Never a token, a cookie or a query.
//!
//! Without the feature `otel` all of this is [`off`]: types without size and functions without a body.

#[cfg(feature = "otel")]
mod client_address;
#[cfg(feature = "otel")]
mod collector;
#[cfg(not(feature = "otel"))]
mod off;
#[cfg(feature = "otel")]
mod parent;
#[cfg(feature = "otel")]
mod setup;
#[cfg(feature = "otel")]
mod span;

use http::request::Parts;

use crate::head::Addressed;
use crate::site::{Client, Site};

#[cfg(not(feature = "otel"))]
pub(crate) use off::{Asked, ServerSpan, Span, Traces, judged};
#[cfg(feature = "otel")]
pub(crate) use setup::Traces;
#[cfg(feature = "otel")]
pub(crate) use span::{Asked, ServerSpan, Span, judged};

/// Why traces cannot be sent.
#[derive(Debug, thiserror::Error)]
#[error("cannot send traces: {0}; see OTEL_EXPORTER_OTLP_* in the environment")]
pub struct TracesError(String);

/// What is known of a request by the time its site is found, or was searched for in vain.
#[cfg_attr(not(feature = "otel"), expect(dead_code, reason = "read by spans only"))]
pub(crate) struct Seen<'a> {
    pub(crate) site: Option<&'a Site>,
    pub(crate) addressed: Option<&'a Addressed>,
    /// Who sent it; for other proxies' questions, who sent what they ask about.
    pub(crate) client: &'a Client,
    pub(crate) parts: &'a Parts,
}
