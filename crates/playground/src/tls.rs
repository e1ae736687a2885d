//! TLS for the services that speak https: a certificate made at start, and a listener whose slow clients
//! hold up nobody else.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::serve::Listener;
use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use rustls::{RootCertStore, ServerConfig};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinSet};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// How long a client may take to finish its handshake.
const HANDSHAKE_DEADLINE: Duration = Duration::from_secs(10);

/// Handshakes under way at once. Further connections wait in the kernel's queue.
const MAX_HANDSHAKES: usize = 1024;

/// Connections that are through their handshake and wait to be served.
const READY: usize = 64;

/// The names a client on this machine may use.
const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// Certificates are made anew at each start; this only bounds a very long run, and what a user who adds one
/// to a trust store has to live with.
const LIFETIME: Duration = Duration::from_secs(397 * 24 * 60 * 60);

/// A certificate and its key, made at start and kept in memory only.
pub(crate) struct SelfSigned {
    pem: String,
    der: CertificateDer<'static>,
    config: Arc<ServerConfig>,
}

impl SelfSigned {
    /// Makes a new key and a certificate for `localhost`, `127.0.0.1` and `::1`.
    ///
    /// # Errors
    /// When the key or the certificate cannot be made, which means that the machine's randomness failed.
    pub(crate) fn generate() -> Result<Self, TlsError> {
        let key = KeyPair::generate()?;
        let certificate = params()?.self_signed(&key)?;
        let config =
            ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
                .with_safe_default_protocol_versions()?
                .with_no_client_auth()
                .with_single_cert(
                    vec![certificate.der().clone()],
                    PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
                )?;
        Ok(Self {
            pem: certificate.pem(),
            der: certificate.der().clone(),
            config: Arc::new(with_alpn(config)),
        })
    }

    /// The certificate as PEM, for clients that would rather verify it than look away.
    #[must_use]
    pub(crate) fn pem(&self) -> &str {
        &self.pem
    }

    /// A store that trusts this certificate and no other.
    ///
    /// # Errors
    /// When TLS cannot read what was just made.
    pub(crate) fn roots(&self) -> Result<RootCertStore, TlsError> {
        let mut roots = RootCertStore::empty();
        roots.add(self.der.clone())?;
        Ok(roots)
    }

    /// Serves this certificate on `tcp`.
    ///
    /// # Errors
    /// When the socket no longer knows its own address.
    pub(crate) fn listen(&self, tcp: TcpListener) -> io::Result<TlsListener> {
        let address = tcp.local_addr()?;
        let (ready, accepted) = mpsc::channel(READY);
        let acceptor = TlsAcceptor::from(Arc::clone(&self.config));
        let accepting = tokio::spawn(accept_all(tcp, acceptor, ready)).abort_handle();
        Ok(TlsListener { accepted, address, accepting })
    }
}

impl fmt::Debug for SelfSigned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SelfSigned").field("pem", &self.pem).finish_non_exhaustive()
    }
}

/// A listener for [`axum::serve()`]: it yields connections that are through their handshake.
#[derive(Debug)]
pub(crate) struct TlsListener {
    accepted: mpsc::Receiver<(TlsStream<TcpStream>, SocketAddr)>,
    address: SocketAddr,
    accepting: AbortHandle,
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.accepted.recv().await {
            Some(connection) => connection,
            // The accepting task ends only when this listener is dropped.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        Ok(self.address)
    }
}

impl Drop for TlsListener {
    /// Closes the socket, and with it every handshake that is still under way.
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Why a certificate could not be made or used.
#[derive(Debug, thiserror::Error)]
#[error("cannot make a certificate: {0}")]
pub struct TlsError(String);

impl From<rcgen::Error> for TlsError {
    fn from(error: rcgen::Error) -> Self {
        Self(error.to_string())
    }
}

impl From<rustls::Error> for TlsError {
    fn from(error: rustls::Error) -> Self {
        Self(error.to_string())
    }
}

fn params() -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(NAMES.map(str::to_owned).to_vec())?;
    let now = SystemTime::now();
    params.distinguished_name.push(DnType::CommonName, "Countersign playground");
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    // A day back: a client's clock may be behind.
    params.not_before = (now - Duration::from_secs(24 * 60 * 60)).into();
    params.not_after = (now + LIFETIME).into();
    Ok(params)
}

fn with_alpn(mut config: ServerConfig) -> ServerConfig {
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config
}

