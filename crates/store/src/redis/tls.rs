//! TLS to Redis: certificates are verified and names are checked, always.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio_rustls::TlsConnector;

use super::config::{OpenError, RedisConfig};

pub(super) fn connector(config: &RedisConfig) -> Result<Option<TlsConnector>, OpenError> {
    if !config.tls {
        return if config.ca.is_some() { Err(OpenError::CaWithoutTls) } else { Ok(None) };
    }
    let roots = match &config.ca {
        Some(path) => from_file(path)?,
        None => from_the_system()?,
    };
    // Named, because a process with two providers has no default.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| OpenError::NoRoots)?;
    let client = builder.with_root_certificates(roots).with_no_client_auth();
    Ok(Some(TlsConnector::from(Arc::new(client))))
}

fn from_file(path: &Path) -> Result<RootCertStore, OpenError> {
    let fault = |reason: String| OpenError::Ca { path: path.to_owned(), reason };
    let certificates = CertificateDer::pem_file_iter(path).map_err(|why| fault(why.to_string()))?;
    let mut roots = RootCertStore::empty();
    for certificate in certificates {
        let certificate = certificate.map_err(|why| fault(why.to_string()))?;
        roots.add(certificate).map_err(|why| fault(why.to_string()))?;
    }
    if roots.is_empty() {
        return Err(fault("there are none in it".to_owned()));
    }
    Ok(roots)
}

fn from_the_system() -> Result<RootCertStore, OpenError> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() { Err(OpenError::NoRoots) } else { Ok(roots) }
}
