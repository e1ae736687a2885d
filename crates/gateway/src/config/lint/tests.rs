use std::path::Path;

use countersign::{Timestamp, line_of};

use super::{Lint, Severity, lint};
use crate::Config;

/// 2027-01-15.
const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

fn find(name: &str) -> Result<countersign::Dialect, String> {
    countersign::builtin(name).ok_or_else(|| format!("no dialect `{name}`"))
}

fn lints(text: &str) -> Vec<Lint> {
    let config = Config::from_toml("gateway.toml", text, Path::new(""), find);
    lint(&config.unwrap_or_else(|error| panic!("{error}\n{text}")), NOW)
}

/// A configuration that nothing can be said against, with more in its four parts.
fn config(top: &str, listen: &str, site: &str, policy: &str) -> String {
    let listen = if listen.is_empty() {
        "address = \"127.0.0.1:9443\"\ntls = { certificate = \"c.pem\", key = \"k.pem\" }"
    } else {
        listen
    };
    let hosts = if site.contains("hosts") { "" } else { "hosts = [\"app.example\"]" };
    let upstream =
        if top.contains("forward_auth") { "" } else { "upstream = \"http://127.0.0.1:9000\"" };
    let origins = if policy.contains("public_origins") {
        ""
    } else {
        "public_origins = [\"https://app.example\"]"
    };
    let keyring = if top.contains("keyring") { "" } else { "keyring = \"keyring.toml\"" };
    format!(
        "{keyring}\n{top}\n[[listen]]\n{listen}\n\
         [[site]]\nname = \"app\"\n{hosts}\n{upstream}\n{site}\n\
         [site.policy]\n{origins}\n{policy}\n"
    )
}

fn codes(lints: &[Lint]) -> Vec<&'static str> {
    lints.iter().map(|lint| lint.code).collect()
}

const PLAIN: &str = "address = \"127.0.0.1:9080\"";

/// A second site.
fn and(site: &str) -> String {
    let first = config("", "", "", "");
    let policy = "[site.policy]\npublic_origins = [\"https://app.example\"]";
    format!(
        "{first}\n[[site]]\nname = \"two\"\nupstream = \"http://127.0.0.1:9001\"\n{site}\n{policy}\n"
    )
}

#[test]
fn what_is_in_order_is_not_talked_about() {
    assert_eq!(lints(&config("", "", "", "")), []);
}

