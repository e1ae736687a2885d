//! Several sites in one gateway.

use http::Request;
use http_body_util::BodyExt;
use hyper::body::Incoming;

use crate::common::Running;
use crate::common::app::{App, text};
use crate::common::client::Client;

async fn named(name: &'static str) -> App {
    App::start(move |request: Request<Incoming>| async move {
        let _ = request.into_body().collect().await;
        text(name)
    })
    .await
}

#[tokio::test]
async fn a_request_goes_to_the_site_that_it_means() {
    let sites = [
        ("bank", "hosts = [\"bank.example\"]"),
        ("shop", "hosts = [\"bank.example\", \"shop.example\"]\npath = \"/shop\""),
        ("cart", "hosts = [\"bank.example\", \"shop.example\"]\npath = \"/shop/cart/\""),
        ("port", "hosts = [\"bank.example:8443\"]"),
        ("wild", "hosts = [\"*.bank.example\"]"),
        ("six", "hosts = [\"[::1]\"]"),
        // A site with a wildcard besides is still the one that this name means.
        ("named", "hosts = [\"*.named.example\", \"app.wild.example\"]"),
        ("wildest", "hosts = [\"*.wild.example\"]\npath = \"/deep\""),
    ];
    let (mut text, mut apps) = ("[[listen]]\naddress = \"127.0.0.1:0\"\n".to_owned(), Vec::new());
    for (name, keys) in sites {
        let app = named(name).await;
        text += &format!(
            "[[site]]\nname = \"{name}\"\nupstream = \"http://{}\"\n{keys}\n",
            app.address
        );
        apps.push(app);
    }
    let gateway = Running::of(&text);
    for (host, path, expected) in [
        ("bank.example", "/", Ok("bank")),
        ("BANK.example", "/", Ok("bank")),
        ("bank.example.", "/", Ok("bank")),
        ("bank.example:9080", "/", Ok("bank")),
        ("bank.example:8443", "/", Ok("port")),
        ("bank.example:8443", "/shop", Ok("port")),
        ("www.bank.example", "/", Ok("wild")),
        ("a.b.bank.example", "/shop", Ok("wild")),
        ("[::1]:9080", "/", Ok("six")),
        ("app.wild.example", "/deep", Ok("named")),
        ("www.wild.example", "/deep", Ok("wildest")),
        ("www.wild.example", "/", Err(404)),
        ("bank.example", "/shop", Ok("shop")),
        ("bank.example", "/shop?a=/cart", Ok("shop")),
        ("bank.example", "/shop/", Ok("shop")),
        ("bank.example", "/sh%6fp/x", Ok("shop")),
        ("bank.example", "/shopping", Ok("bank")),
        ("bank.example", "/Shop", Ok("bank")),
        ("bank.example", "/shop/cart", Ok("cart")),
        ("bank.example", "/shop/cart/1", Ok("cart")),
        ("bank.example", "/shop/cartoon", Ok("shop")),
        ("shop.example", "/shop", Ok("shop")),
        ("shop.example", "/", Err(404)),
        ("evil.example", "/", Err(421)),
        ("evilbank.example", "/", Err(421)),
        ("bank.example.evil.example", "/", Err(421)),
        ("bank.example", "/x/../shop", Err(400)),
        ("bank.example", "/x/%2e%2e/shop", Err(400)),
        ("bank.example", "//shop", Err(400)),
        ("bank.example", "/shop%2fcart", Err(400)),
        ("bank.example", "/shop;a/cart", Err(400)),
        ("bank.example", "/shop\\cart", Err(400)),
    ] {
        let before: usize = apps.iter().map(App::requests).sum();
        let mut client = Client::connect(gateway.address()).await;
        let answer = client.ask(format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n")).await;
        let after: usize = apps.iter().map(App::requests).sum();
        match expected {
            Ok(name) => {
                assert_eq!((answer.status, answer.text().as_str()), (200, name), "{host}{path}");
            }
            Err(status) => {
                assert_eq!((answer.status, after), (status, before), "{host}{path}: {answer:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_site_without_hosts_takes_what_the_others_do_not() {
    let (one, all) = (named("one").await, named("all").await);
    let gateway = Running::of(&format!(
        "[[listen]]\naddress = \"127.0.0.1:0\"\n[[site]]\nname = \"all\"\n\
         upstream = \"http://{}\"\n[[site]]\nname = \"one\"\nhosts = [\"one.example\"]\n\
         upstream = \"http://{}\"\n",
        all.address, one.address
    ));
    for (host, name) in [("one.example", "one"), ("two.example", "all"), ("127.0.0.1", "all")] {
        let mut client = Client::connect(gateway.address()).await;
        let answer = client.ask(format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n")).await;
        assert_eq!(answer.text(), name, "{host}");
    }
}

#[tokio::test]
async fn the_token_of_one_site_is_worth_nothing_at_another() {
    let app = named("app").await;
    let site = |name: &str| {
        format!(
            "[[site]]\nname = \"{name}\"\nhosts = [\"{name}.example\"]\n\
             upstream = \"http://{}\"\n[site.policy]\ndialect = \"genesys\"\n",
            app.address
        )
    };
    let gateway = Running::of(&format!(
        "[[listen]]\naddress = \"127.0.0.1:0\"\n{}{}",
        site("one"),
        site("two")
    ));
    let mut client = Client::connect(gateway.address()).await;
    let mut tokens = Vec::new();
    for host in ["one.example", "two.example"] {
        let got = client
            .ask(format!("GET /me HTTP/1.1\r\nHost: {host}\r\nCookie: JSESSIONID=5d1ccc96\r\n\r\n"))
            .await;
        tokens.push((host, got.header("x-csrf-token").unwrap().to_owned()));
    }
    for (of, token) in &tokens {
        for (host, _) in &tokens {
            let request = format!(
                "POST /x HTTP/1.1\r\nHost: {host}\r\nCookie: JSESSIONID=5d1ccc96\r\n\
                 Origin: http://{host}\r\nX-CSRF-TOKEN: {token}\r\nContent-Length: 0\r\n\r\n"
            );
            let status = client.ask(request).await.status;
            assert_eq!(status, if of == host { 200 } else { 403 }, "{of}'s token at {host}");
        }
    }
}
