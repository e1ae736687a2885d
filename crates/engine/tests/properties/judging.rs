//! The whole engine on header soup.

use std::net::IpAddr;

use countersign::{
    Engine, Facts, Holder, Issue, Keyring, Mode, OriginRef, Peer, Policy, RouteAccess, Rule,
    Scheme, SessionEvidence, Verdict, builtin,
};
use http::{HeaderName, HeaderValue, Request};
use proptest::prelude::*;

use crate::common::{MOMENT, Memory, Sequence, decide, say};

const POLICIES: [&str; 9] = [
    "dialect = \"standard\"",
    "dialect = \"genesys\"",
    "dialect = \"voss\"",
    "dialect = \"redback\"",
    "dialect = \"vmanage\"",
    "dialect = \"tao\"",
    "public_origins = [\"https://app.example\"]\ntrusted_origins = [\"https://trusted.example\"]",
    "api_key_headers = [\"X-API-Key\"]\ntrusted_proxies = [\"10.0.0.0/8\"]\nroute = [\n\
     { path = \"/get\", methods = [\"GET\"], require = \"token\" },\n\
     { path = \"/**\", methods = [\"POST\"], require = \"provenance\" } ]",
    "dialect = \"vmanage\"\nprotect_reads = false\nabsent_origin = \"refuse\"\n\
     exempt = [ { path = \"/dataservice/hook\", methods = [\"GET\", \"POST\"], reason = \"r\" },\n\
     { path = \"/get\", methods = [\"*\"], origin = \"https://idp.example\", reason = \"r\" } ]",
];

