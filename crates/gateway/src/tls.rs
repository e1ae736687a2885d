//! TLS of listeners and upstreams. Certificates are read again on each reload.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio_rustls::TlsConnector;

use crate::config::{Protocol, Tls, UpstreamUrl};

/// Why TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A file cannot be read, or is not what it should be.
    #[error("`{}`: {message}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        message: String,
    },
    /// The certificate and the key do not belong together, or are of a kind that rustls refuses.
    #[error("`{}`: {source}", .path.display())]
    Pair {
        /// The certificate's file.
        path: PathBuf,
        /// What rustls says.
        source: rustls::Error,
    },
    /// The name in the URL cannot be in a certificate.
    #[error("`{0}` is not a name that a certificate could be checked against")]
    Name(String),
    /// The system's certificates cannot be read.
    #[error("the system has no certificates to check `{0}` against; name a file in `upstream_ca`")]
    NoSystemRoots(String),
}

pub(crate) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let failed = |message: String| TlsError::File { path: path.to_owned(), message };
    let all: Vec<_> = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect)
        .map_err(|error| failed(error.to_string()))?;
    if all.is_empty() {
        return Err(failed("there is no certificate in this file".to_owned()));
    }
    Ok(all)
}

fn roots(path: &Path) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path)? {
        roots
            .add(certificate)
            .map_err(|source| TlsError::Pair { path: path.to_owned(), source })?;
    }
    Ok(roots)
}

/// What a listener shows its clients.
pub(crate) fn server(files: &Tls) -> Result<Arc<ServerConfig>, TlsError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let pair = |source| TlsError::Pair { path: files.certificate.clone(), source };
    let builder = ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(pair)?;
    let builder = match &files.client_ca {
        None => builder.with_no_client_auth(),
        Some(path) => {
            let verifier =
                WebPkiClientVerifier::builder_with_provider(Arc::new(roots(path)?), provider)
                    .allow_unauthenticated()
                    .build()
                    .map_err(|error| TlsError::File {
                        path: path.clone(),
                        message: error.to_string(),
                    })?;
            builder.with_client_cert_verifier(verifier)
        }
    };
    let key = PrivateKeyDer::from_pem_file(&files.key)
        .map_err(|error| TlsError::File { path: files.key.clone(), message: error.to_string() })?;
    let mut config =
        builder.with_single_cert(certificates(&files.certificate)?, key).map_err(pair)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// How an https upstream is connected to; nothing for others.
pub(crate) fn client(
    url: &UpstreamUrl,
    ca: Option<&Path>,
) -> Result<Option<(TlsConnector, ServerName<'static>)>, TlsError> {
    if url.protocol() != Protocol::Https {
        return Ok(None);
    }
    let roots = match ca {
        Some(path) => roots(path)?,
        None => system_roots().map_err(|_| TlsError::NoSystemRoots(url.to_string()))?,
    };
    let name = ServerName::try_from(url.host().to_owned())
        .map_err(|_| TlsError::Name(url.host().to_owned()))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|source| TlsError::Pair { path: PathBuf::new(), source })?;
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Some((TlsConnector::from(Arc::new(config)), name)))
}

fn system_roots() -> io::Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    let (added, _) =
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if added == 0 {
        return Err(io::ErrorKind::NotFound.into());
    }
    Ok(roots)
}
