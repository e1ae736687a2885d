//! The application through real sockets, by a client that spends one ticket a call.

use std::collections::VecDeque;
use std::time::Duration;

use countersign_tower::ManualClock;
use reqwest::header::{CONTENT_TYPE, SET_COOKIE};
use reqwest::{Client, Method, Response};
use serde_json::{Value, json};

use crate::setup::started;
use crate::{Options, Playground};

struct Setup {
    playground: Playground,
    clock: ManualClock,
}

impl Setup {
    async fn start() -> Self {
        let (playground, clock) = started(Options::on_free_ports()).await;
        Self { playground, clock }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.playground.addresses().tao)
    }

    /// Loads the page's configuration.
    async fn load(&self) -> Page {
        let client = Client::builder().cookie_store(true).build().unwrap();
        let config = config(client.get(self.url("/tao/ClientConfig/config")).send().await.unwrap());
        let tickets = config.await["config"]["core/tokenHandler"]["tokens"].take();
        let tickets = serde_json::from_value(tickets).unwrap();
        Page { client, base: self.url(""), tickets }
    }
}

/// A loaded page with its pool of tickets.
struct Page {
    client: Client,
    base: String,
    tickets: VecDeque<String>,
}

impl Page {
    async fn call(&mut self, method: Method, path: &str, body: &str) -> Response {
        let ticket = self.tickets.pop_front().expect("a ticket is left");
        let request = self.client.request(method, format!("{}{path}", self.base));
        let request =
            request.header("X-CSRF-Token", ticket).header(CONTENT_TYPE, "application/json");
        let reply = request.body(body.to_owned()).send().await.unwrap();
        if let Some(fresh) = reply.headers().get("X-CSRF-Token") {
            self.tickets.push_back(fresh.to_str().unwrap().to_owned());
        }
        reply
    }

    async fn form(&self) -> String {
        let reply = self.client.get(format!("{}/tao/form", self.base)).send().await.unwrap();
        assert_eq!(reply.status(), 200);
        reply.text().await.unwrap()
    }

    /// Sends the form that is on `page`, hidden field and all.
    async fn submit(&self, page: &str, label: &str) -> Response {
        let (name, value) = hidden_field(page);
        let request = self.client.post(format!("{}/tao/form", self.base));
        request.form(&[(name, value), ("label", label)]).send().await.unwrap()
    }
}

/// Takes the requirejs call apart.
async fn config(response: Response) -> Value {
    assert_eq!(response.status(), 200);
    let content_type = response.headers()[CONTENT_TYPE].to_str().unwrap();
    assert_eq!(content_type, "application/javascript");
    let script = response.text().await.unwrap();
    let json = script.trim_end().strip_prefix("require.config(").unwrap().strip_suffix(");");
    serde_json::from_str(json.unwrap()).unwrap()
}

async fn answer(response: Response) -> Value {
    assert_eq!(response.headers()[CONTENT_TYPE], "application/json; charset=UTF-8");
    response.json().await.unwrap()
}

fn hidden_field(page: &str) -> (&str, &str) {
    let field = page.split("<input").find(|tag| tag.contains("type=\"hidden\"")).unwrap();
    let attribute = |name: &str| field.split_once(name).unwrap().1.split('"').next().unwrap();
    (attribute("name=\""), attribute("value=\""))
}

