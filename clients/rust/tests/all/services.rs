//! Each of the playground's five services: log in, read, write, lose the token, log out.

use countersign_client::reqwest::{Certificate, ClientBuilder, StatusCode};
use countersign_client::{SavedTokens, Session, SessionBuilder};
use countersign_playground::{Environment, Options, Playground, start};
use serde_json::{Value, json};

use crate::concurrent::all;
use crate::server::builder;

async fn playground() -> Playground {
    start(Options::on_free_ports(), Environment::default()).await.unwrap()
}

/// The same session, but its tokens are worth nothing: as after a restart of the server.
async fn spoilt(session: &Session, builder: SessionBuilder) -> Session {
    let mut saved = serde_json::to_value(session.tokens()).unwrap();
    let tickets = saved["tickets"].as_array_mut().unwrap();
    assert!(!tickets.is_empty(), "there is no token to lose");
    for (number, ticket) in tickets.iter_mut().enumerate() {
        ticket["token"] = Value::from(format!("{number:040x}"));
    }
    let tokens: SavedTokens = serde_json::from_value(saved).unwrap();
    builder.jar(session.jar().clone()).tokens(tokens).build().await.unwrap()
}

async fn get(session: &Session, path: &str) -> (StatusCode, String) {
    let response = session.get(path).send().await.unwrap();
    (response.status(), response.text().await.unwrap())
}

async fn post(session: &Session, path: &str, body: &Value) -> (StatusCode, String) {
    let response = session.post(path).json(body).send().await.unwrap();
    (response.status(), response.text().await.unwrap())
}

