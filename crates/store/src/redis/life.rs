//! One life of a primary: from when it began to take writes until it may have lost some.
//!
//! Three numbers name it, because each of them changes in cases where another does not:
//!
//! - `run_id` is drawn anew when the process starts. A primary that is demoted and promoted again keeps it,
//!   and has lost marks.
//! - `master_replid` is drawn anew at every promotion. No two primaries ever have the same, but for one that
//!   a restart gave back the saved id, should a version of Redis do that.
//! - `cluster_my_epoch`, in a cluster, is raised when a slot is moved here. A slot that left, was served by a
//!   node that lost its marks, and came back has changed neither of the other two.
//!
//! A demoted primary says `role:slave` with its old `master_replid` until its first synchronisation, so the
//! role counts as well.

use redis::{Pipeline, Value};

use super::fault::Fault;

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Life {
    run: String,
    replication: String,
    /// In a cluster.
    slots: Option<String>,
}

impl Life {
    /// Asks for what [`Life::read`] reads.
    pub(super) fn ask(commands: &mut Pipeline, in_cluster: bool) {
        // Redis 6.2 takes one section a command.
        commands.cmd("INFO").arg("server");
        Self::ask_if_it_holds(commands, in_cluster);
    }

    /// Asks for what [`Life::holds`] compares.
    pub(super) fn ask_if_it_holds(commands: &mut Pipeline, in_cluster: bool) {
        commands.cmd("INFO").arg("replication");
        if in_cluster {
            commands.cmd("CLUSTER").arg("INFO");
        }
    }

    /// How many answers [`Life::holds`] wants.
    pub(super) const fn answers(in_cluster: bool) -> usize {
        if in_cluster { 2 } else { 1 }
    }

    pub(super) fn read(answers: &[Value]) -> Result<Self, Fault> {
        let [server, rest @ ..] = answers else { return Err(Fault::unexpected("INFO")) };
        let run = field(text(server)?, "run_id");
        let run = run.ok_or_else(|| Fault::unexpected("INFO server"))?.to_owned();
        let (replication, slots) = primary(rest)?.ok_or(Fault::OtherLife)?;
        Ok(Self { run, replication: replication.to_owned(), slots: slots.map(str::to_owned) })
    }

    /// Whether the server is still in this life, by what it said after it had done its work.
    pub(super) fn holds(&self, answers: &[Value]) -> Result<bool, Fault> {
        let now = primary(answers)?;
        Ok(now == Some((self.replication.as_str(), self.slots.as_deref())))
    }

    /// As scripts compare it.
    pub(super) fn name(&self) -> String {
        let Self { run, replication, slots } = self;
        match slots {
            Some(slots) => format!("{run}.{replication}.{slots}"),
            None => format!("{run}.{replication}"),
        }
    }
}

/// The replication id and the cluster's number, of a server that is a primary.
fn primary(answers: &[Value]) -> Result<Option<(&str, Option<&str>)>, Fault> {
    let (replication, slots) = match answers {
        [replication] => (replication, None),
        [replication, cluster] => (replication, Some(cluster)),
        _ => return Err(Fault::unexpected("INFO")),
    };
    let replication = text(replication)?;
    if field(replication, "role") != Some("master") {
        return Ok(None);
    }
    let id = field(replication, "master_replid");
    let id = id.ok_or_else(|| Fault::unexpected("INFO replication"))?;
    let slots = match slots {
        Some(cluster) => {
            let slots = field(text(cluster)?, "cluster_my_epoch");
            Some(slots.ok_or_else(|| Fault::unexpected("CLUSTER INFO"))?)
        }
        None => None,
    };
    Ok(Some((id, slots)))
}

/// The text of an INFO.
pub(super) fn text(value: &Value) -> Result<&str, Fault> {
    match value {
        Value::BulkString(bytes) => {
            std::str::from_utf8(bytes).map_err(|_| Fault::unexpected("INFO"))
        }
        Value::VerbatimString { text, .. } => Ok(text),
        Value::ServerError(error) => Err(Fault::Refusal(error.clone())),
        _ => Err(Fault::unexpected("INFO")),
    }
}

/// The value in the line `name:value`.
pub(super) fn field<'a>(info: &'a str, name: &str) -> Option<&'a str> {
    info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(text: &str) -> Value {
        Value::BulkString(text.replace('\n', "\r\n").into_bytes())
    }

    fn replication(role: &str, id: &str) -> Value {
        info(&format!(
            "# Replication\nrole:{role}\nmaster_failover_state:no-failover\nmaster_replid:{id}\nmaster_replid2:0000\n"
        ))
    }

    fn life() -> Life {
        Life::read(&[info("# Server\nrun_id:r1\n"), replication("master", "m1")]).unwrap()
    }

    #[test]
    fn a_life_holds_while_the_same_server_is_primary() {
        for (now, holds) in [
            (replication("master", "m1"), true),
            (replication("master", "m2"), false),
            (replication("slave", "m1"), false),
            (replication("slave", "m2"), false),
        ] {
            assert_eq!(life().holds(std::slice::from_ref(&now)).unwrap(), holds, "{now:?}");
        }
    }

    #[test]
    fn in_a_cluster_a_slot_that_left_and_came_back_is_another_life() {
        let cluster = |epoch: &str| info(&format!("cluster_state:ok\ncluster_my_epoch:{epoch}\n"));
        let primary = || replication("master", "m1");
        let life = Life::read(&[info("run_id:r1\n"), primary(), cluster("3")]).unwrap();
        assert!(life.holds(&[primary(), cluster("3")]).unwrap());
        assert!(!life.holds(&[primary(), cluster("4")]).unwrap());
        assert!(!life.holds(&[primary()]).unwrap(), "half an answer is none");
    }

    #[test]
    fn what_cannot_be_read_is_no_confirmation() {
        for answers in [
            vec![],
            vec![Value::Nil],
            vec![info("role:master\n")],
            vec![Value::Okay],
            vec![replication("master", "m1"), Value::Nil],
        ] {
            assert!(life().holds(&answers).is_err(), "{answers:?}");
        }
        assert!(!life().holds(&[info("")]).unwrap(), "no role is no primary");
    }

    #[test]
    fn a_replica_has_no_life_to_claim() {
        let read = Life::read(&[info("run_id:r1\n"), replication("slave", "m1")]);
        assert!(matches!(read, Err(Fault::OtherLife)));
    }
}
