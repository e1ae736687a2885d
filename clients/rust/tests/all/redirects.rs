//! Rule 1: no token ever goes to another origin.

use countersign_client::reqwest::{ClientBuilder, redirect};

use crate::server::{Answer, Server, answer, builder, ok};

/// Records what comes, and sends back to `back` if there is one.
async fn stranger(back: Option<String>) -> Server {
    Server::start(move |_, _| match &back {
        Some(back) => answer(307, &[("location", back)], ""),
        None => ok("thank you"),
    })
    .await
}

fn to(status: u16, location: &str) -> Answer {
    answer(status, &[("location", location)], "")
}

fn home(target: String, status: u16) -> impl Fn(&crate::server::Asked, usize) -> Answer + Clone {
    move |asked, _| match asked.uri.path() {
        "/token" => ok("s3cr3t"),
        "/away" => to(status, &target),
        "/round" => to(status, "/here"),
        "/circle" => to(status, "/circle"),
        _ => ok("home"),
    }
}

#[tokio::test]
async fn a_token_does_not_follow_to_another_origin() {
    for status in [301, 302, 303, 307, 308] {
        let stranger = stranger(None).await;
        let home = Server::start(home(format!("{}/trap", stranger.url()), status)).await;
        let session = home.session(r#"{"origin": "always"}"#).await;
        let request = session.post("/away").bearer_auth("credential").header("cookie", "sid=mine");
        let response = request.body("body").send().await.unwrap();
        assert_eq!(response.text().await.unwrap(), "thank you", "{status}");
        let sent = &home.asked()[1];
        assert_eq!(
            (sent.header("x-token"), sent.header("origin")),
            (Some("s3cr3t"), Some(&*home.url()))
        );
        for asked in stranger.asked() {
            for name in ["x-token", "authorization", "cookie", "origin"] {
                assert_eq!(asked.header(name), None, "{status}: {name}");
            }
            let everything = format!("{asked:?}");
            assert!(!everything.contains("s3cr3t"), "{status}: {everything}");
        }
        assert_eq!(stranger.asked().len(), 1, "{status}");
    }
}

#[tokio::test]
async fn nor_does_one_that_the_caller_has_set() {
    let stranger = stranger(None).await;
    let home = Server::start(home(stranger.url(), 307)).await;
    let session = home.session("{}").await;
    session.post("/away").header("X-TOKEN", "own").send().await.unwrap();
    assert_eq!(home.asked()[0].header("x-token"), Some("own"));
    assert_eq!(stranger.asked()[0].header("x-token"), None);
}

/// A client that the user brings may want to follow redirects; it is made not to.
#[tokio::test]
async fn nor_with_a_client_that_would_follow() {
    let stranger = stranger(None).await;
    let home = Server::start(home(stranger.url(), 307)).await;
    let http = ClientBuilder::new().no_proxy().redirect(redirect::Policy::limited(5));
    let session = home.builder("{}").http(http).build().await.unwrap();
    session.post("/away").send().await.unwrap();
    assert_eq!(home.asked()[1].header("x-token"), Some("s3cr3t"));
    assert_eq!(stranger.asked()[0].header("x-token"), None);
}

#[tokio::test]
async fn what_another_origin_sends_back_is_not_ours() {
    let start = Server::start(|_, _| ok("unused")).await;
    drop(start);
    // The home must be known before its address is.
    let home = Server::start(|asked, _| match asked.uri.path() {
        "/token" => ok("s3cr3t"),
        "/away" => to(307, asked.uri.query().unwrap()),
        _ => ok("home"),
    })
    .await;
    let back = stranger(Some(format!("{}/transfer", home.url()))).await;
    let session = home.session(r#"{"origin": "always"}"#).await;
    // From home over the stranger, and from the stranger at once.
    let over = format!("/away?{}/x", back.url());
    for url in [over.as_str(), &back.url()] {
        session.post(url).body("body").send().await.unwrap();
        let last = home.asked().pop().unwrap();
        assert_eq!(last.line(), "POST /transfer");
        assert_eq!((last.header("x-token"), last.header("origin")), (None, None), "{url}");
    }
}

#[tokio::test]
async fn within_the_origin_each_hop_is_a_request_of_its_own() {
    for (status, method, with) in
        [(303, "GET", None), (302, "GET", None), (307, "POST", Some("s3cr3t"))]
    {
        let home = Server::start(home(String::new(), status)).await;
        let session = home.session("{}").await;
        let response = session.post("/round").body("body").send().await.unwrap();
        assert_eq!(response.url().path(), "/here");
        let last = home.asked().pop().unwrap();
        assert_eq!(last.line(), format!("{method} /here"));
        assert_eq!(last.header("x-token"), with, "{status}");
        assert_eq!(last.body.is_empty(), status != 307, "{status}");
        assert_eq!(last.header("content-type"), None);
    }
}

#[tokio::test]
async fn circles_end() {
    let home = Server::start(home(String::new(), 302)).await;
    let session = home.builder("{}").redirects(3).build().await.unwrap();
    let error = session.get("/circle").send().await.unwrap_err();
    assert!(error.to_string().contains("too many redirects"), "{error}");
    assert_eq!(home.asked().len(), 4);
}

#[tokio::test]
async fn without_redirects_the_answer_is_the_redirect() {
    let home = Server::start(home(String::new(), 302)).await;
    let session = home.builder("{}").redirects(0).build().await.unwrap();
    assert_eq!(session.get("/circle").send().await.unwrap().status(), 302);
    assert_eq!(home.asked().len(), 1);
}

#[tokio::test]
async fn requests_elsewhere_are_not_touched() {
    let (stranger, home) = (stranger(None).await, Server::start(home(String::new(), 302)).await);
    let session = home.session(r#"{"origin": "always"}"#).await;
    session.post("/write").send().await.unwrap();
    // Once by its address, once as the host behind this origin's name as a user.
    let disguised = format!("http://{}@{}/", home.address.ip(), stranger.address);
    for url in [stranger.url(), disguised, format!("//{}/", stranger.address)] {
        session.post(&url).send().await.unwrap();
        let asked = stranger.asked().pop().unwrap();
        assert_eq!((asked.header("x-token"), asked.header("origin")), (None, None), "{url}");
    }
    assert_eq!(stranger.asked().len(), 3);
    assert_eq!(home.asked().len(), 2);
}

#[tokio::test]
async fn a_password_follows_nowhere() {
    let stranger = stranger(None).await;
    let home = Server::start(home(stranger.url(), 307)).await;
    let login =
        r#"{"login": {"request": "POST /away", "form": {"u": "{user}", "p": "{password}"}}}"#;
    let session = home.session(login).await;
    let response = session.login("user", "password").await.unwrap();
    assert_eq!(response.status(), 307);
    assert_eq!(&home.asked()[1].body[..], b"p=password&u=user");
    assert!(stranger.asked().is_empty());
}

#[tokio::test]
async fn a_document_is_not_taken_from_elsewhere() {
    let stranger = stranger(None).await;
    let url = stranger.url();
    let home = Server::start(move |_, _| to(302, &url)).await;
    let error = builder(&home.url()).build().await.unwrap_err();
    assert!(error.to_string().contains("says no dialect"), "{error}");
    assert!(stranger.asked().is_empty());
}
