//! A collector: takes OTLP over HTTP, and reads it with OpenTelemetry's own types.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::request::Parts;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value};
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use prost::Message;
use tokio_rustls::TlsAcceptor;

use crate::common::app::{App, full};
use crate::process::Process;

pub(crate) struct Collector {
    pub(crate) app: App,
    received: Arc<Mutex<Vec<(Parts, Bytes)>>>,
}

impl Collector {
    pub(crate) async fn start() -> Self {
        Self::over(None).await
    }

    pub(crate) async fn over(tls: Option<TlsAcceptor>) -> Self {
        let received: Arc<Mutex<Vec<(Parts, Bytes)>>> = Arc::default();
        let kept = received.clone();
        let app = App::over(tls, move |request: http::Request<Incoming>| {
            let kept = kept.clone();
            async move {
                let (parts, body) = request.into_parts();
                let body = body.collect().await.unwrap().to_bytes();
                kept.lock().unwrap().push((parts, body));
                http::Response::new(full(""))
            }
        })
        .await;
        Self { app, received }
    }

    /// Where a gateway sends its spans.
    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.app.address)
    }

    /// A gateway that sends its spans here.
    pub(crate) fn gateway(&self, configuration: &str) -> Process {
        Process::start(configuration, &[("OTEL_EXPORTER_OTLP_ENDPOINT", &self.endpoint())])
    }

    /// What came, as it came.
    pub(crate) fn raw(&self) -> Vec<(Parts, Bytes)> {
        self.received.lock().unwrap().clone()
    }

    pub(crate) fn requests(&self) -> Vec<ExportTraceServiceRequest> {
        let decode = |(_, body): &(Parts, Bytes)| {
            ExportTraceServiceRequest::decode(body.clone()).expect("OTLP")
        };
        self.raw().iter().map(decode).collect()
    }

    /// The spans that came, in the order in which they ended.
    pub(crate) fn spans(&self) -> Vec<Span> {
        let resources = self.requests().into_iter().flat_map(|request| request.resource_spans);
        let scopes = resources.flat_map(|resource| resource.scope_spans);
        scopes.flat_map(|scope| scope.spans).collect()
    }

    /// The only span for a request of a client's or another proxy's.
    #[track_caller]
    pub(crate) fn server(&self) -> Span {
        self.only(SpanKind::Server)
    }

    /// The only span of an exchange with the app.
    #[track_caller]
    pub(crate) fn client(&self) -> Span {
        self.only(SpanKind::Client)
    }

    #[track_caller]
    fn only(&self, kind: SpanKind) -> Span {
        let mut spans = self.spans();
        spans.retain(|span| span.kind() == kind);
        assert_eq!(spans.len(), 1, "{spans:#?}");
        spans.remove(0)
    }
}

/// What a span says under a key, as text.
pub(crate) fn said(attributes: &[KeyValue], key: &str) -> Option<String> {
    let mut all = attributes.iter().filter(|attribute| attribute.key == key);
    let value = all.next()?.value.as_ref()?.value.as_ref()?;
    assert!(all.next().is_none(), "{key} is there twice");
    Some(match value {
        any_value::Value::StringValue(text) => text.clone(),
        any_value::Value::IntValue(number) => number.to_string(),
        any_value::Value::BoolValue(answer) => answer.to_string(),
        other => panic!("{key} is {other:?}"),
    })
}

/// Compares what a span says; `None` for what it must not say.
#[track_caller]
pub(crate) fn says(span: &Span, expected: &[(&str, Option<&str>)]) {
    for (key, value) in expected {
        assert_eq!(said(&span.attributes, key).as_deref(), *value, "{key} of {span:#?}");
    }
}

pub(crate) fn is_error(span: &Span) -> bool {
    span.status.as_ref().is_some_and(|status| status.code() == StatusCode::Error)
}

/// What `traceparent` says for a span.
pub(crate) fn traceparent(span: &Span) -> String {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    format!("00-{}-{}-01", hex(&span.trace_id), hex(&span.span_id))
}
