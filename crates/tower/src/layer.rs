//! The layer: everything that all requests have in common.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use countersign::{
    Engine, Facts, Head, Holder, Keyring, Keys, Moment, Peer, Policy, RouteAccess, Scheme,
};
use countersign_store::{MemoryLimits, MemoryStore, Store};
use http::Extensions;
use rand::Rng;
use tower_layer::Layer;

use crate::clock::{Clock, SystemClock};
use crate::handle::Csrf;
use crate::observe::Observer;
use crate::random::{NoRandomness, fresh_keyring, lot};
use crate::service::CsrfService;
use crate::session::{Principal, SessionBinding};

/// Protects the services it is applied to.
///
/// Put it *inside* of what looks sessions and users up, and *outside* of everything that acts.
/// Cheap to clone; all clones share one store. A setting changes the value it is called on, and no
/// clone that was made before.
pub struct CsrfLayer<St = MemoryStore> {
    shared: Arc<Shared<St>>,
    access: RouteAccess,
}

pub(crate) struct Shared<St> {
    pub(crate) engine: Engine,
    pub(crate) store: Arc<St>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) scheme: Scheme,
    pub(crate) insert_handle: bool,
    pub(crate) observer: Option<Arc<dyn Observer>>,
    pub(crate) hold_deadline: Option<Arc<dyn Fn() -> Deadline + Send + Sync>>,
}

/// Is done when a form has been held for long enough.
pub(crate) type Deadline = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What a connection's acceptor puts into the extensions of its requests, where the layer's own
/// assumption (the scheme it was told, no address) is not right for all of them.
#[derive(Clone, Copy, Debug)]
pub struct Connection(pub Peer);

impl CsrfLayer<MemoryStore> {
    /// A layer with this policy, keys made now, and a store in memory: for one process whose tokens
    /// need not outlive it.
    ///
    /// # Errors
    /// When the operating system has no randomness to give.
    pub fn new(policy: Policy) -> Result<Self, NoRandomness> {
        Ok(Self::with_keyring(policy, fresh_keyring()?))
    }

    /// A layer with this policy and these keys, and a store in memory.
    pub fn with_keyring(policy: Policy, keyring: impl Into<Arc<Keyring>>) -> Self {
        let store = MemoryStore::new(rand::rng().next_u64(), MemoryLimits::default());
        Self::with_store(policy, keyring, store)
    }
}

impl<St: Store> CsrfLayer<St> {
    /// A layer with this policy, these keys and this store.
    pub fn with_store(policy: Policy, keyring: impl Into<Arc<Keyring>>, store: St) -> Self {
        Self::with_engine(Engine::new(policy, keyring), store)
    }

    /// A layer around an engine that others may use as well.
    pub fn with_engine(engine: Engine, store: St) -> Self {
        let shared = Shared {
            engine,
            store: Arc::new(store),
            clock: Arc::new(SystemClock),
            scheme: Scheme::Http,
            insert_handle: true,
            observer: None,
            hold_deadline: None,
        };
        Self { shared: Arc::new(shared), access: RouteAccess::Unspecified }
    }

    /// Takes the time from this clock.
    #[must_use]
    pub fn clock(self, clock: impl Clock) -> Self {
        self.change(|shared| shared.clock = Arc::new(clock))
    }

    /// Says that connections come in over TLS, where this process ends it. Behind a proxy that ends
    /// it, name the proxy in the policy's `trusted_proxies`, or the site in `public_origins`.
    #[must_use]
    pub fn https(self) -> Self {
        self.change(|shared| shared.scheme = Scheme::Https)
    }

    /// Leaves [`Csrf`](crate::Csrf) out of the requests, for a proxy that has no handlers to use it.
    #[must_use]
    pub fn without_handle(self) -> Self {
        self.change(|shared| shared.insert_handle = false)
    }

    /// Tells `observer` what came of each request, in place of one that was told before.
    #[must_use]
    pub fn observer(self, observer: impl Observer) -> Self {
        self.change(|shared| shared.observer = Some(Arc::new(observer)))
    }

    /// Gives a form that is held back until its token is found only until the future is done that
    /// `start` makes; then the request is refused with status 408. What is left of any other refused
    /// request's body has as long. Without a deadline a client that sends nothing is waited for as long
    /// as the server waits.
    ///
    /// ```
    /// # use std::time::Duration;
    /// use countersign_tower::{CsrfLayer, Policy};
    ///
    /// let layer = CsrfLayer::new(Policy::standard())?
    ///     .hold_deadline(|| tokio::time::sleep(Duration::from_secs(30)));
    /// # Ok::<(), countersign_tower::NoRandomness>(())
    /// ```
    #[must_use]
    pub fn hold_deadline<F>(self, start: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.change(|shared| shared.hold_deadline = Some(Arc::new(move || Box::pin(start()))))
    }

