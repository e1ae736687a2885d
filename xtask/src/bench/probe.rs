//! Single requests, outside of what is measured.

use std::io::Read;
use std::net::SocketAddr;
use std::time::Duration;

use ureq::http::Response;
use ureq::{Agent, Body};

use super::case::Request;
use crate::Result;

/// Sends one request. Its head has been answered when this returns.
pub(crate) fn send(address: SocketAddr, request: &Request) -> Result<Response<Body>> {
    let agent: Agent = Agent::config_builder()
        .http_status_as_error(false)
        // What the machine says of proxies is about other networks than loopback.
        .proxy(None)
        .timeout_global(Some(Duration::from_secs(10)))
        .build()
        .into();
    let url = format!("http://{address}{}", request.path);
    let mut builder = ureq::http::Request::builder().method(request.method).uri(&url);
    for (name, value) in &request.headers {
        builder = builder.header(*name, value);
    }
    let sent = if request.body.is_empty() {
        agent.run(builder.body(())?)
    } else {
        agent.run(builder.body(request.body.as_str())?)
    };
    sent.map_err(|error| format!("{} {url}: {error}", request.method).into())
}

/// Sends one request and says the status of its answer.
pub(crate) fn status(address: SocketAddr, request: &Request) -> Result<u16> {
    let mut response = send(address, request)?;
    let status = response.status().as_u16();
    response.body_mut().as_reader().read_to_end(&mut Vec::new())?;
    Ok(status)
}
