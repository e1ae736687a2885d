//! The bypass corpus through a running gateway, with an app behind it that counts: the verdict of
//! the engine, and no connection to the app on a refusal. Format, placeholders and expectations are
//! the engine's own.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, its helpers too"
)]

#[path = "../../../engine/tests/common/mod.rs"]
#[expect(dead_code, reason = "the engine's runner answers steps; here the gateway does")]
mod common;
#[path = "../../../engine/tests/corpus/format.rs"]
#[expect(dead_code, reason = "the engine's runner looks at the files as well")]
mod format;
#[path = "../common/mod.rs"]
#[expect(dead_code, reason = "the corpus needs few of the things that other tests need")]
mod gateway;
#[path = "../../../engine/tests/corpus/placeholders.rs"]
#[expect(dead_code, reason = "the engine's runner looks for secrets")]
mod placeholders;
mod send;
#[path = "../../../engine/tests/common/text.rs"]
mod text;

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use countersign::{Bind, Peer, RouteAccess, Scheme, Ticket};
use countersign_gateway::{Environment, Gateway};
use countersign_store::{MemoryLimits, MemoryStore, Reserved, Store};
use countersign_tower::ManualClock;
use http::{Method, Request, Response};
use http_body_util::BodyExt;
use hyper::body::Incoming;

use common::{MOMENT, NOW};
use format::{Entry, Expect, load};
use gateway::app::{App, Body, full};
use gateway::read;
use gateway::tls::Authority;
use placeholders::Placeholders;

/// What the app would have to say, or the store to do: a gateway has neither. By file and row.
const NOT_OURS: [(&str, u16, usize); 5] = [
    ("configuration.toml", 69, 3),
    ("tokens.toml", 20, 5),
    ("tokens.toml", 21, 1),
    ("tokens.toml", 66, 1),
    ("websockets.toml", 65, 1),
];

/// What is answered 400 before there is a verdict, because HTTP is read strictly here. By file, row
/// and case; the last one is what an app alone would allow.
const STRICT: [&str; 7] = [
    "proxies.toml row 34: Host is the attacker's",
    "proxies.toml row 34: :authority is the attacker's",
    "proxies.toml row 64: nothing to compare the origin with",
    "proxies.toml row 64: nothing to compare the Referer with",
    "proxies.toml row 64: a Host with a path",
    "proxies.toml row 64: two Hosts",
    "proxies.toml row 64: the policy knows the app's address",
];

/// What is let through, and answered by the gateway in the app's place: it hands out tokens.
const ANSWERED: [&str; 1] =
    ["tokens.toml row 22: where the token is handed out, none can be demanded"];

#[tokio::test]
async fn every_case_gets_its_verdict() {
    let authority = Authority::new();
    let folder = tempfile::tempdir().unwrap();
    authority.write(folder.path(), &["app.example"]);
    std::fs::write(folder.path().join("keyring.toml"), &*placeholders::keyring(2).to_toml())
        .unwrap();
    let runner = Runner { authority, folder: folder.path().to_owned() };

    let (mut ran, mut written, mut failures) = (0, 0, Vec::new());
    let (mut not_ours, mut strict, mut answered) = (Vec::new(), Vec::new(), Vec::new());
    for file in load(&PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../corpus")) {
        written += file.text.matches("[[row.case]]").count();
        for row in &file.rows {
            let mut left_out = 0;
            for entry in row.entries() {
                let place = format!("{} row {}: {}", file.name, row.number, entry.case.name);
                if let Some(why) = needs(&entry) {
                    println!("left out: {place}: {why}");
                    left_out += 1;
                    continue;
                }
                ran += 1;
                match runner.run(&entry).await {
                    Ok(Way::Judged) => {}
                    Ok(Way::NotHttp) => strict.push(place),
                    Ok(Way::Answered) => answered.push(place),
                    Err(fault) => failures.push(format!("{place}: {fault}")),
                }
            }
            if left_out > 0 {
                not_ours.push((file.name.clone(), row.number, left_out));
            }
        }
    }
    let left_out: usize = not_ours.iter().map(|(.., count)| count).sum();
    println!("{ran} cases, {left_out} left out, {} refused as HTTP: {strict:#?}", strict.len());
    assert!(failures.is_empty(), "{} of {ran} cases:\n{}", failures.len(), failures.join("\n"));
    let listed = NOT_OURS.map(|(file, row, count)| (file.to_owned(), row, count));
    assert_eq!(not_ours, listed);
    assert_eq!(strict, STRICT);
    assert_eq!(answered, ANSWERED);
    assert_eq!(ran + left_out, written, "a case of the files did not run");
}

