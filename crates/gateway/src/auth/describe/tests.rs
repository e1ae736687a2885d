use http::Request;

use super::*;

fn client() -> Client {
    Client {
        peer: Peer::new(Some(IpAddr::from([127, 0, 0, 1])), Scheme::Http),
        address: HeaderValue::from_static("127.0.0.1"),
        watch: Arc::default(),
    }
}

fn parts(path: &str, headers: &[(&str, &str)]) -> Parts {
    let mut request = Request::builder().uri(path).header("host", "gateway");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(()).unwrap().into_parts().0
}

fn nginx(changed: &[(&str, Option<&str>)]) -> Result<Asked, Undescribed> {
    let full = [
        ("x-original-method", "POST"),
        ("x-original-uri", "/transfer?a=b"),
        ("x-forwarded-host", "app.example"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-for", "203.0.113.9"),
    ];
    let mut headers: Vec<(&str, &str)> =
        full.into_iter().filter(|(name, _)| changed.iter().all(|(own, _)| own != name)).collect();
    headers.extend(changed.iter().filter_map(|(name, value)| Some((*name, (*value)?))));
    Caller::Nginx.describe(parts("/verify/nginx", &headers), &client())
}

#[test]
fn a_request_is_what_the_proxy_says_it_is() {
    let asked = nginx(&[]).unwrap();
    assert_eq!(asked.parts.method, Method::POST);
    assert_eq!(asked.parts.uri, "/transfer?a=b");
    assert_eq!(asked.parts.headers["host"], "app.example");
    assert_eq!(asked.parts.headers.len(), 1, "{:?}", asked.parts.headers);
    assert_eq!(asked.client.peer.scheme, Scheme::Https);
    assert_eq!(asked.client.peer.address, Some(IpAddr::from([203, 0, 113, 9])));
    assert!(!asked.client.peer.client_certificate);
}

#[test]
fn what_is_missing_twice_or_unreadable_voids_the_question() {
    use Undescribed::{Head, Missing, Twice, Unreadable};

    for (changed, expected) in [
        (&[("x-original-method", None)][..], Missing("x-original-method")),
        (&[("x-original-method", Some(""))], Missing("x-original-method")),
        (&[("x-original-method", Some("PO ST"))], Unreadable("x-original-method")),
        (
            &[("x-original-method", Some("GET")), ("x-original-method", Some("POST"))],
            Twice("x-original-method"),
        ),
        (&[("x-original-method", Some("TRACE"))], Head(BadHead::Trace)),
        (&[("x-original-method", Some("CONNECT"))], Head(BadHead::Connect)),
        (&[("x-original-uri", None)], Missing("x-original-uri")),
        (&[("x-original-uri", Some("http://a/"))], Unreadable("x-original-uri")),
        (&[("x-original-uri", Some("a"))], Unreadable("x-original-uri")),
        (&[("x-original-uri", Some("/a#b"))], Unreadable("x-original-uri")),
        (&[("x-original-uri", Some("/a b"))], Unreadable("x-original-uri")),
        (&[("x-original-uri", Some("*"))], Head(BadHead::Target)),
        (&[("x-forwarded-host", None)], Missing("x-forwarded-host")),
        (&[("x-forwarded-host", Some("a, b"))], Head(BadHead::BadHost)),
        (&[("x-forwarded-host", Some("a,b"))], Head(BadHead::BadHost)),
        (
            &[("x-forwarded-host", Some("a")), ("x-forwarded-host", Some("b"))],
            Twice("x-forwarded-host"),
        ),
        (&[("x-forwarded-proto", None)], Missing("x-forwarded-proto")),
        (&[("x-forwarded-proto", Some("gopher"))], Unreadable("x-forwarded-proto")),
        (&[("x-forwarded-proto", Some("https, http"))], Unreadable("x-forwarded-proto")),
        (&[("x-forwarded-for", Some("unknown"))], Unreadable("x-forwarded-for")),
        (&[("x-forwarded-for", Some("10.0.0.1,"))], Unreadable("x-forwarded-for")),
    ] {
        assert_eq!(nginx(changed).err(), Some(expected), "{changed:?}");
    }
}

#[test]
fn the_scheme_is_one_of_two() {
    for (proto, expected) in [
        ("http", Scheme::Http),
        ("HTTPS", Scheme::Https),
        ("ws", Scheme::Http),
        ("wss", Scheme::Https),
    ] {
        let asked = nginx(&[("x-forwarded-proto", Some(proto))]).unwrap();
        assert_eq!(asked.client.peer.scheme, expected, "{proto}");
    }
}

#[test]
fn of_several_addresses_the_proxy_saw_the_last() {
    for (value, expected) in [
        (Some("10.0.0.1, 203.0.113.9"), Some("203.0.113.9")),
        (Some("2001:db8::1"), Some("2001:db8::1")),
        (None, None),
    ] {
        let asked = nginx(&[("x-forwarded-for", value)]).unwrap();
        let expected = expected.map(|text| text.parse().unwrap());
        assert_eq!(asked.client.peer.address, expected, "{value:?}");
    }
}

#[test]
fn a_certificate_is_one_that_was_shown() {
    for (value, expected) in [
        (None, false),
        (Some("NONE"), false),
        (Some("SUCCESS"), true),
        (Some("FAILED:expired"), true),
    ] {
        let asked = nginx(&[("x-original-client-verify", value)]).unwrap();
        assert_eq!(asked.client.peer.client_certificate, expected, "{value:?}");
    }
}

#[test]
fn the_names_of_one_proxy_mean_nothing_from_another() {
    let headers = [
        ("x-original-method", "GET"),
        ("x-original-uri", "/harmless"),
        ("x-forwarded-method", "POST"),
        ("x-forwarded-uri", "/transfer"),
        ("x-forwarded-host", "app.example"),
        ("x-forwarded-proto", "https"),
    ];
    for caller in [Caller::Caddy, Caller::Traefik, Caller::Haproxy] {
        let asked = caller.describe(parts("/verify/caddy", &headers), &client()).unwrap();
        assert_eq!(
            (asked.parts.method, asked.parts.uri),
            (Method::POST, "/transfer".parse().unwrap())
        );
        assert_eq!(asked.parts.headers.len(), 1, "{:?}", asked.parts.headers);
    }
    let without = &headers[..2];
    let refused = Caller::Caddy.describe(parts("/verify/caddy", without), &client()).err();
    assert_eq!(refused, Some(Undescribed::Missing("x-forwarded-method")));
}

#[test]
fn envoy_repeats_the_request_behind_a_prefix() {
    let headers = [("x-forwarded-proto", "https"), ("cookie", "session=1")];
    for (path, expected) in [
        ("/verify/envoy/transfer?a=b/c", "/transfer?a=b/c"),
        ("/verify/envoy/", "/"),
        ("/verify/envoy", "/"),
        ("/verify/envoy//a//b", "//a//b"),
    ] {
        let asked = Caller::Envoy.describe(parts(path, &headers), &client()).unwrap();
        assert_eq!(asked.parts.uri.to_string(), expected, "{path}");
        assert_eq!(asked.parts.headers["host"], "gateway");
    }
    let bare =
        [("x-forwarded-proto", "https"), ("authorization", "Basic YTpi"), ("content-length", "0")];
    let refused = Caller::Envoy.describe(parts("/verify/envoy/", &bare), &client()).err();
    assert_eq!(refused, Some(Undescribed::Bare));
}

#[test]
fn the_opening_of_a_websocket_is_one_without_upgrade_too() {
    let key = nginx(&[("sec-websocket-key", Some("dGhlIHNhbXBsZSBub25jZQ=="))]).unwrap();
    assert_eq!(key.parts.headers["upgrade"], "websocket");
    let none = nginx(&[]).unwrap();
    assert!(!none.parts.headers.contains_key("upgrade"));
}
