//! Where traces go, as the environment says.

use std::env;
use std::path::Path;
use std::time::Duration;

use http::request::Parts;
use opentelemetry::trace::TracerProvider;
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_otlp::{SpanExporter, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};

use super::TracesError;
use super::collector::{Collector, Settings};
use super::span::ServerSpan;
use crate::server::Purpose;
use crate::site::Client;

/// How long the end of the process waits for a collector.
const PATIENCE: Duration = Duration::from_secs(5);

/// The name of a service that nobody named.
const SERVICE: &str = "countersign";

/// Makes spans, if anybody wants them.
#[derive(Debug)]
pub(crate) struct Traces(Option<Sending>);

#[derive(Debug)]
struct Sending {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
}

impl Traces {
    /// Sends traces to where the environment says, and nowhere if it says nothing.
    ///
    /// # Errors
    /// When the environment says something that cannot be done.
    pub(crate) fn from_environment() -> Result<Self, TracesError> {
        if !is_wanted(said) {
            return Ok(Self(None));
        }
        let mut resource = Resource::builder();
        if !has_service_name(said) {
            resource = resource.with_service_name(SERVICE);
        }
        let resource = resource.with_attribute(version("service.version")).build();
        let provider = SdkTracerProvider::builder()
            .with_resource(resource)
            .with_batch_exporter(exporter()?)
            .build();
        let scope = InstrumentationScope::builder("countersign-gateway")
            .with_version(env!("CARGO_PKG_VERSION"))
            .build();
        let tracer = provider.tracer_with_scope(scope);
        Ok(Self(Some(Sending { provider, tracer })))
    }

    /// Notes that a request began.
    pub(crate) fn request(&self, parts: &Parts, client: &Client, purpose: Purpose) -> ServerSpan {
        match &self.0 {
            None => ServerSpan::none(),
            Some(sending) => ServerSpan::of(&sending.tracer, parts, client, purpose),
        }
    }

    /// Has everything sent that was noted, if the collector takes it.
    pub(crate) fn finish(&self) {
        if let Some(sending) = &self.0
            && let Err(error) = sending.provider.shutdown_with_timeout(PATIENCE)
        {
            tracing::warn!(target: "countersign", %error, "the last traces were not sent");
        }
    }
}

fn exporter() -> Result<SpanExporter, TracesError> {
    let endpoint = of_traces(said, "ENDPOINT").unwrap_or_default();
    if of_traces(said, "PROTOCOL").is_some_and(|protocol| protocol != "http/protobuf") {
        tracing::warn!(
            target: "countersign",
            "traces are sent by `http/protobuf`, whatever OTEL_EXPORTER_OTLP_PROTOCOL says"
        );
    }
    let (timeout, certificate) = (of_traces(said, "TIMEOUT"), of_traces(said, "CERTIFICATE"));
    let collector = Collector::new(&Settings {
        timeout: timeout.as_deref(),
        certificate: certificate.as_deref().map(Path::new),
        is_https: endpoint.get(..6).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https:")),
    })?;
    let exporter = SpanExporter::builder().with_http().with_http_client(collector).build();
    exporter.map_err(|error| TracesError(error.to_string()))
}

/// What the environment says of a variable; empty is as good as absent, as the specification has it.
fn said(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

/// The variable for traces, or else that for everything that is sent.
fn of_traces(said: impl Fn(&str) -> Option<String>, what: &str) -> Option<String> {
    said(&format!("OTEL_EXPORTER_OTLP_TRACES_{what}"))
        .or_else(|| said(&format!("OTEL_EXPORTER_OTLP_{what}")))
}

fn is_wanted(said: impl Fn(&str) -> Option<String>) -> bool {
    if said("OTEL_SDK_DISABLED").is_some_and(|disabled| disabled.eq_ignore_ascii_case("true")) {
        return false;
    }
    match said("OTEL_TRACES_EXPORTER") {
        Some(exporters) => exporters.split(',').any(|exporter| exporter.trim() == "otlp"),
        // The specification would send to localhost here. Nobody asked for it.
        None => of_traces(said, "ENDPOINT").is_some(),
    }
}

fn has_service_name(said: impl Fn(&str) -> Option<String>) -> bool {
    let attributes = said("OTEL_RESOURCE_ATTRIBUTES").unwrap_or_default();
    let mut keys = attributes.split(',').filter_map(|pair| Some(pair.split_once('=')?.0.trim()));
    said("OTEL_SERVICE_NAME").is_some() || keys.any(|key| key == "service.name")
}

fn version(key: &'static str) -> KeyValue {
    KeyValue::new(key, env!("CARGO_PKG_VERSION"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(pairs: &[(&str, &str)]) -> impl Fn(&str) -> Option<String> {
        move |name| {
            let (_, value) = pairs.iter().find(|(own, _)| *own == name)?;
            Some((*value).to_owned())
        }
    }

    #[test]
    fn traces_are_sent_only_if_the_environment_says_so() {
        for (pairs, expected) in [
            (&[][..], false),
            (&[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318")], true),
            (&[("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://c:4318/v1/traces")], true),
            (&[("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "http://c:4318/v1/metrics")], false),
            (&[("OTEL_SERVICE_NAME", "shop")], false),
            (&[("OTEL_TRACES_EXPORTER", "otlp")], true),
            (&[("OTEL_TRACES_EXPORTER", "console, otlp")], true),
            (&[("OTEL_TRACES_EXPORTER", "zipkin")], false),
            (
                &[
                    ("OTEL_TRACES_EXPORTER", "none"),
                    ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318"),
                ],
                false,
            ),
            (&[("OTEL_SDK_DISABLED", "TRUE"), ("OTEL_TRACES_EXPORTER", "otlp")], false),
            (&[("OTEL_SDK_DISABLED", "1"), ("OTEL_TRACES_EXPORTER", "otlp")], true),
        ] {
            assert_eq!(is_wanted(environment(pairs)), expected, "{pairs:?}");
        }
    }

    #[test]
    fn a_service_has_a_name_from_one_of_two_variables() {
        for (pairs, expected) in [
            (&[][..], false),
            (&[("OTEL_SERVICE_NAME", "shop")], true),
            (&[("OTEL_RESOURCE_ATTRIBUTES", "a=b, service.name=shop")], true),
            (&[("OTEL_RESOURCE_ATTRIBUTES", "service.namespace=shops")], false),
        ] {
            assert_eq!(has_service_name(environment(pairs)), expected, "{pairs:?}");
        }
    }
}
