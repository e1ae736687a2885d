//! What the attacker's page makes a browser send: each of them works, which is what the bank is for.

use reqwest::multipart::{Form, Part};
use reqwest::{RequestBuilder, StatusCode};
use serde_json::{Value, json};

use super::{ALL_THE_MONEY, Setup, Visitor, client};

/// As a browser labels what a page on another site makes it send.
fn cross_site(request: RequestBuilder) -> RequestBuilder {
    request.header("origin", "http://localhost:9666").header("sec-fetch-site", "cross-site")
}

async fn loot(setup: &Setup) -> Value {
    let url = format!("http://{}/loot", setup.playground.addresses().attacker);
    client().get(url).send().await.unwrap().json().await.unwrap()
}

#[tokio::test]
async fn forged_requests_take_the_money_and_mallory_sees_it_arrive() {
    let setup = Setup::start().await;
    let alice = setup.alice().await;
    assert_eq!(loot(&setup).await, json!({ "cents": 0, "arrived": [] }));

    let form = [("to", "mallory"), ("amount", "10.00"), ("note", "form")];
    let reply = cross_site(alice.client.post(alice.url("/transfer")).form(&form)).send().await;
    assert_eq!(reply.unwrap().status(), StatusCode::SEE_OTHER);

    let body = json!({ "to": "mallory", "cents": 1000, "note": "fetch" }).to_string();
    let request = alice.client.post(alice.url("/api/transfers")).body(body);
    let request = request.header("content-type", "text/plain;charset=UTF-8");
    assert_eq!(cross_site(request).send().await.unwrap().status(), StatusCode::CREATED);

    let link = alice.url("/transfer?to=mallory&amount=10&note=image");
    let reply = cross_site(alice.client.get(link)).send().await.unwrap();
    assert_eq!(reply.status(), StatusCode::OK, "a GET changes nothing");

    let loot = loot(&setup).await;
    assert_eq!(loot["cents"], 2000);
    let notes: Vec<_> =
        loot["arrived"].as_array().unwrap().iter().map(|one| &one["note"]).collect();
    assert_eq!(notes, ["fetch", "form"]);
    assert_eq!(alice.balance().await, 98_000);
    assert_eq!(setup.money().await, ALL_THE_MONEY);
}

#[tokio::test]
async fn a_forged_upload_is_filed_and_a_forged_login_changes_the_customer() {
    let setup = Setup::start().await;
    let alice = setup.alice().await;
    let part = Part::text("I owe mallory").file_name("debt.txt");
    let request = alice.client.post(alice.url("/statements"));
    let request = request.multipart(Form::new().part("file", part));
    assert_eq!(cross_site(request).send().await.unwrap().status(), StatusCode::SEE_OTHER);
    assert!(alice.page("/account").await.contains("debt.txt"));

    let form = [("username", "mallory"), ("password", "moneybags")];
    let request = cross_site(alice.client.post(alice.url("/login")).form(&form));
    assert_eq!(request.send().await.unwrap().status(), StatusCode::SEE_OTHER);
    assert!(alice.page("/account").await.contains("<span>mallory</span>"));
}

#[tokio::test]
async fn mallory_sees_what_arrives_and_not_what_leaves() {
    let setup = Setup::start().await;
    let (alice, mallory) = (setup.alice().await, setup.mallory().await);
    let send = async |from: &Visitor, to: &str, note: &str| {
        let reply = from.transfer(&json!({ "to": to, "cents": 1, "note": note })).await;
        assert_eq!(reply.status(), StatusCode::CREATED, "{note}");
    };
    send(&alice, "mallory", "in").await;
    send(&mallory, "bob", "out").await;
    send(&alice, "bob", "elsewhere").await;
    let arrived = loot(&setup).await["arrived"].take();
    assert_eq!(arrived.as_array().unwrap().len(), 1, "{arrived}");
    assert_eq!(arrived[0]["note"], "in");
}

#[tokio::test]
async fn the_page_attacks_both_and_is_open_as_another_site_and_as_a_sister() {
    let setup = Setup::start().await;
    let at = setup.playground.addresses().clone();
    let page = client().get(format!("http://{}/", at.attacker)).send().await.unwrap();
    assert!(!page.headers().contains_key("set-cookie"));
    let page = page.text().await.unwrap();
    for text in [
        format!("data-bank=\"http://{}\"", at.bank),
        format!("data-gateway=\"http://{}\"", at.gateway),
        format!("http://localhost:{}/", at.attacker.port()),
        format!("http://{}/", at.attacker),
    ] {
        assert!(page.contains(&text), "{text} is missing in\n{page}");
    }
    for attack in ["form", "fetch", "image", "socket", "upload", "login"] {
        for target in ["bank", "gateway"] {
            let button = format!("data-attack=\"{attack}\" data-target=\"{target}\"");
            assert!(page.contains(&button), "{button} is missing");
        }
    }
}
