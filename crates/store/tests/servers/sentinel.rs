//! A primary, a replica, and one Sentinel that watches them.

use std::collections::HashMap;

use tempfile::TempDir;

use super::process::Process;
use super::{Server, connect, run, until};

pub(crate) struct Sentinel {
    pub(crate) servers: [Server; 2],
    pub(crate) sentinel: Process,
    _folder: TempDir,
}

const NAME: &str = "main";

impl Sentinel {
    pub(crate) async fn start() -> Self {
        let primary = Server::with(&["--save", "", "--repl-diskless-sync-delay", "0"]);
        let port = primary.port().to_string();
        let replica = Server::with(&["--save", "", "--replicaof", "127.0.0.1", &port]);
        until("the replica is in step", async || {
            replica.run::<String>("INFO replication").await.contains("master_link_status:up")
        })
        .await;

        let folder = TempDir::new().unwrap();
        let file = folder.path().join("sentinel.conf");
        std::fs::write(
            &file,
            format!(
                "bind 127.0.0.1\nsentinel monitor {NAME} 127.0.0.1 {port} 1\n\
                 sentinel down-after-milliseconds {NAME} 300\nsentinel failover-timeout {NAME} 2000\n"
            ),
        )
        .unwrap();
        let file = file.to_str().unwrap().to_owned();
        let sentinel = Process::start("redis-sentinel", folder.path(), |port| {
            vec![file.clone(), "--port".to_owned(), port.to_string()]
        });
        let this = Self { servers: [primary, replica], sentinel, _folder: folder };
        until("Sentinel would promote the replica", async || {
            let replicas: Vec<HashMap<String, String>> =
                this.ask(&format!("SENTINEL REPLICAS {NAME}")).await;
            replicas.iter().any(|replica| {
                replica.get("master-link-status").is_some_and(|status| status == "ok")
            })
        })
        .await;
        this
    }

    pub(crate) fn url(&self) -> String {
        format!("redis+sentinel://127.0.0.1:{}/{NAME}", self.sentinel.port())
    }

    pub(crate) async fn ask<T: redis::FromRedisValue>(&self, command: &str) -> T {
        run(&mut connect(self.sentinel.port()).await, command).await
    }

    /// The port of the primary, as Sentinel has it.
    pub(crate) async fn primary(&self) -> u16 {
        let [_, port]: [String; 2] =
            self.ask(&format!("SENTINEL get-master-addr-by-name {NAME}")).await;
        port.parse().unwrap()
    }
}