/// Each finding, its example, and the legitimate twin of the example.
#[test]
fn each_lint_finds_its_example_and_not_the_twin() {
    let exempt = |rest: &str| format!("[[site.policy.exempt]]\nreason = \"hooks\"\n{rest}");
    let twice = |one: &str, other: &str| format!("{}\n{}", exempt(one), exempt(other));
    let routes = |one: &str, other: &str| {
        format!(
            "route = [\n{{ {one}, require = \"both\" }},\n{{ {other}, require = \"token\" }},\n]"
        )
    };
    let policy = |text: &str| config("", "", "", text);
    let auth = |top: &str, site: &str, text: &str| {
        let top = format!("[forward_auth]\nlisten = \"127.0.0.1:9081\"\n{top}");
        config(&top, "", site, text)
    };
    let peers = "trusted_peers = [\"127.0.0.1\"]";
    for (code, severity, bad, good) in [
        (
            "keyring-missing",
            Severity::Warning,
            config("", "", "", "").replace("keyring = \"keyring.toml\"", ""),
            // Its keys are made at each start in any case.
            policy("dialect = \"redback\"").replace("keyring = \"keyring.toml\"", ""),
        ),
        (
            "admin-public",
            Severity::Warning,
            config("admin = { listen = \"0.0.0.0:9090\" }", "", "", ""),
            config("admin = { listen = \"10.1.2.3:9090\" }", "", "", ""),
        ),
        (
            "listener-plain",
            Severity::Warning,
            config("", PLAIN, "", ""),
            config("", PLAIN, "", "trusted_proxies = [\"127.0.0.1\"]"),
        ),
        (
            "trusts-everybody",
            Severity::Error,
            policy("trusted_proxies = [\"0.0.0.0/0\"]"),
            policy("trusted_proxies = [\"10.0.0.0/8\"]"),
        ),
        (
            "trusts-everybody",
            Severity::Error,
            auth("trusted_peers = [\"127.0.0.1\", \"::/0\"]", "", "dialect = \"vmanage\""),
            auth(peers, "", "dialect = \"vmanage\""),
        ),
        (
            "limit-odd",
            Severity::Warning,
            config("[limits]\nconnections = 2", "", "", ""),
            config("[limits]\nconnections = 200", "", "", ""),
        ),
        (
            "limit-odd",
            Severity::Warning,
            config("[limits]\nheaders = 60000", "", "", ""),
            config("[limits]\nheaders = 200\nbody = 0", "", "", ""),
        ),
        (
            "deadline-odd",
            Severity::Warning,
            config("[deadlines]\nheader = \"1h\"", "", "", ""),
            config("[deadlines]\nheader = \"20s\"", "", "", ""),
        ),
        (
            "deadline-odd",
            Severity::Warning,
            config("[deadlines]\nresponse = \"1s\"", "", "", ""),
            config("[deadlines]\nresponse = \"30m\"", "", "", ""),
        ),
        (
            "site-shadowed",
            Severity::Error,
            and("hosts = [\"app.example\"]"),
            and("hosts = [\"app.example\"]\npath = \"/two\""),
        ),
        ("disabled", Severity::Warning, policy("enabled = false"), policy("enabled = true")),
        (
            "token-unchecked",
            Severity::Warning,
            policy("check_token = false"),
            policy("check_token = true"),
        ),
        ("report-only", Severity::Note, policy("mode = \"report\""), policy("mode = \"enforce\"")),
        ("rollout-partial", Severity::Note, policy("rollout = 25"), policy("rollout = 100")),
        (
            "forward-auth-html",
            Severity::Error,
            auth(peers, "html = {}", "dialect = \"vmanage\""),
            config("", "", "html = {}", "dialect = \"vmanage\""),
        ),
        (
            "forward-auth-form",
            Severity::Warning,
            auth(peers, "", ""),
            auth(peers, "", "dialect = \"vmanage\""),
        ),
        (
            "cookie-insecure",
            Severity::Warning,
            policy("dialect = \"voss\""),
            config("", PLAIN, "", "dialect = \"voss\"\npublic_origins = [\"http://app.example\"]"),
        ),
        (
            "origins-missing",
            Severity::Warning,
            config("", "", "hosts = [\"*.app.example\"]", "public_origins = []"),
            config(
                "",
                "",
                "hosts = [\"*.app.example\"]",
                "public_origins = [\"https://a.app.example\"]",
            ),
        ),
        ("origins-missing", Severity::Note, policy("public_origins = []"), policy("")),
        (
            "origin-unmatched",
            Severity::Warning,
            policy("public_origins = [\"https://app.example\", \"https://other.example\"]"),
            config(
                "",
                "",
                "hosts = [\"app.example\", \"*.other.example:8443\"]",
                "public_origins = [\"https://app.example\", \"https://a.other.example:8443\"]",
            ),
        ),
        (
            "origin-scheme",
            Severity::Error,
            policy("trusted_origins = [\"wss://live.example\"]"),
            policy("trusted_origins = [\"https://live.example\", \"chrome-extension://abcdefgh\"]"),
        ),
        (
            "origin-scheme",
            Severity::Error,
            policy("public_origins = [\"https://app.example\", \"wss://app.example\"]"),
            policy("public_origins = [\"https://app.example\", \"http://app.example\"]"),
        ),
        (
            "origin-trusted-own",
            Severity::Note,
            policy("trusted_origins = [\"https://app.example:443\"]"),
            policy("trusted_origins = [\"https://app.example:8443\"]"),
        ),
        (
            "origin-repeated",
            Severity::Note,
            policy("trusted_origins = [\"https://a.example\", \"https://A.example\"]"),
            policy("trusted_origins = [\"https://a.example\", \"https://b.example\"]"),
        ),
        (
            "exempt-everything",
            Severity::Error,
            policy(&exempt("path = \"/**\"\nmethods = [\"*\"]")),
            policy(&exempt("path = \"/hook\"\nmethods = [\"*\"]")),
        ),
        (
            "exempt-broad",
            Severity::Warning,
            policy(&exempt(
                "path = \"/api/**\"\nmethods = [\"POST\", \"PUT\", \"PATCH\", \"DELETE\"]",
            )),
            policy(&exempt("path = \"/api/**\"\nmethods = [\"POST\", \"PUT\"]")),
        ),
        (
            "exempt-broad",
            Severity::Warning,
            policy(&exempt("path = \"/**\"\nmethods = [\"*\"]\norigin = \"https://idp.example\"")),
            policy(&exempt(
                "path = \"/saml/acs\"\nmethods = [\"POST\"]\norigin = \"https://idp.example\"",
            )),
        ),
        (
            "exempt-expired",
            Severity::Warning,
            policy(&exempt("path = \"/hook\"\nmethods = [\"POST\"]\nexpires = 2027-01-15")),
            policy(&exempt("path = \"/hook\"\nmethods = [\"POST\"]\nexpires = 2027-06-01")),
        ),
        (
            "exempt-expiring",
            Severity::Note,
            policy(&exempt("path = \"/hook\"\nmethods = [\"POST\"]\nexpires = 2027-02-14")),
            policy(&exempt("path = \"/hook\"\nmethods = [\"POST\"]\nexpires = 2027-02-15")),
        ),
        (
            "exempt-shadowed",
            Severity::Warning,
            policy(&twice(
                "path = \"/hook/**\"\nmethods = [\"POST\"]",
                "path = \"/hook/a\"\nmethods = [\"POST\"]",
            )),
            // Another method, the folder itself, a narrower origin before a wider, a later end.
            policy(
                &[
                    twice(
                        "path = \"/a/**\"\nmethods = [\"POST\"]",
                        "path = \"/a/b\"\nmethods = [\"PUT\"]",
                    ),
                    twice(
                        "path = \"/b/**\"\nmethods = [\"POST\"]",
                        "path = \"/b\"\nmethods = [\"POST\"]",
                    ),
                    twice(
                        "path = \"/c\"\nmethods = [\"POST\"]\norigin = \"https://idp.example\"",
                        "path = \"/c\"\nmethods = [\"POST\"]",
                    ),
                    twice(
                        "path = \"/d\"\nmethods = [\"POST\"]\nexpires = 2027-06-01",
                        "path = \"/d\"\nmethods = [\"POST\"]\nexpires = 2027-09-01",
                    ),
                ]
                .join("\n"),
            ),
        ),
        (
            "route-shadowed",
            Severity::Warning,
            policy(&routes("path = \"/api/**\"", "path = \"/api/admin\", methods = [\"POST\"]")),
            policy(&routes("path = \"/api/admin\"", "path = \"/api/**\"")),
        ),
    ] {
        let found = lints(&bad);
        let own: Vec<&Lint> = found.iter().filter(|lint| lint.code == code).collect();
        assert!(!own.is_empty(), "{code} is not found in\n{bad}\nbut {:?}", codes(&found));
        assert!(own.iter().all(|lint| lint.severity == severity), "{own:?}");
        let others: Vec<_> = found.iter().filter(|lint| lint.code != code).collect();
        assert!(others.is_empty(), "{code}: its example has other flaws: {others:?}\n{bad}");
        let twins = lints(&good);
        assert!(!codes(&twins).contains(&code), "{code} is found in its twin\n{good}\n{twins:?}");
    }
}

