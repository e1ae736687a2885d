//! Whose trace a request goes on with, and what the app is told of it.

use opentelemetry_proto::tonic::trace::v1::Span;

use crate::collector::{Collector, traceparent};
use crate::common::app::App;
use crate::common::one_site;

const TRUSTING: &str = "[site.policy]\ntrusted_proxies = [\"127.0.0.1\"]";
const PLAIN: &str = "[site.policy]";

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT: &str = "b7ad6b7169203331";

fn request(fields: &str) -> String {
    format!("GET /page HTTP/1.1\r\nHost: shop.example\r\n{fields}\r\n")
}

fn named(flags: &str) -> String {
    format!("traceparent: 00-{TRACE}-{PARENT}-{flags}\r\ntracestate: other=t61rcWkgMzE\r\n")
}

fn ids(span: &Span) -> [String; 2] {
    let text = traceparent(span);
    let mut parts = text.split('-').skip(1);
    [parts.next().unwrap().to_owned(), parts.next().unwrap().to_owned()]
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn a_trusted_proxys_trace_goes_on() {
    let (app, collector) = (App::plain().await, Collector::start().await);
    let gateway = collector.gateway(&one_site(app.address, "", TRUSTING));
    let fields = format!("{}x-forwarded-for: 198.51.100.7\r\nbaggage: kept=1\r\n", named("01"));
    assert_eq!(gateway.ask(&request(&fields)).await.status, 200);
    gateway.end().await;
    let (server, client) = (collector.server(), collector.client());
    assert_eq!(ids(&server)[0], TRACE);
    assert_eq!(hex(&server.parent_span_id), PARENT);
    assert_eq!(server.trace_state, "other=t61rcWkgMzE");
    assert!(server.links.is_empty());
    assert_eq!(ids(&client)[0], TRACE);
    crate::collector::says(
        &server,
        &[("client.address", Some("198.51.100.7")), ("network.peer.address", Some("127.0.0.1"))],
    );
    let told = app.last();
    assert_eq!(told["traceparent"].to_str().unwrap(), traceparent(&client));
    assert_eq!(told["tracestate"], "other=t61rcWkgMzE");
    assert_eq!(told["baggage"], "kept=1");
}

#[tokio::test]
async fn everybody_else_begins_a_trace_that_is_linked() {
    let (app, collector) = (App::plain().await, Collector::start().await);
    let gateway = collector.gateway(&one_site(app.address, "", PLAIN));
    let fields = format!("{}x-forwarded-for: 198.51.100.7\r\nbaggage: kept=1\r\n", named("01"));
    assert_eq!(gateway.ask(&request(&fields)).await.status, 200);
    gateway.end().await;
    let (server, client) = (collector.server(), collector.client());
    assert_ne!(ids(&server)[0], TRACE);
    assert!(server.parent_span_id.is_empty() && server.trace_state.is_empty());
    let [link] = &server.links[..] else { panic!("not one link: {server:#?}") };
    assert_eq!([hex(&link.trace_id), hex(&link.span_id)], [TRACE, PARENT]);
    assert_eq!(link.trace_state, "");
    crate::collector::says(&server, &[("client.address", Some("127.0.0.1"))]);
    let told = app.last();
    assert_eq!(told["traceparent"].to_str().unwrap(), traceparent(&client));
    assert!(!told.contains_key("tracestate"), "{told:?}");
    assert_eq!(told["baggage"], "kept=1");
}

#[tokio::test]
async fn only_a_trusted_proxy_decides_whether_there_are_spans() {
    let app = App::plain().await;
    for (name, site, fields, spans, trace_goes_on, flags) in [
        ("a trusted proxy wants none", TRUSTING, named("00"), 0, true, "00"),
        ("somebody wants none", PLAIN, named("00"), 2, false, "01"),
        ("a trusted proxy says it twice", TRUSTING, named("00").repeat(2), 2, false, "01"),
        ("a trusted proxy says nonsense", TRUSTING, "traceparent: 1\r\n".into(), 2, false, "01"),
    ] {
        let collector = Collector::start().await;
        let gateway = collector.gateway(&one_site(app.address, "", site));
        assert_eq!(gateway.ask(&request(&fields)).await.status, 200, "{name}");
        gateway.end().await;
        assert_eq!(collector.spans().len(), spans, "{name}");
        let told = app.last();
        let told = told.get_all("traceparent").iter().collect::<Vec<_>>();
        assert_eq!(told.len(), 1, "{name}");
        let told: Vec<_> = told[0].to_str().unwrap().split('-').collect();
        assert_eq!(told[1] == TRACE, trace_goes_on, "{name}");
        assert_ne!(told[2], PARENT, "{name}");
        assert_eq!(told[3], flags, "{name}");
    }
}

#[tokio::test]
async fn the_environment_chooses_how_many_are_traced() {
    let app = App::plain().await;
    for (sampler, argument, spans) in [
        ("always_off", "", 0),
        ("always_on", "", 2),
        ("parentbased_traceidratio", "0.0", 0),
        ("traceidratio", "1.0", 2),
    ] {
        let collector = Collector::start().await;
        let endpoint = collector.endpoint();
        let environment = [
            ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str()),
            ("OTEL_TRACES_SAMPLER", sampler),
            ("OTEL_TRACES_SAMPLER_ARG", argument),
        ];
        let gateway =
            crate::process::Process::start(&one_site(app.address, "", PLAIN), &environment);
        assert_eq!(gateway.ask(&request("")).await.status, 200, "{sampler}");
        gateway.end().await;
        assert_eq!(collector.spans().len(), spans, "{sampler}");
    }
}
