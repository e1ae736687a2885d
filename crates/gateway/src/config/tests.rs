use countersign::{Engine, Holder, Incarnation, Issue, Keyring, Mode, Moment, Random, Timestamp};

use super::*;

/// Nothing at random, so that equal keys make equal tokens.
struct Zeros;

impl Random for Zeros {
    fn fill(&mut self, bytes: &mut [u8]) {
        bytes.fill(0);
    }
}

fn read(text: &str) -> Result<Config, ConfigError> {
    let find = |name: &str| {
        countersign::builtin(name).ok_or_else(|| format!("there is no dialect `{name}`"))
    };
    Config::from_toml("gateway.toml", text, Path::new("/etc/countersign"), find)
}

const SITE: &str = "[[site]]\nname = \"app\"\nupstream = \"http://127.0.0.1:9000\"\n";
const LISTEN: &str = "[[listen]]\naddress = \"127.0.0.1:9080\"\n";

fn with(before: &str, site: &str) -> String {
    format!("{before}\n{LISTEN}{SITE}{site}\n")
}

#[test]
fn what_is_not_said_has_a_safe_default() {
    let config = read(&with("", "")).unwrap();
    assert_eq!((config.keyring, config.audit, config.admin), (None, None, None));
    assert_eq!(config.forwarded, Forwarded::XForwarded);
    assert!(config.forward_auth.is_none());
    let limits = config.limits;
    assert_eq!((limits.connections, limits.headers, limits.header_bytes), (16_384, 100, 65_536));
    assert_eq!((limits.streams, limits.body), (128, None));
    let deadlines = config.deadlines;
    let seconds = [
        deadlines.header,
        deadlines.idle,
        deadlines.body,
        deadlines.connect,
        deadlines.response,
        deadlines.stall,
        deadlines.drain,
    ]
    .map(|span| span.as_secs());
    assert_eq!(seconds, [10, 75, 30, 5, 60, 300, 30]);
    let [site] = config.sites.as_slice() else { panic!("{:?}", config.sites) };
    assert_eq!((site.hosts.len(), site.path.as_str(), site.html), (0, "", None));
    assert!(site.own_session);
    assert_eq!(site.host, UpstreamHost::Preserve);
    assert_eq!(site.policy.dialect().name, "standard");
}

