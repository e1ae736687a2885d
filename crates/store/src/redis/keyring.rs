//! The keyring that all gateways share, one key in Redis. So rare that each call has a connection of its own.

use redis::{Pipeline, Value};
use tokio::time::timeout;
use zeroize::Zeroizing;

use super::config::Servers;
use super::fault::Fault;
use super::find::Finder;
use super::keys;
use super::life::Life;
use super::scripts::SWAP;
use super::store::RedisStore;
use crate::Unavailable;

impl RedisStore {
    /// The keyring that is kept in Redis, if one is.
    ///
    /// # Errors
    ///
    /// If Redis does not answer in time; the log says why.
    pub async fn load_keyring(&self) -> Result<Option<Zeroizing<String>>, Unavailable> {
        let mut get = redis::cmd("GET");
        get.arg(keys::keyring(&self.shared.config.prefix));
        match self.ask_primary(get).await? {
            Value::Nil => Ok(None),
            Value::BulkString(text) => {
                let text = String::from_utf8(text).map_err(|_| Unavailable)?;
                Ok(Some(Zeroizing::new(text)))
            }
            _ => Err(Unavailable),
        }
    }

    /// Puts `new` in the place of `expected`, or of nothing; `false` if something else is there by now.
    ///
    /// # Errors
    ///
    /// If Redis does not answer in time. It may have happened all the same: load the keyring to know.
    pub async fn swap_keyring(
        &self,
        expected: Option<&str>,
        new: &str,
    ) -> Result<bool, Unavailable> {
        let mut swap = redis::cmd("EVAL");
        swap.arg(SWAP).arg(1).arg(keys::keyring(&self.shared.config.prefix)).arg(new);
        if let Some(expected) = expected {
            swap.arg(expected);
        }
        match self.ask_primary(swap).await? {
            Value::Int(swapped) => Ok(swapped == 1),
            _ => Err(Unavailable),
        }
    }

    async fn ask_primary(&self, command: redis::Cmd) -> Result<Value, Unavailable> {
        let patience = self.shared.config.patience();
        let answer = timeout(patience, self.ask_primary_unbounded(command)).await;
        match answer.unwrap_or(Err(Fault::Timeout(patience))) {
            Ok(Value::ServerError(error)) => {
                self.shared.lost(&Fault::Refusal(error));
                Err(Unavailable)
            }
            Ok(answer) => Ok(answer),
            Err(fault) => {
                self.shared.lost(&fault);
                Err(Unavailable)
            }
        }
    }

    async fn ask_primary_unbounded(&self, command: redis::Cmd) -> Result<Value, Fault> {
        let config = &self.shared.config;
        let in_cluster = matches!(config.servers, Servers::Cluster(_));
        let mut finder = Finder::new(&self.shared.opener, &config.servers);
        let (_, mut link) = finder.find(&keys::keyring(&config.prefix)).await?;
        let mut commands = Pipeline::new();
        Life::ask(&mut commands, in_cluster);
        let life = Life::read(&link.ask(&commands).await?)?;

        let mut commands = Pipeline::new();
        commands.add_command(command);
        Life::ask_if_it_holds(&mut commands, in_cluster);
        let mut answers = link.ask(&commands).await?.into_iter();
        let answer = answers.next().ok_or_else(|| Fault::unexpected("a command"))?;
        if life.holds(answers.as_slice())? { Ok(answer) } else { Err(Fault::OtherLife) }
    }
}
