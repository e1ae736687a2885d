//! What passes, and what does not.

use countersign_gateway::config::Address;

use crate::proxy::{Kind, Proxy};
use crate::setup::Setup;

const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");
const OWN: (&str, &str) = ("Origin", "http://app.example");
const FOREIGN: (&str, &str) = ("Origin", "http://evil.example");
const COOKIE: (&str, &str) = ("Cookie", "session=5d1ccc96cbd7e7f2");
const STANDARD: &str = "dialect = \"standard\"";

#[tokio::test]
async fn what_is_allowed_passes_and_what_is_refused_stays_outside() {
    for kind in Kind::ALL {
        let setup = Setup::with_policy(STANDARD).await;
        let proxy = Proxy::start(kind, &setup).await;

        let answer = proxy.send("GET", "/page?a=b", &[COOKIE], "").await;
        assert_eq!((answer.status, answer.body.as_str()), (200, "the app's answer"), "{kind:?}");
        let answer = proxy.send("POST", "/transfer?a=b", &[COOKIE, OWN, FORM], "amount=1").await;
        assert_eq!(answer.status, 200, "{kind:?} {answer:?}\n{}", proxy.log());
        let received = setup.app.take();
        let posted = received.last().expect("both reach the app");
        assert_eq!(received.len(), 2, "{kind:?}");
        let line = (posted.method.as_str(), posted.target.as_str());
        assert_eq!(line, ("POST", "/transfer?a=b"), "{kind:?}");
        assert_eq!(&posted.body[..], b"amount=1", "{kind:?}");
        assert_eq!(posted.headers["cookie"], COOKIE.1, "{kind:?}");

        for (name, method, headers) in [
            ("a foreign origin", "POST", &[COOKIE, FOREIGN, FORM][..]),
            ("no evidence and no token", "POST", &[COOKIE, FORM]),
            ("two origins", "POST", &[COOKIE, OWN, FOREIGN]),
            ("a cross-site fetch", "DELETE", &[COOKIE, ("Sec-Fetch-Site", "cross-site")]),
            (
                "a foreign WebSocket",
                "GET",
                &[
                    COOKIE,
                    FOREIGN,
                    ("Upgrade", "websocket"),
                    ("Sec-WebSocket-Version", "13"),
                    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
                ],
            ),
        ] {
            let body = if method == "POST" { "amount=1" } else { "" };
            let answer = proxy.send(method, "/transfer", headers, body).await;
            assert_eq!(answer.status, 403, "{kind:?} {name}: {answer:?}");
            let words = "it could not be shown that you meant to send it";
            assert!(answer.body.contains(words), "{kind:?} {name}: {answer:?}");
            assert_eq!(answer.headers["cache-control"], "no-store", "{kind:?} {name}");
            assert!(!answer.headers.contains_key("x-countersign-reason"), "{kind:?} {name}");
        }
        assert_eq!(setup.app.take().len(), 0, "{kind:?}");
    }
}

#[tokio::test]
async fn what_the_client_says_in_the_names_of_the_recipes_counts_for_nothing() {
    for kind in Kind::ALL {
        let setup = Setup::with_policy(STANDARD).await;
        let proxy = Proxy::start(kind, &setup).await;
        for (name, value) in [
            ("X-Original-Method", "GET"),
            ("X-Original-URI", "/countersign/token"),
            ("X-Original-Client-Verify", "NONE"),
            ("X-Forwarded-Method", "GET"),
            ("X-Forwarded-Uri", "/"),
            ("X-Forwarded-Host", "evil.example"),
            ("X-Forwarded-Proto", "https"),
            ("X-Forwarded-For", "127.0.0.1"),
            ("X-HTTP-Method-Override", "GET"),
            ("Forwarded", "host=evil.example"),
            ("X-Countersign-Reason", "token_missing"),
        ] {
            let once = [COOKIE, FOREIGN, (name, value)];
            let twice = [COOKIE, FOREIGN, (name, value), (name, value)];
            for headers in [&once[..], &twice] {
                let answer = proxy.send("POST", "/", headers, "a=b").await;
                assert_eq!(answer.status, 403, "{kind:?} {headers:?}: {answer:?}");
                assert_eq!(setup.app.take().len(), 0, "{kind:?} {headers:?}");
            }
        }
        // The same names beside a good request do not make it a bad one.
        for (name, value) in [
            ("X-Original-Method", "TRACE"),
            ("X-Forwarded-Method", "TRACE"),
            ("X-Forwarded-Host", "evil.example"),
            ("X-Forwarded-Proto", "gopher"),
        ] {
            let answer = proxy.send("POST", "/", &[COOKIE, OWN, (name, value)], "a=b").await;
            assert_eq!(answer.status, 200, "{kind:?} {name}: {answer:?}");
        }
    }
}

