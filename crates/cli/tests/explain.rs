//! `explain` on the requests that the five documents show, and on what goes wrong with them.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must end")]

mod command;

use std::fs;

use command::run;
use tempfile::TempDir;

const EXTENSION: &str = "chrome-extension://hgmloofddffdnphfgcellkdfbfbjeloo";

/// As a web page shows it: no version, an empty line that is none, no Host.
const GENESYS_GET: &str = "GET /api/v2/me
\x20
User-Agent: Mozilla/5.0 (Macintosh; Intel Mac OS X 10_9_3) AppleWebKit/537.36
Authorization: Basic cGF2ZWxkQHJlZHdpbmdzLmNvbTpwYXNzd29yZA==
Accept: */*
Accept-Encoding: gzip,deflate,sdch
Cookie: JSESSIONID=hac082exio454jcqk6ieqm4j
";

const GENESYS_READY: &str = "POST /api/v2/me\x20
\x20
Origin: chrome-extension://hgmloofddffdnphfgcellkdfbfbjeloo
X-CSRF-TOKEN: e2fcfafd-c600-4156-88ae-ca56babd24e1
Content-Type: application/json\x20
Cookie: JSESSIONID=1h49t997p4mgc1e108bz0cjntr
\x20
{ \"operationName\": \"Ready\" }
";

/// An absolute target, values that go on in the next line, and no empty line before the body.
const GENESYS_START: &str = "POST https://htcc-demo.genhtcc.com/api/v2/me HTTP/1.1
Authorization: Basic <credentials>
X-CSRF-TOKEN: 4a92be65-ec55-4aa2-b9df-9518fd870f2f
Accept: application/json, application/xml, text/json, text/x-json, text/javascript,
text/xml
Content-Type: application/json
Host: htcc-demo.genhtcc.com
Cookie: JSESSIONID=sngukrzemiyxchpu5isbufmm;
AWSELB=854B09E30CD5CEDDEDA518240935B76DEAC5D82EC5038C4B8F22CD5165FF21C65BC292BAD05CEEB
17D7500F4A489957FB3A5C23BD09BC31CAF09526FCBEFD7CE491CD7E5B3
Content-Length: 88
Accept-Encoding: gzip, deflate
{
   \"operationName\": \"StartContactCenterSession\",
   \"channels\": [
      \"voice\"
   ]
}
";

const VOSS_LOGIN: &str = "POST http://localhost:8000/login/ HTTP/1.1
Host: localhost:8000
Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8
Referer: http://localhost:8000/login/
Cookie: sessionid=5d1ccc96cbd7e7f290020aaedd64c1b3; csrftoken=KEMzraBRygy2ZJ7fLuvbfKhAEIPK9D4s; sso_login_url=
X-CSRFToken: KEMzraBRygy2ZJ7fLuvbfKhAEIPK9D4s
Content-Type: application/x-www-form-urlencoded

&username=joe
&password=bloggs
&next=%2F
";

const VMANAGE_INFO: &str = "GET /dataservice/server/info HTTP/1.1
Host: vmanage.example:8443
Cookie: JSESSIONID=pSwrx3AEWokiDO1TkFiOjgSehp-ITNdFn7Xj9PsL.c331d01e-91d7-41cc-ab90-b629c2ae6d97
X-XSRF-TOKEN: FC5B19BB3521EE20CFBDCD3CEDCC48F50CB1095C9654407936029E9C0EF99FEAE50440B60E49F7CD4A0BAB5307C2855F2E0C

";

const TAO_ITEM: &str = "POST /tao/items HTTP/1.1
Host: tao.example
Cookie: tao_session=vs6oq1m9k0
X-CSRF-Token: c8cd47bab63e1a6c4a9a9017252b1166131e996f
Content-Type: application/json

{\"label\":\"first\"}
";

const REDBACK_LOGIN: &str = "POST /restServices/redbackServices/loginService/logIn HTTP/1.1
Host: archiva.example
Origin: https://archiva.example
Content-Type: application/json

{\"username\":\"admin\",\"password\":\"admin1\"}
";

struct Row<'a> {
    name: &'a str,
    flags: &'a [&'a str],
    request: String,
    status: i32,
    says: &'a [&'a str],
}

fn row<'a>(
    name: &'a str,
    flags: &'a [&'a str],
    request: impl Into<String>,
    status: i32,
    says: &'a [&'a str],
) -> Row<'a> {
    Row { name, flags, request: request.into(), status, says }
}

fn check(rows: &[Row<'_>]) {
    for Row { name, flags, request, status, says } in rows {
        let ran = run(&[&["explain"], *flags].concat(), request);
        assert_eq!(ran.status, *status, "{name}:\n{}{}", ran.out, ran.err);
        for words in *says {
            assert!(ran.out.contains(words), "{name}: no `{words}` in\n{}", ran.out);
        }
    }
}

fn without(request: &str, beginning: &str) -> String {
    let kept: Vec<&str> = request.lines().filter(|line| !line.starts_with(beginning)).collect();
    assert!(kept.len() < request.lines().count(), "{beginning} is not in the request");
    kept.join("\n") + "\n"
}

/// With a Host, as it was on the wire.
fn with_host(request: &str, host: &str) -> String {
    request.replacen(" \n\x20\n", &format!(" HTTP/1.1\nHost: {host}\n"), 1)
}

#[test]
fn genesys() {
    let folder = TempDir::new().unwrap();
    let policy = folder.path().join("policy.toml");
    fs::write(&policy, format!("dialect = \"genesys\"\ntrusted_origins = [\"{EXTENSION}\"]"))
        .unwrap();
    let policy = policy.to_str().unwrap();
    let genesys = ["--dialect", "genesys"];
    let ready = with_host(GENESYS_READY, "gws.example:8080");
    check(&[
        row(
            "a GET needs nothing and is given the token",
            &genesys,
            GENESYS_GET,
            0,
            &[
                "allowed by rule 2",
                "brings a token",
                "line 1: no HTTP version",
                "line 2: empty line",
            ],
        ),
        row(
            "the extension is a foreign origin",
            &genesys,
            ready.as_str(),
            3,
            &[
                "refused by rule 6, provenance: origin_mismatch",
                "403 Forbidden",
                "{\"statusCode\":5,\"statusMessage\":\"Missing or invalid Csrf token\"}",
                &format!("`{EXTENSION}`"),
                "`trusted_origins`",
            ],
        ),
        row("the same without its Host", &genesys, GENESYS_READY, 3, &["refused", "no Host"]),
        row(
            "trusted, it hangs on the token",
            &["--policy", policy],
            ready.as_str(),
            3,
            &[
                "undecided",
                "--keyring",
                "If the token is valid: allowed by rule 7",
                "If it is not: refused",
            ],
        ),
        row(
            "trusted, with a token said to be valid",
            &["--policy", policy, "--assume-token", "valid"],
            ready.as_str(),
            0,
            &["allowed by rule 7, token", "taken as valid"],
        ),
        row(
            "trusted, with a token said to be invalid",
            &["--policy", policy, "--assume-token", "invalid"],
            ready.as_str(),
            3,
            &["refused by rule 7, token: token_invalid"],
        ),
        row(
            "trusted, without a token",
            &["--policy", policy],
            without(&ready, "X-CSRF"),
            3,
            &["refused by rule 7, token: token_missing", "X-CSRF-TOKEN"],
        ),
        row(
            "no session cookie: refused whatever the key",
            &["--policy", policy, "--assume-token", "valid"],
            without(&ready, "Cookie"),
            3,
            &["session_missing", "`JSESSIONID`"],
        ),
        row(
            "as printed in the document",
            &["--dialect", "genesys", "--assume-token", "valid"],
            GENESYS_START,
            0,
            &[
                "dialect genesys, https",
                "https://htcc-demo.genhtcc.com",
                "line 5: joined to the header above",
                "line 10: joined",
                "line 13: taken as the beginning of the body",
            ],
        ),
    ]);
}

#[test]
fn voss() {
    let voss = ["--dialect", "voss"];
    check(&[
        row(
            "login with cookie and header",
            &voss,
            VOSS_LOGIN,
            3,
            &["undecided", "allowed by rule 7"],
        ),
        row(
            "header and cookie differ: refused whatever the key",
            &["--dialect", "voss", "--assume-token", "valid"],
            VOSS_LOGIN.replace("csrftoken=K", "csrftoken=L"),
            3,
            &["token_cookie_mismatch", "CSRF token incorrect."],
        ),
        row(
            "no csrftoken cookie",
            &voss,
            VOSS_LOGIN.replace("csrftoken=", "other="),
            3,
            &["token_cookie_missing", "CSRF cookie not set."],
        ),
        row(
            "no token at all",
            &voss,
            without(VOSS_LOGIN, "X-CSRFToken"),
            3,
            &["token_missing", "form field csrfmiddlewaretoken"],
        ),
        row(
            "the token in the form",
            &["--dialect", "voss", "--assume-token", "valid"],
            without(VOSS_LOGIN, "X-CSRFToken")
                + "&csrfmiddlewaretoken=KEMzraBRygy2ZJ7fLuvbfKhAEIPK9D4s\n",
            0,
            &["allowed by rule 7"],
        ),
        row(
            "a foreign Referer",
            &voss,
            VOSS_LOGIN.replace("Referer: http://localhost:8000", "Referer: http://evil.example"),
            3,
            &["referer_mismatch", "http://evil.example"],
        ),
        row(
            "logging in without a browser needs nothing",
            &voss,
            "POST /noninteractivelogin/ HTTP/1.1\nHost: voss.example\n\n",
            0,
            &["allowed"],
        ),
    ]);
}

#[test]
fn vmanage() {
    let vmanage = ["--dialect", "vmanage", "--scheme", "https"];
    check(&[
        row("a GET with a token hangs on it", &vmanage, VMANAGE_INFO, 3, &["undecided"]),
        row(
            "a GET without one",
            &vmanage,
            without(VMANAGE_INFO, "X-XSRF"),
            3,
            &["token_missing", "SessionTokenFilter: Token provided via HTTP Header does not match"],
        ),
        row(
            "where the token is fetched",
            &vmanage,
            without(VMANAGE_INFO, "X-XSRF").replace("server/info", "client/token?json=true"),
            0,
            &["allowed by rule 4, exemption", "hands out the token"],
        ),
        row(
            "two tokens",
            &vmanage,
            VMANAGE_INFO.replace("Cookie:", "X-XSRF-TOKEN: 00\nCookie:"),
            3,
            &["token_repeated"],
        ),
        row(
            "logging out by a link",
            &vmanage,
            without(VMANAGE_INFO, "X-XSRF").replace("/dataservice/server/info", "/logout"),
            3,
            &["token_missing"],
        ),
    ]);
}

#[test]
fn tao_and_redback() {
    let redback = ["--dialect", "redback", "--scheme", "https"];
    let open = [&redback[..], &["--access", "unrestricted"]].concat();
    let restricted = REDBACK_LOGIN.replace("loginService/logIn", "userService/createUser");
    check(&[
        row("a ticket hangs on the key", &["--dialect", "tao"], TAO_ITEM, 3, &["undecided"]),
        row(
            "no ticket",
            &["--dialect", "tao"],
            without(TAO_ITEM, "X-CSRF"),
            3,
            &["token_missing", "403 Unable to process your request", "(no body)"],
        ),
        row("logging in is unrestricted", &open, REDBACK_LOGIN, 0, &["allowed by rule 6"]),
        row(
            "neither Origin nor Referer",
            &open,
            without(REDBACK_LOGIN, "Origin"),
            3,
            &["provenance_missing", "`absent_origin = \"allow\"`"],
        ),
        row("restricted without a token", &redback, restricted.as_str(), 3, &["token_missing"]),
        row(
            "a route without declared access",
            &[&redback[..], &["--access", "undeclared"]].concat(),
            REDBACK_LOGIN,
            3,
            &["access_undeclared"],
        ),
    ]);
}

#[test]
fn what_the_connection_and_the_policy_change() {
    let folder = TempDir::new().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let report = file("report.toml", "mode = \"report\"");
    let proxied = file("proxied.toml", "trusted_proxies = [\"10.0.0.0/8\"]");
    let own = file(
        "own.toml",
        &countersign::builtin_source("standard").unwrap().replace("\"standard\"", "\"own\""),
    );
    let by_policy = file("by-policy.toml", "dialect = \"own.toml\"");
    let forged = "POST /pay HTTP/1.1\r\nHost: app.example\r\nOrigin: https://evil.example\r\n\
                  Cookie: session=1\r\n\r\n";
    let proxy = "POST /pay HTTP/1.1\nHost: app.internal\nX-Forwarded-Host: app.example\n\
                 X-Forwarded-Proto: https\nOrigin: https://app.example\nCookie: session=1\n\n";
    check(&[
        row(
            "standard unless told otherwise",
            &[],
            forged,
            3,
            &["dialect standard", "origin_mismatch"],
        ),
        row("a dialect file", &["--dialect", &own], forged, 3, &["dialect own"]),
        row("a policy beside its dialect", &["--policy", &by_policy], forged, 3, &["dialect own"]),
        row(
            "the flag before the policy's dialect",
            &["--policy", &by_policy, "--dialect", "tao"],
            forged,
            3,
            &["dialect tao"],
        ),
        row("only reported", &["--policy", &report], forged, 0, &["reported", "origin_mismatch"]),
        row(
            "a trusted proxy",
            &["--policy", &proxied, "--peer", "10.1.2.3"],
            proxy,
            0,
            &["allowed by rule 6", "from 10.1.2.3"],
        ),
        row(
            "an untrusted one",
            &["--policy", &proxied, "--peer", "11.1.2.3"],
            proxy,
            3,
            &["refused"],
        ),
        row(
            "the scheme decides",
            &["--scheme", "https"],
            "POST / HTTP/1.1\nHost: a.example\nOrigin: https://a.example\nCookie: session=1\n\n",
            0,
            &["allowed by rule 6"],
        ),
        row(
            "http is an assumption, and said",
            &[],
            "POST / HTTP/1.1\nHost: a.example\nOrigin: https://a.example\nCookie: session=1\n\n",
            3,
            &["origin_mismatch", "taken as plain http; `--scheme https` says otherwise"],
        ),
        row(
            "a Bearer token alone",
            &[],
            "POST / HTTP/2\nHost: a.example\nAuthorization: Bearer x\n\n",
            0,
            &["allowed by rule 5", "line 1: read as HTTP/1.1"],
        ),
    ]);
}

#[test]
fn a_request_comes_from_a_file_as_well() {
    let folder = TempDir::new().unwrap();
    let request = folder.path().join("request.http");
    fs::write(&request, VMANAGE_INFO).unwrap();
    let ran = run(&["explain", "--dialect", "vmanage", request.to_str().unwrap()], "");
    assert_eq!(ran.status, 3, "{}", ran.err);
    assert!(ran.out.contains("GET /dataservice/server/info"), "{}", ran.out);
}
