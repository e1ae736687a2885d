//! Reloading, restarting and draining: nobody is dropped.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use http::Request;
use hyper::body::Incoming;
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::time::timeout;

use crate::common::app::{App, text};
use crate::common::client::Client;
use crate::common::tls::{Authority, shake_hands};
use crate::common::{PATIENCE, Running, one_site};

const GET: &str = "GET / HTTP/1.1\r\nHost: app.example\r\n\r\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_notices_a_reload() {
    let (one, two) = (App::plain().await, App::plain().await);
    let configurations = [
        one_site(one.address, "", ""),
        one_site(two.address, "[limits]\nbody = 1000", "html = {}"),
    ];
    let gateway = Running::of(&configurations[0]);
    let done = Arc::new(AtomicBool::new(false));
    let mut clients = Vec::new();
    for number in 0..4 {
        let (address, done) = (gateway.address(), done.clone());
        clients.push(tokio::spawn(async move {
            let mut client = Client::connect(address).await;
            let post =
                "POST / HTTP/1.1\r\nHost: a\r\nOrigin: http://a\r\nContent-Length: 3\r\n\r\nabc";
            let (mut count, mut failures) = (0, Vec::new());
            while !done.load(Ordering::SeqCst) {
                // One of them comes anew each time.
                if number == 0 {
                    client = Client::connect(address).await;
                }
                client.send(if count % 2 == 0 { GET } else { post }).await;
                match client.answer().await {
                    Ok(answer) if answer.status == 200 => {}
                    other => failures.push(format!("{other:?}")),
                }
                count += 1;
            }
            (count, failures)
        }));
    }
    for round in 0..50 {
        let before = one.requests() + two.requests();
        gateway.reload(&configurations[(round + 1) % 2]).unwrap();
        while one.requests() + two.requests() < before + 8 {
            tokio::task::yield_now().await;
        }
    }
    done.store(true, Ordering::SeqCst);
    let mut all = 0;
    for client in clients {
        let (count, failures) = timeout(PATIENCE, client).await.unwrap().unwrap();
        assert_eq!(failures, [""; 0], "of {count}");
        all += count;
    }
    assert_eq!(one.requests() + two.requests(), all);
    assert!(one.requests() > 100 && two.requests() > 100, "{} {}", one.requests(), two.requests());
}

#[tokio::test]
async fn what_cannot_be_used_changes_nothing() {
    let app = App::plain().await;
    let text = one_site(app.address, "", "");
    let gateway = Running::of(&text);
    let elsewhere = text.replace("127.0.0.1:0\"", "127.0.0.1:1\"");
    std::fs::write(gateway.folder.path().join("keyring.toml"), "no = \"keyring\"").unwrap();
    for (name, bad, why) in [
        ("no TOML", "[[site]".to_owned(), "gateway.toml:1"),
        ("an unknown key", text.clone() + "upstraem = \"http://a\"", "upstraem"),
        ("no such dialect", text.clone() + "[site.policy]\ndialect = \"klingon\"", "klingon"),
        (
            "a certificate that is not there",
            text.replace(":0\"", ":0\"\ntls = { certificate = \"a\", key = \"b\" }"),
            "listen",
        ),
        ("another address", elsewhere, "listen"),
        ("a listener more", format!("[[listen]]\naddress = \"127.0.0.1:0\"\n{text}"), "listen"),
        ("a keyring that is none", format!("keyring = \"keyring.toml\"\n{text}"), "keyring.toml"),
        (
            "a CA that is not there",
            text.replace("http://", "https://") + "upstream_ca = \"missing.pem\"",
            "missing.pem",
        ),
    ] {
        let error = gateway.reload(&bad).expect_err(name);
        assert!(error.contains(why), "{name}: {error}");
        let mut client = Client::connect(gateway.address()).await;
        assert_eq!(client.ask(GET).await.status, 200, "{name}");
    }
}

