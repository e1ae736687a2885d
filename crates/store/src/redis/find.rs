//! Finding the primary that holds a key: the one server there is, the one that Sentinel names, or the owner
//! of the key's slot in a cluster.
//!
//! Being wrong here costs time, never safety: the server that is found must say itself that it is a primary.

use std::time::Duration;

use redis::{Cmd, Value};
use tokio::time::sleep;

use super::config::{Server, Servers};
use super::fault::Fault;
use super::link::{Link, Login, Opener};

/// How often Sentinel is asked whether the primary is still the same.
const WATCH: Duration = Duration::from_millis(500);

pub(super) struct Finder<'a> {
    opener: &'a Opener,
    servers: &'a Servers,
    /// Where to begin asking: who has just failed to help is asked last.
    at: usize,
    /// A connection to Sentinel, kept for watching.
    sentinel: Option<Link>,
    /// Servers of the cluster that were not configured.
    learnt: Vec<Server>,
}

impl<'a> Finder<'a> {
    pub(super) fn new(opener: &'a Opener, servers: &'a Servers) -> Self {
        Self { opener, servers, at: 0, sentinel: None, learnt: Vec::new() }
    }

    /// A connection to the primary that holds this key.
    pub(super) async fn find(&mut self, key: &str) -> Result<(Server, Link), Fault> {
        let server = match self.servers {
            Servers::One(server) => server.clone(),
            Servers::Sentinel { sentinels, name } => self.named(sentinels, name).await?,
            Servers::Cluster(seeds) => return self.owner(seeds, key).await,
        };
        let link = self.opener.open(&server, Login::Data).await?;
        Ok((server, link))
    }

    /// Ends when somebody else has become the primary, as far as can be told from outside.
    pub(super) async fn moved(&mut self, from: &Server) -> Server {
        let Servers::Sentinel { sentinels, name } = self.servers else {
            return std::future::pending().await;
        };
        loop {
            sleep(WATCH).await;
            match self.named(sentinels, name).await {
                Ok(server) if server != *from => return server,
                // A Sentinel that is away is no reason to leave a primary that answers.
                Ok(_) | Err(_) => {}
            }
        }
    }

    async fn named(&mut self, sentinels: &[Server], name: &str) -> Result<Server, Fault> {
        let mut fault = Fault::NoSuchPrimary(name.to_owned());
        for _ in sentinels {
            match self.ask_sentinel(sentinels, name).await {
                Ok(Some(server)) => return Ok(server),
                Ok(None) => fault = Fault::NoSuchPrimary(name.to_owned()),
                Err(other) => fault = other,
            }
            self.sentinel = None;
            self.at = self.at.wrapping_add(1);
        }
        Err(fault)
    }

    async fn ask_sentinel(
        &mut self,
        sentinels: &[Server],
        name: &str,
    ) -> Result<Option<Server>, Fault> {
        let mut question = redis::cmd("SENTINEL");
        question.arg("get-master-addr-by-name").arg(name);
        if let Some(link) = &mut self.sentinel {
            return address(&one(link, &question).await?);
        }
        let sentinel = sentinels.get(self.at % sentinels.len().max(1)).ok_or(Fault::NoOwner)?;
        let mut link = self.opener.open(sentinel, Login::None).await?;
        let mut answer = one(&mut link, &question).await?;
        if matches!(&answer, Value::ServerError(error) if error.code() == "NOAUTH") {
            // It wants a login, so it gets the one there is.
            link = self.opener.open(sentinel, Login::Sentinel).await?;
            answer = one(&mut link, &question).await?;
        }
        let address = address(&answer)?;
        self.sentinel = Some(link);
        Ok(address)
    }