#[tokio::test]
async fn the_configuration_brings_a_session_and_a_pool() {
    let setup = Setup::start().await;
    let client = Client::builder().cookie_store(true).build().unwrap();
    let url = setup.url("/tao/ClientConfig/config");
    let first = client.get(&url).send().await.unwrap();
    assert!(first.headers()[SET_COOKIE].to_str().unwrap().starts_with("tao_session="));
    let handler = config(first).await["config"]["core/tokenHandler"].take();
    assert_eq!(handler["tokenTimeLimit"], 24 * 60 * 1000);
    assert_eq!(handler["validateTokens"], true);
    assert_eq!(handler["store"], "memory");
    let tokens = handler["tokens"].as_array().unwrap();
    assert_eq!(handler["maxSize"], tokens.len());
    for token in tokens {
        let token = token.as_str().unwrap();
        assert_eq!(token.len(), 40, "{token}");
        assert!(token.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')), "{token}");
    }

    let second = client.get(&url).send().await.unwrap();
    assert!(!second.headers().contains_key(SET_COOKIE), "the session is there already");
    assert!(config(second).await["config"]["context"].is_object());
}

#[tokio::test]
async fn a_session_is_idle_for_24_minutes_at_most() {
    let setup = Setup::start().await;
    let page = setup.load().await;
    let url = setup.url("/tao/ClientConfig/config");
    for (wait, begins_another) in [(24 * 60 - 1, false), (24 * 60, true)] {
        setup.clock.advance(Duration::from_secs(wait));
        let reply = page.client.get(&url).send().await.unwrap();
        assert_eq!(reply.headers().contains_key(SET_COOKIE), begins_another, "{wait}");
    }
}

#[tokio::test]
async fn items_are_listed_added_and_removed() {
    let setup = Setup::start().await;
    let mut page = setup.load().await;
    let before = page.call(Method::GET, "/tao/items", "").await;
    assert_eq!(before.status(), 200);
    let before = answer(before).await;
    assert_eq!(before["success"], true);

    let label = "Verbs & \"nouns\"";
    let added = page.call(Method::POST, "/tao/items", &json!({ "label": label }).to_string()).await;
    assert_eq!(added.status(), 200);
    let added = answer(added).await;
    assert_eq!((&added["success"], &added["data"]["label"]), (&json!(true), &json!(label)));
    let uri = added["data"]["uri"].as_str().unwrap();

    let after = answer(page.call(Method::GET, "/tao/items", "").await).await;
    let count = |list: &Value| list["data"].as_array().unwrap().len();
    assert_eq!(count(&after), count(&before) + 1);

    let gone = page.call(Method::DELETE, uri, "").await;
    assert_eq!(gone.status(), 204);
    assert!(!gone.headers().contains_key(CONTENT_TYPE));
    assert_eq!(gone.text().await.unwrap(), "");

    let again = page.call(Method::DELETE, uri, "").await;
    assert_eq!(again.status(), 404);
    assert_eq!(answer(again).await["success"], false);
}

#[tokio::test]
async fn a_failing_application_says_so() {
    let setup = Setup::start().await;
    let failed = setup.load().await.call(Method::POST, "/tao/items/fail", "").await;
    let failed = answer(failed).await;
    assert_eq!(failed["success"], false);
    assert!(failed["data"].is_object());
    assert_eq!(failed["message"], "Something went wrong");
}

#[tokio::test]
async fn items_that_are_refused_say_why() {
    let setup = Setup::start().await;
    let mut page = setup.load().await;
    for (row, body, status) in [
        ("no JSON", "{".to_owned(), 400),
        ("no label", "{}".to_owned(), 422),
        ("a label that is none", json!({ "label": 3 }).to_string(), 422),
        ("an empty label", json!({ "label": "  " }).to_string(), 400),
        ("a label too long", json!({ "label": "x".repeat(201) }).to_string(), 400),
        ("two lines", json!({ "label": "a\nb" }).to_string(), 400),
        ("too long for anything", "x".repeat(70_000), 413),
    ] {
        let reply = page.call(Method::POST, "/tao/items", &body).await;
        assert_eq!(reply.status(), status, "{row}");
        let reply = answer(reply).await;
        assert_eq!(reply["success"], false, "{row}");
        assert!(reply["message"].as_str().is_some_and(|why| !why.is_empty()), "{row}");
    }
}

#[tokio::test]
async fn the_form_adds_an_item_and_comes_again() {
    let setup = Setup::start().await;
    let page = setup.load().await;
    let form = page.form().await;
    let reply = page.submit(&form, "<b>Poems</b>").await;
    assert_eq!(reply.status(), 200);
    let next = reply.text().await.unwrap();
    assert!(next.contains("role=\"status\""), "{next}");
    assert!(next.contains("<li>&lt;b&gt;Poems&lt;/b&gt;</li>"), "{next}");

    let empty = page.submit(&next, "").await;
    assert_eq!(empty.status(), 400);
    let next = empty.text().await.unwrap();
    assert!(next.contains("role=\"alert\""), "{next}");
    assert_eq!(page.submit(&next, "Prose").await.status(), 200);
}

#[tokio::test]
async fn the_form_alone_begins_a_session() {
    let setup = Setup::start().await;
    let reply = reqwest::get(setup.url("/tao/form")).await.unwrap();
    assert!(reply.headers()[SET_COOKIE].to_str().unwrap().starts_with("tao_session="));
    let home = reqwest::get(setup.url("/")).await.unwrap();
    assert!(!home.headers().contains_key(SET_COOKIE), "the front page hands out no tickets");
}

#[tokio::test]
async fn a_refused_form_is_the_form_again() {
    let setup = Setup::start().await;
    let page = setup.load().await;
    let first = page.form().await;
    assert_eq!(page.submit(&first, "Poetry").await.status(), 200);

    let again = page.submit(&first, "Poetry twice").await;
    assert_eq!(again.status(), 403);
    let again = again.text().await.unwrap();
    assert!(again.contains("<p role=\"alert\">This form has been sent before."), "{again}");
    assert!(!again.contains("Poetry twice"), "nothing was added: {again}");
    assert_ne!(hidden_field(&again), hidden_field(&first), "a fresh ticket");
    assert_eq!(page.submit(&again, "Drama").await.status(), 200, "which is good");
}
