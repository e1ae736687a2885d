//! Tokens on their way to clients, and back.

use crate::client::Answer;
use crate::proxy::{Kind, Proxy};
use crate::setup::Setup;

/// The name and value of a cookie that an answer sets.
fn set_cookie(answer: &Answer, name: &str) -> String {
    let all = answer.all("set-cookie");
    let own = all.iter().find_map(|value| value.strip_prefix(name)?.strip_prefix('='));
    let value = own.unwrap_or_else(|| panic!("no cookie `{name}`: {answer:?}"));
    format!("{name}={}", value.split(';').next().unwrap_or_default())
}

fn one<'a>(answer: &'a Answer, name: &str) -> &'a str {
    let all = answer.all(name);
    assert_eq!(all.len(), 1, "{name}: {answer:?}");
    all[0]
}

#[tokio::test]
async fn a_session_begins_with_a_token_that_is_good_for_it() {
    for kind in Kind::ALL {
        let setup = Setup::with_policy("dialect = \"genesys\"").await;
        let proxy = Proxy::start(kind, &setup).await;
        let page = proxy.send("GET", "/api/v2/me", &[], "").await;
        assert_eq!(page.status, 200, "{kind:?} {page:?}");
        let cookie = set_cookie(&page, "countersign");
        let (header, token) = (one(&page, "x-csrf-header"), one(&page, "x-csrf-token"));
        assert_eq!(header, "X-CSRF-TOKEN", "{kind:?}");
        assert_eq!(one(&page, "cache-control"), "no-store", "{kind:?}");
        setup.app.take();

        let cookie = ("Cookie", cookie.as_str());
        let without = proxy.send("POST", "/api/v2/me", &[cookie], "a=b").await;
        assert_eq!(without.status, 403, "{kind:?}");
        let json = r#"{"statusCode":5,"statusMessage":"Missing or invalid Csrf token"}"#;
        assert_eq!(without.body, json, "{kind:?}");
        assert_eq!(setup.app.take().len(), 0, "{kind:?}");
        let with = proxy.send("POST", "/api/v2/me", &[cookie, (header, token)], "a=b").await;
        assert_eq!(with.status, 200, "{kind:?}: {with:?}");
        let stolen = [("Cookie", "countersign=another"), (header, token)];
        let other = proxy.send("POST", "/api/v2/me", &stolen, "a=b").await;
        assert_eq!(other.status, 403, "{kind:?}");
    }
}

#[tokio::test]
async fn what_shared_caches_may_keep_carries_no_token() {
    for kind in Kind::ALL {
        let setup = Setup::with_policy("dialect = \"genesys\"").await;
        let proxy = Proxy::start(kind, &setup).await;
        let page = proxy.send("GET", "/shared", &[], "").await;
        assert_eq!(page.status, 200, "{kind:?}");
        for name in ["set-cookie", "x-csrf-token", "x-csrf-header"] {
            assert!(!page.headers.contains_key(name), "{kind:?} {name}: {page:?}");
        }
        assert_eq!(one(&page, "cache-control"), "public, max-age=600", "{kind:?}");
    }
}

#[tokio::test]
async fn a_double_submit_has_two_cookies() {
    for kind in Kind::ALL {
        let setup = Setup::with_policy("dialect = \"voss\"").await;
        let proxy = Proxy::start(kind, &setup).await;
        let page = proxy.send("GET", "/login/", &[], "").await;
        let own = set_cookie(&page, "countersign");
        let token = set_cookie(&page, "csrftoken");
        assert!(page.all("vary").join(",").contains("Cookie"), "{kind:?}: {page:?}");
        let cookies = format!("{own}; {token}");
        let value = token.strip_prefix("csrftoken=").expect("its name");
        let headers = [
            ("Cookie", cookies.as_str()),
            ("X-CSRFToken", value),
            ("Origin", "http://app.example"),
        ];
        let posted = proxy.send("POST", "/api/", &headers, "a=b").await;
        assert_eq!(posted.status, 200, "{kind:?}: {posted:?}");
        let posted = proxy.send("POST", "/api/", &[headers[0], headers[2]], "a=b").await;
        assert_eq!(posted.status, 403, "{kind:?}: {posted:?}");
    }
}

