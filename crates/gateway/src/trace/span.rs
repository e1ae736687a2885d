//! The span of a request, and that of its exchange with the upstream.
//!
//! Names and attributes are those of OpenTelemetry's semantic conventions for HTTP; what begins with
//! `countersign.` says it in the words of metrics and audit log.

use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use countersign::{Peer, Refusal};
use countersign_tower::{Judged, Judgement};
use http::header::USER_AGENT;
use http::request::Parts;
use http::{Method, StatusCode, Uri, Version};
use opentelemetry::trace::{
    Link, Span as _, SpanBuilder, SpanContext, SpanKind, Status, TraceContextExt, Tracer,
};
use opentelemetry::{Context, KeyValue, StringValue, Value};
use opentelemetry_sdk::trace::{SdkTracer, Span as SdkSpan};
use tokio::task::futures::TaskLocalFuture;

use super::{Seen, client_address, parent};
use crate::audit::shown;
use crate::config::{Protocol, UpstreamUrl};
use crate::metrics::Failure;
use crate::server::Purpose;
use crate::site::Client;

tokio::task_local! {
    /// The span of the request that is judged.
    static JUDGED: Span;
}

/// The span of one request. It ends when this is dropped.
#[derive(Debug)]
pub(crate) struct ServerSpan(Span);

/// What is told of a request goes here. Clones tell the same span.
#[derive(Clone, Debug)]
pub(crate) struct Span(Option<Arc<Request>>);

#[derive(Debug)]
struct Request {
    tracer: SdkTracer,
    state: Mutex<State>,
}

#[derive(Debug)]
enum State {
    /// Nobody knows yet whose trace it goes on with.
    Waiting(Box<Waiting>),
    Begun(Box<Begun>),
    Ended,
}

/// What is known before the site is.
#[derive(Debug)]
struct Waiting {
    at: SystemTime,
    /// The other end of the connection.
    peer: Peer,
    /// The trace that the request says it belongs to.
    named: Option<SpanContext>,
    method: Method,
    uri: Uri,
    version: Version,
    /// Whether another proxy asks about a request.
    is_question: bool,
}

#[derive(Debug)]
struct Begun {
    span: SdkSpan,
    method: &'static str,
    is_answered: bool,
}

impl ServerSpan {
    pub(super) const fn none() -> Self {
        Self(Span(None))
    }

    pub(super) fn of(tracer: &SdkTracer, parts: &Parts, client: &Client, purpose: Purpose) -> Self {
        let waiting = Waiting {
            at: SystemTime::now(),
            peer: client.peer,
            named: parent::named(&parts.headers),
            method: parts.method.clone(),
            uri: parts.uri.clone(),
            version: parts.version,
            is_question: !matches!(purpose, Purpose::Sites(_)),
        };
        let state = Mutex::new(State::Waiting(Box::new(waiting)));
        Self(Span(Some(Arc::new(Request { tracer: tracer.clone(), state }))))
    }
}

impl Deref for ServerSpan {
    type Target = Span;

    fn deref(&self) -> &Span {
        &self.0
    }
}

impl Drop for ServerSpan {
    fn drop(&mut self) {
        let Some(request) = &self.0.0 else { return };
        // A client may have gone away before anything was known of its request.
        request.with(None, |_| ());
        let ended = {
            let mut state = request.state.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *state, State::Ended)
        };
        // Dropped it is handed to the thread that batches spans, with this moment as its end.
        drop(ended);
    }
}

impl Span {
    /// Begins it, now that it is known who asks for what.
    pub(crate) fn begin(&self, seen: &Seen<'_>) {
        if let Some(request) = &self.0 {
            request.with(Some(seen), |_| ());
        }
    }

    /// Has [`judged`] know the span while the request is judged.
    pub(crate) fn around<F: Future>(&self, guard: impl FnOnce() -> F) -> TaskLocalFuture<Self, F> {
        // What needs neither body nor store is judged at once, and no future waits for it.
        let judging = JUDGED.sync_scope(self.clone(), guard);
        JUDGED.scope(self.clone(), judging)
    }