    /// The same layer for a route of which it is known who may call it.
    #[must_use]
    pub fn access(&self, access: RouteAccess) -> Self {
        Self { shared: self.shared.clone(), access }
    }

    /// What a handler would be given for this session: for code outside of the layer, such as one that
    /// renders a refused form again. Let it [deliver](Csrf::deliver) its token with that page where
    /// the dialect wants the token in a cookie too.
    #[must_use]
    pub fn for_session(&self, id: &str) -> Csrf {
        Csrf::of_holder(self.shared.clone(), Holder::Session(id.as_bytes().to_vec()))
    }

    fn change(mut self, change: impl FnOnce(&mut Shared<St>)) -> Self {
        change(Arc::make_mut(&mut self.shared));
        self
    }

    /// The engine within.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.shared.engine
    }
}

/// The keys that a policy's dialect asks for: made now if it wants them so, else those given.
///
/// # Errors
/// When the operating system has no randomness to give.
pub fn keys_for(policy: &Policy, keyring: &Arc<Keyring>) -> Result<Arc<Keyring>, NoRandomness> {
    let keys = policy.dialect().token.as_ref().map(|token| token.keys);
    match keys {
        Some(Keys::Ephemeral) => fresh_keyring().map(Arc::new),
        Some(Keys::Keyring) | None => Ok(keyring.clone()),
    }
}

impl<St: Store> Shared<St> {
    pub(crate) fn moment(&self) -> Moment {
        Moment { now: self.clock.now(), incarnation: self.store.incarnation() }
    }

    /// The lot of one request, where the policy carries out the refusals of some only.
    pub(crate) fn draw(&self) -> Option<u8> {
        matches!(self.engine.policy().rollout(), 1..=99).then(lot)
    }

    pub(crate) fn facts<'r>(
        &self,
        head: Head<'r>,
        extensions: &'r Extensions,
        access: RouteAccess,
    ) -> Facts<'r> {
        let peer = match extensions.get::<Connection>() {
            Some(Connection(peer)) => *peer,
            None => Peer::new(None, self.scheme),
        };
        let session = match extensions.get::<SessionBinding>() {
            None => countersign::SessionEvidence::Cookie,
            Some(binding) => match binding.id() {
                Some(id) => countersign::SessionEvidence::Live(id),
                None => countersign::SessionEvidence::None,
            },
        };
        let principal = extensions.get::<Principal>().map(|user| user.name.as_str());
        Facts::of(head, peer).with_session(session).with_principal(principal).with_access(access)
    }

    /// How long tickets are good, and how many a client holds.
    pub(crate) fn pool(&self) -> (Duration, u32) {
        let token = self.engine.policy().dialect().token.as_ref();
        let lifetime = token.and_then(|token| token.lifetime).map(countersign::Span::get);
        let pool = token.and_then(|token| token.pool).map(u32::from);
        (lifetime.unwrap_or_default(), pool.unwrap_or_default())
    }
}

impl<St> Shared<St> {
    /// Until when a body is waited for that begins to be read now.
    pub(crate) fn hold_deadline(&self) -> Option<Deadline> {
        self.hold_deadline.as_ref().map(|start| start())
    }
}

impl<St> Clone for Shared<St> {
    fn clone(&self) -> Self {
        Self {
            engine: self.engine.clone(),
            store: self.store.clone(),
            clock: self.clock.clone(),
            scheme: self.scheme,
            insert_handle: self.insert_handle,
            observer: self.observer.clone(),
            hold_deadline: self.hold_deadline.clone(),
        }
    }
}

impl<St> Clone for CsrfLayer<St> {
    fn clone(&self) -> Self {
        Self { shared: self.shared.clone(), access: self.access }
    }
}

impl<St> std::fmt::Debug for CsrfLayer<St> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CsrfLayer").field("engine", &self.shared.engine).finish_non_exhaustive()
    }
}

impl<S, St> Layer<S> for CsrfLayer<St> {
    type Service = CsrfService<S, St>;

    fn layer(&self, inner: S) -> Self::Service {
        CsrfService::new(inner, self.shared.clone(), self.access)
    }
}