#[tokio::test]
async fn genesys() {
    let playground = playground().await;
    let url = format!("http://{}", playground.addresses().genesys);
    let session = builder(&url).login("paveld@redwings.com", "password").build().await.unwrap();
    assert_eq!(session.document().dialect, "genesys");
    let (status, me) = get(&session, "/api/v2/me").await;
    assert!(status == 200 && me.contains("paveld"), "{status} {me}");

    let operation = |name: &str| json!({"operationName": name, "channels": ["voice"]});
    let (_, reply) = post(&session, "/api/v2/me", &operation("StartContactCenterSession")).await;
    assert!(reply.contains(r#""statusCode":0"#), "{reply}");
    let session = spoilt(&session, builder(&url)).await;
    let (_, reply) = post(&session, "/api/v2/me", &operation("Ready")).await;
    assert!(reply.contains(r#""statusCode":0"#), "{reply}");
    // There is no request by which one logs out.
    assert!(session.logout().await.is_err());
}

#[tokio::test]
async fn voss() {
    let playground = playground().await;
    let url = format!("http://{}", playground.addresses().voss);
    let session = builder(&url).login("joe", "bloggs").build().await.unwrap();
    assert_eq!(session.document().dialect, "voss");
    let phone = |name: &str| json!({"name": name, "description": "by the door"});
    let (status, reply) = post(&session, "/api/data/Phone/", &phone("SEPAABBCCDDEE01")).await;
    assert!(status.is_success(), "{status} {reply}");
    let session = spoilt(&session, builder(&url)).await;
    let (status, reply) = post(&session, "/api/data/Phone/", &phone("SEPAABBCCDDEE02")).await;
    assert!(status.is_success(), "{status} {reply}");
    let (_, list) = get(&session, "/api/data/Phone/").await;
    assert!(list.contains("SEPAABBCCDDEE01") && list.contains("SEPAABBCCDDEE02"), "{list}");

    session.logout().await.unwrap();
    let (status, _) = post(&session, "/api/data/Phone/", &phone("SEPAABBCCDDEE03")).await;
    assert!(!status.is_success(), "{status}");
    assert!(builder(&url).login("joe", "wrong").build().await.is_err());
}

#[tokio::test]
async fn redback() {
    const USERS: &str = "/restServices/redbackServices/userService/";
    let playground = playground().await;
    let url = format!("http://{}", playground.addresses().redback);
    let session = builder(&url).login("admin", "admin1").build().await.unwrap();
    assert_eq!(session.document().dialect, "redback");
    let (status, users) = get(&session, &format!("{USERS}getUsers")).await;
    assert!(status == 200 && users.contains("guest-user"), "{status} {users}");
    let joe = json!({"username": "joe", "password": "joes-own-1", "fullName": "Joe", "email": "joe@b.example"});
    let (status, reply) = post(&session, &format!("{USERS}createUser"), &joe).await;
    assert_eq!(status, 200, "{reply}");
    assert_eq!(get(&session, &format!("{USERS}lockUser/joe")).await.0, 200);

    // A token comes with a login and not otherwise.
    let session = spoilt(&session, builder(&url)).await;
    assert_eq!(get(&session, &format!("{USERS}getUsers")).await.0, 403);
    session.login("admin", "admin1").await.unwrap();
    assert_eq!(get(&session, &format!("{USERS}getUsers")).await.0, 200);

    session.logout().await.unwrap();
    assert_eq!(get(&session, &format!("{USERS}getUsers")).await.0, 403);
    assert!(builder(&url).login("admin", "wrong").build().await.is_err());
}

#[tokio::test]
async fn vmanage() {
    const MAIL: &str = "/dataservice/settings/configuration/emailNotificationSettings";
    let playground = playground().await;
    let url = format!("https://{}", playground.addresses().vmanage);
    let own = Certificate::from_pem(playground.certificate().as_bytes()).unwrap();
    let with = |url: &str| {
        let http = ClientBuilder::new().no_proxy().tls_certs_only([own.clone()]);
        Session::builder(url).http(http)
    };
    let session = with(&url).login("admin", "admin").build().await.unwrap();
    assert_eq!(session.document().dialect, "vmanage");
    let (status, devices) = get(&session, "/dataservice/device").await;
    assert!(status == 200 && devices.starts_with('{'), "{status} {devices}");
    let mail = json!({"enabled": true, "protocol": "smtp", "smtp_server": "mail.example", "from_address": "a@b.example", "smtp_port": 25, "notification_use_smtp_authentication": false, "reply_to_address": "a@b.example"});
    let (status, reply) = post(&session, MAIL, &mail).await;
    assert_eq!(status, 200, "{reply}");

    let session = spoilt(&session, with(&url)).await;
    let (status, devices) = get(&session, "/dataservice/device").await;
    assert!(status == 200 && devices.starts_with('{'), "{status} {devices}");

    session.logout().await.unwrap();
    let (_, page) = get(&session, "/dataservice/device").await;
    assert!(!page.starts_with('{'), "{page}");
    assert!(with(&url).login("admin", "wrong").build().await.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn tao() {
    let playground = playground().await;
    let url = format!("http://{}", playground.addresses().tao);
    let session = builder(&url).build().await.unwrap();
    assert_eq!(session.document().dialect, "tao");
    let (status, reply) = post(&session, "/tao/items", &json!({"label": "Fractions"})).await;
    assert_eq!(status, 200, "{reply}");
    let (_, list) = get(&session, "/tao/items").await;
    assert!(list.contains("Fractions"), "{list}");
    let (_, failed) = post(&session, "/tao/items/fail", &json!({})).await;
    assert!(failed.contains(r#""success":false"#), "{failed}");

    let session = spoilt(&session, builder(&url)).await;
    assert_eq!(get(&session, "/tao/items").await.0, 200);

    let statuses = all(&session, 50, |session, _| async move {
        session.get("/tao/items").send().await.unwrap().status()
    })
    .await;
    assert!(statuses.iter().all(|status| *status == 200), "{statuses:?}");
}

#[tokio::test]
async fn the_example_runs() {
    let playground = playground().await;
    let base = format!("http://{}", playground.addresses().tao);
    let printed = crate::example::add_and_list(&base).await.unwrap();
    let (added, list) = printed.split_once('\n').unwrap();
    assert!(added.contains("Fractions") && list.contains("Fractions"), "{printed}");
}
