//! No collector, a bad one, and what the environment says of it.

use std::time::Duration;

use crate::collector::{Collector, said};
use crate::common::app::{App, played};
use crate::common::one_site;
use crate::common::tls::Authority;
use crate::process::{Process, be_a_gateway_if_told};

const REQUEST: &str = "GET /page HTTP/1.1\r\nHost: shop.example\r\n\
    traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n\r\n";

#[test]
fn without_an_environment_nothing_is_sent() {
    be_a_gateway_if_told();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let (app, collector) = (App::plain().await, Collector::start().await);
        let endpoint = collector.endpoint();
        for (name, environment) in [
            ("nothing", &[][..]),
            ("a name alone", &[("OTEL_SERVICE_NAME", "shop")]),
            (
                "switched off",
                &[("OTEL_EXPORTER_OTLP_ENDPOINT", &*endpoint), ("OTEL_SDK_DISABLED", "true")],
            ),
            (
                "no exporter",
                &[("OTEL_EXPORTER_OTLP_ENDPOINT", &*endpoint), ("OTEL_TRACES_EXPORTER", "none")],
            ),
        ] {
            let gateway = Process::start(&one_site(app.address, "", ""), environment);
            assert_eq!(gateway.ask(REQUEST).await.status, 200, "{name}");
            gateway.end().await;
            // A gateway without spans of its own stands in nobody's trace.
            let told = app.last()["traceparent"].clone();
            assert_eq!(told, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "{name}");
        }
        assert_eq!(collector.app.connections(), 0);
    });
}

#[tokio::test]
async fn a_collector_that_is_down_or_silent_delays_nobody() {
    let app = App::plain().await;
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nowhere = closed.local_addr().unwrap();
    drop(closed);
    let (silent, _) = played(|stream, _| async move {
        let _open = stream;
        std::future::pending::<()>().await;
    })
    .await;
    let overloaded = App::start(async |_| {
        let mut response = crate::common::app::text("later");
        *response.status_mut() = http::StatusCode::SERVICE_UNAVAILABLE;
        response
    })
    .await;
    let collectors = [("down", nowhere), ("silent", silent), ("overloaded", overloaded.address)];
    // All at once, since the end of each waits for its collector as long as ends wait.
    let all = collectors.map(async |(name, collector)| {
        let endpoint = format!("http://{collector}");
        let gateway = Process::start(
            &one_site(app.address, "", ""),
            &[
                ("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint),
                // The thread that sends is busy all the time, and the queue is soon full.
                ("OTEL_BSP_SCHEDULE_DELAY", "1"),
                ("OTEL_BSP_MAX_QUEUE_SIZE", "4"),
                ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "1"),
            ],
        );
        let mut client = gateway.client().await;
        for _ in 0..50 {
            assert_eq!(client.ask(REQUEST).await.status, 200, "{name}");
        }
        drop(client);
        let took = gateway.end().await;
        assert!(took < Duration::from_secs(20), "{name}: the end took {took:?}");
    });
    futures_util::future::join_all(all).await;
}

#[tokio::test]
async fn the_environment_names_service_and_collector() {
    let (app, authority) = (App::plain().await, Authority::new());
    let tls = authority.acceptor(&["localhost"], &["http/1.1"]);
    let (plain, secure) = (Collector::start().await, Collector::over(Some(tls)).await);
    let folder = tempfile::tempdir().unwrap();
    let ca = folder.path().join("ca.pem");
    std::fs::write(&ca, &authority.pem).unwrap();
    let own_path = format!("{}/own/path", plain.endpoint());
    let https = format!("https://localhost:{}", secure.app.address.port());
    for (name, collector, environment, path, service) in [
        (
            "an endpoint, and no name",
            &plain,
            vec![("OTEL_EXPORTER_OTLP_ENDPOINT", plain.endpoint())],
            "/v1/traces",
            "countersign",
        ),
        (
            "an endpoint for traces",
            &plain,
            vec![
                ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", own_path),
                ("OTEL_SERVICE_NAME", "shop-gateway".to_owned()),
            ],
            "/own/path",
            "shop-gateway",
        ),
        (
            "over https, with attributes",
            &secure,
            vec![
                ("OTEL_EXPORTER_OTLP_ENDPOINT", https),
                ("OTEL_EXPORTER_OTLP_CERTIFICATE", ca.display().to_string()),
                (
                    "OTEL_RESOURCE_ATTRIBUTES",
                    "service.name=named,deployment.environment.name=test".to_owned(),
                ),
            ],
            "/v1/traces",
            "named",
        ),
    ] {
        let environment: Vec<_> =
            environment.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let gateway = Process::start(&one_site(app.address, "", ""), &environment);
        assert_eq!(gateway.ask(REQUEST).await.status, 200, "{name}");
        gateway.end().await;
        let (head, _) = collector.raw().pop().unwrap_or_else(|| panic!("{name}: nothing came"));
        assert_eq!(head.uri.path(), path, "{name}");
        assert_eq!(head.headers["content-type"], "application/x-protobuf", "{name}");
        let request = collector.requests().pop().unwrap();
        let resource = request.resource_spans[0].resource.clone().unwrap();
        assert_eq!(said(&resource.attributes, "service.name").as_deref(), Some(service), "{name}");
        let environment = said(&resource.attributes, "deployment.environment.name");
        assert_eq!(environment.is_some(), name.contains("attributes"), "{name}");
        let version = said(&resource.attributes, "service.version");
        assert_eq!(version.as_deref(), Some(env!("CARGO_PKG_VERSION")), "{name}");
    }
}

#[tokio::test]
async fn what_the_environment_says_in_vain_is_said_at_the_start() {
    let app = App::plain().await;
    for (name, value, part) in [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://a b", "OTEL_EXPORTER_OTLP_ENDPOINT"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "soon", "`soon`"),
        ("OTEL_EXPORTER_OTLP_CERTIFICATE", "no/such/ca.pem", "no/such/ca.pem"),
    ] {
        let environment =
            [("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "https://localhost:1"), (name, value)];
        let environment = if name.ends_with("ENDPOINT") { &environment[1..] } else { &environment };
        let started = Process::try_start(&one_site(app.address, "", ""), environment);
        let error = started.err().unwrap_or_else(|| panic!("{name}={value} is taken"));
        assert!(error.starts_with("cannot send traces: ") && error.contains(part), "{error}");
    }
}
