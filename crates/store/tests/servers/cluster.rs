//! A cluster of three primaries.

use tempfile::TempDir;

use super::process::Process;
use super::{connect, run, until};

pub(crate) struct Cluster {
    pub(crate) nodes: Vec<Process>,
    _folders: Vec<TempDir>,
}

impl Cluster {
    pub(crate) async fn start() -> Self {
        let folders: Vec<_> = (0..3).map(|_| TempDir::new().unwrap()).collect();
        let start = |folder: &TempDir| {
            Process::start("redis-server", folder.path(), |port| {
                let port = port.to_string();
                [
                    ["--port", &port],
                    ["--bind", "127.0.0.1"],
                    ["--save", ""],
                    ["--appendonly", "no"],
                    ["--cluster-enabled", "yes"],
                    ["--cluster-node-timeout", "500"],
                ]
                .concat()
                .into_iter()
                .map(str::to_owned)
                .collect()
            })
        };
        let nodes: Vec<_> = folders.iter().map(start).collect();
        let ranges = ["0 5460", "5461 10922", "10923 16383"];
        for (number, (node, range)) in nodes.iter().zip(ranges).enumerate() {
            let mut connection = connect(node.port()).await;
            let () = run(&mut connection, &format!("CLUSTER ADDSLOTSRANGE {range}")).await;
            let () =
                run(&mut connection, &format!("CLUSTER SET-CONFIG-EPOCH {}", number + 1)).await;
        }
        let mut first = connect(nodes[0].port()).await;
        for node in &nodes[1..] {
            let () = run(&mut first, &format!("CLUSTER MEET 127.0.0.1 {}", node.port())).await;
        }
        for node in &nodes {
            until("the cluster is up", async || {
                let info: String = run(&mut connect(node.port()).await, "CLUSTER INFO").await;
                info.contains("cluster_state:ok") && info.contains("cluster_known_nodes:3")
            })
            .await;
        }
        Self { nodes, _folders: folders }
    }

    pub(crate) fn url(&self) -> String {
        let servers: Vec<_> =
            self.nodes.iter().map(|node| format!("127.0.0.1:{}", node.port())).collect();
        format!("redis+cluster://{}", servers.join(","))
    }

    /// Gives the slot of this key, and all its keys, to another node, as `redis-cli --cluster` would.
    /// Answers from where to where.
    pub(crate) async fn move_slot_of(&self, key: &str) -> (usize, usize) {
        let mut nodes = Vec::new();
        for node in &self.nodes {
            nodes.push(connect(node.port()).await);
        }
        let slot: u16 = run(&mut nodes[0], &format!("CLUSTER KEYSLOT {key}")).await;
        let from = match slot {
            ..=5460 => 0,
            5461..=10922 => 1,
            _ => 2,
        };
        let to = (from + 1) % 3;
        let old: String = run(&mut nodes[from], "CLUSTER MYID").await;
        let new: String = run(&mut nodes[to], "CLUSTER MYID").await;
        let () = run(&mut nodes[to], &format!("CLUSTER SETSLOT {slot} IMPORTING {old}")).await;
        let () = run(&mut nodes[from], &format!("CLUSTER SETSLOT {slot} MIGRATING {new}")).await;
        let keys: Vec<String> =
            run(&mut nodes[from], &format!("CLUSTER GETKEYSINSLOT {slot} 100")).await;
        let port = self.nodes[to].port();
        for key in keys {
            let () = run(&mut nodes[from], &format!("MIGRATE 127.0.0.1 {port} {key} 0 5000")).await;
        }
        for node in [to, from, (to + 1) % 3] {
            let () = run(&mut nodes[node], &format!("CLUSTER SETSLOT {slot} NODE {new}")).await;
        }
        (from, to)
    }
}
