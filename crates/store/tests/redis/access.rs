//! Logging in, TLS, the ACL user that the documentation names, the keyring, and what reaches the log.

use std::io::Write;
use std::sync::{Arc, Mutex};

use countersign::Spent;
use countersign_store::Store;
use countersign_store::redis::{OpenError, RedisConfig, RedisKeyring, RedisStore};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tempfile::TempDir;
use tracing_subscriber::fmt::MakeWriter;
use zeroize::Zeroizing;

use crate::servers::cluster::Cluster;
use crate::servers::process::Process;
use crate::servers::tickets::{open, open_with, reserve, session, spend, try_reserve};
use crate::servers::{Server, connect, run};

/// As the module's documentation has it.
const ACL: &str = include_str!("../../src/redis/user.acl");

async fn works(store: &RedisStore) -> bool {
    match try_reserve(store, 1, 2).await.as_deref() {
        Some([one, _]) => {
            spend(store, *one).await == Spent::First
                && store.end(session(1)).await.is_ok()
                && matches!(
                    store.stored(session(1), crate::servers::tickets::NOW).await,
                    countersign::StoredToken::Missing
                )
        }
        _ => false,
    }
}

fn keyring(url: &str) -> RedisKeyring {
    RedisKeyring::new(url.parse().unwrap()).unwrap()
}

async fn kept(keyring: &RedisKeyring) -> Option<String> {
    keyring.load().await.unwrap().as_deref().cloned()
}

fn acl(password: &str) -> String {
    ACL.lines()
        .filter(|line| !line.starts_with('#'))
        .collect::<String>()
        .replace("PASSWORD", password)
}

#[tokio::test]
async fn the_documented_acl_user_may_do_all_that_is_needed_and_nothing_else() {
    let server = Server::start();
    let () = server.run(&acl("hunter2")).await;
    let url = format!("redis://countersign:hunter2@127.0.0.1:{}", server.port());
    let store = open(&url).await;
    assert!(works(&store).await);
    let () = server.run("SCRIPT FLUSH").await;
    assert!(works(&store).await, "scripts are loaded again");
    let keyring = keyring(&url);
    assert!(keyring.swap(None, "keys").await.unwrap());
    assert_eq!(kept(&keyring).await.as_deref(), Some("keys"));
    let warnings = store.warnings().await;
    assert_eq!(warnings.len(), 1, "{warnings:?}");

    let log: Vec<redis::Value> = server.run("ACL LOG").await;
    let denied: Vec<_> = log.iter().map(|entry| format!("{entry:?}")).collect();
    assert!(
        denied.iter().all(|entry| entry.contains("config")),
        "only CONFIG, which may be denied: {denied:?}"
    );

    let mut stranger = redis::Client::open(url.as_str()).unwrap().get_connection().unwrap();
    for command in ["KEYS *", "GET elsewhere", "FLUSHALL", "CONFIG SET save 1", "REPLICAOF no one"]
    {
        let mut words = command.split(' ');
        let mut cmd = redis::cmd(words.next().unwrap());
        let refused = cmd.arg(words.collect::<Vec<_>>()).exec(&mut stranger);
        assert_eq!(refused.unwrap_err().code(), Some("NOPERM"), "{command}");
    }
}

#[tokio::test]
async fn the_documented_acl_user_is_enough_in_a_cluster() {
    let cluster = Cluster::start().await;
    for node in &cluster.nodes {
        let () = run(&mut connect(node.port()).await, &acl("hunter2")).await;
    }
    let url = cluster.url().replace("://", "://countersign:hunter2@");
    let store = open(&url).await;
    assert!(works(&store).await);
    let keyring = keyring(&url);
    assert!(keyring.swap(None, "keys").await.unwrap(), "though its slot is another");
    assert_eq!(kept(&keyring).await.as_deref(), Some("keys"));
}