#[derive(Clone, Debug)]
struct Soup {
    policy: usize,
    method: &'static str,
    target: &'static str,
    headers: Vec<(&'static str, Vec<u8>)>,
    peer: Peer,
    session: u8,
    user: Option<&'static str>,
    access: RouteAccess,
}

fn soup() -> impl Strategy<Value = Soup> {
    let method = prop::sample::select(vec![
        "GET", "HEAD", "OPTIONS", "TRACE", "POST", "PUT", "DELETE", "CONNECT", "QUERY", "get",
        "X-Y",
    ]);
    let target = prop::sample::select(vec![
        "/get",
        "/Get/",
        "/x",
        "/x?_method=DELETE",
        "/x?%5fmethod=GET",
        "//get",
        "/dataservice/x",
        "/dataservice/client/token",
        "/dataservice/hook",
        "/dataservice/../x",
        "/tao/items/7",
        "/noninteractivelogin/",
        "/%67et",
        "https://app.example/x",
        "https://evil.example/x",
        "*",
    ]);
    let access = prop::sample::select(vec![
        RouteAccess::Unspecified,
        RouteAccess::Unrestricted,
        RouteAccess::Restricted,
        RouteAccess::Undeclared,
    ]);
    let address = prop::sample::select(vec!["203.0.113.9", "10.0.0.7", "::ffff:10.0.0.7", "::1"]);
    let peer = (address, any::<bool>(), any::<bool>()).prop_map(|(address, tls, certificate)| {
        let scheme = if tls { Scheme::Https } else { Scheme::Http };
        let mut peer = Peer::new(Some(address.parse::<IpAddr>().unwrap()), scheme);
        peer.client_certificate = certificate;
        peer
    });
    let user = prop::sample::select(vec![None, Some("admin"), Some("guest-user")]);
    let headers = prop::collection::vec(header(), 0..8);
    (0..POLICIES.len(), method, target, headers, peer, 0..3u8, user, access).prop_map(
        |(policy, method, target, headers, peer, session, user, access)| Soup {
            policy,
            method,
            target,
            headers,
            peer,
            session,
            user,
            access,
        },
    )
}

fn header() -> impl Strategy<Value = (&'static str, Vec<u8>)> {
    let of = |name: &'static str, values: Vec<&'static str>| {
        let value = prop_oneof![
            20 => prop::sample::select(values).prop_map(|text| text.as_bytes().to_vec()),
            1 => prop::collection::vec(any::<u8>(), 0..20),
        ];
        value.prop_map(move |value| (name, value))
    };
    let origins = vec![
        "https://app.example",
        "http://app.example",
        "https://app.example:443",
        "https://evil.example",
        "https://app.example.evil.com",
        "https://trusted.example",
        "https://idp.example",
        "null",
        "x",
    ];
    let urls =
        vec!["https://app.example/a", "https://evil.example/a", "https://trusted.example/", "/a"];
    let cookies = vec![
        "session=mine",
        "JSESSIONID=mine",
        "sessionid=mine",
        "tao_session=mine",
        "session=other",
        "JSESSIONID=mine; JSESSIONID=other",
        "sessionid=mine; csrftoken={voss}",
        "theme=dark",
        "",
    ];
    let tokens =
        vec!["{standard}", "{genesys}", "{voss}", "{redback}", "{vmanage}", "{tao}", "x", ""];
    prop_oneof![
        of("origin", origins),
        of("referer", urls),
        of("sec-fetch-site", vec!["same-origin", "same-site", "cross-site", "none", "same-party"]),
        of("cookie", cookies),
        of("x-csrf-token", tokens.clone()),
        of("x-csrftoken", tokens.clone()),
        of("x-xsrf-token", tokens),
        of("authorization", vec!["Bearer x", "Basic eDp5", "Negotiate x", "bearer", ""]),
        of("x-api-key", vec!["x"]),
        of("upgrade", vec!["websocket", "h2c"]),
        of("x-http-method-override", vec!["GET", "DELETE", "get", "?"]),
        of("x-forwarded-host", vec!["app.example", "evil.example", "a, b", ""]),
        of("x-forwarded-proto", vec!["https", "http", "wss", "gopher"]),
        of("forwarded", vec!["host=app.example;proto=https", "host=evil.example", "=;,=\""]),
        of("content-type", vec!["application/x-www-form-urlencoded", "multipart/form-data"]),
    ]
}

fn engine(policy: usize) -> Engine {
    let find = |name: &str| builtin(name).ok_or_else(String::new);
    let policy = Policy::from_toml("p", POLICIES[policy], find).unwrap();
    Engine::new(policy, Keyring::from_random(&[7; 64]))
}

/// `{dialect}` becomes a good token of that dialect for the session `mine` or the user `admin`.
fn filled(value: &[u8]) -> Vec<u8> {
    let Some(name) = value.strip_suffix(b"}").and_then(|text| text.split(|b| *b == b'{').nth(1))
    else {
        return value.to_vec();
    };
    let Ok(name) = std::str::from_utf8(name) else { return value.to_vec() };
    let Some(policy) = Policy::builtin(name) else { return value.to_vec() };
    let engine = Engine::new(policy, Keyring::from_random(&[7; 64]));
    let session = Holder::Session(b"mine".to_vec());
    let holder = if name == "redback" { Holder::User("admin".into()) } else { session };
    let token = match engine.issue(&holder, MOMENT, &mut Sequence::from(3)) {
        Issue::Token(text) => text,
        _ => engine.tickets(&holder, 7..8, MOMENT).remove(0),
    };
    let open = value.iter().position(|b| *b == b'{').unwrap();
    [&value[..open], token.as_bytes()].concat()
}

/// A request with `Host: app.example` and the soup's headers, and then these.
fn request(soup: &Soup, more: &[(&'static str, &str)]) -> Request<()> {
    let mut request =
        Request::builder().method(soup.method).uri(soup.target).header("host", "app.example");
    let more = more.iter().map(|(name, value)| (*name, value.as_bytes().to_vec()));
    for (name, value) in soup.headers.iter().map(|(name, value)| (*name, filled(value))).chain(more)
    {
        if let Ok(value) = HeaderValue::from_bytes(&value) {
            request = request.header(HeaderName::from_static(name), value);
        }
    }
    request.body(()).unwrap()
}

fn verdict(engine: &Engine, soup: &Soup, request: &Request<()>) -> Verdict {
    let session = match soup.session {
        0 => SessionEvidence::Cookie,
        1 => SessionEvidence::Live("mine"),
        _ => SessionEvidence::None,
    };
    let facts = Facts::of(request, soup.peer)
        .with_session(session)
        .with_principal(soup.user)
        .with_access(soup.access);
    let mut trace = Vec::new();
    let traced = decide(engine.judge_traced(&facts, MOMENT, &mut trace), &[], &Memory::default());
    let plain = decide(engine.judge(&facts, MOMENT), &[], &Memory::default());
    assert_eq!(say(&plain), say(&traced));
    plain
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn a_foreign_origin_is_never_taken_for_evidence_or_made_good_by_a_token(soup in soup()) {
        let engine = engine(soup.policy);
        let request = request(&soup, &[]);
        let verdict = verdict(&engine, &soup, &request);
        let trusted = engine.policy().trusted_origins();
        let foreign = request.headers().get_all("origin").iter().any(|value| {
            let origin = value.to_str().ok().and_then(OriginRef::parse);
            origin.is_some_and(|seen| {
                // The address is app.example by either scheme; which, depends on peer and proxy.
                let own = ["https://app.example", "http://app.example"];
                !own.iter().any(|own| OriginRef::parse(own) == Some(seen))
                    && !trusted.iter().any(|own| own.as_ref() == seen)
            })
        });
        let proxied = request.headers().contains_key("x-forwarded-host")
            || request.headers().contains_key("forwarded");
        if foreign && !proxied {
            prop_assert!(
                !matches!(
                    say(&verdict).as_str(),
                    "allow provenance" | "allow token" | "allow ticket" | "allow nothing_against"
                ),
                "{:?}: {}", request, say(&verdict)
            );
        }
    }

    #[test]
    fn no_header_that_a_client_adds_makes_a_refused_request_pass(soup in soup()) {
        let engine = engine(soup.policy);
        let before = verdict(&engine, &soup, &request(&soup, &[]));
        if let Verdict::Refuse(refusal) = before {
            for more in [
                ("x-http-method-override", "GET"),
                ("x-http-method-override", "POST"),
                ("x-method-override", "OPTIONS"),
                ("upgrade", "websocket"),
                ("sec-fetch-site", "cross-site"),
                ("sec-fetch-site", "same-site"),
                ("origin", "https://elsewhere.example"),
                ("origin", "null"),
                ("referer", "https://elsewhere.example/"),
                ("host", "app.example"),
                ("cookie", "theme=dark"),
                ("authorization", "Basic eDp5"),
                ("content-type", "text/plain"),
                ("x-requested-with", "XMLHttpRequest"),
            ] {
                // Where the dialect lets scripts in, Basic alone is asked for less than nothing is.
                let basic_alone = more.0 == "authorization"
                    && engine.policy().dialect().name == "voss";
                // A hidden origin that the browser vouches for is evidence of the own site.
                let vouched = more == ("origin", "null")
                    && soup.headers.iter().any(|(name, _)| *name == "sec-fetch-site");
                // A read of an exempt route is looked at for ambiguity; under another method's name
                // the exemption does not hold, and a read like any other is not looked at.
                let unread = more.0.ends_with("override")
                    && matches!(refusal.rule, Rule::Ambiguity | Rule::Canonicalise);
                let after = verdict(&engine, &soup, &request(&soup, &[more]));
                prop_assert!(
                    basic_alone || vouched || unread || matches!(after, Verdict::Refuse(_)),
                    "{:?} was refused for {}, with {:?} it is `{}`", soup, refusal.reason, more, say(&after)
                );
            }
        }
    }

    #[test]
    fn report_mode_differs_in_nothing_but_letting_through(soup in soup()) {
        let engine = engine(soup.policy);
        let reporting = Engine::new(
            engine.policy().clone().with_mode(Mode::Report), Keyring::from_random(&[7; 64])
        );
        let request = request(&soup, &[]);
        let enforced = say(&verdict(&engine, &soup, &request));
        let reported = say(&verdict(&reporting, &soup, &request));
        prop_assert_eq!(reported, enforced.replacen("refuse ", "report ", 1));
    }
}
