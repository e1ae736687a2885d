//! What operators read: why, and what to do about it; and never a secret.

use axum::Router;
use axum::routing::post;
use countersign::{Exemption, Mode, PathPattern, Policy};
use countersign_tower::CsrfLayer;
use countersign_tower::axum::{Guarded, unrestricted};
use tracing::Level;

use crate::common::{
    Calls, Log, Server, Switched, altered, app, keyring, layer, policy, protected, stored,
};

const SESSION: &str = "5d1ccc96cbd7e7f290020aaedd64c1b3";

#[tokio::test]
async fn a_refusal_is_one_warning_that_says_everything() {
    let log = Log::capture();
    let protection = layer(policy("standard"));
    let pseudonym = format!("{:?}", protection.engine().session_key(SESSION.as_bytes()));
    let server = Server::start(app(protection, &Calls::default())).await;
    let origin = server.origin();
    let call = server.post("/transfer?to=mallory").cookie(&format!("session={SESSION}"));
    let call = call.header("origin", "https://evil.example").header("user-agent", "Mozilla/5.0");
    assert_eq!(call.send().await.status(), 403);

    let lines = log.take_own();
    let [line] = &lines[..] else { panic!("{lines:?}") };
    assert_eq!(line.level, Level::WARN);
    for (field, expected) in [
        ("message", "possible CSRF attempt"),
        ("reason", "origin_mismatch"),
        ("rule", "6"),
        ("seen", "https://evil.example"),
        ("expected", origin.as_str()),
        ("method", "POST"),
        ("route", "/transfer"),
        ("session", pseudonym.as_str()),
        ("origin", "https://evil.example"),
        ("user_agent", "Mozilla/5.0"),
        ("enforced", "true"),
    ] {
        assert_eq!(line.field(field), Some(expected), "{field}");
    }
    let remedy = line.field("remedy").unwrap();
    assert!(remedy.contains("add it to `trusted_origins`"), "{remedy}");
}

#[tokio::test]
async fn what_is_allowed_is_not_worth_a_word() {
    let log = Log::capture();
    let server = Server::start(app(layer(policy("standard")), &Calls::default())).await;
    let token = server.token("session=a").await;
    let call = server.post("/").cookie("session=a").header("x-csrf-token", &token);
    assert_eq!(call.send().await.status(), 200);
    assert!(log.take_own().is_empty());
}

/// Whichever way a request takes through the layer.
#[tokio::test]
async fn report_mode_logs_each_request_once() {
    for (name, policy) in [
        ("header token", policy("genesys")),
        ("kept in the store, and delivered from there", stored()),
        ("double submit", policy("voss")),
        ("one-time", policy("tao")),
        ("a form", policy("standard")),
    ] {
        let log = Log::capture();
        let reporting = layer(policy.with_mode(Mode::Report));
        let server = Server::start(app(reporting, &Calls::default())).await;
        let call = server.post("/").cookie("session=a; JSESSIONID=a; sessionid=a; tao_session=a");
        let answer = call.form("application/x-www-form-urlencoded", "a=b").send().await;
        assert_eq!(answer.status(), 200, "{name}");
        let lines = log.take_own();
        let [line] = &lines[..] else { panic!("{name}: {lines:?}") };
        assert_eq!(line.field("reason"), Some("token_missing"), "{name}");
        assert_eq!(line.field("enforced"), Some("false"), "{name}");
    }
}

#[tokio::test]
async fn an_exemption_is_told_with_its_reason_each_time() {
    for (name, policy) in [("quick", policy("standard")), ("by way of the store", stored())] {
        let log = Log::capture();
        let exempt = policy.with_exemption(Exemption {
            path: PathPattern::parse("/hook").unwrap(),
            methods: vec!["POST".to_owned().try_into().unwrap()],
            origin: None,
            reason: "signed by the sender".into(),
            expires: None,
        });
        let server = Server::start(app(layer(exempt), &Calls::default())).await;
        assert_eq!(server.post("/hook").cookie("session=a").send().await.status(), 200);
        let lines = log.take_own();
        let [line] = &lines[..] else { panic!("{name}: {lines:?}") };
        assert_eq!(line.level, Level::INFO, "{name}");
        assert_eq!(line.field("reason"), Some("signed by the sender"), "{name}");
        assert_eq!(line.field("route"), Some("/hook"), "{name}");
    }
}