#[tokio::test]
async fn connections_to_the_gateway_are_used_again() {
    for kind in Kind::ALL {
        let setup = Setup::with_policy(STANDARD).await;
        let proxy = Proxy::start(kind, &setup).await;
        for _ in 0..25 {
            assert_eq!(proxy.send("POST", "/", &[COOKIE, OWN], "a=b").await.status, 200);
            assert_eq!(proxy.send("POST", "/", &[COOKIE, FOREIGN], "a=b").await.status, 403);
        }
        assert_eq!(setup.app.take().len(), 25, "{kind:?}");
        // No question came while another was under way; HAProxy keeps connections for each thread.
        let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let most = if kind == Kind::Haproxy { 2 * threads } else { 2 };
        let connections = setup.relay.connections();
        assert!(connections <= most, "{kind:?}: {connections} connections for 50 requests");
    }
}

#[tokio::test]
async fn a_gateway_that_is_gone_lets_nothing_pass() {
    for kind in Kind::ALL {
        let mut setup = Setup::with_policy(STANDARD).await;
        let proxy = Proxy::start(kind, &setup).await;
        setup.relay.close();
        let answer = proxy.send("POST", "/", &[COOKIE, OWN], "a=b").await;
        assert!(answer.status >= 500, "{kind:?}: {answer:?}");
        assert_eq!(setup.app.take().len(), 0, "{kind:?}");
    }
}

#[tokio::test]
async fn nginx_may_ask_over_a_socket_file() {
    use crate::setup::config_in;
    use countersign_gateway::Gateway;

    let setup = Setup::with_policy(STANDARD).await;
    let folder = tempfile::tempdir().expect("a folder");
    // Its permissions say who may ask: it needs no `trusted_peers`.
    let text = "listen = \"unix:countersign.sock\"\n[[site]]\nname = \"app\"\n\
                policy = { dialect = \"standard\" }\n";
    let config = config_in(folder.path(), text);
    let before = Gateway::start(config.clone()).expect("a gateway");
    let error = Gateway::start(config.clone()).expect_err("somebody listens there");
    let file = format!("unix:{}", folder.path().join("countersign.sock").display());
    assert!(error.to_string().contains(&file), "{error}");
    before.drain();
    let gateway = Gateway::start(config).expect("another gateway, over the file that is left");
    assert_eq!(
        gateway.addresses().forward_auth.as_ref().map(Address::to_string),
        Some(file.clone())
    );

    let proxy = Proxy::nginx_asking(&file, &setup, &[]).await;
    let answer = proxy.send("POST", "/transfer", &[COOKIE, OWN, FORM], "amount=1").await;
    assert_eq!(answer.status, 200, "{answer:?}\n{}", proxy.log());
    let answer = proxy.send("POST", "/transfer", &[COOKIE, FOREIGN, FORM], "amount=1").await;
    assert_eq!(answer.status, 403, "{answer:?}\n{}", proxy.log());
    assert_eq!(setup.app.take().len(), 1);
}

#[tokio::test]
async fn only_trusted_peers_are_answered() {
    use crate::app::App;
    use crate::client::send;
    use crate::relay::Relay;
    use crate::setup::config;
    use countersign_gateway::Gateway;

    let config = config("[site.policy]\ndialect = \"standard\"", "192.0.2.1");
    let gateway = Gateway::start(config).expect("a gateway");
    let listener =
        gateway.addresses().forward_auth.as_ref().and_then(Address::tcp).expect("a listener");
    for path in ["/verify/nginx", "/token/nginx", "/refusal/nginx", "/"] {
        let headers = [
            ("X-Original-Method", "GET"),
            ("X-Original-URI", "/"),
            ("X-Forwarded-Host", "app.example"),
            ("X-Forwarded-Proto", "http"),
            ("X-Forwarded-For", "192.0.2.1"),
        ];
        let answer = send(listener, "GET", path, &headers, "").await;
        assert_eq!((answer.status, answer.body.as_str()), (403, ""), "{path}");
    }
    let relay = Relay::to(listener).await;
    let setup = Setup { gateway, app: App::start().await, relay };
    let proxy = Proxy::start(Kind::Nginx, &setup).await;
    assert_eq!(proxy.send("GET", "/", &[], "").await.status, 403);
    assert_eq!(setup.app.take().len(), 0);
}