    /// Begins the span of the exchange with an upstream, and names it there.
    pub(crate) fn ask(&self, upstream: &UpstreamUrl, parts: &mut Parts) -> Asked {
        let Some(request) = &self.0 else { return Asked(None) };
        let Some(context) = request.with(None, |begun| begun.span.span_context().clone()) else {
            return Asked(None);
        };
        let (method, original) = method(&parts.method);
        let builder = SpanBuilder::from_name(name(method)).with_kind(SpanKind::Client);
        let within = Context::new().with_remote_span_context(context);
        let mut span = request.tracer.build_with_context(builder, &within);
        parent::name(span.span_context(), &mut parts.headers);
        if span.is_recording() {
            let scheme = if upstream.protocol() == Protocol::Https { "https" } else { "http" };
            let path = shown(parts.uri.path().as_bytes());
            let authority = upstream.host_header().to_str().unwrap_or_default();
            span.set_attribute(KeyValue::new("http.request.method", method));
            span.set_attributes(original.map(original_method));
            span.set_attribute(KeyValue::new("url.full", format!("{scheme}://{authority}{path}")));
            span.set_attribute(KeyValue::new("server.address", upstream.host().to_owned()));
            span.set_attribute(KeyValue::new("server.port", i64::from(upstream.port())));
        }
        Asked(Some(span))
    }

    /// The head of the response is on its way. What was said first counts.
    pub(crate) fn answered(&self, status: StatusCode) {
        self.record(|begun| {
            if begun.is_answered {
                return;
            }
            begun.is_answered = true;
            note_status(&mut begun.span, status);
        });
    }

    /// The response broke off, after its head was on its way.
    pub(crate) fn broke_off(&self, failure: Failure) {
        self.record(|begun| note_error(&mut begun.span, failure.code()));
    }

    fn judged(&self, judged: &Judged<'_>) {
        self.record(|Begun { span, method, .. }| {
            if let Some(route) = judged.engine().policy().route_of(judged.facts()) {
                let route = route.path.to_string();
                span.update_name(format!("{} {route}", name(method)));
                span.set_attribute(KeyValue::new("http.route", route));
            }
            let verdict = |verdict: &'static str| KeyValue::new("countersign.verdict", verdict);
            match judged.outcome() {
                Judgement::Allowed(permit) => {
                    span.set_attribute(verdict("allowed"));
                    span.set_attribute(KeyValue::new("countersign.permit", permit.code()));
                }
                Judgement::Reported(refusal) => {
                    span.set_attribute(verdict("reported"));
                    span.set_attributes(reasons(refusal));
                }
                Judgement::Refused(refusal) => {
                    span.set_attribute(verdict("refused"));
                    span.set_attributes(reasons(refusal));
                }
            }
        });
    }

    /// Writes to the span, if anybody will see it.
    fn record(&self, write: impl FnOnce(&mut Begun)) {
        if let Some(request) = &self.0 {
            request.with(None, |begun| {
                if begun.span.is_recording() {
                    write(begun);
                }
            });
        }
    }
}

impl Request {
    /// Begins the span if nobody did, by what is known now.
    fn with<T>(&self, seen: Option<&Seen<'_>>, use_it: impl FnOnce(&mut Begun) -> T) -> Option<T> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let State::Waiting(waiting) = &mut *state {
            let begun = waiting.begin(&self.tracer, seen);
            *state = State::Begun(Box::new(begun));
        }
        match &mut *state {
            State::Begun(begun) => Some(use_it(begun)),
            State::Waiting(_) | State::Ended => None,
        }
    }
}

impl Waiting {
    fn begin(&mut self, tracer: &SdkTracer, seen: Option<&Seen<'_>>) -> Begun {
        let trusted = seen.and_then(|seen| seen.site);
        let trusted = trusted.is_some_and(|site| site.config.policy.trusts_proxy(&self.peer));
        let (method, original) = method(seen.map_or(&self.method, |seen| &seen.parts.method));
        let builder = SpanBuilder::from_name(name(method))
            .with_kind(SpanKind::Server)
            .with_start_time(self.at);
        let (builder, parent) = match self.named.take() {
            None => (builder, Context::new()),
            Some(named) if trusted => (builder, Context::new().with_remote_span_context(named)),
            Some(named) => {
                let link = Link::with_context(parent::without_state(&named));
                (builder.with_links(vec![link]), Context::new())
            }
        };
        let mut span = tracer.build_with_context(builder, &parent);
        if span.is_recording() {
            span.set_attribute(KeyValue::new("http.request.method", method));
            span.set_attributes(original.map(original_method));
            self.describe(&mut span);
            match seen {
                Some(seen) => self.describe_seen(&mut span, seen),
                None => {
                    span.set_attribute(path(&self.uri));
                    span.set_attribute(KeyValue::new("url.scheme", self.peer.scheme.as_str()));
                }
            }
        }
        Begun { span, method, is_answered: false }
    }