#[tokio::test]
async fn a_route_without_access_is_named_at_start() {
    let log = Log::capture();
    let _: Router = Guarded::new(layer(policy("standard")))
        .route("/open", unrestricted(post(async || "")))
        .route("/forgotten", post(async || ""))
        .into_router();
    let lines = log.take_own();
    let [line] = &lines[..] else { panic!("{lines:?}") };
    assert_eq!((line.level, line.field("route")), (Level::WARN, Some("/forgotten")));
}

#[tokio::test]
async fn a_handler_without_its_layer_is_the_apps_mistake() {
    let log = Log::capture();
    let routes = async |csrf: countersign_tower::Csrf| csrf.field_name().unwrap_or_default();
    let server = Server::start(Router::new().route("/", post(routes))).await;
    assert_eq!(server.post("/").send().await.status(), 500);
    let lines = log.take_own();
    let [line] = &lines[..] else { panic!("{lines:?}") };
    assert_eq!(line.level, Level::ERROR);
    let message = line.field("message").unwrap();
    assert!(message.contains("no CsrfLayer is around this route"), "{message}");
}

/// Every dialect, every place for a token, every kind of refusal; then every secret is looked for in
/// everything that was logged, by anybody.
#[tokio::test]
async fn no_secret_is_ever_logged() {
    const OTHER: &str = "hac082exio454jcqk6ieqm4j";
    let log = Log::capture();
    let mut refusals = 0;
    for policy in [
        policy("standard"),
        policy("genesys"),
        policy("voss"),
        policy("vmanage"),
        policy("tao"),
        stored(),
        altered("standard", r#"cookie = "session""#, r#"cookie = "__Host-sid""#),
        policy("standard").with_mode(Mode::Report),
    ] {
        let cookie_name = policy.dialect().session.cookie.clone();
        let rules = policy.dialect().token.clone().unwrap();
        let header = rules.header.as_str().to_owned();
        let field = rules.field.unwrap_or_else(|| "t".into());
        let store = Switched::new(1, false);
        let protection = CsrfLayer::with_store(policy, keyring(), store.clone());
        let engine = protection.engine().clone();
        let routes = Router::new().fallback_service(Calls::default().echo().with_state::<()>(()));
        let server = Server::start(protected(protection, routes)).await;
        let sid = format!("{cookie_name}={SESSION}");
        let own = server.token(&sid).await;
        let other = server.token(&format!("{cookie_name}={OTHER}")).await;
        let masked = engine.masked(&own, &mut countersign_tower::ThreadRandom::default());
        let changed = format!("{}0", &own[..own.len() - 1]);

        let both = format!("{sid}; {cookie_name}={OTHER}");
        let cookies = [
            sid.clone(),
            format!("{sid}; csrftoken={own}"),
            format!("{sid}; csrftoken={other}"),
            format!("{sid}; csrftoken={own}; csrftoken={other}"),
            both,
            format!("{cookie_name}={SESSION}\u{e9}"),
            "x=1".to_owned(),
        ];
        for cookie in &cookies {
            for token in [&own, &other, &masked, &changed, &own.to_uppercase(), &own.repeat(20)] {
                let post = || server.post("/dataservice/x").cookie(cookie);
                let _ = post().header(&header, token).send().await;
                let _ = post().header(&header, token).header(&header, &own).send().await;
                let body = format!("{field}={token}&password=hunter2");
                let form = "application/x-www-form-urlencoded";
                let _ = post().form(form, body.clone()).send().await;
                let _ = post().form(form, format!("{body}&{field}={own}")).send().await;
                let _ =
                    post().form(&format!("multipart/form-data; boundary={own}"), body).send().await;
                let part =
                    format!("--b\r\nContent-Disposition: form-data; name={field}\r\n\r\n{token}");
                let _ = post().form("multipart/form-data; boundary=b", part).send().await;
                let foreign = post().header("origin", "https://evil.example");
                let _ = foreign.header(&header, token).send().await;
                let referer = format!("https://evil.example/?{own}#{SESSION}");
                let _ = post().header("referer", &referer).header(&header, token).send().await;
                let basic = post().header("authorization", "Basic am9lOmh1bnRlcjI=");
                let _ = basic.header(&header, token).send().await;
                let bearer = post().header("authorization", "Bearer hunter2");
                let _ = bearer.header(&header, token).send().await;
                let query = server.post(&format!("/dataservice/x?{field}={token}")).cookie(cookie);
                let _ = query.send().await;
                store.set_down(true);
                let _ = post().header(&header, token).send().await;
                store.set_down(false);
            }
        }
        let lines = log.take();
        refusals += lines.iter().filter(|line| line.field("reason").is_some()).count();
        let secrets =
            [SESSION, OTHER, &own, &other, &masked, &changed, "hunter2", "am9lOmh1bnRlcjI="];
        for line in &lines {
            let line = format!("{line:?}").to_lowercase();
            for secret in secrets {
                assert!(!line.contains(&secret.to_lowercase()), "`{secret}` in {line}");
            }
        }
    }
    assert!(refusals > 2000, "only {refusals} refusals were looked at");
}

#[tokio::test]
async fn what_a_client_sends_cannot_forge_or_flood_the_log() {
    let log = Log::capture();
    let server = Server::start(app(layer(Policy::standard()), &Calls::default())).await;
    let long = "x".repeat(50_000);
    for (name, target, headers) in [
        ("escape codes", "/", "User-Agent: \u{1b}[2Kfine\r\nOrigin: http://\u{1b}[31mevil\r\n"),
        ("a tab", "/", "User-Agent: a\tlevel=ERROR\r\nOrigin: http://a\tb\r\n"),
        ("Latin-1", "/", "User-Agent: \u{85}WARN\r\nOrigin: http://ev\u{ef}l\r\n"),
        ("a bare newline", "/", "User-Agent: a\nOrigin: http://evil\r\n"),
        ("a separator of lines", "/a\u{2028}WARN\u{202e}b", "Origin: http://evil\r\n"),
        ("escaped newlines", "/%0aWARN%0d%0a", "Origin: http://evil/%0a\r\nReferer: x%0ay\r\n"),
        ("a long path", &format!("/{long}"), "Origin: http://evil\r\n"),
        ("a long query", &format!("/?_method={long}"), "Origin: http://evil\r\n"),
        ("long headers", "/", &format!("Origin: http://{long}\r\nUser-Agent: {long}\r\n")),
        ("a long site", "/", &format!("Sec-Fetch-Site: {long}\r\nReferer: http://{long}/\r\n")),
        ("a long host", "/", &format!("X-Forwarded-Host: {long}\r\nOrigin: http://evil\r\n")),
    ] {
        let raw = server
            .raw(format!("POST {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nCookie: session=a\r\n{headers}\r\n"))
            .await;
        assert!(matches!(raw.status(), Some(400 | 403 | 414 | 431)), "{name} {raw:?}");
        for line in log.take_own() {
            for field in ["seen", "expected", "remedy", "method", "route", "origin", "user_agent"] {
                let text = line.field(field).unwrap_or_default();
                assert!(text.len() < 600, "{name}: {field} has {} bytes", text.len());
                let plain = text.bytes().all(|b| matches!(b, b' '..=b'~'));
                assert!(plain, "{name}: {field} is {text:?}");
            }
        }
    }
}