async fn accept_all(
    mut tcp: TcpListener,
    acceptor: TlsAcceptor,
    ready: mpsc::Sender<(TlsStream<TcpStream>, SocketAddr)>,
) {
    let mut handshakes = JoinSet::new();
    loop {
        while handshakes.len() >= MAX_HANDSHAKES {
            handshakes.join_next().await;
        }
        tokio::select! {
            (stream, peer) = Listener::accept(&mut tcp) => {
                handshakes.spawn(shake_hands(acceptor.clone(), stream, peer, ready.clone()));
            }
            Some(_) = handshakes.join_next() => {}
        }
    }
}

async fn shake_hands(
    acceptor: TlsAcceptor,
    stream: TcpStream,
    peer: SocketAddr,
    ready: mpsc::Sender<(TlsStream<TcpStream>, SocketAddr)>,
) {
    match tokio::time::timeout(HANDSHAKE_DEADLINE, acceptor.accept(stream)).await {
        // Nobody is left to serve it once the listener is gone.
        Ok(Ok(stream)) => drop(ready.send((stream, peer)).await),
        Ok(Err(error)) => tracing::debug!(%peer, %error, "TLS handshake failed"),
        Err(_) => tracing::debug!(%peer, "TLS handshake took too long"),
    }
}

#[cfg(test)]
mod tests {
    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, ServerName};
    use rustls::{ClientConfig, RootCertStore};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio_rustls::TlsConnector;

    use super::*;

    async fn listener() -> (SelfSigned, TlsListener, SocketAddr) {
        let certificate = SelfSigned::generate().unwrap();
        let listener = certificate.listen(TcpListener::bind("127.0.0.1:0").await.unwrap()).unwrap();
        let address = listener.local_addr().unwrap();
        (certificate, listener, address)
    }

    /// A client that trusts the certificate and nothing else.
    fn connector(certificate: &SelfSigned) -> TlsConnector {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(certificate.pem().as_bytes()).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        Arc::new(config).into()
    }

    #[tokio::test]
    async fn the_certificate_is_good_for_its_names_only() {
        let (certificate, mut listener, address) = listener().await;
        tokio::spawn(async move {
            loop {
                drop(listener.accept().await);
            }
        });
        let connector = connector(&certificate);
        for (name, good) in [
            ("localhost", true),
            ("127.0.0.1", true),
            ("::1", true),
            ("127.0.0.2", false),
            ("example.com", false),
        ] {
            let stream = TcpStream::connect(address).await.unwrap();
            let name = ServerName::try_from(name).unwrap();
            let shaken = connector.connect(name.clone(), stream).await;
            assert_eq!(shaken.is_ok(), good, "{name:?}: {:?}", shaken.err());
        }
    }

    #[tokio::test]
    async fn a_silent_client_holds_up_nobody() {
        let (certificate, mut listener, address) = listener().await;
        let mut silent = Vec::new();
        for _ in 0..20 {
            silent.push(TcpStream::connect(address).await.unwrap());
        }
        let mut talks_nonsense = TcpStream::connect(address).await.unwrap();
        talks_nonsense.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();

        let stream = TcpStream::connect(address).await.unwrap();
        let local = stream.local_addr().unwrap();
        let connector = connector(&certificate);
        let client = tokio::spawn(async move {
            connector.connect(ServerName::try_from("localhost").unwrap(), stream).await.unwrap()
        });
        let (_, peer) = listener.accept().await;
        assert_eq!(peer, local);
        client.await.unwrap();
    }

    #[tokio::test]
    async fn a_handshake_has_a_deadline() {
        let (_certificate, _listener, address) = listener().await;
        let mut silent = TcpStream::connect(address).await.unwrap();
        // From here on time passes as fast as everybody waits.
        tokio::time::pause();
        let mut buffer = [0; 16];
        let read = tokio::time::timeout(HANDSHAKE_DEADLINE * 2, silent.read(&mut buffer)).await;
        assert_eq!(read.expect("the server hangs up in time").unwrap(), 0);
    }

    #[tokio::test]
    async fn a_dropped_listener_frees_its_address() {
        let (_certificate, listener, address) = listener().await;
        drop(listener);
        let bound = async {
            loop {
                if let Ok(bound) = TcpListener::bind(address).await {
                    break bound;
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(HANDSHAKE_DEADLINE, bound).await.expect("the address is free");
    }
}
