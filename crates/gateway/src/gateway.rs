//! The gateway as a whole: started, reloaded, stopped.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use countersign::Keyring;
use countersign_store::MemoryStore;
use countersign_tower::{Clock, SystemClock};
use socket2::Socket;
use tokio::sync::{Semaphore, watch};

use crate::admin::Admin;
use crate::audit::AuditError;
use crate::config::{Address, Config};
use crate::keyring::KeyringPlace;
use crate::listener::{Listener, listen};
use crate::metrics::Metrics;
use crate::observe::Watchman;
use crate::server::{Purpose, Shared, accept};
use crate::state::{State, StateError};
use crate::stores::OpenStores;
use crate::trace::{Traces, TracesError};

/// A running gateway. Dropping it stops it without waiting for requests under way.
pub struct Gateway {
    shared: Arc<Shared>,
    watchman: Arc<Watchman>,
    stores: OpenStores,
    environment: Environment,
    stop: watch::Sender<bool>,
    threads: Vec<JoinHandle<()>>,
    admin: Option<Admin>,
    addresses: Addresses,
}

/// Where a gateway listens; ports given as 0 are the real ones here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Addresses {
    /// For clients, in the order of the configuration.
    pub listen: Vec<SocketAddr>,
    /// For operators.
    pub admin: Option<SocketAddr>,
    /// For other proxies, over HTTP.
    pub forward_auth: Option<Address>,
    /// For Envoy, over gRPC.
    pub grpc: Option<SocketAddr>,
}