#[test]
fn all_that_is_said_counts() {
    let config = read(
        r#"
        keyring = "keys.toml"
        audit = "/var/log/audit.jsonl"
        forwarded = "both"
        [[listen]]
        address = "[::1]:9443"
        tls = { certificate = "cert.pem", key = "/secret/key.pem", client_ca = "ca.pem" }
        [admin]
        listen = "127.0.0.1:9090"
        [forward_auth]
        listen = "127.0.0.1:9081"
        grpc = "127.0.0.1:9082"
        trusted_peers = ["127.0.0.1", "10.0.0.0/8"]
        [limits]
        connections = 1
        headers = 2
        header_bytes = 8192
        streams = 3
        body = 4
        [deadlines]
        header = "1s"
        idle = "2s"
        body = "3s"
        connect = "4s"
        response = "5m"
        stall = "6h"
        drain = "7s"
        [[site]]
        name = "bank.1"
        hosts = ["Bank.Example:8443", "*.bank.example", "[::1]"]
        path = "/shop/"
        upstream = "https://Bank.internal"
        upstream_ca = "private.pem"
        host = "upstream"
        own_session = false
        html = { meta = false, limit = 10 }
        [site.policy]
        dialect = "voss"
        mode = "report"
        "#,
    )
    .unwrap();
    let at = |name: &str| Path::new("/etc/countersign").join(name);
    assert_eq!(config.keyring, Some(KeyringPlace::File(at("keys.toml"))));
    assert_eq!(config.audit, Some(Audit::File("/var/log/audit.jsonl".into())));
    assert_eq!(config.forwarded, Forwarded::Both);
    let tls = Tls {
        certificate: at("cert.pem"),
        key: "/secret/key.pem".into(),
        client_ca: Some(at("ca.pem")),
    };
    let address = "[::1]:9443".parse().unwrap();
    assert_eq!(config.listen, [Listen { address, tls: Some(tls) }]);
    assert_eq!(config.admin, Some("127.0.0.1:9090".parse().unwrap()));
    let auth = config.forward_auth.unwrap();
    assert_eq!(auth.listen, Some(Address::Tcp("127.0.0.1:9081".parse().unwrap())));
    assert_eq!(auth.grpc, Some("127.0.0.1:9082".parse().unwrap()));
    let peers: Vec<String> = auth.trusted_peers.iter().map(ToString::to_string).collect();
    assert_eq!(peers, ["127.0.0.1/32", "10.0.0.0/8"]);
    let limits = config.limits;
    assert_eq!((limits.connections, limits.headers, limits.header_bytes), (1, 2, 8192));
    assert_eq!((limits.streams, limits.body), (3, Some(4)));
    let deadlines = config.deadlines;
    let seconds = [
        deadlines.header,
        deadlines.idle,
        deadlines.body,
        deadlines.connect,
        deadlines.response,
        deadlines.stall,
        deadlines.drain,
    ]
    .map(|span| span.as_secs());
    assert_eq!(seconds, [1, 2, 3, 4, 300, 21_600, 7]);
    let [site] = config.sites.as_slice() else { panic!("{:?}", config.sites) };
    let host = |name: &str, port, wildcard| HostPattern { name: name.to_owned(), port, wildcard };
    let hosts = [
        host("bank.example", Some(8443), false),
        host("bank.example", None, true),
        host("[::1]", None, false),
    ];
    assert_eq!((site.name.as_str(), site.path.as_str()), ("bank.1", "/shop"));
    assert_eq!(site.hosts, hosts);
    let upstream = site.upstream.as_ref().unwrap();
    assert_eq!((upstream.protocol(), upstream.port()), (Protocol::Https, 443));
    assert_eq!(site.upstream_ca, Some(at("private.pem")));
    assert_eq!((site.host, site.own_session), (UpstreamHost::Upstream, false));
    assert_eq!(site.html, Some(Html { fields: true, meta: false, script: true, limit: 10 }));
    assert_eq!((site.policy.dialect().name.as_str(), site.policy.mode()), ("voss", Mode::Report));
}

