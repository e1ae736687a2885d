//! A primary, and what may be done on it.

use redis::{Pipeline, Value};

use super::config::{Server, Servers};
use super::fault::{Fault, is_elsewhere};
use super::find::{Finder, string};
use super::jobs::{Job, Mend, Settled, spelled};
use super::life::Life;
use super::link::Link;
use super::shared::Shared;

/// A connection to a primary on which the site's epoch was claimed.
///
/// Only tickets of this epoch are spent on it, and every answer is passed on only after the server has
/// confirmed, behind the work and on the same connection, that it still lives the claimed life.
pub(super) struct Primary {
    link: Link,
    pub(super) server: Server,
    life: Life,
    pub(super) epoch: u64,
    in_cluster: bool,
}

/// What is left to do after a batch.
#[derive(Default)]
pub(super) struct Rest {
    again: Vec<Job>,
    scripts: bool,
    epoch: bool,
    serials: bool,
}

impl Primary {
    /// Finds it and claims the epoch.
    pub(super) async fn claim(finder: &mut Finder<'_>, shared: &Shared) -> Result<Self, Fault> {
        let (server, mut link) = finder.find(&shared.keys.meta).await?;
        let in_cluster = matches!(shared.config.servers, Servers::Cluster(_));
        let life = Self::live(&mut link, shared, in_cluster).await?;
        let mut primary = Self { link, server, life, epoch: 0, in_cluster };
        primary.claim_epoch(shared, None).await?;
        Ok(primary)
    }

    async fn live(link: &mut Link, shared: &Shared, in_cluster: bool) -> Result<Life, Fault> {
        let mut commands = Pipeline::new();
        let loads = shared.scripts.load(&mut commands);
        Life::ask(&mut commands, in_cluster);
        let answers = link.ask(&commands).await?;
        let (loads, info) = answers.split_at_checked(loads).unwrap_or_default();
        refuse_errors(loads)?;
        Life::read(info)
    }

    /// Asks under which epoch tickets are good here; a new one if `worn` is still it.
    async fn claim_epoch(&mut self, shared: &Shared, worn: Option<u64>) -> Result<(), Fault> {
        let mut claim = shared.scripts.claim.call(&[&shared.keys.meta]);
        claim.arg(self.life.name()).arg(spelled(rand::random()));
        claim.arg(worn.map(spelled).unwrap_or_default());
        let mut commands = Pipeline::with_capacity(3);
        commands.add_command(claim);
        let answers = self.confirmed(commands).await?;
        refuse_errors(&answers)?;
        let epoch =
            answers.first().and_then(epoch).ok_or_else(|| Fault::unexpected("the claim"))?;
        self.epoch = epoch;
        shared.began(epoch);
        Ok(())
    }

    /// Does these jobs, and what could not be done for a reason that can be mended once more.
    pub(super) async fn serve(
        &mut self,
        jobs: &mut Vec<Job>,
        shared: &Shared,
    ) -> Result<(), Fault> {
        // Another connection has claimed since: perhaps here, perhaps on another server. Only a claim on
        // this connection can tell.
        if shared.epoch() != self.epoch && jobs.iter().any(|job| job.is_of_another(self.epoch)) {
            self.claim_epoch(shared, None).await?;
        }
        let mut rest = self.serve_once(jobs, shared).await?;
        if rest.scripts {
            let mut commands = Pipeline::new();
            shared.scripts.load(&mut commands);
            refuse_errors(&self.link.ask(&commands).await?)?;
        }
        if rest.epoch || rest.serials {
            let worn = rest.serials.then_some(self.epoch);
            self.claim_epoch(shared, worn).await?;
        }
        if !rest.again.is_empty() {
            // What comes back a second time is dropped, and so refused.
            self.serve_once(&mut rest.again, shared).await?;
        }
        Ok(())
    }

    async fn serve_once(&mut self, jobs: &mut Vec<Job>, shared: &Shared) -> Result<Rest, Fault> {
        let mut commands = Pipeline::with_capacity(jobs.len() + 2);
        let epoch = spelled(self.epoch);
        let mut sent = Vec::with_capacity(jobs.len());
        for job in jobs.drain(..).filter(|job| !job.is_abandoned()) {
            if job.is_of_another(self.epoch) {
                job.refuse();
            } else {
                commands.add_command(job.command(&shared.keys, &shared.scripts, &epoch));
                sent.push(job);
            }
        }
        let mut rest = Rest::default();
        if sent.is_empty() {
            return Ok(rest);
        }
        let answers = self.confirmed(commands).await?;
        let mut elsewhere = None;
        for (job, answer) in sent.into_iter().zip(answers) {
            if let Value::ServerError(error) = &answer
                && is_elsewhere(error)
            {
                elsewhere = Some(error.clone());
            }
            match job.settle(answer, self.epoch) {
                Settled::Done | Settled::Failed => {}
                Settled::Stale => rest.epoch = true,
                Settled::Again(job, mend) => {
                    rest.again.push(job);
                    rest.scripts |= mend == Mend::Scripts;
                    rest.epoch |= mend == Mend::Epoch;
                    rest.serials |= mend == Mend::Serials;
                }
            }
        }
        elsewhere.map_or(Ok(rest), |error| Err(Fault::Refusal(error)))
    }

    /// Whether all is as it was claimed, without doing anything. Claims again where only the epoch is over.
    pub(super) async fn check(&mut self, shared: &Shared) -> Result<(), Fault> {
        let mut commands = Pipeline::with_capacity(3);
        commands.cmd("HMGET").arg(&shared.keys.meta).arg("epoch").arg("life");
        let answers = self.confirmed(commands).await?;
        refuse_errors(&answers)?;
        let Some(Value::Array(meta)) = answers.first() else {
            return Err(Fault::unexpected("HMGET"));
        };
        match meta.as_slice() {
            [known, life]
                if epoch(known) == Some(self.epoch) && string(life) == Some(&self.life.name()) =>
            {
                shared.began(self.epoch);
                Ok(())
            }
            _ => self.claim_epoch(shared, None).await,
        }
    }

    /// Waits until the server closes the connection.
    pub(super) async fn closed(&mut self) {
        self.link.closed().await;
    }

    /// The answers to these commands, given by a server that was in the claimed life before the first of
    /// them and after the last.
    async fn confirmed(&mut self, mut commands: Pipeline) -> Result<Vec<Value>, Fault> {
        Life::ask_if_it_holds(&mut commands, self.in_cluster);
        let mut answers = self.link.ask(&commands).await?;
        let at = answers.len().saturating_sub(Life::answers(self.in_cluster));
        let life = answers.split_off(at);
        if self.life.holds(&life)? { Ok(answers) } else { Err(Fault::OtherLife) }
    }
}

fn epoch(value: &Value) -> Option<u64> {
    string(value)
        .filter(|text| text.len() == 16)
        .and_then(|text| u64::from_str_radix(text, 16).ok())
}

fn refuse_errors(answers: &[Value]) -> Result<(), Fault> {
    let error = answers.iter().find_map(|answer| match answer {
        Value::ServerError(error) => Some(Fault::Refusal(error.clone())),
        _ => None,
    });
    error.map_or(Ok(()), Err)
}
