//! Whose tokens are handed out: the app's session, followed through login and logout, or one of the
//! gateway's own.

use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::net::TcpStream;

use crate::common::Running;
use crate::common::app::{App, full};
use crate::common::client::{Answer, Client};
use crate::common::tls::{Authority, shake_hands};

const TEXT: &str = "text/plain";

/// An app that knows nothing of tokens: it has a login, a logout, pages and pictures.
async fn dumb(cookie: &'static str) -> App {
    App::start(move |request: Request<Incoming>| async move {
        let path = request.uri().path().to_owned();
        let _ = request.into_body().collect().await;
        let answer = |content_type: &str, text: &str| {
            Response::builder().header("content-type", content_type).body(full(text.to_owned()))
        };
        let page = "<form action=\"/x\" method=\"post\"></form>";
        let mut answer = match path.as_str() {
            "/page" | "/login/" => answer("text/html", page),
            "/restServices/redbackServices/loginService/logIn" => answer("application/json", "{}"),
            _ => answer(TEXT, "ok"),
        }
        .unwrap();
        let mut set = |name: &'static str, value: String| {
            answer.headers_mut().append(name, value.try_into().unwrap());
        };
        match path.as_str() {
            "/picture" => set("cache-control", "public, max-age=3600".to_owned()),
            "/logout" => set("set-cookie", format!("{cookie}=; Max-Age=0; Path=/")),
            _ if path.to_ascii_lowercase().contains("login") && !path.ends_with('/') => {
                set("set-cookie", format!("{cookie}=after-login; Path=/; HttpOnly"));
            }
            "/tao/ClientConfig/config" => *answer.status_mut() = StatusCode::NOT_FOUND,
            _ => {}
        }
        answer
    })
    .await
}

async fn gateway(app: &App, dialect: &str, site: &str) -> (Running, Client) {
    let site = format!("{site}\n[site.policy]\ndialect = \"{dialect}\"");
    let gateway = Running::before(app.address, "", &site);
    let client = Client::connect(gateway.address()).await;
    (gateway, client)
}

fn get(path: &str, cookies: &str) -> String {
    let cookies = if cookies.is_empty() { String::new() } else { format!("Cookie: {cookies}\r\n") };
    format!("GET {path} HTTP/1.1\r\nHost: app.example\r\nAccept: text/html\r\n{cookies}\r\n")
}

fn post(path: &str, cookies: &str, fields: &str) -> String {
    let cookies = if cookies.is_empty() { String::new() } else { format!("Cookie: {cookies}\r\n") };
    format!(
        "POST {path} HTTP/1.1\r\nHost: app.example\r\nOrigin: http://app.example\r\n{cookies}{fields}\
         Content-Length: 0\r\n\r\n"
    )
}

/// The cookies that an answer sets, as they go back.
fn cookies(answer: &Answer) -> Vec<String> {
    answer.all("set-cookie").map(|cookie| cookie.split(';').next().unwrap().to_owned()).collect()
}

fn token(answer: &Answer, name: &str) -> String {
    let token = answer.header(name);
    token.unwrap_or_else(|| panic!("no token: {answer:?}")).to_owned()
}

#[tokio::test]
async fn a_client_without_a_session_gets_one_with_its_token() {
    let app = dumb("JSESSIONID").await;
    let (_gateway, mut client) = gateway(&app, "genesys", "").await;
    let begun = client.ask(get("/me", "")).await;
    let (own, header) = (cookies(&begun), token(&begun, "x-csrf-token"));
    assert_eq!(own.len(), 1);
    assert!(own[0].starts_with("countersign="), "{own:?}");
    let attributes = begun.header("set-cookie").unwrap();
    for attribute in ["Path=/", "HttpOnly", "SameSite=Lax"] {
        assert!(attributes.contains(attribute), "{attributes}");
    }
    assert!(!attributes.contains("Secure") && !attributes.contains("Domain"), "{attributes}");
    assert_eq!(begun.header("cache-control"), Some("no-store"));

    // Known now, the client gets the same token and no further cookie.
    let again = client.ask(get("/me", &own[0])).await;
    assert_eq!((cookies(&again).len(), token(&again, "x-csrf-token")), (0, header.clone()));

    let other = client.ask(get("/me", "")).await;
    let (foreign, alien) = (cookies(&other).remove(0), token(&other, "x-csrf-token"));
    let planted = format!("{}; {foreign}", own[0]);
    for (name, cookie, token, status) in [
        ("its own", own[0].as_str(), Some(&header), 200),
        ("none", &own[0], None, 403),
        ("another session's", &own[0], Some(&alien), 403),
        ("one without the session", "", Some(&header), 403),
        ("a planted cookie beside", &planted, Some(&header), 403),
        ("a planted cookie beside, its token", &planted, Some(&alien), 403),
    ] {
        let before = app.requests();
        let field = token.map(|token| format!("X-CSRF-TOKEN: {token}\r\n")).unwrap_or_default();
        let answer = client.ask(post("/x", cookie, &field)).await;
        assert_eq!(answer.status, status, "{name}");
        assert_eq!(app.requests() - before, usize::from(status == 200), "{name}");
    }
}

