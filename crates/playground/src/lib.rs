//! Five services that were described in public documents, rebuilt small and real, each guarded by
//! Countersign with its own dialect.
//!
//! Beside them is a bank without any protection, and a page that attacks it.
//!
//! Each service is one folder with the same shape: `app` puts it together, `router` holds its handlers,
//! and a middleware around them finds out who is asking. The handlers know nothing of CSRF, except where
//! they hand out a token.
//!
//! [`start`] opens all listeners and serves; [`Playground::run_until`] goes on until told to stop.

mod auth;
mod bank;
mod context;
mod csrf;
mod db;
mod genesys;
mod guide;
mod listen;
mod options;
mod page;
mod passwords;
mod portal;
mod redback;
mod service;
mod sessions;
#[cfg(test)]
mod setup;
mod tao;
mod tls;
mod vmanage;
mod voss;

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use countersign_gateway::{Gateway, GatewayError, KeyringError, KeyringPlace};
use countersign_tower::{Clock, NoRandomness, SystemClock, fresh_keyring};
use tokio::task::JoinSet;

pub use context::Addresses;
pub use guide::print_guide;
pub use listen::BindError;
pub use options::{Options, Switch};

use context::Context;
use db::{Closed, Db, DbError, Seed};
use listen::{Stop, Stopper, bind, serve};
use passwords::Passwords;

/// What each service starts with.
const SEEDS: [Seed; 6] =
    [genesys::SEED, voss::SEED, redback::SEED, vmanage::SEED, tao::SEED, bank::SEED];

/// How long the database may take to close at the end.
const CLOSING: Duration = Duration::from_secs(2);

/// What the playground takes from outside, replaced in tests.
#[derive(Clone)]
pub struct Environment {
    /// Tells the time for sessions and tokens.
    pub clock: Arc<dyn Clock>,
}

/// The running playground. Dropping it cuts everything off; [`Playground::run_until`] ends it properly.
#[derive(Debug)]
pub struct Playground {
    addresses: Addresses,
    certificate: String,
    servers: JoinSet<()>,
    stopper: Stopper,
    closed: Closed,
    gateway: Gateway,
}

