use super::*;

fn parse(url: &str) -> Result<RedisConfig, OpenError> {
    url.parse()
}

fn server(host: &str, port: u16) -> Server {
    Server { host: host.to_owned(), port }
}

#[test]
fn a_host_is_enough() {
    let config = parse("redis://cache").unwrap();
    assert_eq!(config.servers, Servers::One(server("cache", 6379)));
    assert_eq!((config.database, config.tls, config.timeout), (0, false, TIMEOUT));
    assert_eq!(config.prefix, "countersign");
}

#[test]
fn every_part_of_a_url_is_read() {
    let url = "rediss://ann:p%40ss%2Fword@[::1]:7000/3?timeout=1s&prefix=shop&ca=%2Fetc%2Fca.pem";
    let config = parse(url).unwrap();
    assert_eq!(config.servers, Servers::One(server("::1", 7000)));
    assert_eq!(config.user.as_deref(), Some("ann"));
    assert_eq!(config.password.as_ref().map(|text| text.as_str()), Some("p@ss/word"));
    assert_eq!((config.database, config.tls), (3, true));
    assert_eq!(config.timeout, Duration::from_secs(1));
    assert_eq!((config.prefix.as_str(), config.ca), ("shop", Some("/etc/ca.pem".into())));
}

#[test]
fn a_password_may_come_without_a_user() {
    let config = parse("redis://:secret@cache").unwrap();
    assert_eq!(config.user, None);
    assert_eq!(config.password.as_ref().map(|text| text.as_str()), Some("secret"));
}

#[test]
fn sentinel_and_cluster_take_several_servers() {
    let config = parse("redis+sentinel://a,b:5000/mymaster/2").unwrap();
    let sentinels = vec![server("a", 26379), server("b", 5000)];
    assert_eq!(config.servers, Servers::Sentinel { sentinels, name: "mymaster".to_owned() });
    assert_eq!(config.database, 2);
    let config = parse("rediss+cluster://:pw@a:1,b:2?timeout=50ms").unwrap();
    assert_eq!(config.servers, Servers::Cluster(vec![server("a", 1), server("b", 2)]));
    assert!(config.tls);
}

#[test]
fn what_could_never_work_is_refused_and_says_what_to_change() {
    for (url, hint) in [
        ("cache:6379", "begins with"),
        ("http://cache", "begins with"),
        ("redis://", "server 1"),
        ("redis://cache:0", "server 1"),
        ("redis://cache:port", "server 1"),
        ("redis://ca che", "server 1"),
        ("redis://[::1", "server 1"),
        ("redis+cluster://a,,b", "server 2"),
        ("redis://a,b", "one server"),
        ("redis://cache/one", "database"),
        ("redis://cache/-1", "database"),
        ("redis+sentinel://a", "as Sentinel knows"),
        ("redis+sentinel://a//1", "as Sentinel knows"),
        ("redis+cluster://a/1", "one database"),
        ("redis://user@cache", "percent-encoded"),
        ("redis://user:@cache", "percent-encoded"),
        ("redis://cache?colour=red", "`colour`"),
        ("redis://cache?timeout=0ms", "`timeout`"),
        ("redis://cache?timeout=61s", "`timeout`"),
        ("redis://cache?timeout=fast", "`timeout`"),
        ("redis://cache?timeout=18446744073709551615s", "`timeout`"),
        ("redis://cache?prefix=a}b", "`a}b`"),
        ("redis://cache?prefix=", "key's name"),
    ] {
        let error = parse(url).expect_err(url).to_string();
        assert!(error.contains(hint), "{url}: {error}");
    }
}

#[test]
fn no_error_and_no_debug_repeats_a_password() {
    for url in [
        "redis://ann:hun/ter2@cache",
        "redis://ann:hun?ter2@cache",
        "redis://ann:hun?ter2=1@cache",
        "redis://ann:hun#ter2@cache",
        "redis://ann:hun@ter2@cache:x",
        "redis://hunter2@cache",
        "redis://:hunter2@cache?colour=red",
        "redis://:hunter2@cache/x",
        "redis://:hunter2@a,b",
        "hunter2",
        "redis://ann:hunter2",
    ] {
        let error = parse(url).expect_err(url);
        for text in [error.to_string(), format!("{error:?}")] {
            assert!(!text.contains("hun") && !text.contains("ter2"), "{url}: {text}");
        }
    }
    let config = parse("redis://ann:hunter2@cache").unwrap();
    let shown = format!("{config:?}");
    assert!(!shown.contains("hunter2") && !shown.contains("ann"), "{shown}");
}
