//! What the spans of a request say.

use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use tokio::io::AsyncWriteExt;

use crate::collector::{Collector, is_error, said, says, traceparent};
use crate::common::app::{App, played, read_head};
use crate::common::one_site;

const POLICY: &str = "[site.policy]\npublic_origins = [\"http://shop.example\"]\n\
    route = [{ path = \"/api/**\", require = \"either\" }]\n\
    exempt = [{ path = \"/hooks/pay\", methods = [\"POST\"], reason = \"signed\" }]";

const COOKIE: &str = "Cookie: session=5d1ccc96\r\n";

fn request(line: &str, fields: &str) -> String {
    format!("{line} HTTP/1.1\r\nHost: shop.example\r\nContent-Length: 0\r\n{fields}\r\n")
}

fn is_inside(inner: &Span, outer: &Span) -> bool {
    inner.start_time_unix_nano >= outer.start_time_unix_nano
        && inner.end_time_unix_nano <= outer.end_time_unix_nano
}

#[tokio::test]
async fn an_allowed_request_is_a_span_with_the_exchange_in_it() {
    let (app, collector) = (App::plain().await, Collector::start().await);
    let gateway = collector.gateway(&one_site(app.address, "", POLICY));
    let fields = format!("{COOKIE}Origin: http://shop.example\r\nUser-Agent: Mozilla/5.0\r\n");
    assert_eq!(gateway.ask(&request("POST /api/pay?key=1", &fields)).await.status, 200);
    gateway.end().await;

    let (server, client) = (collector.server(), collector.client());
    assert_eq!(server.name, "POST /api/**");
    says(
        &server,
        &[
            ("http.request.method", Some("POST")),
            ("http.route", Some("/api/**")),
            ("http.response.status_code", Some("200")),
            ("url.path", Some("/api/pay")),
            ("url.query", None),
            ("url.scheme", Some("http")),
            ("server.address", Some("shop.example")),
            ("server.port", None),
            ("client.address", Some("127.0.0.1")),
            ("network.peer.address", Some("127.0.0.1")),
            ("network.protocol.version", Some("1.1")),
            ("user_agent.original", Some("Mozilla/5.0")),
            ("error.type", None),
            ("countersign.site", Some("app")),
            ("countersign.verdict", Some("allowed")),
            ("countersign.permit", Some("provenance")),
            ("countersign.rule", None),
            ("countersign.forward_auth", None),
        ],
    );
    assert_eq!(client.name, "POST");
    let (host, port) = (app.address.ip().to_string(), app.address.port().to_string());
    says(
        &client,
        &[
            ("http.request.method", Some("POST")),
            ("http.response.status_code", Some("200")),
            ("url.full", Some(&format!("http://{}/api/pay", app.address))),
            ("server.address", Some(&host)),
            ("server.port", Some(&port)),
            ("network.protocol.version", Some("1.1")),
            ("error.type", None),
        ],
    );
    assert!(server.parent_span_id.is_empty() && server.links.is_empty(), "{server:#?}");
    assert_eq!(client.trace_id, server.trace_id);
    assert_eq!(client.parent_span_id, server.span_id);
    assert!(is_inside(&client, &server), "{client:#?} in {server:#?}");
    assert!(!is_error(&server) && !is_error(&client));
    assert_eq!(app.last()["traceparent"].to_str().unwrap(), traceparent(&client));
    assert!(!app.last().contains_key("tracestate"));
}

#[tokio::test]
async fn a_span_says_what_came_of_judging() {
    let app = App::plain().await;
    let forged = format!("{COOKIE}Origin: http://evil.example\r\n");
    for (name, policy, request, status, expected, exchanges) in [
        (
            "refused",
            "",
            request("POST /api/pay", &forged),
            "403",
            ["POST /api/**", "refused", "provenance", "origin_mismatch", ""],
            0,
        ),
        (
            "reported",
            "mode = \"report\"",
            request("POST /pay", &forged),
            "200",
            ["POST", "reported", "provenance", "origin_mismatch", ""],
            1,
        ),
        (
            "exempt",
            "",
            request("POST /hooks/pay", &forged),
            "200",
            ["POST", "allowed", "", "", "exempt"],
            1,
        ),
        (
            "a page",
            "",
            request("GET /", COOKIE),
            "200",
            ["GET", "allowed", "", "", "safe_method"],
            1,
        ),
    ] {
        let collector = Collector::start().await;
        let policy = POLICY.replace("[site.policy]", &format!("[site.policy]\n{policy}"));
        let gateway = collector.gateway(&one_site(app.address, "", &policy));
        assert_eq!(gateway.ask(&request).await.status.to_string(), status, "{name}");
        gateway.end().await;
        let server = collector.server();
        let found = ["verdict", "rule", "reason", "permit"]
            .map(|key| said(&server.attributes, &format!("countersign.{key}")).unwrap_or_default());
        let mut found: Vec<_> = found.iter().map(String::as_str).collect();
        found.insert(0, &server.name);
        assert_eq!(found, expected, "{name}");
        says(&server, &[("http.response.status_code", Some(status))]);
        assert!(!is_error(&server), "{name}: {server:#?}");
        assert_eq!(collector.spans().len(), 1 + exchanges, "{name}");
    }
}

#[tokio::test]
async fn methods_that_clients_invent_make_no_names_of_their_own() {
    let (app, collector) = (App::plain().await, Collector::start().await);
    let gateway = collector.gateway(&one_site(app.address, "", POLICY));
    gateway.ask(&request("BREW /api/pot", "")).await;
    gateway.end().await;
    assert_eq!(collector.server().name, "HTTP /api/**");
    assert_eq!(collector.client().name, "HTTP");
    for span in collector.spans() {
        says(
            &span,
            &[
                ("http.request.method", Some("_OTHER")),
                ("http.request.method_original", Some("BREW")),
            ],
        );
    }
}

