//! The app behind the gateways: it counts how often each ticket got through to it.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use tiny_http::{Response, Server};

use super::http::COPY;
use crate::Result;

const THREADS: usize = 8;

/// Ends with the value.
pub(crate) struct App {
    server: Arc<Server>,
    address: SocketAddr,
    arrived: Arc<Mutex<HashMap<String, u32>>>,
}

impl App {
    pub(crate) fn start() -> Result<Self> {
        let server = Arc::new(Server::http("127.0.0.1:0").map_err(|error| error.to_string())?);
        let address = server.server_addr().to_ip().ok_or("the app listens on no IP address")?;
        let arrived = Arc::<Mutex<HashMap<String, u32>>>::default();
        for _ in 0..THREADS {
            let (server, arrived) = (server.clone(), arrived.clone());
            thread::spawn(move || {
                while let Ok(request) = server.recv() {
                    let ticket = request.headers().iter().find(|field| field.field.equiv(COPY));
                    if let Some(ticket) = ticket {
                        *lock(&arrived).entry(ticket.value.to_string()).or_default() += 1;
                    }
                    // The gateway answers with the pool where the app has nothing of its own to say.
                    let status = if request.url().contains("ClientConfig") { 404 } else { 200 };
                    // A gateway that was killed waits no longer.
                    let _ = request.respond(Response::from_string("hi").with_status_code(status));
                }
            });
        }
        Ok(Self { server, address, arrived })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many tickets got through, and how many of them more than once.
    pub(crate) fn arrivals(&self) -> (usize, usize) {
        let arrived = lock(&self.arrived);
        (arrived.len(), arrived.values().filter(|times| **times > 1).count())
    }
}

impl Drop for App {
    fn drop(&mut self) {
        for _ in 0..THREADS {
            self.server.unblock();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
