//! Fields that change on the way.

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::Full;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::common::app::{App, full};
use crate::common::client::{Client, http2};
use crate::common::{PATIENCE, Running};

fn all(headers: &HeaderMap, name: &str) -> Vec<String> {
    headers.get_all(name).iter().map(|value| value.to_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn what_is_between_neighbours_stays_there() {
    let app = App::start(async |_| {
        Response::builder()
            .header("connection", "x-internal")
            .header("x-internal", "a")
            .header("keep-alive", "timeout=5")
            .header("proxy-authenticate", "Basic")
            .header("proxy-connection", "keep-alive")
            .header("upgrade", "h2c")
            .header("x-stays", "b")
            .body(full("ok"))
            .unwrap()
    })
    .await;
    let gateway = Running::before(app.address, "", "");
    let mut client = Client::connect(gateway.address()).await;
    let answer = client
        .ask(
            "GET / HTTP/1.1\r\nHost: app.example\r\nConnection: X-Private, keep-alive, Cookie\r\n\
             Connection: Host, upgrade\r\nX-Private: a\r\nKeep-Alive: 5\r\nTE: trailers, deflate\r\n\
             Proxy-Authorization: Basic YTpi\r\nProxy-Connection: close\r\nUpgrade: h2c\r\n\
             Cookie: a=b\r\nX-Stays: c\r\nAuthorization: Bearer t\r\n\r\n",
        )
        .await;
    assert_eq!(answer.status, 200);

    let seen = app.last();
    for gone in ["x-private", "keep-alive", "proxy-authorization", "proxy-connection", "upgrade"] {
        assert_eq!(all(&seen, gone), [""; 0], "{gone} reached the app");
    }
    // What the gateway itself says to its neighbour.
    assert_eq!(all(&seen, "te"), ["trailers"]);
    assert_eq!(all(&seen, "connection"), ["te"]);
    for (stays, value) in [
        ("host", "app.example"),
        ("cookie", "a=b"),
        ("x-stays", "c"),
        ("authorization", "Bearer t"),
    ] {
        assert_eq!(all(&seen, stays), [value], "{stays}");
    }

    for gone in ["x-internal", "keep-alive", "proxy-authenticate", "proxy-connection", "upgrade"] {
        assert_eq!(answer.header(gone), None, "{gone} reached the client");
    }
    assert_eq!(answer.header("x-stays"), Some("b"));
}

#[tokio::test]
async fn an_app_is_told_who_asked() {
    const SAID: &str = "X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-Host: public.example\r\n\
        X-Forwarded-Proto: https\r\nX-Forwarded-Port: 8443\r\n\
        Forwarded: for=203.0.113.9;host=public.example;proto=https\r\n";
    const OWN: &str = "for=127.0.0.1;host=\"app.example\";proto=http";
    const OWN_V6: &str = "for=\"[::1]\";host=\"app.example\";proto=http";
    const BOTH: &str = "for=203.0.113.9;host=public.example;proto=https, \
        for=127.0.0.1;host=\"app.example\";proto=http";
    const NONE: [&str; 0] = [];

    struct Row {
        name: &'static str,
        mode: &'static str,
        listen: &'static str,
        trusted: bool,
        said: &'static str,
        /// X-Forwarded-For, -Host, -Proto, -Port and Forwarded, as the app gets them.
        expected: [&'static [&'static str]; 5],
    }
    let row = |name, mode, trusted, said, expected| Row {
        name,
        mode,
        listen: "127.0.0.1:0",
        trusted,
        said,
        expected,
    };
    let told: [&[&str]; 5] = [&["127.0.0.1"], &["app.example"], &["http"], &NONE, &NONE];
    let passed: [&[&str]; 5] = [
        &["203.0.113.9, 127.0.0.1"],
        &["public.example"],
        &["https"],
        &["8443"],
        &["for=203.0.113.9;host=public.example;proto=https"],
    ];
    let only: [&[&str]; 5] = [&NONE, &NONE, &NONE, &NONE, &[OWN]];
    let rows = [
        row("a stranger who says nothing", "x-forwarded", false, "", told),
        row("a stranger who lies", "x-forwarded", false, SAID, told),
        row("a proxy that says nothing", "x-forwarded", true, "", told),
        row("a proxy", "x-forwarded", true, SAID, passed),
        row("a stranger who lies, RFC 7239", "rfc7239", false, SAID, only),
        row(
            "a proxy, RFC 7239",
            "rfc7239",
            true,
            SAID,
            [&["203.0.113.9"], &["public.example"], &["https"], &["8443"], &[BOTH]],
        ),
        row(
            "a stranger who lies, both",
            "both",
            false,
            SAID,
            [&["127.0.0.1"], &["app.example"], &["http"], &NONE, &[OWN]],
        ),
        row(
            "a proxy, both",
            "both",
            true,
            SAID,
            [&["203.0.113.9, 127.0.0.1"], &["public.example"], &["https"], &["8443"], &[BOTH]],
        ),
        row("a stranger who lies, nothing said", "none", false, SAID, [&NONE; 5]),
        row("a proxy, nothing said", "none", true, SAID, [&NONE; 5]),
        Row {
            listen: "[::1]:0",
            ..row(
                "IPv6",
                "both",
                false,
                SAID,
                [&["::1"], &["app.example"], &["http"], &NONE, &[OWN_V6]],
            )
        },
    ];
    let app = App::plain().await;
    for row in rows {
        let trusted =
            if row.trusted { "[site.policy]\ntrusted_proxies = [\"127.0.0.0/8\"]" } else { "" };
        let gateway = Running::of(&format!(
            "forwarded = \"{}\"\n[[listen]]\naddress = \"{}\"\n[[site]]\nname = \"app\"\n\
             upstream = \"http://{}\"\n{trusted}\n",
            row.mode, row.listen, app.address
        ));
        let mut client = Client::connect(gateway.address()).await;
        let request = format!("GET / HTTP/1.1\r\nHost: app.example\r\n{}\r\n", row.said);
        assert_eq!(client.ask(request).await.status, 200, "{}", row.name);
        let seen = app.last();
        let names = [
            "x-forwarded-for",
            "x-forwarded-host",
            "x-forwarded-proto",
            "x-forwarded-port",
            "forwarded",
        ];
        for (name, expected) in names.iter().zip(row.expected) {
            assert_eq!(all(&seen, name), expected, "{}: {name}", row.name);
        }
    }
}

#[tokio::test]
async fn the_app_is_called_by_the_name_that_the_site_says() {
    let app = App::plain().await;
    let own = app.address.to_string();
    for (site, host) in
        [("", "app.example"), ("host = \"preserve\"", "app.example"), ("host = \"upstream\"", &own)]
    {
        let gateway = Running::before(app.address, "", site);
        let mut client = Client::connect(gateway.address()).await;
        client.ask("GET / HTTP/1.1\r\nHost: app.example\r\n\r\n").await;
        assert_eq!(all(&app.last(), "host"), [host], "{site}");
        assert_eq!(all(&app.last(), "x-forwarded-host"), ["app.example"], "{site}");
    }
}

#[tokio::test]
async fn an_app_sees_its_own_cookies_in_one_field() {
    let app = App::plain().await;
    let gateway = Running::before(app.address, "", "");
    for (cookies, expected) in [
        (&["a=1", "b=2"][..], &["a=1; b=2"][..]),
        (&["a=1; countersign=x; b=2"], &["a=1; b=2"]),
        (&["countersign=x"], &[]),
        (&["countersign=x", "a=1"], &["a=1"]),
        (&["countersigned=x; xcountersign=y"], &["countersigned=x; xcountersign=y"]),
    ] {
        let mut client = http2(TcpStream::connect(gateway.address()).await.unwrap()).await;
        let request =
            cookies.iter().fold(Request::get("http://app.example/"), |request, cookie| {
                request.header("cookie", *cookie)
            });
        let request = request.body(Full::<Bytes>::default()).unwrap();
        let answer = timeout(PATIENCE, client.send_request(request)).await.unwrap().unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(all(&app.last(), "cookie"), expected, "{cookies:?}");
    }
}
