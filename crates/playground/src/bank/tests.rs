//! The bank through real sockets: as its customers use it, and as somebody else's page does.

mod api;
mod attacks;
mod live;
mod pages;

use std::net::SocketAddr;

use reqwest::header::{LOCATION, SET_COOKIE};
use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode};
use serde_json::Value;

use crate::setup::started;
use crate::{Options, Playground};

/// What alice, bob and mallory have at the start, together.
const ALL_THE_MONEY: i64 = 150_000;

/// A running bank.
struct Setup {
    playground: Playground,
}

/// A customer's browser.
struct Visitor {
    client: Client,
    base: String,
    /// The cookie as a `Cookie` line, for what is not a browser.
    cookie: String,
}

impl Setup {
    async fn start() -> Self {
        let (playground, _clock) = started(Options::on_free_ports()).await;
        Self { playground }
    }

    fn address(&self) -> SocketAddr {
        self.playground.addresses().bank
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address())
    }

    async fn log_in(&self, name: &str, password: &str) -> Visitor {
        let client = client();
        let form = [("username", name), ("password", password)];
        let reply = client.post(self.url("/login")).form(&form).send().await.unwrap();
        assert_eq!(reply.status(), StatusCode::SEE_OTHER, "{name}");
        assert_eq!(reply.headers()[LOCATION], "/account");
        let line = reply.headers()[SET_COOKIE].to_str().unwrap();
        let cookie = line.split(';').next().unwrap().to_owned();
        Visitor { client, base: self.url(""), cookie }
    }

    async fn alice(&self) -> Visitor {
        self.log_in("alice", "wonderland").await
    }

    async fn bob(&self) -> Visitor {
        self.log_in("bob", "builder").await
    }

    async fn mallory(&self) -> Visitor {
        self.log_in("mallory", "moneybags").await
    }

    /// The sum of all accounts, as their owners see them.
    async fn money(&self) -> i64 {
        let (alice, bob, mallory) = tokio::join!(self.alice(), self.bob(), self.mallory());
        alice.balance().await + bob.balance().await + mallory.balance().await
    }
}

impl Visitor {
    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    async fn get(&self, path: &str) -> Response {
        self.client.get(self.url(path)).send().await.unwrap()
    }

    async fn page(&self, path: &str) -> String {
        let reply = self.get(path).await;
        assert_eq!(reply.status(), StatusCode::OK, "{path}");
        reply.text().await.unwrap()
    }

    async fn send_form(&self, path: &str, fields: &[(&str, &str)]) -> Response {
        self.client.post(self.url(path)).form(fields).send().await.unwrap()
    }

    async fn transfer(&self, body: &Value) -> Response {
        self.client.post(self.url("/api/transfers")).json(body).send().await.unwrap()
    }

    async fn balance(&self) -> i64 {
        let accounts: Value = self.get("/api/accounts").await.json().await.unwrap();
        accounts[0]["cents"].as_i64().unwrap()
    }
}

/// Keeps cookies and shows redirects instead of following them.
fn client() -> Client {
    Client::builder().no_proxy().cookie_store(true).redirect(Policy::none()).build().unwrap()
}
