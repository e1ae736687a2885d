//! The live connection and the events.

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::{Setup, Visitor};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

async fn connect(visitor: &Visitor, origin: &str) -> Result<Socket, Box<Error>> {
    let url = visitor.url("/live").replace("http://", "ws://");
    let mut request = url.into_client_request().unwrap();
    request.headers_mut().insert("cookie", visitor.cookie.parse().unwrap());
    request.headers_mut().insert("origin", origin.parse().unwrap());
    Ok(connect_async(request).await.map_err(Box::new)?.0)
}

async fn open(visitor: &Visitor) -> Socket {
    connect(visitor, &visitor.base).await.unwrap()
}

async fn hear(socket: &mut Socket) -> Value {
    match socket.next().await.unwrap().unwrap() {
        Message::Text(text) => serde_json::from_str(&text).unwrap(),
        other => panic!("{other:?}"),
    }
}

async fn say(socket: &mut Socket, text: &str) {
    socket.send(Message::text(text)).await.unwrap();
}

/// Everything up to the end of the connection.
async fn rest(mut socket: Socket) -> Vec<Message> {
    let mut messages = Vec::new();
    while let Some(Ok(message)) = socket.next().await {
        messages.push(message);
    }
    messages
}

#[tokio::test]
async fn the_balance_comes_first_and_then_every_change() {
    let setup = Setup::start().await;
    let (alice, bob) = (setup.alice().await, setup.bob().await);
    let mut socket = open(&bob).await;
    assert_eq!(hear(&mut socket).await, json!({ "balance": 50_000 }));
    // What is none of bob's business comes between.
    alice.transfer(&json!({ "to": "mallory", "cents": 1 })).await;
    let reply = alice.transfer(&json!({ "to": "bob", "cents": 250, "note": "tea" })).await;
    let made: Value = reply.json().await.unwrap();
    let news = json!({ "balance": 50_250, "transfer": made, "taken_back": false });
    assert_eq!(hear(&mut socket).await, news);
    let path = format!("/api/transfers/{}", made["id"].as_str().unwrap());
    alice.client.delete(alice.url(&path)).send().await.unwrap();
    let news = json!({ "balance": 50_000, "transfer": made, "taken_back": true });
    assert_eq!(hear(&mut socket).await, news);
}

#[tokio::test]
async fn a_transfer_can_be_sent_over_the_connection() {
    let setup = Setup::start().await;
    let alice = setup.alice().await;
    let mut socket = open(&alice).await;
    hear(&mut socket).await;
    let order = json!({ "transfer": { "to": "bob", "cents": 500, "note": "by socket" } });
    for message in [Message::text(order.to_string()), Message::binary(order.to_string())] {
        socket.send(message).await.unwrap();
        // The answer and the change are two messages.
        let (one, two) = (hear(&mut socket).await, hear(&mut socket).await);
        let done = if one["done"].is_object() { &one } else { &two };
        assert_eq!(done["done"]["note"], "by socket", "{one} {two}");
    }
    assert_eq!(alice.balance().await, 99_000);
}

#[tokio::test]
async fn hostile_messages_are_answered_and_change_nothing() {
    let setup = Setup::start().await;
    let alice = setup.alice().await;
    let mut socket = open(&alice).await;
    hear(&mut socket).await;
    for (row, text) in [
        ("nothing", ""),
        ("no JSON", "{"),
        ("no transfer", "{}"),
        ("another shape", r#"{"transfer":[]}"#),
        ("a debt", r#"{"transfer":{"to":"bob","cents":-1}}"#),
        ("nobody", r#"{"transfer":{"to":"nobody","cents":1}}"#),
        ("too much", r#"{"transfer":{"to":"bob","cents":100001}}"#),
    ] {
        say(&mut socket, text).await;
        let answer = hear(&mut socket).await;
        assert!(answer["error"].as_str().is_some_and(|why| !why.is_empty()), "{row}: {answer}");
    }
    say(&mut socket, &"x".repeat(100_000)).await;
    let rest = rest(socket).await;
    assert!(!rest.iter().any(Message::is_text), "a message too long ends it: {rest:?}");
    assert_eq!(alice.balance().await, 100_000);
}

#[tokio::test]
async fn a_connection_does_not_outlive_its_session() {
    let setup = Setup::start().await;
    let alice = setup.alice().await;
    let mut socket = open(&alice).await;
    hear(&mut socket).await;
    alice.send_form("/logout", &[]).await;
    say(&mut socket, r#"{"transfer":{"to":"mallory","cents":1}}"#).await;
    let rest = rest(socket).await;
    assert!(!rest.iter().any(Message::is_text), "{rest:?}");
    assert_eq!(setup.alice().await.balance().await, 100_000);
}

#[tokio::test]
async fn nobody_gets_no_connection() {
    let setup = Setup::start().await;
    let nobody = Visitor { cookie: "bank_session=0".to_owned(), ..setup.alice().await };
    match connect(&nobody, "http://evil.example").await.map_err(|error| *error) {
        Err(Error::Http(response)) => assert_eq!(response.status().as_u16(), 401),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn any_site_may_open_a_customers_connection() {
    let setup = Setup::start().await;
    let alice = setup.alice().await;
    let mut socket = connect(&alice, "http://evil.example").await.unwrap();
    assert_eq!(hear(&mut socket).await, json!({ "balance": 100_000 }));
}

#[tokio::test]
async fn a_plain_request_for_the_connection_is_no_server_error() {
    let setup = Setup::start().await;
    let reply = setup.alice().await.get("/live").await;
    assert!(reply.status().is_client_error(), "{}", reply.status());
}

#[tokio::test]
async fn events_tell_the_balance_and_each_change() {
    let setup = Setup::start().await;
    let alice = setup.alice().await;
    let mut events = alice.get("/events").await;
    assert_eq!(events.headers()["content-type"], "text/event-stream");
    assert_eq!(event(&mut events).await, json!({ "balance": 100_000 }));
    alice.transfer(&json!({ "to": "bob", "cents": 250 })).await;
    assert_eq!(event(&mut events).await["balance"], 99_750);
    alice.send_form("/logout", &[]).await;
    setup.bob().await.transfer(&json!({ "to": "alice", "cents": 1 })).await;
    assert_eq!(events.chunk().await.unwrap(), None, "it ends with the session");
}

#[tokio::test]
async fn open_connections_do_not_hold_up_the_stop() {
    let setup = Setup::start().await;
    let alice = setup.alice().await;
    let mut socket = open(&alice).await;
    hear(&mut socket).await;
    let mut events = alice.get("/events").await;
    event(&mut events).await;
    setup.playground.run_until(async {}).await;
    assert!(!rest(socket).await.iter().any(Message::is_text));
    assert_eq!(events.chunk().await.unwrap(), None);
}

async fn event(response: &mut reqwest::Response) -> Value {
    let mut text = String::new();
    while !text.ends_with("\n\n") {
        text.push_str(std::str::from_utf8(&response.chunk().await.unwrap().unwrap()).unwrap());
    }
    let data = text.strip_prefix("event: balance\ndata: ").unwrap();
    serde_json::from_str(data.trim_end()).unwrap()
}