#[tokio::test]
async fn a_password_and_a_database_are_used() {
    let server = Server::with(&["--save", "", "--requirepass", "hunter2"]);
    let url = format!("redis://:hunter2@127.0.0.1:{}/3", server.port());
    assert!(works(&open(&url).await).await);
    let mut connection = redis::Client::open(url.as_str()).unwrap().get_connection().unwrap();
    let keys: Vec<String> = redis::cmd("KEYS").arg("*").query(&mut connection).unwrap();
    assert!(!keys.is_empty(), "in database 3");

    let config: RedisConfig = format!("redis://127.0.0.1:{}/3", server.port()).parse().unwrap();
    let config = config.with_password(Zeroizing::new("hunter2".to_owned()));
    assert!(works(&RedisStore::open(config, "other").await.unwrap()).await);
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// Everything that this thread logs, at the finest level.
fn log() -> (Log, tracing::subscriber::DefaultGuard) {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(log.clone())
        .finish();
    (log, tracing::subscriber::set_default(subscriber))
}

#[tokio::test]
async fn a_wrong_password_says_so_and_is_in_no_log() {
    let server = Server::with(&["--save", "", "--requirepass", "hunter2"]);
    for login in ["", ":wr0ng@", "somebody:wr0ng@"] {
        let (log, guard) = log();
        let url = format!("redis://{login}127.0.0.1:{}", server.port());
        let store = open_with(&url, "timeout=200ms").await;
        assert!(try_reserve(&store, 1, 1).await.is_none(), "{login}");
        let refused = keyring(&url).load().await.unwrap_err().to_string();
        let warnings = store.warnings().await.join(" ");
        drop(guard);
        let text = log.text() + &warnings;
        let hint = if login.is_empty() { "NOAUTH" } else { "password or user is wrong" };
        for text in [text, refused] {
            assert!(text.contains(hint), "{login}: {text}");
            assert!(!text.contains("wr0ng"), "{text}");
        }
    }
}

#[tokio::test]
async fn no_log_line_has_a_secret() {
    let (log, _guard) = log();
    let mut server = Server::with(&["--save", "", "--requirepass", "hunter2"]);
    let url = format!("redis://:hunter2@127.0.0.1:{}", server.port());
    let store = open_with(&url, "timeout=200ms").await;
    let _ = works(&store).await;
    let keyring = keyring(&url);
    assert!(keyring.swap(None, "k3yring").await.unwrap());
    server.process.kill();
    assert!(!works(&store).await);
    let error = keyring.swap(None, "k3yring").await.unwrap_err().to_string();
    server.process.restart();
    crate::servers::until("it is back", async || works(&store).await).await;
    let text = log.text();
    assert!(text.contains("Redis is away") && text.contains("Redis is back"), "{text}");
    for secret in ["hunter2", "k3yring"] {
        assert!(!text.contains(secret) && !error.contains(secret), "{text}{error}");
    }
}

#[tokio::test]
async fn a_keyring_changes_hands_once() {
    let server = Server::start();
    let keyring = Arc::new(keyring(&server.url()));
    assert_eq!(kept(&keyring).await, None);
    let mut expected = None;
    for round in 0..5 {
        let tasks: Vec<_> = (0..8)
            .map(|task| {
                let (keyring, expected, new) =
                    (keyring.clone(), expected.clone(), format!("{round}.{task}"));
                tokio::spawn(async move {
                    let swapped = keyring.swap(Option::<String>::as_deref(&expected), &new).await;
                    swapped.unwrap().then_some(new)
                })
            })
            .collect();
        let mut winners = Vec::new();
        for task in tasks {
            winners.extend(task.await.unwrap());
        }
        let [winner] = winners.as_slice() else { panic!("{winners:?}") };
        assert_eq!(kept(&keyring).await.as_ref(), Some(winner));
        expected = Some(winner.clone());
    }
    assert!(!keyring.swap(None, "first").await.unwrap(), "there is one");
    assert!(!keyring.swap(Some("other"), "new").await.unwrap());
}

#[tokio::test]
async fn settings_that_do_not_fit_are_named() {
    let good = Server::with(&["--appendonly", "yes"]);
    assert_eq!(open(&good.url()).await.warnings().await, [""; 0]);
    let forgetful =
        Server::with(&["--save", "", "--maxmemory", "64mb", "--maxmemory-policy", "allkeys-lru"]);
    let warnings = open(&forgetful.url()).await.warnings().await;
    let [memory, policy] = warnings.as_slice() else { panic!("{warnings:?}") };
    assert!(memory.contains("`appendonly yes`"), "{memory}");
    assert!(policy.contains("`maxmemory-policy volatile-ttl`"), "{policy}");
}

struct Tls {
    process: Process,
    folder: TempDir,
}

/// A server that speaks only TLS, with a certificate for these names from an authority of the test's own.
fn tls_server(names: &[&str]) -> Tls {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority_key = KeyPair::generate().unwrap();
    let authority = params.self_signed(&authority_key).unwrap().pem();
    let issuer = Issuer::new(params, authority_key);
    let key = KeyPair::generate().unwrap();
    let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
    let certificate =
        CertificateParams::new(names).unwrap().signed_by(&key, &issuer).unwrap().pem();

    let folder = TempDir::new().unwrap();
    for (name, text) in
        [("ca.pem", authority), ("cert.pem", certificate), ("key.pem", key.serialize_pem())]
    {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let process = Process::start("redis-server", folder.path(), |port| {
        let port = port.to_string();
        let settings = [
            "--port",
            "0",
            "--tls-port",
            &port,
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--tls-cert-file",
            "cert.pem",
            "--tls-key-file",
            "key.pem",
            "--tls-ca-cert-file",
            "ca.pem",
            "--tls-auth-clients",
            "no",
        ];
        settings.map(str::to_owned).to_vec()
    });
    Tls { process, folder }
}

#[tokio::test]
async fn tls_is_verified_against_the_given_authority_and_the_name() {
    let server = tls_server(&["localhost"]);
    let (port, folder) = (server.process.port(), server.folder.path());
    let ca = folder.join("ca.pem");
    let ca = ca.to_str().unwrap();
    let good =
        open_with(&format!("rediss://localhost:{port}"), &format!("timeout=10s&ca={ca}")).await;
    assert!(works(&good).await);
    let ticket = reserve(&good, 3, 1).await[0];

    let stranger = tls_server(&["localhost"]);
    let other_ca = stranger.folder.path().join("ca.pem");
    let other_ca = other_ca.to_str().unwrap();
    for (name, url, query) in [
        ("another name", format!("rediss://127.0.0.1:{port}"), format!("timeout=200ms&ca={ca}")),
        (
            "another authority",
            format!("rediss://localhost:{port}"),
            format!("timeout=200ms&ca={other_ca}"),
        ),
        ("no TLS", format!("redis://localhost:{port}"), "timeout=200ms".to_owned()),
    ] {
        let store = open_with(&url, &query).await;
        assert_eq!(spend(&store, ticket).await, Spent::Unavailable, "{name}");
        assert!(try_reserve(&store, 1, 1).await.is_none(), "{name}");
    }
    // What the machine trusts does not include an authority that a test made up.
    match RedisStore::open(
        format!("rediss://localhost:{port}?timeout=200ms").parse().unwrap(),
        "shop",
    )
    .await
    {
        Ok(store) => assert!(!works(&store).await),
        Err(error) => assert!(matches!(error, OpenError::NoRoots), "{error}"),
    }
}

#[tokio::test]
async fn what_cannot_work_is_refused_at_open() {
    let folder = TempDir::new().unwrap();
    let empty = folder.path().join("empty.pem");
    std::fs::write(&empty, "").unwrap();
    let missing = folder.path().join("missing.pem");
    for (url, site, hint) in [
        ("redis://localhost".to_owned(), "a b", "`a b`"),
        ("redis://localhost".to_owned(), "", "key's name"),
        ("redis://localhost?ca=/ca.pem".to_owned(), "shop", "`rediss`"),
        (format!("rediss://localhost?ca={}", missing.display()), "shop", "missing.pem"),
        (format!("rediss://localhost?ca={}", empty.display()), "shop", "none in it"),
    ] {
        let Err(error) = RedisStore::open(url.parse().unwrap(), site).await else {
            panic!("{url}")
        };
        assert!(error.to_string().contains(hint), "{url}: {error}");
    }
}