#[tokio::test]
async fn a_session_begins_only_with_a_token() {
    let app = dumb("JSESSIONID").await;
    for (name, dialect, site, path, begins) in [
        ("the dialect delivers", "genesys", "", "/me", true),
        ("other caches may keep it", "genesys", "", "/picture", false),
        ("the dialect delivers nothing", "standard", "", "/page", false),
        ("a page carries one", "standard", "html = {}", "/page", true),
        ("what is no page carries none", "standard", "html = {}", "/me", false),
        ("the site wants none", "genesys", "own_session = false", "/me", false),
        ("a pool is not asked for", "tao", "", "/me", false),
        ("a pool is asked for", "tao", "", "/tao/ClientConfig/config", true),
    ] {
        let (_gateway, mut client) = gateway(&app, dialect, site).await;
        let answer = client.ask(get(path, "")).await;
        assert_eq!(answer.status, 200, "{name}");
        assert_eq!(cookies(&answer).len(), usize::from(begins), "{name}: {answer:?}");
        let carries = answer.header("x-csrf-token").is_some();
        assert_eq!(carries, begins && dialect == "genesys", "{name}");
        if path == "/picture" {
            assert_eq!(answer.header("cache-control"), Some("public, max-age=3600"));
            assert_eq!(answer.header("vary"), None);
        }
    }
}

#[tokio::test]
async fn over_https_nobody_else_can_set_the_cookie() {
    let app = dumb("JSESSIONID").await;
    let authority = Authority::new();
    let folder = tempfile::tempdir().unwrap();
    authority.write(folder.path(), &["app.example"]);
    let gateway = Running::within(
        folder,
        &format!(
            "[[listen]]\naddress = \"127.0.0.1:0\"\ntls = {{ certificate = \"cert.pem\", \
             key = \"key.pem\" }}\n[[site]]\nname = \"app\"\nupstream = \"http://{}\"\n\
             [site.policy]\ndialect = \"genesys\"\n",
            app.address
        ),
    );
    let stream = TcpStream::connect(gateway.address()).await.unwrap();
    let connector = authority.connector("http/1.1", None);
    let mut client = Client::over(shake_hands(&connector, "app.example", stream).await.unwrap());
    let begun = client.ask(get("/me", "")).await;
    let cookie = begun.header("set-cookie").unwrap();
    assert!(cookie.starts_with("__Host-countersign="), "{cookie}");
    assert!(cookie.contains("; Secure") && cookie.contains("; Path=/"), "{cookie}");
    assert!(!cookie.contains("Domain"), "{cookie}");

    let field = format!("X-CSRF-TOKEN: {}\r\n", token(&begun, "x-csrf-token"));
    let own = cookies(&begun).remove(0);
    let secure = |request: String| request.replace("http://app.example", "https://app.example");
    assert_eq!(client.ask(secure(post("/x", &own, &field))).await.status, 200);
    assert_eq!(app.last().get("cookie"), None, "the gateway's cookie reached the app");
    // The name that a neighbour on another port or in plain HTTP could set counts for nothing.
    let plain = own.replace("__Host-", "");
    assert_eq!(client.ask(secure(post("/x", &plain, &field))).await.status, 403);
}

#[tokio::test]
async fn logging_in_needs_the_old_token_and_brings_a_new_one() {
    let app = dumb("JSESSIONID").await;
    let (_gateway, mut client) = gateway(&app, "genesys", "").await;
    let begun = client.ask(get("/me", "")).await;
    let (own, before) = (cookies(&begun).remove(0), token(&begun, "x-csrf-token"));
    // Login CSRF: a foreign page can send the form, and not the token.
    assert_eq!(client.ask(post("/login", "", "")).await.status, 403);
    assert_eq!(client.ask(post("/login", &own, "")).await.status, 403);
    assert_eq!(app.requests(), 1);

    let old = format!("X-CSRF-TOKEN: {before}\r\n");
    let logged_in = client.ask(post("/login", &own, &old)).await;
    assert_eq!(
        (logged_in.status, cookies(&logged_in)),
        (200, vec!["JSESSIONID=after-login".into()])
    );

    let session = format!("{own}; JSESSIONID=after-login");
    let after = token(&client.ask(get("/me", &session)).await, "x-csrf-token");
    assert_ne!(after, before);
    let new = format!("X-CSRF-TOKEN: {after}\r\n");
    assert_eq!(client.ask(post("/x", &session, &old)).await.status, 403, "the old token");
    assert_eq!(client.ask(post("/x", &session, &new)).await.status, 200, "the new token");
    assert_eq!(client.ask(post("/x", &own, &new)).await.status, 403, "without the login");
    let planted = format!("JSESSIONID=planted; {session}");
    assert_eq!(client.ask(post("/x", &planted, &new)).await.status, 403, "a second cookie");
}

