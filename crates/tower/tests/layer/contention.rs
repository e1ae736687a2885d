//! The same ticket from many sides at the same instant.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::Request;
use axum::routing::get;
use countersign_tower::axum::FreshTickets;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::Barrier;
use tokio::task::JoinSet;
use tower_service::Service;

use crate::common::{Calls, Server, layer, policy, protected};

fn routes(calls: &Calls) -> Router {
    let pool = get(async |FreshTickets(pool): FreshTickets| pool.join(" "));
    Router::new().route("/config", pool).route("/tao/items/1", calls.echo())
}

async fn connect(server: &Server) -> SendRequest<Full<Bytes>> {
    let stream = TcpStream::connect(server.addr()).await.unwrap();
    let (send, connection) = handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    send
}

fn request<B: Default>(session: &str, ticket: &str) -> Request<B> {
    Request::post("/tao/items/1")
        .header("host", "a")
        .header("cookie", format!("tao_session={session}"))
        .header("x-csrf-token", ticket)
        .body(B::default())
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_connections_with_one_ticket_exactly_one_passes() {
    const ROUNDS: usize = 200;
    let calls = Calls::default();
    let server = Server::start(protected(layer(policy("tao")), routes(&calls))).await;
    let mut connections = [connect(&server).await, connect(&server).await];
    for round in 0..ROUNDS {
        let config = server.get("/config").cookie("tao_session=a").send().await;
        let ticket = config.body().split(' ').next().unwrap().to_owned();
        let together = Arc::new(Barrier::new(2));
        let mut racing = JoinSet::new();
        for mut connection in connections {
            let (together, request) = (together.clone(), request("a", &ticket));
            racing.spawn(async move {
                connection.ready().await.unwrap();
                together.wait().await;
                let answer = connection.send_request(request).await.unwrap();
                let status = answer.status().as_u16();
                answer.into_body().collect().await.unwrap();
                (status, connection)
            });
        }
        let [(one, first), (other, second)] =
            <[_; 2]>::try_from(racing.join_all().await).ok().unwrap();
        assert_eq!(one.min(other)..=one.max(other), 200..=403, "round {round}");
        connections = [first, second];
    }
    assert_eq!(calls.count(), ROUNDS);
}

/// Without sockets, so that the tasks really meet.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_twenty_thousand_tickets_each_passes_once() {
    const TASKS: usize = 64;
    const POOLS: usize = 2_000;
    let calls = Calls::default();
    let app = protected(layer(policy("tao")), routes(&calls));
    let mut tickets = Vec::new();
    for number in 0..POOLS {
        // A few sessions with many pools each, so that tasks meet in one record.
        let session = format!("s{}", number % 7);
        let config = Request::get("/config").header("cookie", format!("tao_session={session}"));
        let answer = app.clone().call(config.body(Body::empty()).unwrap()).await.unwrap();
        let pool = answer.into_body().collect().await.unwrap().to_bytes();
        let pool = String::from_utf8(pool.to_vec()).unwrap();
        tickets.extend(pool.split(' ').map(|ticket| (session.clone(), ticket.to_owned())));
    }
    assert_eq!(tickets.len(), POOLS * 10);

    let tickets = Arc::new(tickets);
    let together = Arc::new(Barrier::new(TASKS));
    let mut racing = JoinSet::new();
    for task in 0..TASKS {
        let (mut app, tickets, together) = (app.clone(), tickets.clone(), together.clone());
        racing.spawn(async move {
            together.wait().await;
            let mut accepted = 0;
            // Two tasks share a stripe; so each ticket comes twice, at about the same time.
            for (session, ticket) in tickets.iter().skip(task / 2).step_by(TASKS / 2) {
                let answer = app.call(request::<Body>(session, ticket)).await.unwrap();
                accepted += usize::from(answer.status() == 200);
            }
            accepted
        });
    }
    let accepted: usize = racing.join_all().await.into_iter().sum();
    assert_eq!((accepted, calls.count()), (POOLS * 10, POOLS * 10));
}
