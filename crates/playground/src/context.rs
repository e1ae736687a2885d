//! What a service is given to be put together.

use std::net::SocketAddr;
use std::sync::Arc;

use countersign::Keyring;
use countersign_tower::Clock;
use serde::{Serialize, Serializer};

use crate::auth::{Authenticator, SessionCookie};
use crate::db::{Db, Users};
use crate::listen::Stop;
use crate::options::Options;
use crate::passwords::Passwords;
use crate::service::Service;
use crate::sessions::{Limits, Sessions};

/// Handed to the `app` function of each service.
#[derive(Clone)]
pub(crate) struct Context {
    /// The database.
    pub(crate) db: Db,
    /// Hashes and checks passwords.
    pub(crate) passwords: Passwords,
    /// Tells the time.
    pub(crate) clock: Arc<dyn Clock>,
    /// The keys that tokens are made with.
    pub(crate) keyring: Arc<Keyring>,
    /// The flags.
    pub(crate) options: Arc<Options>,
    /// Where everything listens.
    pub(crate) addresses: Addresses,
    /// Hears of the stop; whatever holds requests open must listen to it.
    pub(crate) stop: Stop,
}

/// Where everything listens. As JSON: an object of base URLs.
#[derive(Clone, Debug, Serialize)]
pub struct Addresses {
    /// The Genesys service.
    #[serde(serialize_with = "http")]
    pub genesys: SocketAddr,
    /// The VOSS service.
    #[serde(serialize_with = "http")]
    pub voss: SocketAddr,
    /// The Redback service.
    #[serde(serialize_with = "http")]
    pub redback: SocketAddr,
    /// The vManage service, with TLS.
    #[serde(serialize_with = "https")]
    pub vmanage: SocketAddr,
    /// The vManage service, without.
    #[serde(serialize_with = "http_if_any", skip_serializing_if = "Option::is_none")]
    pub vmanage_http: Option<SocketAddr>,
    /// The TAO service.
    #[serde(serialize_with = "http")]
    pub tao: SocketAddr,
    /// The bank, unprotected.
    #[serde(serialize_with = "http")]
    pub bank: SocketAddr,
    /// The gateway in front of the bank.
    #[serde(serialize_with = "http")]
    pub gateway: SocketAddr,
    /// The page that attacks the bank. As JSON under the name by which it is another site.
    #[serde(serialize_with = "attacker")]
    pub attacker: SocketAddr,
    /// The page that shows them all.
    #[serde(serialize_with = "http")]
    pub portal: SocketAddr,
}

impl Context {
    /// The users of `service`.
    pub(crate) fn users(&self, service: Service) -> Users {
        Users::new(self.db.clone(), self.passwords.clone(), service)
    }

    /// Sessions and users of `service`, behind `cookie`.
    pub(crate) fn authenticator(
        &self,
        service: Service,
        cookie: SessionCookie,
        limits: Limits,
    ) -> Authenticator {
        let clock = Arc::clone(&self.clock);
        let sessions = Sessions::new(self.db.clone(), service, limits, clock);
        Authenticator { cookie, users: self.users(service), sessions }
    }
}

/// Where to open the attacker's page. A browser takes `localhost` for another site than `127.0.0.1`, where
/// the bank is, and port numbers make no difference to it.
pub(crate) fn attacker_url(address: &SocketAddr) -> String {
    if address.ip().is_loopback() {
        format!("http://localhost:{}", address.port())
    } else {
        format!("http://{address}")
    }
}

fn attacker<S: Serializer>(address: &SocketAddr, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&attacker_url(address))
}

fn http<S: Serializer>(address: &SocketAddr, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("http://{address}"))
}

fn https<S: Serializer>(address: &SocketAddr, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("https://{address}"))
}

#[expect(clippy::ref_option, reason = "the shape that serde wants")]
fn http_if_any<S: Serializer>(
    address: &Option<SocketAddr>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match address {
        Some(address) => http(address, serializer),
        None => serializer.serialize_none(),
    }
}
