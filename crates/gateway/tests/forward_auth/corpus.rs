//! The bypass corpus through a real nginx that asks the gateway: the engine's verdicts, as far as a
//! status tells, and an app that no refused request reaches.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use countersign::{Bind, Scheme, Ticket};
use countersign_gateway::{Environment, KeyringPlace};
use countersign_store::{MemoryLimits, MemoryStore, Reserved, Store};
use countersign_tower::ManualClock;

use crate::client::exchange;
use crate::common::NOW;
use crate::format::{Entry, Expect, load};
use crate::placeholders::{self, Placeholders};
use crate::proxy::Proxy;
use crate::setup::{Setup, config};

/// What a recipe says of each request, and a case says otherwise.
const SCHEME: &str = "X-Forwarded-Proto $scheme";
const ADDRESS: &str = "X-Forwarded-For $remote_addr";
const CERTIFICATE: &str = "X-Original-Client-Verify $ssl_client_verify";

#[tokio::test]
async fn every_case_gets_its_verdict() {
    let (mut ran, mut left_out, mut failures) = (0, Vec::new(), Vec::new());
    for file in load(&PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../corpus")) {
        for row in &file.rows {
            for entry in row.entries() {
                let place = format!("{} row {}: {}", file.name, row.number, entry.case.name);
                if let Some(why) = left_out_for(&entry) {
                    left_out.push((place, why));
                    continue;
                }
                ran += 1;
                failures.extend(run(&entry).await.err().map(|fault| format!("{place}: {fault}")));
            }
        }
    }
    for (place, why) in &left_out {
        println!("left out: {place}: {why}");
    }
    println!("{ran} cases, {} left out", left_out.len());
    assert!(failures.is_empty(), "{} of {ran} cases:\n{}", failures.len(), failures.join("\n"));
    assert!(ran > 150, "only {ran} cases");
}

/// Why forward-auth behind nginx cannot have a case.
fn left_out_for(entry: &Entry<'_>) -> Option<&'static str> {
    let request = &entry.case.request;
    let (head, body) = request.split_once("\n\n").unwrap_or((request, ""));
    let by_token = matches!(&entry.case.expect, Expect::Allow(permit) if permit != "provenance");
    let by_permit = matches!(&entry.case.expect, Expect::Allow(_));
    let forwards = head.to_ascii_lowercase().contains("\nx-forwarded-");
    match () {
        () if entry.connection.authority.is_some() => {
            Some("HTTP/2, which this nginx is not set up for")
        }
        () if entry.app.session.is_some() || entry.app.user.is_some() => {
            Some("a gateway does not know what the app says")
        }
        () if entry.app.access() != countersign::RouteAccess::Unspecified => {
            Some("a gateway does not know what the app says")
        }
        () if entry.store.is_some() => Some("the gateway's store is in its own memory"),
        () if by_token && body.contains("{token") => Some("forward-auth sees no body"),
        () if forwards && entry.policy.trusts_proxy(&entry.connection.peer()) => {
            Some("nginx puts its own word in place of X-Forwarded-*")
        }
        () if by_permit && !head.contains("\nHost:") => {
            Some("a description without a host is refused")
        }
        () if request.contains("{token") && is_bound_to_users(entry) => {
            Some("a gateway does not know the app's users")
        }
        () => None,
    }
}

fn is_bound_to_users(entry: &Entry<'_>) -> bool {
    entry.policy.dialect().session.bind == Bind::User
}

async fn run(entry: &Entry<'_>) -> Result<(), String> {
    let mut placeholders = Placeholders::of(&entry.policy, None);
    let request = placeholders.fill(&entry.case.request);
    let folder = tempfile::TempDir::new().expect("a temporary folder");
    let keyring = folder.path().join("keyring.toml");
    std::fs::write(&keyring, placeholders::keyring(2).to_toml().as_bytes()).expect("a file");
    let setup = setup(entry, &placeholders, &keyring).await;
    let peer = entry.connection.peer();
    let scheme = if peer.scheme == Scheme::Https { "https" } else { "http" };
    let address = peer.address.expect("each case has one");
    let certificate = if peer.client_certificate { "SUCCESS" } else { "NONE" };
    let said = [
        (SCHEME, format!("X-Forwarded-Proto {scheme}")),
        (ADDRESS, format!("X-Forwarded-For {address}")),
        (CERTIFICATE, format!("X-Original-Client-Verify {certificate}")),
    ];
    let nginx = Proxy::nginx(&setup, &said).await;

    let answer = exchange(nginx.address, wire(&request).as_bytes()).await;
    let reached = setup.app.take().len();
    let fits = match &entry.case.expect {
        Expect::Allow(_) | Expect::Report(_) => (answer.status, reached) == (200, 1),
        Expect::Refuse(_) => (400..500).contains(&answer.status) && reached == 0,
    };
    if fits {
        return Ok(());
    }
    Err(format!("{}, the app has {reached} requests\n{request}\n{}", answer.status, nginx.log()))
}

async fn setup(entry: &Entry<'_>, placeholders: &Placeholders<'_>, keyring: &Path) -> Setup {
    let mut config = config("", "127.0.0.1");
    config.keyring = Some(KeyringPlace::File(keyring.to_owned()));
    config.sites[0].policy = entry.policy.clone();
    let store = Arc::new(MemoryStore::new(0x0c07, MemoryLimits::default()));
    let until = NOW.plus(Duration::from_secs(3600));
    for id in ["{session}", "{session:other}"] {
        let id = Placeholders::of(&entry.policy, None).fill(id);
        let session = placeholders::engine(entry.policy.clone()).session_key(id.as_bytes());
        let Reserved { incarnation, .. } =
            store.reserve(session, 16, until, NOW).await.expect("memory answers");
        for serial in &placeholders.spent {
            let ticket = Ticket { session, serial: *serial, incarnation, expires: until };
            let _ = store.spend(ticket, 0, until, NOW).await;
        }
    }
    let clock = Arc::new(ManualClock::at(NOW));
    Setup::start(config, Environment { clock, store: Some(store) }).await
}

/// The text as it stands, with the framing that the corpus leaves to runners.
fn wire(request: &str) -> String {
    let request = request.strip_suffix('\n').unwrap_or(request);
    let (head, body) = request.split_once("\n\n").unwrap_or((request, ""));
    let mut wire = head.replace('\n', "\r\n") + "\r\nConnection: close\r\n";
    if !body.is_empty() {
        wire += &format!("Content-Length: {}\r\n", body.len());
    }
    wire + &format!("\r\n{body}")
}
