//! The playground as a whole: starting, stopping, and what it leaves behind.

use std::net::SocketAddr;
use std::time::Duration;

use reqwest::{Client, StatusCode};
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use super::*;

fn client() -> Client {
    Client::builder().no_proxy().cookie_store(true).build().unwrap()
}

#[tokio::test]
async fn a_taken_port_names_the_flag_and_leaves_nothing_running() {
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let genesys = free.local_addr().unwrap();
    drop(free);
    let voss = taken.local_addr().unwrap();
    let options = Options { genesys, voss, ..Options::on_free_ports() };
    let error = start(options, Environment::default()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "`--voss {voss}`: address already in use; give another one, or port 0 for any free port"
        )
    );
    assert!(TcpStream::connect(genesys).await.is_err(), "the first listener is still open");
}

#[tokio::test]
async fn every_service_answers_at_the_address_that_is_told() {
    let playground = start(Options::on_free_ports(), Environment::default()).await.unwrap();
    let addresses = playground.addresses().clone();
    for (address, path) in [
        (addresses.genesys, "/api/v2/diagnostics/version"),
        (addresses.voss, "/login/"),
        (addresses.redback, "/"),
        (addresses.vmanage_http.unwrap(), "/"),
        (addresses.tao, "/tao/ClientConfig/config"),
        (addresses.bank, "/login"),
        (addresses.attacker, "/"),
    ] {
        assert_ne!(address.port(), 0);
        let reply = client().get(format!("http://{address}{path}")).send().await.unwrap();
        assert_eq!(reply.status(), StatusCode::OK, "{path}");
    }
}

#[tokio::test]
async fn stopping_does_not_wait_for_a_long_poll_and_frees_the_ports() {
    let playground = start(Options::on_free_ports(), Environment::default()).await.unwrap();
    let addresses = playground.addresses().clone();
    let (stop, stopped) = oneshot::channel::<()>();
    let running = tokio::spawn(playground.run_until(async { drop(stopped.await) }));
    let held = hold_a_connect(addresses.genesys).await;
    stop.send(()).unwrap();
    // The connect would be held for thirty seconds.
    tokio::time::timeout(Duration::from_secs(10), running).await.unwrap().unwrap();
    assert_eq!(held.await.unwrap(), StatusCode::OK, "it was cut off, not answered");
    for address in [addresses.genesys, addresses.vmanage, addresses.tao] {
        TcpListener::bind(address).await.unwrap();
    }
}

#[tokio::test]
async fn a_kept_folder_remembers_and_a_temporary_one_is_removed() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("new").join("deep");
    let options = || Options { data: Some(data.clone()), ..Options::on_free_ports() };

    let playground = start(options(), Environment::default()).await.unwrap();
    let http = client();
    let me =
        |playground: &Playground| format!("http://{}/api/v2/me", playground.addresses().genesys);
    let request = http.get(me(&playground)).basic_auth("paveld@redwings.com", Some("password"));
    let reply = request.send().await.unwrap();
    let cookie = reply.headers()["set-cookie"].clone();
    let user = reply.text().await.unwrap();
    playground.run_until(async {}).await;

    let playground = start(options(), Environment::default()).await.unwrap();
    let request = client().get(me(&playground)).header("cookie", cookie);
    let after = request.send().await.unwrap().text().await.unwrap();
    let id =
        |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap()["user"]["id"].clone();
    assert!(id(&user).is_string());
    assert_eq!(id(&after), id(&user));
    playground.run_until(async {}).await;
    assert!(data.join("playground.sqlite3").exists());
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_is_one_clear_error() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let data = Some(file.path().join("below a file"));
    let options = Options { data, ..Options::on_free_ports() };
    let error = start(options, Environment::default()).await.unwrap_err().to_string();
    assert!(error.contains("`--data ") && error.contains("below a file`"), "{error}");
}

/// Starts CometD and returns when a connect is held; gives its status in the end.
async fn hold_a_connect(genesys: SocketAddr) -> tokio::task::JoinHandle<StatusCode> {
    let http = client();
    let base = format!("http://{genesys}/api/v2");
    let request =
        http.get(format!("{base}/me")).basic_auth("paveld@redwings.com", Some("password"));
    let me = request.send().await.unwrap();
    let token = me.headers().get("x-csrf-token").cloned();
    let post = move |message: serde_json::Value| {
        let mut request = http.post(format!("{base}/notifications/")).json(&[message]);
        if let Some(token) = &token {
            request = request.header("X-CSRF-TOKEN", token);
        }
        request.send()
    };
    let reply = post(json!({ "channel": "/meta/handshake" })).await.unwrap();
    let reply: serde_json::Value = serde_json::from_str(&reply.text().await.unwrap()).unwrap();
    let connect = json!({ "channel": "/meta/connect", "clientId": reply[0]["clientId"] });
    post(connect.clone()).await.unwrap();
    // Of two connects the newer lets the older go: when one is answered, the other is held.
    let mut one = tokio::spawn(post(connect.clone()));
    let mut two = tokio::spawn(post(connect));
    let held = tokio::select! {
        _ = &mut one => two,
        _ = &mut two => one,
    };
    tokio::spawn(async move { held.await.unwrap().unwrap().status() })
}