#[tokio::test]
async fn requests_that_reach_no_site_have_spans_too() {
    let app = App::plain().await;
    let site = "hosts = [\"shop.example:81\"]\npath = \"/shop\"\n[site.policy]";
    for (name, request, status, expected) in [
        ("another host", request("GET /shop", ""), 421, "/shop"),
        ("another path", "GET /x HTTP/1.1\r\nHost: shop.example:81\r\n\r\n".to_owned(), 404, "/x"),
        ("two hosts", request("GET /shop?a=b", "Host: b\r\n"), 400, "/shop"),
    ] {
        let collector = Collector::start().await;
        let gateway = collector.gateway(&one_site(app.address, "", site));
        assert_eq!(gateway.ask(&request).await.status, status, "{name}");
        gateway.end().await;
        let server = collector.server();
        assert_eq!(server.name, "GET", "{name}");
        says(
            &server,
            &[
                ("url.path", Some(expected)),
                ("url.scheme", Some("http")),
                ("http.response.status_code", Some(&status.to_string())),
                ("countersign.site", None),
                ("countersign.verdict", None),
            ],
        );
        assert!(!is_error(&server) && collector.spans().len() == 1, "{name}");
    }
}

#[tokio::test]
async fn an_upstream_that_fails_is_an_error_in_both_spans() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nowhere = closed.local_addr().unwrap();
    drop(closed);
    let (silent, _) = played(|mut stream, _| async move {
        read_head(&mut stream).await;
        std::future::pending::<()>().await;
    })
    .await;
    let (garbage, _) = played(|mut stream, _| async move {
        read_head(&mut stream).await;
        stream.write_all(b"what?\r\n\r\n").await.unwrap();
    })
    .await;
    let failing = App::start(async |_| {
        let mut response = crate::common::app::text("no");
        *response.status_mut() = http::StatusCode::SERVICE_UNAVAILABLE;
        response
    })
    .await;
    for (name, upstream, status, of_server, of_client, answer) in [
        ("down", nowhere, "502", "502", "connect", None),
        ("slow", silent, "504", "504", "slow", None),
        ("garbage", garbage, "502", "502", "broken", None),
        ("its own error", failing.address, "503", "503", "503", Some("503")),
    ] {
        let collector = Collector::start().await;
        let deadlines = "[deadlines]\nresponse = \"1s\"";
        let gateway = collector.gateway(&one_site(upstream, deadlines, POLICY));
        assert_eq!(gateway.ask(&request("GET /", "")).await.status.to_string(), status, "{name}");
        gateway.end().await;
        let (server, client) = (collector.server(), collector.client());
        assert!(is_error(&server) && is_error(&client), "{name}: {server:#?} {client:#?}");
        says(
            &server,
            &[("http.response.status_code", Some(status)), ("error.type", Some(of_server))],
        );
        says(&client, &[("http.response.status_code", answer), ("error.type", Some(of_client))]);
    }
}

#[tokio::test]
async fn a_response_that_breaks_off_is_an_error() {
    let (upstream, _) = played(|mut stream, _| async move {
        read_head(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf").await.unwrap();
    })
    .await;
    let collector = Collector::start().await;
    let gateway = collector.gateway(&one_site(upstream, "", POLICY));
    let mut client = gateway.client().await;
    client.send(request("GET /", "")).await;
    assert!(client.answer().await.is_err());
    gateway.end().await;
    let server = collector.server();
    assert!(is_error(&server), "{server:#?}");
    says(&server, &[("http.response.status_code", Some("200")), ("error.type", Some("cut_off"))]);
}

#[tokio::test]
async fn a_websocket_is_traced_as_far_as_its_handshake() {
    let (upstream, _) = played(|mut stream, _| async move {
        read_head(&mut stream).await;
        let answer = "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\n\
                      Upgrade: websocket\r\n\r\n";
        stream.write_all(answer.as_bytes()).await.unwrap();
        read_head(&mut stream).await;
    })
    .await;
    let collector = Collector::start().await;
    let gateway = collector.gateway(&one_site(upstream, "", POLICY));
    let mut client = gateway.client().await;
    client
        .send(
            "GET /live HTTP/1.1\r\nHost: shop.example\r\nConnection: upgrade\r\n\
             Upgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
             Sec-WebSocket-Version: 13\r\nOrigin: http://shop.example\r\n\r\n",
        )
        .await;
    assert_eq!(client.head().await.unwrap().status, 101);
    drop(client);
    gateway.end().await;
    for span in collector.spans() {
        says(&span, &[("http.response.status_code", Some("101"))]);
        assert!(!is_error(&span), "{span:#?}");
    }
    assert_eq!(collector.client().parent_span_id, collector.server().span_id);
}

#[tokio::test]
async fn spans_are_sent_while_the_gateway_runs() {
    let (app, collector) = (App::plain().await, Collector::start().await);
    let environment = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.endpoint()),
        ("OTEL_BSP_SCHEDULE_DELAY", "10".to_owned()),
    ];
    let environment = environment.each_ref().map(|(name, value)| (*name, value.as_str()));
    let gateway = crate::process::Process::start(&one_site(app.address, "", POLICY), &environment);
    assert_eq!(gateway.ask(&request("GET /", "")).await.status, 200);
    let all_there = async {
        while collector.spans().len() < 2 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(crate::common::PATIENCE, all_there).await.expect("no spans come");
    assert!(collector.spans().iter().any(|span| span.kind() == SpanKind::Server));
    gateway.end().await;
}
