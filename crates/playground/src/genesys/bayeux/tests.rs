//! Time stands still in here and moves when nothing else can: `start_paused`.

use axum::body::to_bytes;
use http::StatusCode;
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio::time::{Duration, Instant, sleep};

use super::*;
use crate::listen::Stopper;

const DEVICES: &str = "/v2/me/devices";

/// A server, and whoever talks to it.
struct Fixture {
    server: Bayeux,
    owner: Owner,
    stopper: Stopper,
}

fn owner(session: &str, user: &str) -> Owner {
    Owner { session: session.to_owned(), user: user.to_owned() }
}

fn fixture(limits: Limits) -> Fixture {
    let (stopper, stop) = Stopper::new();
    Fixture { server: Bayeux::new(limits, stop), owner: owner("s1", "pavel"), stopper }
}

impl Fixture {
    async fn raw(&self, body: &str) -> (StatusCode, Value) {
        let response = respond(&self.server, &self.owner, body.as_bytes()).await;
        let status = response.status();
        let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (status, serde_json::from_slice(&bytes).unwrap())
    }

    /// Sends one message and gives the answers.
    async fn send(&self, message: Value) -> Vec<Value> {
        let (status, answers) = self.raw(&json!([message]).to_string()).await;
        assert_eq!(status, StatusCode::OK);
        answers.as_array().unwrap().clone()
    }

    /// Sends one message that has one answer.
    async fn ask(&self, message: Value) -> Value {
        let mut answers = self.send(message).await;
        assert_eq!(answers.len(), 1, "{answers:?}");
        answers.remove(0)
    }

    /// A client that has shaken hands and connected once.
    async fn client(&self, ext: Value) -> String {
        let reply = self
            .ask(json!({
                "id": "h", "channel": "/meta/handshake", "version": "1.0",
                "supportedConnectionTypes": ["websocket", "long-polling"], "ext": ext,
            }))
            .await;
        let client_id = reply["clientId"].as_str().unwrap().to_owned();
        let reply = self.ask(connect(&client_id)).await;
        assert_eq!(reply["successful"], true);
        client_id
    }

    async fn subscriber(&self) -> String {
        let client_id = self.client(json!({})).await;
        let reply = self.ask(subscribe(&client_id, "/v2/me/*")).await;
        assert_eq!(reply["successful"], true);
        client_id
    }

    /// Connects in the background, and waits until the connect is held.
    async fn hold(&self, message: Value) -> JoinHandle<Vec<Value>> {
        let this = Self {
            server: self.server.clone(),
            owner: self.owner.clone(),
            stopper: Stopper::new().0,
        };
        let held = tokio::spawn(async move { this.send(message).await });
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        assert!(!held.is_finished());
        held
    }

    fn happen(&self, n: u64) {
        self.server.publish("pavel", DEVICES, &json!({ "n": n }));
    }
}

fn connect(client_id: &str) -> Value {
    json!({
        "id": "c", "channel": "/meta/connect", "connectionType": "long-polling", "clientId": client_id,
    })
}

fn connect_with(client_id: &str, more: &Value) -> Value {
    let mut message = connect(client_id);
    message.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    message
}

fn subscribe(client_id: &str, subscription: impl Into<Value>) -> Value {
    json!({
        "id": "s", "channel": "/meta/subscribe", "clientId": client_id,
        "subscription": subscription.into(),
    })
}

fn event(n: u64) -> Value {
    json!({ "channel": DEVICES, "data": { "n": n } })
}

#[tokio::test(start_paused = true)]
async fn a_handshake_says_what_comes_next() {
    let fixture = fixture(Limits::default());
    let reply = fixture
        .ask(json!({
            "id": "1", "channel": "/meta/handshake", "version": "1.0", "minimumVersion": "1.0",
            "supportedConnectionTypes": ["long-polling", "callback-polling"],
            "advice": { "timeout": 60000, "interval": 0 },
        }))
        .await;
    let client_id = reply["clientId"].as_str().unwrap();
    assert_eq!(client_id.len(), 32);
    assert_eq!(
        reply,
        json!({
            "id": "1", "channel": "/meta/handshake", "successful": true, "clientId": client_id,
            "version": "1.0", "supportedConnectionTypes": ["long-polling"],
            "advice": {
                "reconnect": "retry", "interval": 0, "timeout": 30_000, "maxInterval": 60_000,
            },
        })
    );
}