#[tokio::test]
async fn a_new_certificate_is_shown_after_a_reload() {
    let app = App::plain().await;
    let (before, after) = (Authority::new(), Authority::new());
    let folder = tempfile::tempdir().unwrap();
    before.write(folder.path(), &["app.example"]);
    let text = format!(
        "[[listen]]\naddress = \"127.0.0.1:0\"\ntls = {{ certificate = \"cert.pem\", \
         key = \"key.pem\" }}\n[[site]]\nname = \"app\"\nupstream = \"http://{}\"\n",
        app.address
    );
    let gateway = Running::within(folder, &text);
    let connect = async |authority: &Authority| {
        let stream = TcpStream::connect(gateway.address()).await.unwrap();
        shake_hands(&authority.connector("http/1.1", None), "app.example", stream).await
    };
    let mut old = Client::over(connect(&before).await.unwrap());
    assert_eq!(old.ask(GET).await.status, 200);
    assert!(connect(&after).await.is_err());

    after.write(gateway.folder.path(), &["app.example"]);
    gateway.reload(&text).unwrap();
    let mut new = Client::over(connect(&after).await.unwrap());
    assert_eq!(new.ask(GET).await.status, 200);
    assert!(connect(&before).await.is_err());
    assert_eq!(old.ask(GET).await.status, 200, "a connection from before goes on");
}

#[tokio::test]
async fn tokens_outlive_a_restart_with_their_keys() {
    let app = App::plain().await;
    for (name, before, status) in
        [("kept keys", "keyring = \"keyring.toml\"", 200), ("keys of one run", "", 403)]
    {
        let text = one_site(app.address, before, "[site.policy]\ndialect = \"genesys\"");
        let gateway = Running::of(&text);
        let mut client = Client::connect(gateway.address()).await;
        let cookie = "Cookie: JSESSIONID=5d1ccc96";
        let got = client.ask(format!("GET / HTTP/1.1\r\nHost: a\r\n{cookie}\r\n\r\n")).await;
        let token = got.header("x-csrf-token").unwrap().to_owned();
        let post = format!(
            "POST / HTTP/1.1\r\nHost: a\r\nOrigin: http://a\r\n{cookie}\r\n\
             X-CSRF-TOKEN: {token}\r\nContent-Length: 0\r\n\r\n"
        );
        assert_eq!(client.ask(&post).await.status, 200, "{name}");
        gateway.reload(&text).unwrap();
        assert_eq!(client.ask(&post).await.status, 200, "{name}, after a reload");
        drop(client);
        let Running { gateway, folder } = gateway;
        tokio::task::spawn_blocking(|| gateway.drain()).await.unwrap();

        let gateway = Running::within(folder, &text);
        let mut client = Client::connect(gateway.address()).await;
        assert_eq!(client.ask(&post).await.status, status, "{name}, after a restart");
    }
}

#[tokio::test]
async fn draining_waits_for_requests_and_takes_no_more() {
    let go = Arc::new(Notify::new());
    let told = go.clone();
    let app = App::start(move |_: Request<Incoming>| {
        let go = told.clone();
        async move {
            go.notified().await;
            text("done")
        }
    })
    .await;
    let Running { gateway, folder: _folder } = Running::before(app.address, "", "");
    let address = gateway.addresses().listen[0];
    let mut busy = Client::connect(address).await;
    busy.send(GET).await;
    let mut idle = Client::connect(address).await;
    while app.requests() == 0 {
        tokio::task::yield_now().await;
    }
    let drained = tokio::task::spawn_blocking(|| gateway.drain());
    assert_eq!(idle.rest().await, b"", "an idle connection is kept");
    let refused = async { while TcpStream::connect(address).await.is_ok() {} };
    timeout(PATIENCE, refused).await.expect("new connections are taken");
    assert!(!drained.is_finished());
    go.notify_one();
    let answer = busy.answer().await.unwrap();
    assert_eq!((answer.status, answer.text().as_str()), (200, "done"));
    assert_eq!(busy.rest().await, b"");
    timeout(PATIENCE, drained).await.expect("it never ends").unwrap();
}

#[tokio::test]
async fn draining_does_not_wait_for_ever() {
    let app = App::start(async |_: Request<Incoming>| std::future::pending().await).await;
    let Running { gateway, folder: _folder } =
        Running::before(app.address, "[deadlines]\ndrain = \"1s\"", "");
    let mut busy = Client::connect(gateway.addresses().listen[0]).await;
    busy.send(GET).await;
    while app.requests() == 0 {
        tokio::task::yield_now().await;
    }
    let drained = tokio::task::spawn_blocking(|| gateway.drain());
    timeout(PATIENCE, drained).await.expect("it never ends").unwrap();
    assert!(busy.answer().await.is_err());
}