/// Why the playground did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// A listener could not be opened.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// The database could not be opened.
    #[error("cannot open the database: {0}")]
    Database(String),
    /// The certificate for the https listener could not be made.
    #[error(transparent)]
    Tls(#[from] tls::TlsError),
    /// There are no keys to make tokens with.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// A dialect that should be built in is not.
    #[error("the dialect `{0}` is not built in")]
    Dialect(&'static str),
    /// The properties file cannot be used.
    #[error("--redback-properties `{file}`: {message}")]
    Properties {
        /// The file.
        file: String,
        /// What is wrong, and where.
        message: String,
    },
    /// A trusted origin cannot be used.
    #[error("--trusted-origin: {0}")]
    Origin(#[from] countersign::NotAnOrigin),
    /// The gateway in front of the bank does not start.
    #[error("--gateway: {0}")]
    Gateway(#[from] GatewayError),
    /// The gateway's configuration cannot be used.
    #[error(transparent)]
    GatewayFile(#[from] countersign::PolicyError),
    /// An opened listener does not work.
    #[error("a listener does not work: {0}")]
    Listener(#[from] std::io::Error),
}

/// Opens every listener, then the database, and serves.
///
/// # Errors
/// When an address is taken, or the database cannot be opened; nothing is left running then.
pub async fn start(options: Options, environment: Environment) -> Result<Playground, StartError> {
    let (genesys, genesys_address) = bind("--genesys", options.genesys).await?;
    let (voss, voss_address) = bind("--voss", options.voss).await?;
    let (redback, redback_address) = bind("--redback", options.redback).await?;
    let (vmanage, vmanage_address) = bind("--vmanage", options.vmanage).await?;
    let (tao, tao_address) = bind("--tao", options.tao).await?;
    let (bank, bank_address) = bind("--bank", options.bank).await?;
    let (attacker, attacker_address) = bind("--attacker", options.attacker).await?;
    let (portal, portal_address) = bind("--portal", options.portal).await?;
    let (vmanage_http, vmanage_http_address) = match options.vmanage_http {
        Some(address) => Some(bind("--vmanage-http", address).await?).unzip(),
        None => (None, None),
    };
    let gateway = bank::gateway(bank_address, options.gateway)?;
    let addresses = Addresses {
        genesys: genesys_address,
        voss: voss_address,
        redback: redback_address,
        vmanage: vmanage_address,
        vmanage_http: vmanage_http_address,
        tao: tao_address,
        bank: bank_address,
        gateway: gateway.addresses().listen.first().copied().unwrap_or(options.gateway),
        attacker: attacker_address,
        portal: portal_address,
    };
    let (stopper, stop) = Stopper::new();
    let (folder, gateway_listen) = (options.data.clone(), options.gateway);
    let context = open(options, environment, addresses.clone(), stop.clone()).await?;
    // After the database, which makes the folder.
    bank::configure(&gateway, bank_address, gateway_listen, folder.as_deref())?;
    let closed = context.db.closed();

    let mut servers = JoinSet::new();
    servers.spawn(serve(genesys, genesys::app(&context)?, stop.clone()));
    servers.spawn(serve(voss, voss::app(&context)?, stop.clone()));
    servers.spawn(serve(redback, redback::app(&context)?, stop.clone()));
    servers.spawn(serve(tao, tao::app(&context)?, stop.clone()));
    let counter = bank::Bank::new(&context);
    let page = bank::attacker::app(&counter, &context.addresses);
    servers.spawn(serve(attacker, page, stop.clone()));
    servers.spawn(serve(bank, bank::app(counter), stop.clone()));
    if let Some(listener) = vmanage_http {
        let app = vmanage::app(&context, vmanage::Transport::Http)?;
        servers.spawn(serve(listener, app, stop.clone()));
    }
    let certificate = tls::SelfSigned::generate()?;
    let app = vmanage::app(&context, vmanage::Transport::Https)?;
    servers.spawn(serve(certificate.listen(vmanage)?, app, stop.clone()));
    let app = portal::app(&context, Arc::new(certificate.roots()?))?;
    servers.spawn(serve(portal, app, stop));
    let certificate = certificate.pem().to_owned();
    Ok(Playground { addresses, certificate, servers, stopper, closed, gateway })
}

impl Playground {
    /// Where everything listens; ports given as 0 are the real ones here.
    #[must_use]
    pub const fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// The certificate of the https listener, as PEM: for clients that verify instead of looking away.
    #[must_use]
    pub fn certificate(&self) -> &str {
        &self.certificate
    }

    /// Serves until `shutdown` is done, then lets requests under way finish for a moment, closes the
    /// database and removes a temporary one.
    pub async fn run_until(mut self, shutdown: impl Future<Output = ()>) {
        shutdown.await;
        self.stopper.stop();
        // The gateway's threads are its own; they end while the services do.
        let gateway = tokio::task::spawn_blocking(|| self.gateway.drain());
        while self.servers.join_next().await.is_some() {}
        let _ = gateway.await;
        if tokio::time::timeout(CLOSING, self.closed.wait()).await.is_err() {
            tracing::warn!("the database is still busy; leaving it to the system");
        }
    }
}

impl Default for Environment {
    fn default() -> Self {
        Self { clock: Arc::new(SystemClock) }
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Environment")
    }
}

async fn open(
    options: Options,
    environment: Environment,
    addresses: Addresses,
    stop: Stop,
) -> Result<Context, StartError> {
    let folder = options.data.clone();
    let opening = tokio::task::spawn_blocking(move || {
        let passwords = Passwords::new().map_err(DbError::from)?;
        let db = Db::open(folder.as_deref(), &passwords, &SEEDS)?;
        // After the database, which makes the folder.
        let keyring = match &folder {
            Some(folder) => KeyringPlace::File(folder.join("keyring.toml")).open()?,
            None => fresh_keyring()?,
        };
        Ok::<_, StartError>((db, passwords, keyring))
    });
    let (db, passwords, keyring) = opening.await.unwrap_or(Err(DbError::Closed.into()))?;
    Ok(Context {
        db,
        passwords,
        clock: environment.clock,
        keyring: Arc::new(keyring),
        options: Arc::new(options),
        addresses,
        stop,
    })
}

impl From<NoRandomness> for StartError {
    fn from(error: NoRandomness) -> Self {
        Self::Keyring(error.into())
    }
}

impl From<DbError> for StartError {
    fn from(error: DbError) -> Self {
        Self::Database(error.to_string())
    }
}

#[cfg(test)]
mod tests;