    /// What the connection shows.
    fn describe(&self, span: &mut SdkSpan) {
        if let Some(address) = self.peer.address {
            span.set_attribute(KeyValue::new(
                "network.peer.address",
                address.to_canonical().to_string(),
            ));
        }
        if self.is_question {
            span.set_attribute(KeyValue::new("countersign.forward_auth", true));
        } else {
            // What version the client spoke that a proxy asks about, the proxy does not say.
            span.set_attributes(version(self.version));
        }
    }

    fn describe_seen(&self, span: &mut SdkSpan, seen: &Seen<'_>) {
        let Seen { site, addressed, client, parts } = *seen;
        span.set_attribute(path(&parts.uri));
        if let Some(addressed) = addressed {
            let host = shown(addressed.host.as_bytes());
            span.set_attribute(KeyValue::new("server.address", host));
            let port = addressed.port.map(|port| KeyValue::new("server.port", i64::from(port)));
            span.set_attributes(port);
        }
        if let Some(agent) = parts.headers.get(USER_AGENT) {
            span.set_attribute(KeyValue::new("user_agent.original", shown(agent.as_bytes())));
        }
        let Some(site) = site else {
            span.set_attribute(KeyValue::new("url.scheme", client.peer.scheme.as_str()));
            return;
        };
        let scheme = if site.is_secure(client, parts) { "https" } else { "http" };
        span.set_attribute(KeyValue::new("url.scheme", scheme));
        span.set_attribute(KeyValue::new("countersign.site", site.around.metrics.name().clone()));
        let policy = &site.config.policy;
        let address = client_address::behind_proxies(policy, &client.peer, &parts.headers);
        span.set_attributes(
            address.map(|address| KeyValue::new("client.address", address.to_string())),
        );
    }
}

/// The span of an exchange with an upstream. It ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Asked(Option<SdkSpan>);

impl Asked {
    /// The head of the upstream's response is there.
    pub(crate) fn answered(mut self, status: StatusCode, spoken: Version) {
        if let Some(span) = &mut self.0 {
            note_status(span, status);
            span.set_attributes(version(spoken));
        }
    }

    /// There is no response.
    pub(crate) fn failed(mut self, failure: Failure) {
        if let Some(span) = &mut self.0 {
            note_error(span, failure.code());
        }
    }
}

/// Tells the span of the request that is judged what came of it.
pub(crate) fn judged(judged: &Judged<'_>) {
    let _ = JUDGED.try_with(|span| span.judged(judged));
}

/// The conventions have clients count 4xx as errors too. But the gateway only passes on what the
/// app says to somebody else, and a page that is not there is no failure between the two.
fn note_status(span: &mut SdkSpan, status: StatusCode) {
    span.set_attribute(KeyValue::new("http.response.status_code", i64::from(status.as_u16())));
    if status.is_server_error() {
        note_error(span, status.as_str().to_owned());
    }
}

fn note_error(span: &mut SdkSpan, kind: impl Into<StringValue>) {
    span.set_attribute(KeyValue::new("error.type", Value::String(kind.into())));
    span.set_status(Status::error(""));
}

fn reasons(refusal: &Refusal) -> [KeyValue; 2] {
    [
        KeyValue::new("countersign.rule", refusal.rule.code()),
        KeyValue::new("countersign.reason", refusal.reason.code()),
    ]
}

fn path(uri: &Uri) -> KeyValue {
    KeyValue::new("url.path", shown(uri.path().as_bytes()))
}

const OTHER: &str = "_OTHER";

/// A method as spans say it, and as it stands in the request if that is another: clients must not
/// make more kinds of spans than there are methods.
fn method(method: &Method) -> (&'static str, Option<&Method>) {
    let known = match *method {
        Method::CONNECT => "CONNECT",
        Method::DELETE => "DELETE",
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        Method::PATCH => "PATCH",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::TRACE => "TRACE",
        _ => return (OTHER, Some(method)),
    };
    (known, None)
}

fn name(method: &'static str) -> &'static str {
    if method == OTHER { "HTTP" } else { method }
}

fn original_method(method: &Method) -> KeyValue {
    KeyValue::new("http.request.method_original", shown(method.as_str().as_bytes()))
}

fn version(version: Version) -> Option<KeyValue> {
    let text = match version {
        Version::HTTP_10 => "1.0",
        Version::HTTP_11 => "1.1",
        Version::HTTP_2 => "2",
        _ => return None,
    };
    Some(KeyValue::new("network.protocol.version", text))
}
