//! The Redis store keeps the contract on a single server, in a cluster, and behind Sentinel.

use countersign_store::redis::RedisStore;

/// A store and the servers it needs, which end with it.
struct Held<S> {
    store: RedisStore,
    _servers: S,
}

impl<S: Send + Sync + 'static> countersign_store::Store for Held<S> {
    fn incarnation(&self) -> countersign::Incarnation {
        self.store.incarnation()
    }

    async fn reserve(
        &self,
        session: countersign::SessionKey,
        count: u32,
        until: countersign::Timestamp,
        now: countersign::Timestamp,
    ) -> Result<countersign_store::Reserved, countersign_store::Unavailable> {
        self.store.reserve(session, count, until, now).await
    }

    async fn spend(
        &self,
        ticket: countersign::Ticket,
        replace: u32,
        until: countersign::Timestamp,
        now: countersign::Timestamp,
    ) -> countersign_store::SpendAnswer {
        self.store.spend(ticket, replace, until, now).await
    }

    async fn keep(
        &self,
        session: countersign::SessionKey,
        token: Box<countersign::Token>,
        now: countersign::Timestamp,
    ) -> Result<Box<countersign::Token>, countersign_store::Unavailable> {
        self.store.keep(session, token, now).await
    }

    async fn stored(
        &self,
        session: countersign::SessionKey,
        now: countersign::Timestamp,
    ) -> countersign::StoredToken {
        self.store.stored(session, now).await
    }

    async fn end(
        &self,
        session: countersign::SessionKey,
    ) -> Result<(), countersign_store::Unavailable> {
        self.store.end(session).await
    }
}

/// Slower than a user would set it: the suite asks for everything at once on a machine that may be busy.
async fn open(url: &str) -> RedisStore {
    let config = format!("{url}?timeout=10s").parse().unwrap();
    RedisStore::open(config, "shop").await.unwrap()
}

mod single {
    use super::{Held, open};
    use crate::servers::Server;

    async fn store() -> Held<Server> {
        let server = Server::start();
        Held { store: open(&server.url()).await, _servers: server }
    }

    countersign_store::contract_tests!(store().await);
}

mod cluster {
    use super::{Held, open};
    use crate::servers::cluster::Cluster;

    async fn store() -> Held<Cluster> {
        let cluster = Cluster::start().await;
        Held { store: open(&cluster.url()).await, _servers: cluster }
    }

    countersign_store::contract_tests!(store().await);
}

mod sentinel {
    use super::{Held, open};
    use crate::servers::sentinel::Sentinel;

    async fn store() -> Held<Sentinel> {
        let sentinel = Sentinel::start().await;
        Held { store: open(&sentinel.url()).await, _servers: sentinel }
    }

    countersign_store::contract_tests!(store().await);
}
