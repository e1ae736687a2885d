//! Many clients that want nothing, and one that does.

use crate::common::Running;
use crate::common::app::App;
use crate::common::client::Client;

const GET: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

#[tokio::test]
async fn the_idle_and_the_slow_keep_nobody_waiting() {
    let app = App::plain().await;
    let deadlines = "[deadlines]\nheader = \"1h\"\nidle = \"1h\"\nbody = \"1h\"";
    let gateway = Running::before(app.address, deadlines, "");
    let mut crowd = Vec::new();
    for number in 0..2300 {
        let mut client = Client::connect(gateway.address()).await;
        match number % 23 {
            0 => client.send("GET / HTTP/1.1\r\nHost: a\r\nX: ").await,
            1 => {
                let form = "Content-Type: application/x-www-form-urlencoded\r\n";
                let head = "POST / HTTP/1.1\r\nHost: a\r\nCookie: session=5d1ccc96\r\n";
                client.send(format!("{head}{form}Content-Length: 9\r\n\r\nabc")).await;
            }
            2 => client.send("G").await,
            3 => assert_eq!(client.ask(GET).await.status, 200),
            _ => {}
        }
        crowd.push(client);
    }
    let before = app.requests();
    let mut client = Client::connect(gateway.address()).await;
    assert_eq!(client.ask(GET).await.status, 200);
    assert_eq!(client.ask(GET).await.status, 200);
    assert_eq!(app.requests(), before + 2);
    // None of those was let go for it.
    let last = crowd.len() - 1;
    assert_eq!(crowd[last].ask(GET).await.status, 200);
}

#[tokio::test]
async fn who_comes_when_all_places_are_taken_waits_for_one() {
    let app = App::plain().await;
    let gateway = Running::before(app.address, "[limits]\nconnections = 2", "");
    let mut first = Client::connect(gateway.address()).await;
    let mut second = Client::connect(gateway.address()).await;
    assert_eq!(first.ask(GET).await.status, 200);
    assert_eq!(second.ask(GET).await.status, 200);
    let mut third = Client::connect(gateway.address()).await;
    third.send(GET).await;
    assert_eq!(first.ask(GET).await.status, 200);
    assert_eq!(app.requests(), 3);
    drop(first);
    assert_eq!(third.answer().await.unwrap().status, 200);
}
