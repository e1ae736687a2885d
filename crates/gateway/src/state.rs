//! What a configuration becomes: sites ready to serve, and what of the ones before goes on in them.

use std::collections::HashMap;
use std::sync::Arc;

use countersign::{Keyring, Keys};
use countersign_store::AnyStore;
use countersign_tower::{CsrfLayer, NoRandomness, fresh_keyring};
use http::HeaderValue;
use rustls::ServerConfig;

use crate::config::{self, Config};
use crate::gateway::Environment;
use crate::keyring::KeyringError;
use crate::metrics::Metrics;
use crate::observe::Watchman;
use crate::proxy::pool::Upstream;
use crate::routes::Routes;
use crate::site::{Site, Surroundings};
use crate::stores::{OpenStores, StoresError};
use crate::tls::{self, TlsError};

/// Everything that a reload replaces, as a whole.
pub(crate) struct State {
    pub(crate) config: Config,
    pub(crate) routes: Routes,
    /// By the number of the listener; nothing for plain ones.
    pub(crate) tls: Vec<Option<Arc<ServerConfig>>>,
    pub(crate) keyring: Arc<Keyring>,
    lasting: HashMap<String, Lasting>,
}

/// What of a site outlives a reload: without it each reload would make clients fetch new tokens.
#[derive(Clone)]
struct Lasting {
    store: AnyStore,
    /// Keys made at start, for dialects that want them so.
    ephemeral: Option<Arc<Keyring>>,
    upstream: Option<(String, Arc<Upstream>)>,
}

/// Why a configuration that reads well cannot be put into operation.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// TLS of a listener or an upstream.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The keyring.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// The store.
    #[error(transparent)]
    Stores(#[from] StoresError),
    /// The system has no randomness.
    #[error(transparent)]
    Randomness(#[from] NoRandomness),
}

impl State {
    /// Puts a configuration into operation; `before` is what it replaces.
    pub(crate) fn new(
        config: Config,
        before: Option<&Self>,
        metrics: &Metrics,
        watchman: &Arc<Watchman>,
        stores: &OpenStores,
        environment: &Environment,
    ) -> Result<Self, StateError> {
        let tls =
            config.listen.iter().map(|listen| listen.tls.as_ref().map(tls::server).transpose());
        let tls = tls.collect::<Result<_, _>>()?;
        let keyring = match (&config.keyring, before) {
            (Some(place), _) => Arc::new(place.open()?),
            (None, Some(before)) if before.config.keyring.is_none() => before.keyring.clone(),
            (None, _) => Arc::new(fresh_keyring()?),
        };
        let mut lasting = HashMap::new();
        let mut sites = Vec::with_capacity(config.sites.len());
        for site in &config.sites {
            let old = before.and_then(|before| before.lasting.get(&site.name));
            let own = Lasting::of(site, &config, old, stores)?;
            let keys = own.ephemeral.clone().unwrap_or_else(|| keyring.clone());
            let csrf = CsrfLayer::with_store(site.policy.clone(), keys, own.store.clone())
                .clock(environment.clock.clone())
                .observer(watchman.of(&site.name, metrics));
            let around = Surroundings {
                metrics: metrics.site(&site.name),
                upstream: own.upstream.as_ref().map(|(_, upstream)| upstream.clone()),
                forwarded: config.forwarded,
                deadlines: config.deadlines,
                body_limit: config.limits.body,
                is_asked_about: config.forward_auth.is_some(),
            };
            sites.push(Arc::new(Site::new(site.clone(), csrf, around)));
            lasting.insert(site.name.clone(), own);
        }
        Ok(Self { config, routes: Routes::new(&sites), tls, keyring, lasting })
    }
}

impl Lasting {
    fn of(
        site: &config::Site,
        config: &Config,
        old: Option<&Self>,
        stores: &OpenStores,
    ) -> Result<Self, StateError> {
        let wants_own =
            site.policy.dialect().token.as_ref().is_some_and(|token| token.keys == Keys::Ephemeral);
        let ephemeral = match old.and_then(|old| old.ephemeral.clone()) {
            Some(keys) if wants_own => Some(keys),
            _ if wants_own => Some(Arc::new(fresh_keyring()?)),
            _ => None,
        };
        let store = match old {
            Some(old) => old.store.clone(),
            None => stores.site(&site.name)?,
        };
        let upstream = match &site.upstream {
            None => None,
            Some(url) => {
                let ca = site.upstream_ca.as_deref();
                let key = format!("{url} {ca:?} {:?}", config.deadlines.connect);
                match old.and_then(|old| old.upstream.clone()).filter(|(old, _)| *old == key) {
                    // A certificate's file may have changed under the same name.
                    Some(same) if ca.is_none() => Some(same),
                    _ => {
                        let tls = tls::client(url, ca)?;
                        Some((key, Upstream::new(url.clone(), tls, config.deadlines.connect)))
                    }
                }
            }
        };
        Ok(Self { store, ephemeral, upstream })
    }
}

/// A peer's address as a header says it.
pub(crate) fn address_header(address: std::net::IpAddr) -> HeaderValue {
    HeaderValue::try_from(address.to_canonical().to_string())
        .unwrap_or_else(|_| HeaderValue::from_static("unknown"))
}