#[tokio::test]
async fn a_token_can_be_fetched() {
    for kind in Kind::ALL {
        let setup = Setup::with_policy("dialect = \"standard\"").await;
        let proxy = Proxy::start(kind, &setup).await;
        let answer = proxy.send("GET", "/csrf-token", &[], "").await;
        assert_eq!(answer.status, 200, "{kind:?}: {answer:?}\n{}", proxy.log());
        let json: serde_json::Value = serde_json::from_str(&answer.body).expect("JSON");
        assert_eq!(
            (&json["header"], &json["field"]),
            (&"X-CSRF-Token".into(), &"csrf_token".into())
        );
        let token = json["token"].as_str().expect("a token");
        assert_eq!(one(&answer, "cache-control"), "no-store", "{kind:?}");

        let cookie = set_cookie(&answer, "countersign");
        let cookie = ("Cookie", cookie.as_str());
        let posted = proxy.send("POST", "/", &[cookie, ("X-CSRF-Token", token)], "a=b").await;
        assert_eq!(posted.status, 200, "{kind:?}: {posted:?}");
        let posted = proxy.send("POST", "/", &[cookie], "a=b").await;
        assert_eq!(posted.status, 403, "{kind:?}: {posted:?}");
        let posted = proxy.send("POST", "/csrf-token", &[cookie], "a=b").await;
        assert_eq!(posted.status, 405, "{kind:?}: {posted:?}");
        // The form field would be in the body, which nobody sends along.
        let form = [cookie, ("Content-Type", "application/x-www-form-urlencoded")];
        let posted = proxy.send("POST", "/", &form, &format!("csrf_token={token}")).await;
        assert_eq!(posted.status, 403, "{kind:?}: {posted:?}");
    }
}

#[tokio::test]
async fn a_dialect_answers_at_its_own_path() {
    let setup = Setup::with_policy("dialect = \"vmanage\"").await;
    let ask = |path: &'static str| {
        let headers = [
            ("X-Forwarded-Method", "GET"),
            ("X-Forwarded-Uri", path),
            ("X-Forwarded-Host", "app.example"),
            ("X-Forwarded-Proto", "https"),
            ("Cookie", "JSESSIONID=5d1ccc96"),
        ];
        let gateway = setup.gateway();
        async move { crate::client::send(gateway, "GET", "/token/traefik", &headers, "").await }
    };
    let text = ask("/dataservice/client/token").await;
    assert_eq!((text.status, text.body.len()), (200, 100), "{text:?}");
    let json = ask("/dataservice/client/token?json=true").await;
    assert_eq!(json.body, format!(r#"{{"token":"{}"}}"#, text.body));
    assert!(text.all("set-cookie").is_empty(), "the app's session is there");
    // Anything else below that path needs a token, and gives none.
    assert_eq!(ask("/dataservice/device").await.status, 403);
}

#[tokio::test]
async fn the_status_text_of_a_refusal_gets_through_nginx() {
    let setup = Setup::with_policy("dialect = \"tao\"").await;
    let proxy = Proxy::start(Kind::Nginx, &setup).await;
    let answer = proxy.send("POST", "/tao/items", &[("Cookie", "tao_session=1")], "a=b").await;
    assert_eq!((answer.status, answer.phrase.as_str()), (403, "Unable to process your request"));
}

/// nginx and HAProxy hand on status, type and body of what they were told; Caddy hands on all of it.
#[tokio::test]
async fn a_refusal_that_says_the_token_says_it_through_proxies_that_hand_it_on() {
    const ID: &str = "X-Transmission-Session-Id";
    for kind in Kind::ALL {
        let setup = Setup::with_policy("dialect = \"transmission\"").await;
        let proxy = Proxy::start(kind, &setup).await;
        let told = proxy.send("POST", "/transmission/rpc", &[], "{}").await;
        assert_eq!(told.status, 409, "{kind:?}: {told:?}");
        assert_eq!(setup.app.take().len(), 0, "{kind:?}");
        if kind != Kind::Caddy {
            assert!(told.all(ID).is_empty(), "{kind:?}: {told:?}");
            continue;
        }
        let (own, id) = (set_cookie(&told, "countersign"), one(&told, ID));
        let headers = [("Cookie", own.as_str()), (ID, id)];
        let passed = proxy.send("POST", "/transmission/rpc", &headers, "{}").await;
        assert_eq!(passed.status, 200, "{kind:?}: {passed:?}");
    }
}