#[tokio::test]
async fn a_login_over_json_answers_with_the_token_of_its_session() {
    let app = dumb("JSESSIONID").await;
    let (_gateway, mut client) = gateway(&app, "redback", "").await;
    let login = "/restServices/redbackServices/loginService/logIn";
    // Redback's own rule: the token is not asked for before there is one.
    let answer = client.ask(post(login, "", "")).await;
    if answer.status != 200 {
        // A gateway does not know which calls need no permission, so a policy must say it.
        assert_eq!(answer.status, 403, "{answer:?}");
    }
    let open = format!(
        "[site.policy]\ndialect = \"redback\"\n[[site.policy.route]]\npath = \"{login}\"\n\
         require = \"provenance\"\nreason = \"logs in\""
    );
    let gateway = Running::before(app.address, "", &open);
    let mut client = Client::connect(gateway.address()).await;
    let answer = client.ask(post(login, "", "")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let text = answer.text();
    let token = text.split('"').nth(3).unwrap();
    assert!(text.starts_with("{\"validationToken\":\""), "{text}");
    let field = format!("X-XSRF-TOKEN: {token}\r\n");
    let session = "JSESSIONID=after-login";
    for (name, cookie, field, status) in [
        ("its own", session, field.as_str(), 200),
        ("none", session, "", 403),
        ("another session", "JSESSIONID=other", &field, 403),
        ("no session", "", &field, 403),
    ] {
        assert_eq!(client.ask(post("/x", cookie, field)).await.status, status, "{name}");
    }
}

#[tokio::test]
async fn logging_out_ends_what_was_handed_out() {
    let app = dumb("tao_session").await;
    let (_gateway, mut client) = gateway(&app, "tao", "").await;
    let session = "tao_session=5d1ccc96cbd7e7f2";
    let config = client.ask(get("/tao/ClientConfig/config", session)).await.text();
    let (_, list) = config.split_once("\"tokens\":[").unwrap_or_else(|| panic!("{config}"));
    let (list, _) = list.split_once(']').unwrap();
    let tickets: Vec<String> =
        list.split(',').map(|one| one.trim_matches('"').to_owned()).collect();
    assert_eq!(tickets.len(), 10, "{tickets:?}");
    let spend =
        |path: &str, ticket: &str| post(path, session, &format!("X-CSRF-Token: {ticket}\r\n"));

    let first = client.ask(spend("/x", &tickets[0])).await;
    assert_eq!(first.status, 200);
    let fresh = token(&first, "x-csrf-token");
    assert_eq!(client.ask(spend("/x", &tickets[0])).await.status, 403, "spent twice");
    assert_eq!(client.ask(spend("/x", &fresh)).await.status, 200, "the fresh one");

    let out = client.ask(spend("/logout", &tickets[1])).await;
    assert_eq!(out.status, 200);
    assert_eq!(out.header("x-csrf-token"), None, "a ticket for a session that is over");
    let before = app.requests();
    for ticket in &tickets[2..] {
        assert_eq!(
            client.ask(spend("/x", ticket)).await.status,
            403,
            "{ticket} outlives its session"
        );
    }
    assert_eq!(app.requests(), before);
}

#[tokio::test]
async fn header_cookie_and_page_carry_one_token() {
    let app = dumb("sessionid").await;
    let (_gateway, mut client) = gateway(&app, "voss", "html = {}").await;
    for (name, session) in [("begun with this page", ""), ("known", "sessionid=5d1ccc96")] {
        let page = client.ask(get("/login/", session)).await;
        let header = token(&page, "x-csrftoken");
        let all = cookies(&page);
        let twin = format!("csrftoken={header}");
        assert!(all.contains(&twin), "{name}: {all:?}, not {twin}");
        let text = page.text();
        let (_, field) = text.split_once("name=\"csrfmiddlewaretoken\" value=\"").unwrap();
        let (field, _) = field.split_once('"').unwrap();
        // The same token under a mask: a page is compressed, and its length must tell nothing.
        assert_ne!(field, header, "{name}");
        let meta = format!("<meta name=\"csrf-token\" content=\"{field}\">");
        assert!(text.contains(&meta), "{name}: {text}");

        let all = [all.join("; "), session.to_owned()].join("; ");
        let all = all.trim_end_matches("; ");
        for (name, cookies, field, status) in [
            ("both", all.to_owned(), format!("X-CSRFToken: {header}\r\n"), 200),
            ("the cookie alone", all.to_owned(), String::new(), 403),
            ("another text", all.to_owned(), format!("X-CSRFToken: {}\r\n", "a".repeat(32)), 403),
            (
                "a planted twin",
                format!("{all}; csrftoken={}", "a".repeat(32)),
                format!("X-CSRFToken: {header}\r\n"),
                403,
            ),
        ] {
            let answer = client.ask(post("/login/", &cookies, &field)).await;
            assert_eq!(answer.status, status, "{name}: {answer:?}");
        }
        for (name, cookies, status) in [
            ("the page's own form", all, 200),
            ("the form without the cookies", "", 403),
            ("the form in another session", &all.replace("=", "=a"), 403),
        ] {
            let form = format!("csrfmiddlewaretoken={field}");
            let request =
                post("/login/", cookies, "Content-Type: application/x-www-form-urlencoded\r\n");
            let length = format!("Content-Length: {}", form.len());
            let answer = client.ask(request.replace("Content-Length: 0", &length) + &form).await;
            assert_eq!(answer.status, status, "{name}: {answer:?}");
        }
    }
}

#[tokio::test]
async fn an_untrusted_hint_of_https_changes_no_cookie() {
    let app = dumb("JSESSIONID").await;
    for (name, policy, expected) in [
        ("a stranger", "", "countersign="),
        ("a proxy", "trusted_proxies = [\"127.0.0.1\"]", "__Host-countersign="),
        ("the site is https", "public_origins = [\"https://app.example\"]", "__Host-countersign="),
    ] {
        let site = format!("[site.policy]\ndialect = \"genesys\"\n{policy}");
        let gateway = Running::before(app.address, "", &site);
        let mut client = Client::connect(gateway.address()).await;
        let request = "GET /me HTTP/1.1\r\nHost: app.example\r\nX-Forwarded-Proto: https\r\n\r\n";
        let own = cookies(&client.ask(request).await);
        assert!(own[0].starts_with(expected), "{name}: {own:?}");
    }
}

/// Transmission's clients know nothing of tokens until they are refused.
#[tokio::test]
async fn a_refusal_says_the_token_to_whoever_asks_for_the_first_time() {
    let app = dumb("transmission_session").await;
    let (_gateway, mut client) = gateway(&app, "transmission", "").await;
    let id = "x-transmission-session-id";
    let rpc = |cookies: &str, fields: &str| post("/transmission/rpc", cookies, fields);

    let first = client.ask(rpc("", "")).await;
    assert_eq!((first.status, app.requests()), (409, 0));
    let (own, said) = (cookies(&first).join("; "), token(&first, id));
    assert!(own.starts_with("countersign="), "{own}");
    let again = client.ask(rpc(&own, &format!("{id}: {said}\r\n"))).await;
    assert_eq!((again.status, app.requests()), (200, 1));

    // The name in Basic credentials is enough: no session begins.
    let basic = "Authorization: Basic YTpi\r\n";
    let first = client.ask(rpc("", basic)).await;
    assert_eq!((first.status, cookies(&first).len()), (409, 0));
    let with_basic = token(&first, id);
    let again = client.ask(rpc("", &format!("{basic}{id}: {with_basic}\r\n"))).await;
    assert_eq!((again.status, app.requests()), (200, 2));

    // Somebody else's id is answered with one's own.
    let wrong = client.ask(rpc(&own, &format!("{id}: {with_basic}\r\n"))).await;
    assert_eq!((wrong.status, cookies(&wrong).len()), (409, 0));
    let right = token(&wrong, id);
    let again = client.ask(rpc(&own, &format!("{id}: {right}\r\n"))).await;
    assert_eq!((again.status, app.requests()), (200, 3));

    // Another site's page is told nothing and begins nothing.
    let foreign = rpc("", "").replace("http://app.example", "http://evil.example");
    let refused = client.ask(foreign).await;
    assert_eq!((refused.status, refused.header(id), cookies(&refused).len()), (409, None, 0));
    assert_eq!(app.requests(), 3);
}
