//! Envoy's question over gRPC. There is no Envoy here: a client of the same protocol stands in for it,
//! and sends what Envoy's documentation says that Envoy sends.

use envoy_types::ext_authz::v3::pb::{
    Address, CheckRequest, CheckResponse, DeniedHttpResponse, HeaderAppendAction, HeaderValue,
    HeaderValueOption, HttpResponse, OkHttpResponse,
};
use envoy_types::pb::envoy::config::core::v3 as core;
use envoy_types::pb::envoy::service::auth::v3::AttributeContext;
use envoy_types::pb::envoy::service::auth::v3::attribute_context::{HttpRequest, Peer, Request};
use envoy_types::pb::envoy::service::auth::v3::authorization_client::AuthorizationClient;

use crate::setup::{Setup, config};

const OWN: (&str, &str) = ("origin", "https://app.example");
const FOREIGN: (&str, &str) = ("origin", "https://evil.example");
const COOKIE: (&str, &str) = ("cookie", "session=5d1ccc96; JSESSIONID=5d1ccc96");
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

fn http(method: &str, path: &str, headers: &[(&str, &str)]) -> HttpRequest {
    let mut all: Vec<(&str, &str)> =
        vec![(":authority", "app.example"), (":method", method), (":path", path)];
    all.extend_from_slice(headers);
    HttpRequest {
        method: method.into(),
        path: path.into(),
        host: "app.example".into(),
        scheme: "https".into(),
        headers: all.into_iter().map(|(name, value)| (name.into(), value.into())).collect(),
        ..HttpRequest::default()
    }
}

fn raw(method: &str, headers: &[(&str, &str)]) -> HttpRequest {
    let field = |(name, value): &(&str, &str)| HeaderValue {
        key: (*name).into(),
        raw_value: value.as_bytes().into(),
        ..HeaderValue::default()
    };
    let headers = headers.iter().map(field).collect();
    HttpRequest {
        header_map: Some(core::HeaderMap { headers }),
        ..HttpRequest { headers: Default::default(), ..http(method, "/", &[]) }
    }
}

fn question(http: Option<HttpRequest>) -> CheckRequest {
    let socket =
        core::SocketAddress { address: "203.0.113.9".into(), ..core::SocketAddress::default() };
    let address = core::Address { address: Some(Address::SocketAddress(socket)) };
    CheckRequest {
        attributes: Some(AttributeContext {
            source: Some(Peer { address: Some(address), ..Peer::default() }),
            request: Some(Request { http, ..Request::default() }),
            ..AttributeContext::default()
        }),
    }
}

async fn check(setup: &Setup, question: CheckRequest) -> CheckResponse {
    let address = setup.gateway.addresses().grpc.expect("a listener");
    let mut client = AuthorizationClient::connect(format!("http://{address}")).await.expect("h2");
    client.check(question).await.expect("an answer").into_inner()
}

fn allowed(response: CheckResponse) -> OkHttpResponse {
    assert_eq!(response.status.as_ref().map(|status| status.code), Some(0), "{response:?}");
    match response.http_response {
        Some(HttpResponse::OkResponse(allowed)) => allowed,
        other => panic!("{other:?}"),
    }
}

fn denied(response: CheckResponse) -> (i32, DeniedHttpResponse) {
    assert_eq!(response.status.as_ref().map(|status| status.code), Some(7), "{response:?}");
    match response.http_response {
        Some(HttpResponse::DeniedResponse(denied)) => {
            (denied.status.as_ref().expect("a status").code, denied)
        }
        other => panic!("{other:?}"),
    }
}

fn header<'h>(all: &'h [HeaderValueOption], name: &str) -> Option<&'h str> {
    let mut named = all.iter().filter_map(|option| option.header.as_ref());
    named.find(|header| header.key == name).map(|header| header.value.as_str())
}