#[test]
fn an_error_says_where_and_what_to_do() {
    let site = |site: &str| with("", site);
    // Line 0 stands for the file as a whole.
    for (name, text, line, says) in [
        ("nothing", String::new(), 0, "[[site]]"),
        ("no listener", SITE.to_owned(), 0, "[[listen]]"),
        ("no TOML", "a = \n".to_owned(), 1, ""),
        ("an unknown key", with("listne = 1", ""), 1, "listne"),
        ("an unknown key of a site", site("upstraem = 1"), 7, "upstraem"),
        ("an unknown policy key", site("[site.policy]\ndialekt = \"tao\""), 8, "dialekt"),
        ("no such dialect", site("[site.policy]\ndialect = \"klingon\""), 8, "klingon"),
        (
            "a bad origin",
            site("[site.policy]\npublic_origins = [\"app.example\"]"),
            8,
            "app.example",
        ),
        ("no address", LISTEN.replace("127.0.0.1:9080", "localhost") + SITE, 2, ""),
        ("a name with a blank", site("").replace("\"app\"", "\"my app\""), 5, "letters"),
        ("two sites of one name", site(SITE), 8, "`app`"),
        ("no upstream", LISTEN.to_owned() + "[[site]]\nname = \"app\"\n", 3, "upstream"),
        ("no host", site("hosts = [\"a/b\"]"), 7, "`a/b`"),
        ("a host that ends in a dot", site("hosts = [\"a.\"]"), 7, "`a.`"),
        ("a star within", site("hosts = [\"a.*.b\"]"), 7, "`a.*.b`"),
        ("a URL for a host", site("hosts = [\"https://a\"]"), 7, "https://a"),
        ("a relative path", site("path = \"shop\""), 7, "`shop`"),
        ("an ambiguous path", site("path = \"/a/../b\""), 7, "`/a/../b`"),
        ("a pattern for a path", site("path = \"/a/**\""), 7, "`/a/**`"),
        ("a bad scheme", site("").replace("http://", "ftp://"), 6, "ftp"),
        ("an upstream with a path", site("").replace(":9000", ":9000/app"), 6, "path"),
        ("an upstream with a password", site("").replace("127.0.0.1:9000", "a:b@c"), 6, "user"),
        ("nobody gets in", with("[limits]\nconnections = 0", ""), 2, "0"),
        ("too small a head", with("[limits]\nheader_bytes = 100", ""), 2, "8192"),
        ("no span", with("[deadlines]\nidle = \"soon\"", ""), 2, "soon"),
        (
            "nobody may ask",
            with("[forward_auth]\nlisten = \"127.0.0.1:1\"", ""),
            1,
            "trusted_peers",
        ),
        (
            "a socket file without a name",
            with("[forward_auth]\nlisten = \"unix:\"", ""),
            2,
            "unix:/run/countersign.sock",
        ),
        (
            "neither file nor address",
            with("[forward_auth]\nlisten = \"/run/s\"", ""),
            2,
            "`/run/s`",
        ),
        (
            "a socket file, but also gRPC",
            with("[forward_auth]\nlisten = \"unix:s\"\ngrpc = \"127.0.0.1:1\"", ""),
            1,
            "trusted_peers",
        ),
        ("nobody can ask", with("[forward_auth]\ntrusted_peers = [\"::1\"]", ""), 1, "listen"),
    ] {
        let error = read(&text).expect_err(name);
        assert_eq!(error.file, "gateway.toml", "{name}");
        assert!(error.message.contains(says), "{name}: {}", error.message);
        assert_eq!(
            error.line,
            Some(line).filter(|line| *line > 0),
            "{name}: {}\n{text}",
            error.message
        );
        let place =
            if line > 0 { format!("gateway.toml:{line}: ") } else { "gateway.toml: ".to_owned() };
        assert!(error.to_string().starts_with(&place), "{error}");
    }
}

#[test]
fn a_socket_file_needs_no_trusted_peers() {
    for (written, file) in [("s", "/etc/countersign/s"), ("/run/s", "/run/s")] {
        let text = with(&format!("[forward_auth]\nlisten = \"unix:{written}\""), "");
        let auth = read(&text).unwrap().forward_auth.unwrap();
        assert_eq!(auth.listen, Some(Address::Unix(file.into())));
    }
}

#[test]
fn sites_of_one_gateway_have_scopes_of_their_own() {
    let text = |policy: &str| with("", policy);
    let token = |text: &str| {
        let policy = read(text).unwrap().sites.remove(0).policy;
        let engine = Engine::new(policy, Keyring::from_random(&[1; 64]));
        let now = Timestamp::from_secs(1_800_000_000);
        let moment = Moment { now, incarnation: Incarnation::from_random(1) };
        match engine.issue(&Holder::Session("s".into()), moment, &mut Zeros) {
            Issue::Token(token) => token,
            _ => panic!("no token: {text}"),
        }
    };
    let own = token(&text(""));
    let other = token(&text("").replace("\"app\"", "\"other\""));
    assert_ne!(own, other, "two sites would take each other's tokens");
    let named = |name: &str| text("[site.policy]\nscope = \"both\"").replace("\"app\"", name);
    assert_eq!(token(&named("\"a\"")), token(&named("\"b\"")), "a scope that is named counts");
}

#[test]
fn the_schema_names_what_the_reader_takes() {
    let schema = config_schema();
    let keys = schema["properties"].as_object().unwrap();
    for key in [
        "keyring",
        "audit",
        "forwarded",
        "listen",
        "admin",
        "forward_auth",
        "limits",
        "deadlines",
        "site",
    ] {
        assert!(keys.contains_key(key), "{key}");
    }
    assert_eq!(schema["additionalProperties"], false);
}
