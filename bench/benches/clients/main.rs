//! What a call costs through `countersign-client`: beside bare reqwest, and beside the helper that
//! everybody writes, which fetches the token once and adds the header.
//!
//! Everything that a client does is on the measuring thread, whose CPU time is counted; the server is on
//! others.

mod server;

use std::error::Error;

use countersign_bench::{Case, Group, Ratio, Report};
use countersign_client::reqwest::{Client, Response};
use countersign_client::reqwest_middleware::{ClientBuilder, ClientWithMiddleware};
use countersign_client::{Session, reqwest};
use futures_util::future::join_all;
use tokio::runtime::{Builder, Runtime};

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

const PATH: &str = "/api/v2/me";
const HEADER: &str = "X-CSRF-TOKEN";
const CALL: &str = r#"{"operationName":"Ready"}"#;

/// So many at once.
const CROWD: usize = 100;

fn main() -> Outcome {
    let mut report = Report::from_args();
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let clients = runtime.block_on(Clients::of(&server::start()?))?;
    for (title, at_once) in [("a POST of JSON", 1), ("100 of them at once", CROWD)] {
        compare(title, at_once, &clients, &runtime, &mut report);
    }
    report.finish();
    Ok(())
}

/// Each with a session's cookie in its jar.
struct Clients {
    url: String,
    bare: Client,
    by_hand: ByHand,
    /// A stack without a middleware in it, of which ours is one.
    empty: ClientWithMiddleware,
    session: Session,
}

/// The helper that everybody writes.
struct ByHand {
    client: Client,
    token: String,
}

impl Clients {
    async fn of(origin: &str) -> Outcome<Self> {
        let url = format!("{origin}{PATH}");
        let bare = client()?;
        bare.get(&url).send().await?;
        let helper = client()?;
        let answer = helper.get(&url).send().await?;
        let token = answer.headers().get(HEADER).ok_or("the server brings no token")?;
        let by_hand = ByHand { client: helper.clone(), token: token.to_str()?.to_owned() };
        let empty = ClientBuilder::new(bare.clone()).build();
        let http = reqwest::ClientBuilder::new().no_proxy();
        let session = Session::builder(origin).dialect("genesys").http(http).build().await?;
        session.get(PATH).send().await?;
        Ok(Self { url, bare, by_hand, empty, session })
    }
}

fn client() -> reqwest::Result<Client> {
    Client::builder().cookie_store(true).no_proxy().build()
}

fn compare(title: &str, at_once: usize, clients: &Clients, runtime: &Runtime, report: &mut Report) {
    let Clients { url, bare, by_hand, empty, session } = clients;
    let json = ("content-type", "application/json");
    let mut group = Group::new(title);
    let bare = group.add(Case::repeated("reqwest, bare", || {
        let call = async || {
            let sent = bare.post(url).header(json.0, json.1).body(CALL).send().await;
            read(sent.ok(), "none").await;
        };
        runtime.block_on(join_all((0..at_once).map(|_| call())));
    }));
    let by_hand = group.add(Case::repeated("reqwest, token by hand", || {
        let call = async || {
            let request = by_hand.client.post(url).header(HEADER, &by_hand.token);
            let sent = request.header(json.0, json.1).body(CALL).send().await;
            read(sent.ok(), server::TOKEN).await;
        };
        runtime.block_on(join_all((0..at_once).map(|_| call())));
    }));
    let empty = group.add(Case::repeated("reqwest-middleware, nothing in it", || {
        let call = async || {
            let sent = empty.post(url).header(json.0, json.1).body(CALL).send().await;
            read(sent.ok(), "none").await;
        };
        runtime.block_on(join_all((0..at_once).map(|_| call())));
    }));
    let own = group.add(Case::repeated("countersign-client", || {
        let call = async || {
            let sent = session.post(PATH).header(json.0, json.1).body(CALL).send().await;
            read(sent.ok(), server::TOKEN).await;
        };
        runtime.block_on(join_all((0..at_once).map(|_| call())));
    }));
    for (of, to) in [(by_hand, bare), (empty, bare), (own, bare), (own, by_hand)] {
        group.compare(Ratio::new(of, to));
    }
    group.run(report);
}

/// What came back must say that the right token was sent: a client that sends none is quick for the
/// wrong reason.
async fn read(response: Option<Response>, token: &str) {
    let seen =
        response.as_ref().and_then(|response| response.headers().get("x-seen")?.to_str().ok());
    assert_eq!(seen, Some(token), "another token was sent");
    if let Some(response) = response {
        assert!(response.bytes().await.is_ok(), "the answer broke off");
    }
}
