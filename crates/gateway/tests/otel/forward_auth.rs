//! Other proxies' questions: the spans are of the requests that they ask about.

use envoy_types::ext_authz::v3::pb::{Address, CheckRequest};
use envoy_types::pb::envoy::config::core::v3 as core;
use envoy_types::pb::envoy::service::auth::v3::AttributeContext;
use envoy_types::pb::envoy::service::auth::v3::attribute_context::{HttpRequest, Peer, Request};
use envoy_types::pb::envoy::service::auth::v3::authorization_client::AuthorizationClient;
use opentelemetry_proto::tonic::trace::v1::Span;

use crate::collector::{Collector, is_error, says};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

fn configuration(policy: &str) -> String {
    format!(
        "[forward_auth]\nlisten = \"127.0.0.1:0\"\ngrpc = \"127.0.0.1:0\"\n\
         trusted_peers = [\"127.0.0.1\"]\n[[site]]\nname = \"shop\"\n\
         [site.policy]\nroute = [{{ path = \"/api/**\", require = \"either\" }}]\n{policy}"
    )
}

fn question(origin: &str) -> String {
    format!(
        "GET /verify/nginx HTTP/1.1\r\nHost: gateway.internal\r\nX-Original-Method: POST\r\n\
         X-Original-URI: /api/pay?key=s3cret\r\nX-Forwarded-Host: shop.example:8443\r\n\
         X-Forwarded-Proto: https\r\nX-Forwarded-For: 203.0.113.9\r\nCookie: session=5d1ccc96\r\n\
         User-Agent: Mozilla/5.0\r\ntraceparent: 00-{TRACE}-b7ad6b7169203331-01\r\n\
         Origin: {origin}\r\n\r\n"
    )
}

fn is_of_the_described_request(span: &Span) {
    assert_eq!(span.name, "POST /api/**");
    says(
        span,
        &[
            ("http.request.method", Some("POST")),
            ("url.path", Some("/api/pay")),
            ("url.scheme", Some("https")),
            ("client.address", Some("203.0.113.9")),
            ("network.peer.address", Some("127.0.0.1")),
            ("countersign.site", Some("shop")),
            ("countersign.forward_auth", Some("true")),
        ],
    );
}

#[tokio::test]
async fn a_question_over_http_is_a_span() {
    for (name, origin, status, verdict, reason) in [
        ("allowed", "https://shop.example:8443", "204", "allowed", None),
        ("refused", "https://evil.example", "403", "refused", Some("origin_mismatch")),
    ] {
        let collector = Collector::start().await;
        let gateway = collector.gateway(&configuration(""));
        assert_eq!(gateway.question(&question(origin)).await.status.to_string(), status, "{name}");
        gateway.end().await;
        let span = collector.server();
        is_of_the_described_request(&span);
        says(
            &span,
            &[
                ("server.address", Some("shop.example")),
                ("server.port", Some("8443")),
                ("user_agent.original", Some("Mozilla/5.0")),
                ("network.protocol.version", None),
                ("http.response.status_code", Some(status)),
                ("countersign.verdict", Some(verdict)),
                ("countersign.reason", reason),
            ],
        );
        assert!(!is_error(&span), "{span:#?}");
        // nginx passes on what the client sent: whose word that is, nobody knows.
        assert_eq!((span.parent_span_id.len(), span.links.len()), (0, 1), "{span:#?}");
        assert_eq!(collector.spans().len(), 1);
    }
}

#[tokio::test]
async fn the_trace_of_a_proxy_goes_on_if_the_site_trusts_it() {
    let collector = Collector::start().await;
    let gateway = collector.gateway(&configuration("trusted_proxies = [\"127.0.0.1\"]"));
    gateway.question(&question("https://shop.example:8443")).await;
    gateway.end().await;
    let span = collector.server();
    let trace: String = span.trace_id.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(trace, TRACE);
    assert!(span.links.is_empty());
}

#[tokio::test]
async fn a_question_that_describes_nothing_is_a_span() {
    let collector = Collector::start().await;
    let gateway = collector.gateway(&configuration(""));
    let bad = "GET /verify/nginx?key=s3cret HTTP/1.1\r\nHost: gateway.internal\r\n\r\n";
    assert_eq!(gateway.question(bad).await.status, 403);
    gateway.end().await;
    let span = collector.server();
    says(
        &span,
        &[
            ("url.path", Some("/verify/nginx")),
            ("http.response.status_code", Some("403")),
            ("countersign.site", None),
            ("countersign.forward_auth", Some("true")),
        ],
    );
}

#[tokio::test]
async fn a_question_over_grpc_is_a_span() {
    for (name, origin, status, verdict) in [
        ("allowed", "https://shop.example", "204", "allowed"),
        ("refused", "https://evil.example", "403", "refused"),
    ] {
        let collector = Collector::start().await;
        let gateway = collector.gateway(&configuration(""));
        let headers = [("cookie", "session=5d1ccc96"), ("origin", origin)];
        let http = HttpRequest {
            method: "POST".into(),
            path: "/api/pay?key=s3cret".into(),
            host: "shop.example".into(),
            scheme: "https".into(),
            headers: headers.map(|(name, value)| (name.into(), value.into())).into(),
            ..HttpRequest::default()
        };
        let socket =
            core::SocketAddress { address: "203.0.113.9".into(), ..core::SocketAddress::default() };
        let address = core::Address { address: Some(Address::SocketAddress(socket)) };
        let check = CheckRequest {
            attributes: Some(AttributeContext {
                source: Some(Peer { address: Some(address), ..Peer::default() }),
                request: Some(Request { http: Some(http), ..Request::default() }),
                ..AttributeContext::default()
            }),
        };
        let to = format!("http://{}", gateway.grpc());
        let mut envoy = AuthorizationClient::connect(to).await.expect("h2");
        envoy.check(check).await.expect("an answer");
        drop(envoy);
        gateway.end().await;
        let span = collector.server();
        is_of_the_described_request(&span);
        says(
            &span,
            &[("http.response.status_code", Some(status)), ("countersign.verdict", Some(verdict))],
        );
        assert_eq!(collector.spans().len(), 1, "{name}");
    }
}