/// Why a gateway does not start, or does not take a new configuration.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GatewayError {
    /// A listener cannot be opened.
    #[error("cannot listen on {address}: {error}")]
    Listen {
        /// Where.
        address: Address,
        /// What the system says.
        error: io::Error,
    },
    /// What a configuration names cannot be used.
    #[error(transparent)]
    State(#[from] StateError),
    /// The audit log cannot be written.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// The environment says where traces go, but not in a way that can be used.
    #[error(transparent)]
    Traces(#[from] TracesError),
    /// This build does not speak gRPC.
    #[error("cannot listen on {0}: this build has no gRPC; build it with the feature `grpc`")]
    WithoutGrpc(SocketAddr),
    /// There are no threads to be had.
    #[error("cannot start a thread: {0}")]
    Thread(io::Error),
    /// A reload cannot move listeners.
    #[error("`{0}` cannot change while the gateway runs; restart it")]
    Fixed(&'static str),
}

/// What tests replace of the world around a gateway.
#[doc(hidden)]
pub struct Environment {
    /// Where its sites get the time from.
    pub clock: Arc<dyn Clock>,
    /// The store of all its sites, in place of one of its own for each.
    pub store: Option<Arc<MemoryStore>>,
}

impl Default for Environment {
    fn default() -> Self {
        Self { clock: Arc::new(SystemClock), store: None }
    }
}

/// One thread's listening sockets.
type Sockets = Vec<(Socket, Purpose)>;

impl Gateway {
    /// Opens every listener and begins to serve, on as many threads as there are processors.
    ///
    /// # Errors
    /// When an address is taken or a file cannot be used; nothing is left running then.
    pub fn start(config: Config) -> Result<Self, GatewayError> {
        Self::start_with(config, Environment::default())
    }

    /// As [`Gateway::start`], in a world of a test's making.
    ///
    /// # Errors
    /// As there.
    #[doc(hidden)]
    pub fn start_with(config: Config, environment: Environment) -> Result<Self, GatewayError> {
        let traces = Traces::from_environment()?;
        let metrics = Metrics::default();
        let watchman = Arc::new(Watchman::new(&metrics));
        let (stop, stopped) = watch::channel(false);
        let slots = Arc::new(Semaphore::new(config.limits.connections));
        let stores =
            OpenStores::open(&config.store, environment.store.clone()).map_err(StateError::from)?;
        let state = State::new(config, None, &metrics, &watchman, &stores, &environment)?;
        watchman.turn_to(state.config.audit.as_ref())?;
        let count = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let (sockets, mut addresses) = open(&state.config, count)?;
        let admin = state.config.admin;
        let state = ArcSwap::from_pointee(state);
        let shared = Arc::new(Shared { state, metrics, traces, slots, stop: stopped });
        let admin = admin.map(|address| {
            Admin::start(address, shared.clone())
                .map_err(|error| GatewayError::Listen { address: address.into(), error })
        });
        let admin = admin.transpose()?;
        addresses.admin = admin.as_ref().map(Admin::address);
        let mut gateway = Self {
            shared,
            watchman,
            stores,
            environment,
            stop,
            threads: Vec::new(),
            admin,
            addresses,
        };
        for (number, sockets) in sockets.into_iter().enumerate() {
            let shared = gateway.shared.clone();
            let thread = std::thread::Builder::new().name(format!("gateway-{number}"));
            let spawned = thread.spawn(move || run(sockets, &shared));
            gateway.threads.push(spawned.map_err(GatewayError::Thread)?);
        }
        Ok(gateway)
    }

    /// Where it listens.
    #[must_use]
    pub const fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// Takes another configuration, without dropping a connection. Requests under way end by the
    /// rules with which they began.
    ///
    /// # Errors
    /// When it cannot be used; the one before stays in operation then.
    pub fn reload(&self, config: Config) -> Result<(), GatewayError> {
        let taken = self.take(config);
        self.shared.metrics.reloaded(taken.is_ok(), SystemTime::now());
        taken
    }

    /// Whether the keys are no longer those in operation, where nobody but the gateway can notice:
    /// in the store. A store that does not answer has not changed; one that has lost them gets them
    /// back.
    #[must_use]
    pub fn keys_have_changed(&self) -> bool {
        let state = self.shared.state.load();
        let Some(place @ KeyringPlace::Store(_)) = &state.config.keyring else { return false };
        match place.load() {
            Ok(Some(ring)) => ring.to_toml() != state.keyring.to_toml(),
            Ok(None) => {
                put_back(place, &state.keyring);
                false
            }
            Err(_) => false,
        }
    }

    /// Counts a configuration that could not even be read, as an attempt to reload that failed.
    pub fn reload_failed(&self) {
        self.shared.metrics.reloaded(false, SystemTime::now());
    }

    fn take(&self, config: Config) -> Result<(), GatewayError> {
        let before = self.shared.state.load_full();
        same_listeners(&before.config, &config)?;
        let state = State::new(
            config,
            Some(&before),
            &self.shared.metrics,
            &self.watchman,
            &self.stores,
            &self.environment,
        )?;
        self.watchman.turn_to(state.config.audit.as_ref())?;
        self.shared.state.store(Arc::new(state));
        Ok(())
    }

    /// Opens the audit log anew, after it was rotated.
    pub fn reopen(&self) {
        self.watchman.reopen();
    }

    /// Takes no more connections, lets requests under way finish for as long as the configuration
    /// says, and ends.
    pub fn drain(mut self) {
        let _ = self.stop.send(true);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
        self.watchman.finish();
        self.shared.traces.finish();
        // Until here it says that the gateway drains.
        if let Some(admin) = self.admin.take() {
            admin.finish();
        }
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.stop.send(true);
    }
}

/// Keys that were lost with the store's data. Another instance that starts now would make others, and
/// every token would be refused somewhere.
fn put_back(place: &KeyringPlace, ring: &Keyring) {
    match place.restore(ring) {
        Ok(_) => {
            tracing::warn!(target: "countersign", "the keys in {place} were lost, and are put back");
        }
        Err(error) => {
            tracing::warn!(target: "countersign", %error, "the keys in the store are lost");
        }
    }
}

fn same_listeners(before: &Config, after: &Config) -> Result<(), GatewayError> {
    let listen = |config: &Config| -> Vec<(SocketAddr, bool)> {
        config.listen.iter().map(|listen| (listen.address, listen.tls.is_some())).collect()
    };
    let asked =
        |config: &Config| config.forward_auth.as_ref().map(|auth| (auth.listen.clone(), auth.grpc));
    if listen(before) != listen(after) {
        return Err(GatewayError::Fixed("listen"));
    }
    if before.admin != after.admin {
        return Err(GatewayError::Fixed("admin"));
    }
    if before.store != after.store {
        return Err(GatewayError::Fixed("store"));
    }
    if before.limits.connections != after.limits.connections {
        return Err(GatewayError::Fixed("limits.connections"));
    }
    if asked(before) != asked(after) {
        return Err(GatewayError::Fixed("forward_auth"));
    }
    Ok(())
}

/// Opens the listening sockets of `count` threads.
fn open(config: &Config, count: usize) -> Result<(Vec<Sockets>, Addresses), GatewayError> {
    let mut all: Vec<Sockets> = (0..count).map(|_| Vec::new()).collect();
    let mut addresses = Addresses::default();
    let mut bind = |address: &Address, purpose| -> Result<Address, GatewayError> {
        let failed = |error| GatewayError::Listen { address: address.clone(), error };
        let (opened, real) = listen(address, count).map_err(failed)?;
        for (socket, sockets) in opened.into_iter().zip(&mut all) {
            sockets.push((socket, purpose));
        }
        Ok(real)
    };
    for (number, listen) in config.listen.iter().enumerate() {
        let real = bind(&listen.address.into(), Purpose::Sites(number))?;
        addresses.listen.extend(real.tcp());
    }
    if let Some(address) = config.forward_auth.as_ref().and_then(|auth| auth.listen.as_ref()) {
        addresses.forward_auth = Some(bind(address, Purpose::ForwardAuth)?);
    }
    if let Some(address) = config.forward_auth.as_ref().and_then(|auth| auth.grpc) {
        #[cfg(not(feature = "grpc"))]
        return Err(GatewayError::WithoutGrpc(address));
        #[cfg(feature = "grpc")]
        {
            addresses.grpc = bind(&address.into(), Purpose::Grpc)?.tcp();
        }
    }
    Ok((all, addresses))
}

fn runtime(sockets: &Sockets) -> io::Result<tokio::runtime::Runtime> {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all();
    if sockets.iter().any(|(_, purpose)| *purpose == Purpose::ForwardAuth) {
        // The proxy that asks shares the processor, and each of its questions would wake this thread
        // at once and stop the proxy. One that has only yielded needs no waking: the proxy asks all
        // that it has to ask, and then all of it is answered. A quarter less CPU for both.
        builder.on_thread_park(std::thread::yield_now);
    }
    builder.build()
}

/// One thread's life.
fn run(sockets: Sockets, shared: &Arc<Shared>) {
    let runtime = match runtime(&sockets) {
        Ok(runtime) => runtime,
        Err(error) => {
            tracing::error!(target: "countersign", %error, "a thread cannot start its runtime");
            return;
        }
    };
    runtime.block_on(async {
        let mut accepting = tokio::task::JoinSet::new();
        for (socket, purpose) in sockets {
            match Listener::new(socket) {
                Ok(listener) => accepting.spawn(accept(listener, purpose, shared.clone())),
                Err(error) => {
                    tracing::error!(target: "countersign", %error, "a listener does not work");
                    continue;
                }
            };
        }
        while accepting.join_next().await.is_some() {}
        drained(shared).await;
    });
}

/// Waits until the last connection has ended, or for as long as the configuration allows.
async fn drained(shared: &Shared) {
    let (all, drain) = {
        let state = shared.state.load();
        (state.config.limits.connections, state.config.deadlines.drain)
    };
    let all = u32::try_from(all).unwrap_or(u32::MAX);
    let ended = shared.slots.acquire_many(all);
    if tokio::time::timeout(drain, ended).await.is_err() {
        tracing::warn!(target: "countersign", after = ?drain, "requests under way are cut off");
    }
    // What was said last is on its way.
    tokio::time::sleep(Duration::from_millis(1)).await;
}

impl std::fmt::Debug for Gateway {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gateway").field("addresses", &self.addresses).finish_non_exhaustive()
    }
}