/// What a case needs that a gateway does not have.
fn needs(entry: &Entry<'_>) -> Option<&'static str> {
    let app = &entry.app;
    if app.session.is_some() || app.user.is_some() || app.access() != RouteAccess::Unspecified {
        return Some("what the app knows");
    }
    entry.store.is_some().then_some("a store that fails")
}

/// The app: it opens WebSockets, and answers everything else with `ok`.
async fn answer(request: Request<Incoming>) -> Response<Body> {
    if request.headers().get("upgrade").is_some_and(|name| name == "websocket") {
        let opened = Response::builder().status(101).header("connection", "upgrade");
        return opened.header("upgrade", "websocket").body(full("")).unwrap();
    }
    let _ = request.into_body().collect().await;
    Response::new(full("ok"))
}

/// How a case came to its expectation.
enum Way {
    /// By the verdict.
    Judged,
    /// The gateway refused it as HTTP.
    NotHttp,
    /// It was let through, and the gateway answered in the app's place.
    Answered,
}

struct Runner {
    authority: Authority,
    folder: PathBuf,
}

impl Runner {
    async fn run(&self, entry: &Entry<'_>) -> Result<Way, String> {
        let user = gateway_user(entry);
        let mut placeholders = Placeholders::of(&entry.policy, user.as_deref());
        let request = placeholders.fill(&entry.case.request);
        let app = App::start(answer).await;
        let peer = entry.connection.peer();
        let route = Route::of(&peer);
        let gateway = self.start(entry, &route, &app, stocked(entry, &placeholders).await);
        let certificate = peer.client_certificate.then(|| self.authority.issue(&["somebody"]));
        let line = send::Line {
            from: route.client,
            to: (route.target, gateway.addresses().listen[0].port()).into(),
            tls: (peer.scheme == Scheme::Https)
                .then_some(|alpn: &str| self.authority.connector(alpn, certificate.as_ref())),
        };
        let answer = match &entry.connection.authority {
            None => line.http1(&request).await?,
            Some(authority) => line.http2(&request, authority).await?,
        };
        judge(entry, &request, &answer, &app)
    }

    fn start(
        &self,
        entry: &Entry<'_>,
        route: &Route,
        app: &App,
        store: Arc<MemoryStore>,
    ) -> Gateway {
        let peer = entry.connection.peer();
        let tls = match peer.scheme {
            Scheme::Http => "",
            Scheme::Https => {
                "tls = { certificate = \"cert.pem\", key = \"key.pem\", client_ca = \"ca.pem\" }"
            }
        };
        let text = format!(
            "keyring = \"keyring.toml\"\n[[listen]]\naddress = \"{}\"\n{tls}\n[[site]]\n\
             name = \"app\"\nupstream = \"http://{}\"\n",
            route.listen, app.address
        );
        let mut config = read(&self.folder, &text).unwrap();
        // The case's own, with its scope.
        config.sites[0].policy = match entry.policy.trusts_proxy(&peer) {
            true => entry.policy.clone().with_trusted_proxy(route.client.into()),
            false => entry.policy.clone(),
        };
        let clock = Arc::new(ManualClock::at(NOW));
        Gateway::start_with(config, Environment { clock, store: Some(store) }).unwrap()
    }
}

/// Where a case's connection comes from and goes to, on this machine: the peers of the corpus are
/// elsewhere. A trusted proxy stays one.
struct Route {
    listen: &'static str,
    target: IpAddr,
    client: IpAddr,
}

impl Route {
    fn of(peer: &Peer) -> Self {
        let ip = |text: &str| text.parse().unwrap();
        match peer.address.unwrap() {
            // An IPv4 address as a dual-stack listener shows it.
            IpAddr::V6(address) if address.to_ipv4_mapped().is_some() => {
                Self { listen: "[::]:0", target: ip("127.0.0.1"), client: ip("127.0.0.7") }
            }
            IpAddr::V6(_) => Self { listen: "[::1]:0", target: ip("::1"), client: ip("::1") },
            IpAddr::V4(address) => {
                let [.., last] = address.octets();
                let client = IpAddr::from([127, 0, 0, last]);
                Self { listen: "127.0.0.1:0", target: ip("127.0.0.1"), client }
            }
        }
    }
}

/// The user to whom a gateway binds tokens where it knows none: the session.
fn gateway_user(entry: &Entry<'_>) -> Option<String> {
    if entry.policy.dialect().session.bind != Bind::User {
        return None;
    }
    let id = Placeholders::of(&entry.policy, None).fill("{session}");
    let key = placeholders::engine(entry.policy.clone()).session_key(id.as_bytes());
    Some(format!("session:{key:?}"))
}

fn judge(
    entry: &Entry<'_>,
    request: &str,
    answer: &send::Answer,
    app: &App,
) -> Result<Way, String> {
    let Expect::Refuse(reason) = &entry.case.expect else {
        if answer.status == 400 && app.connections() == 0 {
            return Ok(Way::NotHttp);
        }
        return match (answer.status, app.requests()) {
            // A WebSocket is opened with 101.
            (200 | 101, 1) => Ok(Way::Judged),
            (200, 0) => Ok(Way::Answered),
            (status, count) => Err(format!("{status}, {count} requests to the app: {answer:?}")),
        };
    };
    if app.connections() > 0 {
        return Err("the app was connected to".to_owned());
    }
    if answer.status == 400 {
        return Ok(Way::NotHttp);
    }
    let head = text::request(request).into_parts().0;
    let reply = entry.policy.dialect().reply(*reason, &head.headers);
    let body = reply.body.map(|(_, text)| text).filter(|_| head.method != Method::HEAD);
    let expected = (reply.status, body.unwrap_or_default());
    if (answer.status, &answer.text) == (expected.0, &expected.1) {
        Ok(Way::Judged)
    } else {
        Err(format!("{answer:?}, not {expected:?}"))
    }
}

/// A store that knows the tickets which the placeholders stand for.
async fn stocked(entry: &Entry<'_>, placeholders: &Placeholders<'_>) -> Arc<MemoryStore> {
    let store = MemoryStore::new(0x0c07, MemoryLimits::default());
    assert_eq!(store.incarnation(), MOMENT.incarnation);
    let until = NOW.plus(Duration::from_secs(3600));
    for id in ["{session}", "{session:other}"] {
        let id = Placeholders::of(&entry.policy, None).fill(id);
        let session = placeholders::engine(entry.policy.clone()).session_key(id.as_bytes());
        let Reserved { incarnation, .. } = store.reserve(session, 16, until, NOW).await.unwrap();
        for serial in &placeholders.spent {
            let ticket = Ticket { session, serial: *serial, incarnation, expires: until };
            let _ = store.spend(ticket, 0, until, NOW).await;
        }
    }
    Arc::new(store)
}