#[tokio::test]
async fn a_request_is_judged_by_its_attributes() {
    let setup = Setup::with_policy("dialect = \"standard\"").await;
    for (name, http, expected) in [
        ("a page", http("GET", "/", &[COOKIE]), 200),
        ("the own origin", http("POST", "/", &[COOKIE, OWN]), 200),
        ("the own origin, raw", raw("POST", &[COOKIE, OWN]), 200),
        ("a foreign origin", http("POST", "/", &[COOKIE, FOREIGN]), 403),
        ("a foreign origin, raw", raw("POST", &[COOKIE, FOREIGN]), 403),
        ("two origins, raw", raw("POST", &[COOKIE, OWN, OWN]), 403),
        (
            "two origins, joined",
            http("POST", "/", &[COOKIE, ("origin", "https://app.example,https://app.example")]),
            403,
        ),
        (
            "two words of Fetch Metadata, joined",
            http("POST", "/", &[COOKIE, ("sec-fetch-site", "same-origin,cross-site")]),
            403,
        ),
        (
            "a foreign WebSocket",
            http("GET", "/", &[COOKIE, FOREIGN, ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")]),
            403,
        ),
        (
            "forwarding headers of the client's",
            http("POST", "/", &[COOKIE, FOREIGN, ("x-forwarded-host", "evil.example")]),
            403,
        ),
        (
            "another scheme",
            HttpRequest { scheme: "http".into(), ..http("POST", "/", &[COOKIE, OWN]) },
            403,
        ),
        ("no headers", http("POST", "/", &[]), 400),
        ("no method", HttpRequest { method: String::new(), ..http("POST", "/", &[OWN]) }, 400),
        ("no path", HttpRequest { path: String::new(), ..http("POST", "/", &[OWN]) }, 400),
        ("no host", HttpRequest { host: String::new(), ..http("POST", "/", &[OWN]) }, 400),
        ("two hosts", HttpRequest { host: "a,b".into(), ..http("POST", "/", &[OWN]) }, 400),
        ("no scheme", HttpRequest { scheme: String::new(), ..http("POST", "/", &[OWN]) }, 400),
    ] {
        let response = check(&setup, question(Some(http))).await;
        if expected == 200 {
            allowed(response);
        } else {
            assert_eq!(denied(response).0, expected, "{name}");
        }
    }
    assert_eq!(denied(check(&setup, question(None)).await).0, 400);
    assert_eq!(denied(check(&setup, CheckRequest::default()).await).0, 400);
}

#[tokio::test]
async fn a_refusal_is_the_dialects() {
    let setup = Setup::with_policy("dialect = \"genesys\"").await;
    let (status, denied) =
        denied(check(&setup, question(Some(http("POST", "/", &[COOKIE])))).await);
    assert_eq!(status, 403);
    assert_eq!(denied.body, r#"{"statusCode":5,"statusMessage":"Missing or invalid Csrf token"}"#);
    assert_eq!(header(&denied.headers, "content-type"), Some("application/json"));
    assert_eq!(header(&denied.headers, "cache-control"), Some("no-store"));
    assert_eq!(header(&denied.headers, "content-length"), None);
}

#[tokio::test]
async fn tokens_go_to_the_response_and_come_back() {
    let setup = Setup::with_policy("dialect = \"genesys\"").await;
    let page = allowed(check(&setup, question(Some(http("GET", "/", &[("accept", "*/*")])))).await);
    assert!(page.headers.is_empty(), "nothing goes to the app: {page:?}");
    let added = &page.response_headers_to_add;
    let token = header(added, "x-csrf-token").expect("a token").to_owned();
    let cookie = header(added, "set-cookie").expect("a session");
    let cookie = cookie.split(';').next().expect("a cookie");
    assert!(cookie.starts_with("__Host-countersign="), "{cookie}");
    for option in added {
        let name = option.header.as_ref().map(|header| header.key.as_str());
        let beside = matches!(name, Some("set-cookie" | "vary" | "cache-control"));
        let expected = if beside {
            HeaderAppendAction::AppendIfExistsOrAdd
        } else {
            HeaderAppendAction::OverwriteIfExistsOrAdd
        };
        assert_eq!(option.append_action(), expected, "{name:?}");
    }

    let headers = [("cookie", cookie), ("x-csrf-token", token.as_str())];
    allowed(check(&setup, question(Some(http("POST", "/", &headers)))).await);
    denied(check(&setup, question(Some(http("POST", "/", &headers[..1])))).await);
    let twice = format!("{token},{token}");
    let joined = [("cookie", cookie), ("x-csrf-token", twice.as_str())];
    denied(check(&setup, question(Some(http("POST", "/", &joined)))).await);
    let raw_twice = [headers[0], headers[1], headers[1]];
    denied(check(&setup, question(Some(raw("POST", &raw_twice)))).await);
}

#[tokio::test]
async fn a_form_is_read_where_envoy_sends_it() {
    let setup = Setup::with_policy("dialect = \"standard\"").await;
    let token = {
        let headers = [
            ("X-Forwarded-Method", "GET"),
            ("X-Forwarded-Uri", "/token"),
            ("X-Forwarded-Host", "app.example"),
            ("X-Forwarded-Proto", "https"),
            ("Cookie", COOKIE.1),
        ];
        let answer =
            crate::client::send(setup.gateway(), "GET", "/token/caddy", &headers, "").await;
        let json: serde_json::Value = serde_json::from_str(&answer.body).expect("JSON");
        json["token"].as_str().expect("a token").to_owned()
    };
    let body = format!("amount=1&csrf_token={token}");
    let form = |headers: &[(&str, &str)]| http("POST", "/", headers);
    let text = HttpRequest { body: body.clone(), ..form(&[COOKIE, FORM]) };
    allowed(check(&setup, question(Some(text))).await);
    let bytes = HttpRequest { raw_body: body.clone().into(), ..form(&[COOKIE, FORM]) };
    allowed(check(&setup, question(Some(bytes))).await);
    let partial = ("x-envoy-auth-partial-body", "true");
    let cut = HttpRequest { body: body.clone(), ..form(&[COOKIE, FORM, partial]) };
    denied(check(&setup, question(Some(cut))).await);
    let wrong = HttpRequest { body: body.to_lowercase(), ..form(&[COOKIE, FORM]) };
    denied(check(&setup, question(Some(wrong))).await);
    denied(check(&setup, question(Some(form(&[COOKIE, FORM])))).await);
}

#[tokio::test]
async fn only_trusted_peers_are_answered() {
    let config = config("[site.policy]\ndialect = \"standard\"", "192.0.2.1");
    let gateway = countersign_gateway::Gateway::start(config).expect("a gateway");
    let address = gateway.addresses().grpc.expect("a listener");
    let mut client = AuthorizationClient::connect(format!("http://{address}")).await.expect("h2");
    let refused = client.check(question(Some(http("GET", "/", &[COOKIE])))).await;
    assert!(refused.is_err(), "{refused:?}");
    gateway.drain();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn draining_ends_idle_connections() {
    let setup = Setup::with_policy("dialect = \"standard\"").await;
    let address = setup.gateway.addresses().grpc.expect("a listener");
    let mut client = AuthorizationClient::connect(format!("http://{address}")).await.expect("h2");
    let page = || question(Some(http("GET", "/", &[COOKIE])));
    allowed(client.check(page()).await.expect("an answer").into_inner());
    let Setup { gateway, .. } = setup;
    let ended = tokio::task::spawn_blocking(move || gateway.drain());
    tokio::time::timeout(std::time::Duration::from_secs(20), ended)
        .await
        .expect("an idle connection does not hold the end up")
        .expect("no panic");
    assert!(client.check(page()).await.is_err());
}