#[test]
fn a_finding_leads_to_its_line() {
    let text = config(
        "admin = { listen = \"0.0.0.0:9090\" }",
        "",
        "",
        "mode = \"report\"\ntrusted_origins = [\n  \"https://a.example\",\n  \"https://app.example\",\n]",
    );
    let line = |of: &str| text.lines().position(|line| line.contains(of)).map(|at| at + 1);
    let found = lints(&text);
    for (code, site, written) in [
        ("admin-public", None, "0.0.0.0:9090"),
        ("report-only", Some("app"), "mode ="),
        ("origin-trusted-own", Some("app"), "  \"https://app.example\""),
    ] {
        let lint = found.iter().find(|lint| lint.code == code).unwrap();
        assert_eq!(line_of(&text, &lint.place), line(written), "{code}");
        assert_eq!(lint.site.as_deref(), site, "{code}");
        assert!(lint.to_string().ends_with(&format!("({code})")), "{lint}");
    }
}

#[test]
fn a_site_is_shadowed_by_one_that_is_asked_before_it_only() {
    for (hosts, shadowed) in [
        ("hosts = [\"app.example\"]", true),
        ("hosts = [\"APP.example\"]", true),
        ("hosts = [\"app.example:8443\"]", false),
        ("hosts = [\"*.app.example\"]", false),
        ("hosts = [\"app.example\", \"two.example\"]", false),
        ("", false),
    ] {
        let found = lints(&and(hosts));
        let lint = found.iter().find(|lint| lint.code == "site-shadowed");
        assert_eq!(lint.is_some(), shadowed, "{hosts}");
        assert!(lint.is_none_or(|lint| lint.place == ["site", "1"]), "{lint:?}");
    }
}

#[test]
fn an_exemption_that_is_over_shadows_nothing() {
    let exempt = |end: &str| {
        format!(
            "[[site.policy.exempt]]\nreason = \"x\"\npath = \"/h\"\nmethods = [\"POST\"]\nexpires = {end}\n"
        )
    };
    let text = config("", "", "", &format!("{}{}", exempt("2026-01-01"), exempt("2026-01-01")));
    assert_eq!(codes(&lints(&text)), ["exempt-expired", "exempt-expired"]);
}
