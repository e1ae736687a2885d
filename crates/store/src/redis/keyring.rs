//! The keyring that all gateways share: one key in Redis. It is asked for so rarely that each call has
//! a connection of its own.

use redis::{Pipeline, Value};
use tokio::time::timeout;
use zeroize::Zeroizing;

use super::config::{OpenError, RedisConfig, Servers};
use super::fault::Fault;
use super::find::Finder;
use super::keys;
use super::life::Life;
use super::link::Opener;
use super::scripts::SWAP;
use super::tls;

/// Where the keyring is kept in Redis. Who can read it can make tokens.
pub struct RedisKeyring {
    config: RedisConfig,
    opener: Opener,
}

/// Why the keyring could not be read or written.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct KeyringError(#[from] Fault);

impl RedisKeyring {
    /// The keyring of all sites with this prefix. Nothing is asked yet.
    ///
    /// # Errors
    /// If the configuration can never work.
    pub fn new(config: RedisConfig) -> Result<Self, OpenError> {
        Ok(Self { opener: Opener::new(&config, tls::connector(&config)?), config })
    }

    /// The keyring that is kept, if one is.
    ///
    /// # Errors
    /// If Redis does not answer in time, or with something else.
    pub async fn load(&self) -> Result<Option<Zeroizing<String>>, KeyringError> {
        let mut get = redis::cmd("GET");
        get.arg(keys::keyring(&self.config.prefix));
        match self.ask(get).await? {
            Value::Nil => Ok(None),
            Value::BulkString(text) => {
                let text = String::from_utf8(text).map_err(|_| Fault::unexpected("GET"))?;
                Ok(Some(Zeroizing::new(text)))
            }
            _ => Err(Fault::unexpected("GET").into()),
        }
    }

    /// Puts `new` in the place of `expected`, or of nothing; `false` if something else is there by now.
    ///
    /// # Errors
    /// If Redis does not answer in time. It may have happened all the same: load the keyring to know.
    pub async fn swap(&self, expected: Option<&str>, new: &str) -> Result<bool, KeyringError> {
        let mut swap = redis::cmd("EVAL");
        swap.arg(SWAP).arg(1).arg(keys::keyring(&self.config.prefix)).arg(new);
        if let Some(expected) = expected {
            swap.arg(expected);
        }
        match self.ask(swap).await? {
            Value::Int(swapped) => Ok(swapped == 1),
            _ => Err(Fault::unexpected("the swap").into()),
        }
    }

    async fn ask(&self, command: redis::Cmd) -> Result<Value, Fault> {
        let patience = self.config.patience();
        let answer = timeout(patience, self.ask_primary(command)).await;
        match answer.unwrap_or(Err(Fault::Timeout(patience)))? {
            Value::ServerError(error) => Err(Fault::Refusal(error)),
            answer => Ok(answer),
        }
    }

    async fn ask_primary(&self, command: redis::Cmd) -> Result<Value, Fault> {
        let in_cluster = matches!(self.config.servers, Servers::Cluster(_));
        let mut finder = Finder::new(&self.opener, &self.config.servers);
        let (_, mut link) = finder.find(&keys::keyring(&self.config.prefix)).await?;
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
