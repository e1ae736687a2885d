//! The HTTP client: certificates and timeouts.

use std::fs;
use std::time::Duration;

use countersign_client::reqwest::{Certificate, ClientBuilder};

use super::Request;
use crate::failure::Failure;

/// How long a server may take to accept a connection.
const CONNECTING: Duration = Duration::from_secs(30);

pub(super) fn client(request: &Request) -> Result<ClientBuilder, Failure> {
    // That of the other commands, so that only one is in the binary. It fails when there is one already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut http = ClientBuilder::new()
        .user_agent(concat!("countersign/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECTING)
        .tls_danger_accept_invalid_certs(request.insecure);
    if let Some(timeout) = request.timeout {
        http = http.timeout(timeout);
    }
    if let Some(file) = &request.cacert {
        let failed = |why: String| Failure::input(format!("--cacert `{}`: {why}", file.display()));
        let pem = fs::read(file).map_err(|error| failed(error.to_string()))?;
        let certificates = Certificate::from_pem_bundle(&pem)
            .ok()
            .filter(|all| !all.is_empty())
            .ok_or_else(|| failed("there is no certificate in it; give a PEM file".to_owned()))?;
        http = http.tls_certs_only(certificates);
    }
    Ok(http)
}
