//! The JSON API, and that money is neither made nor lost.

use reqwest::StatusCode;
use reqwest::header::LOCATION;
use serde_json::{Value, json};

use super::{ALL_THE_MONEY, Setup, client};

#[tokio::test]
async fn a_transfer_is_made_listed_and_taken_back() {
    let setup = Setup::start().await;
    let (alice, bob) = (setup.alice().await, setup.bob().await);
    let reply = alice.transfer(&json!({ "to": "bob", "cents": 700, "note": "lunch" })).await;
    assert_eq!(reply.status(), StatusCode::CREATED);
    let location = reply.headers()[LOCATION].to_str().unwrap().to_owned();
    let made: Value = reply.json().await.unwrap();
    // The clock stands at 1,800,000,000 seconds.
    assert_eq!(made["at"], "2027-01-15 08:00");
    for visitor in [&alice, &bob] {
        let list: Value = visitor.get("/api/transfers").await.json().await.unwrap();
        assert_eq!(list, json!([made]));
    }
    assert_eq!((alice.balance().await, bob.balance().await), (99_300, 50_700));

    for (row, visitor, status) in [
        ("by its receiver", &bob, StatusCode::NOT_FOUND),
        ("by its sender", &alice, StatusCode::NO_CONTENT),
        ("a second time", &alice, StatusCode::NOT_FOUND),
    ] {
        let reply = visitor.client.delete(visitor.url(&location)).send().await.unwrap();
        assert_eq!(reply.status(), status, "{row}");
    }
    assert_eq!((alice.balance().await, bob.balance().await), (100_000, 50_000));
}

#[tokio::test]
async fn spent_money_is_not_taken_back() {
    let setup = Setup::start().await;
    let (alice, mallory) = (setup.alice().await, setup.mallory().await);
    let reply = alice.transfer(&json!({ "to": "mallory", "cents": 700 })).await;
    let location = reply.headers()[LOCATION].to_str().unwrap().to_owned();
    let spent = mallory.transfer(&json!({ "to": "bob", "cents": 1 })).await;
    assert_eq!(spent.status(), StatusCode::CREATED);
    let reply = alice.client.delete(alice.url(&location)).send().await.unwrap();
    assert_eq!(reply.status(), StatusCode::CONFLICT);
    let why: Value = reply.json().await.unwrap();
    assert_eq!(why["error"], "`mallory` has spent the money already; ask for it back");
    assert_eq!((alice.balance().await, mallory.balance().await), (99_300, 699));
}

#[tokio::test]
async fn nobody_is_told_so_in_json() {
    let setup = Setup::start().await;
    for (method, path) in [
        ("GET", "/api/accounts"),
        ("GET", "/api/transfers"),
        ("POST", "/api/transfers"),
        ("DELETE", "/api/transfers/x"),
        ("GET", "/live"),
        ("GET", "/events"),
    ] {
        let request = client().request(method.parse().unwrap(), setup.url(path));
        let reply = request.send().await.unwrap();
        assert_eq!(reply.status(), StatusCode::UNAUTHORIZED, "{method} {path}");
        let why: Value = reply.json().await.unwrap();
        assert!(why["error"].is_string(), "{method} {path}");
    }
}

#[tokio::test]
async fn hostile_bodies_are_bad_requests() {
    let setup = Setup::start().await;
    let alice = setup.alice().await;
    let deep = "[".repeat(50_000);
    let large = "x".repeat(70_000);
    for (row, body, status) in [
        ("nothing", &b""[..], 400),
        ("no JSON", b"{", 400),
        ("no object", b"[]", 400),
        ("null", b"null", 400),
        ("no receiver", br#"{"cents":1}"#, 400),
        ("no amount", br#"{"to":"bob"}"#, 400),
        ("no money", br#"{"to":"bob","cents":0}"#, 400),
        ("a debt", br#"{"to":"bob","cents":-1}"#, 400),
        ("a fraction", br#"{"to":"bob","cents":0.5}"#, 400),
        ("text for a number", br#"{"to":"bob","cents":"1"}"#, 400),
        ("over 64 bits", br#"{"to":"bob","cents":99999999999999999999}"#, 400),
        ("the largest number", br#"{"to":"bob","cents":9223372036854775807}"#, 400),
        ("the smallest number", br#"{"to":"bob","cents":-9223372036854775808}"#, 400),
        ("a note that is none", br#"{"to":"bob","cents":1,"note":[]}"#, 400),
        ("two receivers", br#"{"to":"bob","to":"mallory","cents":1}"#, 400),
        ("bytes that are no text", b"{\"to\":\"\xff\",\"cents\":1}", 400),
        ("nested deep", deep.as_bytes(), 400),
        ("too long", large.as_bytes(), 413),
    ] {
        let request = alice.client.post(alice.url("/api/transfers")).body(body.to_vec());
        let reply = request.send().await.unwrap();
        assert_eq!(reply.status(), status, "{row}");
        let why: Value = reply.json().await.unwrap();
        assert!(why["error"].as_str().is_some_and(|why| !why.is_empty()), "{row}");
    }
    for id in ["%ff", "%00", "..%2f..", "' OR 1=1", &"x".repeat(5000)] {
        let request = alice.client.delete(alice.url(&format!("/api/transfers/{id}")));
        assert_eq!(request.send().await.unwrap().status(), StatusCode::NOT_FOUND, "{id}");
    }
    assert_eq!(alice.balance().await, 100_000);
}

#[tokio::test]
async fn money_is_neither_made_nor_lost_by_many_at_once() {
    let setup = Setup::start().await;
    let customers = [setup.alice().await, setup.bob().await, setup.mallory().await];
    let names = ["alice", "bob", "mallory"];
    let mut jobs = tokio::task::JoinSet::new();
    for turn in 0..24_usize {
        let me = turn % 3;
        let client = customers[me].client.clone();
        let base = customers[me].base.clone();
        jobs.spawn(async move {
            let mut ends = [0; 2];
            for step in 0..8_usize {
                // The last of the three starts with nothing, so that some of these must fail.
                let to = names[(me + 1 + (turn + step) % 2) % 3];
                let cents = 9_000 + 7 * turn + step;
                let order = json!({ "to": to, "cents": cents });
                let request = client.post(format!("{base}/api/transfers")).json(&order);
                let reply = request.send().await.unwrap();
                match reply.status() {
                    StatusCode::CREATED if step % 2 == 0 => {
                        let path = reply.headers()[LOCATION].to_str().unwrap();
                        let taken = client.delete(format!("{base}{path}")).send().await.unwrap();
                        let status = taken.status();
                        assert!(matches!(status.as_u16(), 204 | 409), "{status}");
                    }
                    StatusCode::CREATED => {}
                    StatusCode::BAD_REQUEST => {
                        ends[1] += 1;
                        continue;
                    }
                    other => panic!("{other}"),
                }
                ends[0] += 1;
            }
            ends
        });
    }
    let ends = jobs.join_all().await;
    let (made, failed) = ends.iter().fold((0, 0), |sum, end| (sum.0 + end[0], sum.1 + end[1]));
    assert!(made > 0 && failed > 0, "{made} made, {failed} failed: this tested nothing");
    assert_eq!(setup.money().await, ALL_THE_MONEY);
    for visitor in &customers {
        assert!(visitor.balance().await >= 0);
    }
}
