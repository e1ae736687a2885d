//! The portal through its socket: each scene is played against the real services.

use reqwest::Client;
use serde_json::Value;

use crate::{Environment, Options, Playground};

async fn started() -> (Playground, String) {
    let playground = crate::start(Options::on_free_ports(), Environment::default()).await.unwrap();
    let base = format!("http://{}", playground.addresses().portal);
    (playground, base)
}

#[tokio::test]
async fn every_service_refuses_without_its_token_and_says_why() {
    let (_playground, base) = started().await;
    for service in ["genesys", "voss", "redback", "vmanage", "tao"] {
        let url = format!("{base}/try/{service}/without");
        let scene: Value = Client::new().post(url).send().await.unwrap().json().await.unwrap();
        assert_eq!(scene["status"], 403, "{service}: {scene}");
        assert_eq!(scene["reason"], "token_missing", "{service}: {scene}");
        let last = scene["findings"].as_array().unwrap().last().unwrap();
        assert_eq!(last["outcome"], "fails", "{service}: {scene}");
    }
}

#[tokio::test]
async fn every_service_lets_the_same_call_pass_with_its_token() {
    let (_playground, base) = started().await;
    for (service, status) in
        [("genesys", 200), ("voss", 302), ("redback", 200), ("vmanage", 200), ("tao", 200)]
    {
        let url = format!("{base}/try/{service}/with");
        let scene: Value = Client::new().post(url).send().await.unwrap().json().await.unwrap();
        assert_eq!(scene["status"], status, "{service}: {scene}");
        assert_eq!(scene["reason"], Value::Null, "{service}: {scene}");
    }
}

#[tokio::test]
async fn the_bank_lets_another_sites_transfer_pass() {
    let (_playground, base) = started().await;
    let url = format!("{base}/try/bank/without");
    let scene: Value = Client::new().post(url).send().await.unwrap().json().await.unwrap();
    assert_eq!(scene["status"], 303, "{scene}");
    let answer = scene["exchanges"][1]["response"].as_str().unwrap();
    assert!(answer.contains("location: /account?done=sent"), "{answer}");
}

#[tokio::test]
async fn another_site_cannot_press_the_buttons() {
    let (_playground, base) = started().await;
    let request = Client::new().post(format!("{base}/try/tao/with"));
    let reply = request.header("Origin", "https://evil.example").send().await.unwrap();
    assert_eq!(reply.status(), 403);
}

#[tokio::test]
async fn the_page_shows_each_service_with_its_real_address() {
    let (playground, base) = started().await;
    let page = reqwest::get(base).await.unwrap().text().await.unwrap();
    let at = playground.addresses();
    for address in [at.genesys, at.voss, at.redback, at.vmanage, at.tao, at.bank] {
        assert!(page.contains(&address.to_string()), "{address}");
    }
    assert!(page.contains(&format!("http://localhost:{}", at.attacker.port())), "{page}");
}

#[tokio::test]
async fn unknown_scenes_are_not_found() {
    let (_playground, base) = started().await;
    for path in ["/try/nobody/with", "/try/tao/perhaps", "/try/bank/with"] {
        let reply = Client::new().post(format!("{base}{path}")).send().await.unwrap();
        assert_eq!(reply.status(), 404, "{path}");
    }
}