#[tokio::test(start_paused = true)]
async fn handshakes_that_cannot_work() {
    let fixture = fixture(Limits::default());
    for (row, message, error) in [
        ("version 2", json!({ "version": "2.0" }), "300:"),
        ("no common transport", json!({ "supportedConnectionTypes": ["websocket"] }), "301:"),
        ("a version that is a number", json!({ "version": 1 }), "400:"),
    ] {
        let mut message = message;
        message["channel"] = "/meta/handshake".into();
        message["id"] = 7.into();
        let reply = fixture.ask(message).await;
        assert_eq!(reply["successful"], false, "{row}");
        assert_eq!(reply["id"], 7, "{row}");
        assert!(reply["error"].as_str().unwrap().starts_with(error), "{row}: {reply}");
        assert!(reply.get("clientId").is_none(), "{row}");
    }
    assert_eq!(fixture.server.len(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_first_connect_is_answered_at_once_and_the_next_at_the_timeout() {
    let fixture = fixture(Limits::default());
    let begin = Instant::now();
    let client_id = fixture.client(json!({})).await;
    assert_eq!(begin.elapsed(), Duration::ZERO);
    let reply = fixture.ask(connect(&client_id)).await;
    assert_eq!(begin.elapsed(), Duration::from_secs(30));
    assert_eq!(
        reply,
        json!({
            "id": "c", "channel": "/meta/connect", "successful": true,
            "advice": {
                "reconnect": "retry", "interval": 0, "timeout": 30_000, "maxInterval": 60_000,
            },
        })
    );
}

#[tokio::test(start_paused = true)]
async fn how_long_a_connect_is_held() {
    let fixture = fixture(Limits::default());
    let client_id = fixture.client(json!({})).await;
    for (row, timeout, expected) in [
        ("not at all", json!(0), 0),
        ("as the client wishes", json!(5_000), 5_000),
        ("at most as long as the server wishes", json!(3_600_000), 30_000),
        ("at most, whatever the number", json!(u64::MAX), 30_000),
    ] {
        let begin = Instant::now();
        fixture.ask(connect_with(&client_id, &json!({ "advice": { "timeout": timeout } }))).await;
        assert_eq!(begin.elapsed(), Duration::from_millis(expected), "{row}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_event_answers_the_held_connect() {
    let fixture = fixture(Limits::default());
    let client_id = fixture.subscriber().await;
    let begin = Instant::now();
    let held = fixture.hold(connect(&client_id)).await;
    fixture.happen(1);
    let answers = held.await.unwrap();
    assert_eq!(begin.elapsed(), Duration::ZERO);
    assert_eq!(answers[0], event(1));
    assert_eq!(answers[1]["channel"], "/meta/connect");
    assert_eq!(answers[1]["id"], "c");
    assert_eq!(answers.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn events_wait_for_the_next_connect_and_come_once_in_order() {
    let fixture = fixture(Limits::default());
    let client_id = fixture.subscriber().await;
    fixture.happen(1);
    fixture.happen(2);
    let answers = fixture.send(connect(&client_id)).await;
    assert_eq!(answers[..2], [event(1), event(2)]);
    let answers = fixture.send(connect(&client_id)).await;
    assert_eq!(answers.len(), 1, "delivered twice: {answers:?}");
}

#[tokio::test(start_paused = true)]
async fn a_connect_that_broke_off_loses_nothing() {
    let fixture = fixture(Limits::default());
    let client_id = fixture.subscriber().await;
    let held = fixture.hold(connect(&client_id)).await;
    held.abort();
    assert!(held.await.is_err());
    fixture.happen(1);
    assert_eq!(fixture.send(connect(&client_id)).await[0], event(1));
}

#[tokio::test(start_paused = true)]
async fn a_newer_connect_lets_the_older_go() {
    let fixture = fixture(Limits::default());
    let client_id = fixture.subscriber().await;
    let older = fixture.hold(connect_with(&client_id, &json!({ "id": "older" }))).await;
    let newer = fixture.hold(connect_with(&client_id, &json!({ "id": "newer" }))).await;
    let answers = older.await.unwrap();
    assert_eq!(answers[0]["id"], "older");
    // Else two pages with the same client would let each other go without end.
    assert_eq!(answers[0]["advice"]["reconnect"], "none");
    fixture.happen(1);
    assert_eq!(newer.await.unwrap()[0], event(1));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_nobody_has() {
    let fixture = fixture(Limits::default());
    let client_id = fixture.client(json!({})).await;
    let stranger = Fixture { owner: owner("s2", "pavel"), ..self::fixture(Limits::default()) };
    let stranger = Fixture { server: fixture.server.clone(), ..stranger };
    let channels =
        ["/meta/connect", "/meta/subscribe", "/meta/unsubscribe", "/meta/disconnect", "/news"];
    for channel in channels {
        for (row, who, named) in [
            ("an id that nobody has", &fixture, json!("0123456789abcdef0123456789abcdef")),
            ("no id", &fixture, Value::Null),
            ("another session's", &stranger, json!(client_id)),
        ] {
            let reply = who
                .ask(json!({
                    "id": "x", "channel": channel, "clientId": named, "subscription": "/news", "data": 1,
                }))
                .await;
            assert_eq!(reply["successful"], false, "{channel}, {row}");
            assert_eq!(reply["error"], "402::session_unknown", "{channel}, {row}");
            assert_eq!(
                reply["advice"],
                json!({ "reconnect": "handshake", "interval": 1000 }),
                "{row}"
            );
            assert_eq!(reply["id"], "x", "{channel}, {row}");
        }
    }
    // The stranger's attempts have done nothing to it.
    assert_eq!(fixture.ask(subscribe(&client_id, "/news")).await["successful"], true);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_stays_away_is_forgotten_and_one_that_is_held_is_not() {
    let limits = Limits { timeout: Duration::from_secs(600), ..Limits::default() };
    let fixture = fixture(limits);
    let client_id = fixture.subscriber().await;
    sleep(Duration::from_secs(59)).await;
    let held = fixture.hold(connect(&client_id)).await;
    sleep(Duration::from_secs(300)).await;
    fixture.happen(1);
    assert_eq!(held.await.unwrap()[0], event(1));
    sleep(Duration::from_secs(60)).await;
    let reply = fixture.ask(connect(&client_id)).await;
    assert_eq!(reply["error"], "402::session_unknown");
    fixture.client(json!({})).await;
    assert_eq!(fixture.server.len(), 1, "the lost one is still kept");
}

#[tokio::test(start_paused = true)]
async fn only_the_users_own_clients_hear_of_the_user() {
    let fixture = fixture(Limits::default());
    let mine = fixture.subscriber().await;
    let other = Fixture {
        server: fixture.server.clone(),
        owner: owner("s2", "mike"),
        stopper: Stopper::new().0,
    };
    let theirs = other.subscriber().await;
    fixture.happen(1);
    assert_eq!(fixture.send(connect(&mine)).await.len(), 2);
    assert_eq!(other.send(connect(&theirs)).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn unsubscribing_ends_the_events() {
    let fixture = fixture(Limits::default());
    let client_id = fixture.subscriber().await;
    let message = json!({
        "id": "u", "channel": "/meta/unsubscribe", "clientId": client_id, "subscription": "/v2/me/*",
    });
    let reply = fixture.ask(message).await;
    assert_eq!((&reply["successful"], &reply["subscription"]), (&json!(true), &json!("/v2/me/*")));
    fixture.happen(1);
    assert_eq!(fixture.send(connect(&client_id)).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn subscriptions_in_every_form() {
    let fixture = fixture(Limits { subscriptions: 3, ..Limits::default() });
    let client_id = fixture.client(json!({})).await;
    for (row, subscription, error) in [
        ("one", json!("/a"), None),
        ("several", json!(["/a", "/b/*", "/c/**"]), None),
        ("the same again takes no room", json!("/a"), None),
        ("one too many", json!("/d"), Some("503::")),
        ("no channel", json!("a"), Some("403:a:")),
        ("one of them is none", json!(["/a", "/*/x"]), Some("403:/*/x:")),
        ("the protocol's own", json!("/meta/*"), Some("403:/meta/*:")),
        ("missing", Value::Null, Some("400::")),
        ("a number", json!(7), Some("400::")),
    ] {
        let reply = fixture.ask(subscribe(&client_id, subscription.clone())).await;
        assert_eq!(reply["successful"], error.is_none(), "{row}: {reply}");
        let said = reply["error"].as_str().unwrap_or_default();
        assert!(said.starts_with(error.unwrap_or_default()), "{row}: {reply}");
        assert_eq!(reply["id"], "s", "{row}");
        if error.is_none() {
            assert_eq!(reply["subscription"], subscription, "{row}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn clients_publish_to_their_own_users_clients() {
    let fixture = fixture(Limits::default());
    let client_id = fixture.client(json!({})).await;
    fixture.ask(subscribe(&client_id, "/**")).await;
    for (row, channel, data, error, arrives) in [
        ("a channel", "/news", json!({ "a": 1 }), None, true),
        ("a call to the service", "/service/x", json!(1), None, false),
        ("without data", "/news", Value::Null, Some("400::"), false),
        ("where only the server speaks", DEVICES, json!(1), Some("403:/v2/me/devices:"), false),
        ("a pattern", "/news/*", json!(1), Some("404:/news/*:"), false),
        ("an unknown meta channel", "/meta/x", json!(1), Some("404:/meta/x:"), false),
    ] {
        let message = json!({ "id": "p", "channel": channel, "clientId": client_id, "data": data });
        let reply = fixture.ask(message).await;
        assert_eq!(reply["successful"], error.is_none(), "{row}: {reply}");
        let said = reply["error"].as_str().unwrap_or_default();
        assert!(said.starts_with(error.unwrap_or_default()), "{row}: {reply}");
        assert_eq!((&reply["id"], &reply["channel"]), (&json!("p"), &json!(channel)), "{row}");
        let answers =
            fixture.send(connect_with(&client_id, &json!({ "advice": { "timeout": 0 } }))).await;
        assert_eq!(answers.len() == 2, arrives, "{row}: {answers:?}");
        if arrives {
            assert_eq!(answers[0], json!({ "channel": channel, "data": data }), "{row}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn disconnecting_answers_the_held_connect_and_ends_the_client() {
    let fixture = fixture(Limits::default());
    let client_id = fixture.subscriber().await;
    let held = fixture.hold(connect(&client_id)).await;
    let reply = fixture
        .ask(json!({ "id": "d", "channel": "/meta/disconnect", "clientId": client_id }))
        .await;
    assert_eq!(reply, json!({ "id": "d", "channel": "/meta/disconnect", "successful": true }));
    assert_eq!(held.await.unwrap()[0]["advice"]["reconnect"], "none");
    assert_eq!(fixture.server.len(), 0);
    assert_eq!(fixture.ask(connect(&client_id)).await["error"], "402::session_unknown");
}

#[tokio::test(start_paused = true)]
async fn a_handshake_with_acknowledgement_is_echoed() {
    let fixture = fixture(Limits::default());
    for (ack, echoed) in [
        (json!(true), true),
        (json!({ "enabled": true }), true),
        (json!(false), false),
        (json!({ "enabled": false }), false),
        (json!("yes"), false),
        (Value::Null, false),
    ] {
        let reply =
            fixture.ask(json!({ "channel": "/meta/handshake", "ext": { "ack": ack } })).await;
        let expected = if echoed { json!({ "ack": ack }) } else { Value::Null };
        assert_eq!(reply.get("ext").unwrap_or(&Value::Null), &expected, "{ack}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_not_acknowledged_comes_again() {
    let fixture = fixture(Limits::default());
    let client_id = fixture.client(json!({ "ack": true })).await;
    fixture.ask(subscribe(&client_id, "/v2/me/*")).await;
    let connect = |ack: i64| {
        connect_with(&client_id, &json!({ "ext": { "ack": ack }, "advice": { "timeout": 0 } }))
    };

    fixture.happen(1);
    let answers = fixture.send(connect(-1)).await;
    assert_eq!((&answers[0], &answers[1]["ext"]["ack"]), (&event(1), &json!(1)));

    // The answer was lost: the client confirms nothing. Meanwhile there is more.
    fixture.happen(2);
    let answers = fixture.send(connect(0)).await;
    assert_eq!(answers[..2], [event(1), event(2)]);
    assert_eq!(answers[2]["ext"]["ack"], 2);

    // Confirmed: nothing comes again.
    let answers = fixture.send(connect(2)).await;
    assert_eq!((answers.len(), &answers[0]["ext"]["ack"]), (1, &json!(2)));

    fixture.happen(3);
    let answers = fixture.send(connect(2)).await;
    assert_eq!((&answers[0], &answers[1]["ext"]["ack"]), (&event(3), &json!(3)));

    // A number from the future confirms what there is, and breaks nothing.
    fixture.send(connect(i64::MAX)).await;
    fixture.happen(4);
    assert_eq!(fixture.send(connect(3)).await[0], event(4));
}

#[tokio::test(start_paused = true)]
async fn a_reloaded_page_goes_on_with_its_client() {
    let fixture = fixture(Limits::default());
    let client_id = fixture.subscriber().await;
    let before = fixture.hold(connect(&client_id)).await;
    before.abort();
    sleep(Duration::from_secs(5)).await;
    fixture.happen(1);
    let answers =
        fixture.send(connect_with(&client_id, &json!({ "advice": { "timeout": 0 } }))).await;
    assert_eq!(answers[0], event(1));
    assert_eq!(answers[1]["successful"], true);
}

#[tokio::test(start_paused = true)]
async fn a_client_whose_queue_overflows_has_to_start_again() {
    let fixture = fixture(Limits { events: 3, ..Limits::default() });
    let client_id = fixture.subscriber().await;
    for n in 0..3 {
        fixture.happen(n);
    }
    assert_eq!(fixture.server.len(), 1);
    fixture.happen(3);
    assert_eq!(fixture.server.len(), 0);
    assert_eq!(fixture.ask(connect(&client_id)).await["error"], "402::session_unknown");
}

#[tokio::test(start_paused = true)]
async fn there_are_only_so_many_clients() {
    let fixture = fixture(Limits { clients: 3, clients_of_session: 2, ..Limits::default() });
    let handshake = || json!({ "id": "h", "channel": "/meta/handshake" });
    for _ in 0..2 {
        assert_eq!(fixture.ask(handshake()).await["successful"], true);
    }
    let reply = fixture.ask(handshake()).await;
    assert!(reply["error"].as_str().unwrap().contains("of this session"), "{reply}");
    let mut other = self::fixture(Limits::default());
    other.server = fixture.server.clone();
    other.owner = owner("s2", "mike");
    assert_eq!(other.ask(handshake()).await["successful"], true);
    other.owner = owner("s3", "mike");
    let reply = other.ask(handshake()).await;
    assert_eq!(reply["error"], "503::too many clients; try again later");
    assert_eq!(reply["advice"]["interval"], 10_000);
    sleep(Duration::from_secs(60)).await;
    assert_eq!(other.ask(handshake()).await["successful"], true, "lost clients make room");
}

#[tokio::test(start_paused = true)]
async fn several_messages_are_answered_in_order_without_holding_the_connect() {
    let fixture = fixture(Limits::default());
    let client_id = fixture.client(json!({})).await;
    let begin = Instant::now();
    let batch = json!([
        subscribe(&client_id, "/news"),
        connect(&client_id),
        { "id": "p", "channel": "/news", "clientId": client_id, "data": 1 },
    ]);
    let (_, answers) = fixture.raw(&batch.to_string()).await;
    let ids: Vec<_> = answers.as_array().unwrap().iter().map(|answer| &answer["id"]).collect();
    assert_eq!(ids, ["s", "c", "p"]);
    assert_eq!(begin.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn the_stop_answers_held_connects() {
    let fixture = fixture(Limits::default());
    let client_id = fixture.subscriber().await;
    let begin = Instant::now();
    let held = fixture.hold(connect(&client_id)).await;
    fixture.stopper.stop();
    let answers = held.await.unwrap();
    assert_eq!(begin.elapsed(), Duration::ZERO);
    assert_eq!(answers[0]["advice"]["reconnect"], "retry", "it may come back after a restart");
}

#[tokio::test(start_paused = true)]
async fn bad_requests_are_answered_with_an_array() {
    let fixture = fixture(Limits { messages: 2, ..Limits::default() });
    for (row, body) in [
        ("empty", ""),
        ("no JSON", "connect!"),
        ("broken JSON", "[{\"channel\":"),
        ("a number", "7"),
        ("a text", "\"/meta/handshake\""),
        ("too many messages", "[{},{},{}]"),
        ("deeper than the parser goes", &"[".repeat(100_000)),
    ] {
        let (status, answers) = fixture.raw(body).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{row}");
        assert_eq!(answers[0]["successful"], false, "{row}");
    }
    for (row, body, ids) in [
        ("no messages", "[]", json!([])),
        ("one message, not in an array", r#"{"id":1,"channel":"/meta/handshake"}"#, json!([1])),
        ("no channel", r#"[{"id":1}]"#, json!([1])),
        ("not a message", r#"[7, null]"#, json!([null, null])),
        (
            "fields of wrong types",
            r#"[{"id":1,"channel":7},{"id":"a","clientId":{}}]"#,
            json!([1, "a"]),
        ),
        ("an id that is none", r#"[{"id":{"a":1},"channel":7}]"#, json!([null])),
    ] {
        let (status, answers) = fixture.raw(body).await;
        assert_eq!(status, StatusCode::OK, "{row}");
        let answered: Vec<_> =
            answers.as_array().unwrap().iter().map(|answer| answer["id"].clone()).collect();
        assert_eq!(Value::from(answered), ids, "{row}: {answers}");
    }
}
