//! What the gateway serves to clients in the app's place: the client document, the browser client, and
//! tokens where the dialect has an address of their own for them.

use countersign::{ClientDocument, Policy};

use crate::common::app::{App, full};
use crate::common::client::{Answer, Client};
use crate::common::{Running, read};

async fn get(gateway: &Running, path: &str, more: &str) -> Answer {
    let request = format!("GET {path} HTTP/1.1\r\nHost: app.example\r\n{more}\r\n");
    Client::connect(gateway.address()).await.ask(request).await
}

/// An app that answers everything, as those do that are one page.
async fn one_page() -> App {
    App::start(async |_| {
        http::Response::builder()
            .header("content-type", "text/html")
            .body(full("<p>mine</p>"))
            .unwrap()
    })
    .await
}

#[tokio::test]
async fn the_document_is_the_sites_own_and_not_judged() {
    let app = one_page().await;
    let policy = "[site.policy]\ndialect = \"redback\"\ntoken_header = \"X-Renamed\"\nsession_cookie = \"sid\"";
    let gateway = Running::before(app.address, "", policy);
    // Redback refuses whoever does not say where a request comes from.
    assert_eq!(get(&gateway, "/", "").await.status, 403);

    let answer = get(&gateway, "/.well-known/csrf", "").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let document: ClientDocument = serde_json::from_slice(&answer.body).unwrap();
    let own = Policy::builtin("redback").unwrap().client_document();
    assert_eq!(document.obtain, own.obtain);
    assert_eq!(document.session_cookie, "sid");
    assert_eq!(document.token.unwrap().header.as_str(), "X-Renamed");

    let tag = answer.header("etag").unwrap();
    let again = get(&gateway, "/.well-known/csrf", &format!("If-None-Match: {tag}\r\n")).await;
    assert_eq!((again.status, again.text().as_str()), (304, ""));
    assert_eq!(app.requests(), 0, "the app was asked");
}

#[tokio::test]
async fn the_browser_client_needs_no_pages_to_be_rewritten() {
    let app = one_page().await;
    let gateway = Running::before(app.address, "", "");
    let answer = get(&gateway, "/.countersign/csrf.js", "").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("text/javascript; charset=utf-8"));
    assert!(answer.text().contains("fetch"), "this is not the script");
    assert_eq!(app.requests(), 0, "the app was asked");
}

#[tokio::test]
async fn a_site_may_keep_both_addresses_for_its_app() {
    let app = one_page().await;
    let gateway = Running::before(app.address, "", "client_files = false");
    for path in ["/.well-known/csrf", "/.countersign/csrf.js"] {
        assert_eq!(get(&gateway, path, "").await.text(), "<p>mine</p>", "{path}");
    }
    let text = "[[listen]]\naddress = \"127.0.0.1:0\"\n[[site]]\nname = \"app\"\n\
                upstream = \"http://127.0.0.1:1\"\nclient_files = false\nhtml = {}\n";
    let error = read(gateway.folder.path(), text).unwrap_err();
    assert!(error.contains("pages would load a script that nobody serves"), "{error}");
}

#[tokio::test]
async fn a_client_gets_the_standard_token_whatever_the_app_would_say() {
    let app = one_page().await;
    let gateway = Running::before(app.address, "", "");
    let cookie = "Cookie: session=5d1ccc96\r\n";
    let answer = get(&gateway, "/.countersign/token", cookie).await;
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let token: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    let token = token["token"].as_str().unwrap();
    assert_eq!(app.requests(), 0, "the app was asked");

    let mut client = Client::connect(gateway.address()).await;
    for (name, header, expected) in
        [("without it", String::new(), 403), ("with it", format!("X-CSRF-Token: {token}\r\n"), 200)]
    {
        let head = format!("POST / HTTP/1.1\r\nHost: app.example\r\n{cookie}{header}");
        let answer = client.ask(format!("{head}Content-Length: 0\r\n\r\n")).await;
        assert_eq!(answer.status, expected, "{name}");
    }
    let foreign = get(&gateway, "/.countersign/token", "Cookie: session=other\r\n").await;
    assert_ne!(foreign.text(), answer.text(), "another session has another token");
}

#[tokio::test]
async fn a_token_that_must_be_asked_for_is_not_given_otherwise() {
    let folder = tempfile::tempdir().unwrap();
    let text = "name = \"asked\"\ntitle = \"Asked for\"\nsummary = \"A token for those who ask.\"\n\
        [protect]\nmethods = \"unsafe\"\nrequire = \"token\"\n[session]\ncookie = \"sid\"\n\
        [token]\npattern = \"synchronizer\"\nshape = \"uuid\"\nheader = \"X-CSRF-Token\"\n\
        [deliver]\non = \"safe\"\nwhen = { X-CSRF-Token = \"Fetch\" }\n\
        headers = { X-CSRF-Token = \"{token}\" }\n\
        [refusal]\nheaders = { X-CSRF-Token = \"Required\" }\n";
    std::fs::write(folder.path().join("asked.toml"), text).unwrap();
    let app = one_page().await;
    let config = format!(
        "[[listen]]\naddress = \"127.0.0.1:0\"\n[[site]]\nname = \"app\"\n\
         upstream = \"http://{}\"\n[site.policy]\ndialect = \"asked.toml\"\n",
        app.address
    );
    let config = countersign_gateway::Config::from_toml("g", &config, folder.path(), |_| {
        countersign::Dialect::parse("asked.toml", text).map_err(|error| error.to_string())
    });
    let gateway = countersign_gateway::Gateway::start(config.unwrap()).unwrap();
    let address = gateway.addresses().listen[0];
    for (name, ask, expected) in [
        ("not asked", "", None),
        ("asked", "X-CSRF-Token: fetch\r\n", Some(36)),
        ("something else", "X-CSRF-Token: fetched\r\n", None),
        ("asked twice", "X-CSRF-Token: Fetch\r\nX-CSRF-Token: Fetch\r\n", None),
    ] {
        let head = "GET / HTTP/1.1\r\nHost: app.example\r\nCookie: sid=1\r\n";
        let answer = Client::connect(address).await.ask(format!("{head}{ask}\r\n")).await;
        assert_eq!(answer.header("x-csrf-token").map(str::len), expected, "{name}");
    }
    let post = "POST / HTTP/1.1\r\nHost: app.example\r\nCookie: sid=1\r\nContent-Length: 0\r\n\r\n";
    let refusal = Client::connect(address).await.ask(post).await;
    assert_eq!((refusal.status, refusal.header("x-csrf-token")), (403, Some("Required")));
}
