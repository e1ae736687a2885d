//! A store in Redis or Valkey, for many machines.
mod config;
mod driver;
mod drivers;
mod fault;
mod find;
mod jobs;
mod keyring;
mod keys;
mod life;
mod link;
mod primary;
mod scripts;
mod shared;
mod store;
mod tls;
mod url;
mod warnings;

pub use config::{OpenError, RedisConfig};
pub use keyring::{KeyringError, RedisKeyring};
pub use store::RedisStore;
