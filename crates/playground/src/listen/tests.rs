use std::net::Ipv4Addr;

use axum::routing::get;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use super::*;

const ANY: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

async fn run(router: Router) -> (SocketAddr, Stopper, JoinHandle<()>) {
    let (listener, address) = bind("--voss", ANY).await.unwrap();
    let (stopper, stop) = Stopper::new();
    (address, stopper, tokio::spawn(serve(listener, router, stop)))
}

async fn send(address: SocketAddr, request: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

async fn read_all(mut stream: TcpStream) -> String {
    let mut text = String::new();
    // A connection that is cut off may end in an error; what came before it counts.
    let _ = stream.read_to_string(&mut text).await;
    text
}

#[tokio::test]
async fn a_taken_port_is_one_clear_error() {
    let (_listener, address) = bind("--voss", ANY).await.unwrap();
    let error = bind("--genesys", address).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "`--genesys {address}`: address already in use; give another one, or port 0 for any free port"
        )
    );
}

#[tokio::test]
async fn an_address_of_another_machine_is_one_clear_error() {
    // TEST-NET-1 (RFC 5737): no machine has it.
    let error = bind("--tao", SocketAddr::from(([192, 0, 2, 1], 0))).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "`--tao 192.0.2.1:0`: this machine has no such address; 127.0.0.1 always works"
    );
}

#[tokio::test]
async fn handlers_know_the_client() {
    let show = async |ConnectInfo(peer): ConnectInfo<SocketAddr>| peer.to_string();
    let (address, _stopper, _server) = run(Router::new().route("/", get(show))).await;
    let stream = send(address, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
    let own = stream.local_addr().unwrap().to_string();
    let reply = read_all(stream).await;
    assert!(reply.ends_with(&own), "{reply}");
}

#[tokio::test]
async fn a_request_under_way_is_finished_and_an_idle_connection_closed() {
    let (started, mut has_started) = tokio::sync::mpsc::channel(1);
    let (finish, may_finish) = watch::channel(false);
    let slow = async move || {
        started.send(()).await.unwrap();
        let _ = may_finish.clone().wait_for(|go| *go).await;
        "done"
    };
    let (address, stopper, server) = run(Router::new().route("/", get(slow))).await;
    let idle = TcpStream::connect(address).await.unwrap();
    let busy = send(address, "GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
    has_started.recv().await.unwrap();
    stopper.stop();
    finish.send_replace(true);
    assert!(read_all(busy).await.ends_with("done"));
    assert_eq!(read_all(idle).await, "");
    server.await.unwrap();
}

#[tokio::test]
async fn a_request_that_never_ends_does_not_hold_up_the_stop() {
    let (started, mut has_started) = tokio::sync::mpsc::channel(1);
    let endless = async move || {
        started.send(()).await.unwrap();
        std::future::pending::<()>().await;
    };
    let (address, stopper, server) = run(Router::new().route("/", get(endless))).await;
    let stuck = send(address, "GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
    has_started.recv().await.unwrap();
    tokio::time::pause();
    stopper.stop();
    server.await.unwrap();
    assert_eq!(read_all(stuck).await, "");
    assert!(TcpStream::connect(address).await.is_err(), "the port is free again");
}

#[tokio::test]
async fn the_word_reaches_those_who_ask_later_and_a_dropped_stopper_is_the_word() {
    let (stopper, stop) = Stopper::new();
    stopper.stop();
    stop.clone().wait().await;
    drop(stopper);
    stop.wait().await;
    let (stopper, stop) = Stopper::new();
    drop(stopper);
    stop.wait().await;
}