    async fn owner(&mut self, seeds: &[Server], key: &str) -> Result<(Server, Link), Fault> {
        let known: Vec<Server> = seeds.iter().chain(&self.learnt).cloned().collect();
        let mut fault = Fault::NoOwner;
        for turn in 0..known.len() {
            let Some(server) = known.get(self.at.wrapping_add(turn) % known.len()) else {
                continue;
            };
            match self.owner_by(server, key).await {
                Ok(found) => {
                    self.at = self.at.wrapping_add(turn);
                    return Ok(found);
                }
                Err(other) => fault = other,
            }
        }
        // What this one believed of the cluster may be out of date.
        self.at = self.at.wrapping_add(1);
        Err(fault)
    }

    async fn owner_by(&mut self, server: &Server, key: &str) -> Result<(Server, Link), Fault> {
        let mut link = self.opener.open(server, Login::Data).await?;
        let slot = one(&mut link, redis::cmd("CLUSTER").arg("KEYSLOT").arg(key)).await?;
        let Value::Int(slot) = slot else { return Err(refusal(slot, "CLUSTER KEYSLOT")) };
        let slots = one(&mut link, redis::cmd("CLUSTER").arg("SLOTS")).await?;
        let Value::Array(ranges) = slots else { return Err(refusal(slots, "CLUSTER SLOTS")) };
        let ranges: Vec<Range> =
            ranges.iter().filter_map(|range| Range::read(range, server)).collect();
        self.learnt = ranges.iter().flat_map(|range| range.nodes.clone()).collect();
        self.learnt.dedup();
        let range = ranges.into_iter().find(|range| (range.first..=range.last).contains(&slot));
        let owner = range.and_then(|range| range.nodes.into_iter().next()).ok_or(Fault::NoOwner)?;
        if owner == *server {
            return Ok((owner, link));
        }
        let link = self.opener.open(&owner, Login::Data).await?;
        Ok((owner, link))
    }
}

/// One line of CLUSTER SLOTS: the primary is the first of the nodes.
struct Range {
    first: i64,
    last: i64,
    nodes: Vec<Server>,
}

impl Range {
    fn read(value: &Value, asked: &Server) -> Option<Self> {
        let Value::Array(parts) = value else { return None };
        let [Value::Int(first), Value::Int(last), nodes @ ..] = parts.as_slice() else {
            return None;
        };
        let nodes = nodes.iter().map(|node| match node {
            Value::Array(parts) => match parts.as_slice() {
                [host, Value::Int(port), ..] => Some(Server {
                    // A node that does not know its own address is where it was reached.
                    host: string(host)
                        .filter(|host| !host.is_empty())
                        .unwrap_or(&asked.host)
                        .to_owned(),
                    port: u16::try_from(*port).ok()?,
                }),
                _ => None,
            },
            _ => None,
        });
        Some(Self { first: *first, last: *last, nodes: nodes.collect::<Option<_>>()? })
    }
}

fn address(answer: &Value) -> Result<Option<Server>, Fault> {
    match answer {
        Value::Nil => Ok(None),
        Value::Array(parts) => match parts.as_slice() {
            [host, port] => {
                let server = string(host).zip(string(port).and_then(|port| port.parse().ok()));
                let server = server.map(|(host, port)| Server { host: host.to_owned(), port });
                server.map(Some).ok_or_else(|| Fault::unexpected("SENTINEL"))
            }
            _ => Err(Fault::unexpected("SENTINEL")),
        },
        other => Err(refusal(other.clone(), "SENTINEL")),
    }
}

/// Asks one thing.
pub(super) async fn one(link: &mut Link, command: &Cmd) -> Result<Value, Fault> {
    let mut commands = redis::Pipeline::with_capacity(1);
    commands.add_command(command.clone());
    let mut answers = link.ask(&commands).await?;
    answers.pop().ok_or_else(|| Fault::unexpected("a command"))
}

pub(super) fn string(value: &Value) -> Option<&str> {
    match value {
        Value::BulkString(bytes) => std::str::from_utf8(bytes).ok(),
        Value::SimpleString(text) => Some(text),
        _ => None,
    }
}

fn refusal(value: Value, what: &str) -> Fault {
    match value {
        Value::ServerError(error) => Fault::Refusal(error),
        _ => Fault::unexpected(what),
    }
}
