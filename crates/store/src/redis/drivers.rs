//! One driver for each Tokio runtime that uses the store: a connection belongs to the runtime that opened
//! it, and a gateway has one for every thread.

use std::sync::{Arc, PoisonError, RwLock};

use tokio::runtime::{Handle, Id};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, watch};

use super::driver::{QUEUE, Request, drive};
use super::shared::Shared;
use crate::Unavailable;

pub(super) struct Drivers {
    shared: Arc<Shared>,
    running: RwLock<Vec<(Id, mpsc::Sender<Request>)>>,
    /// When it is dropped all drivers end, whatever they are doing.
    alive: watch::Sender<()>,
}

impl Drivers {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, running: RwLock::default(), alive: watch::Sender::new(()) }
    }

    /// Queues a request on the caller's runtime.
    pub(super) fn send(&self, request: Request) -> Result<(), Unavailable> {
        let runtime = Handle::try_current().map_err(|_| Unavailable)?;
        let id = runtime.id();
        let request = {
            let running = self.running.read().unwrap_or_else(PoisonError::into_inner);
            match running.iter().find(|(known, _)| *known == id) {
                Some((_, queue)) => match queue.try_send(request) {
                    Ok(()) => return Ok(()),
                    Err(TrySendError::Full(_)) => return Err(Unavailable),
                    Err(TrySendError::Closed(request)) => request,
                },
                None => request,
            }
        };
        self.start(&runtime).try_send(request).map_err(|_| Unavailable)
    }

    /// Starts a driver, unless another caller was quicker.
    fn start(&self, runtime: &Handle) -> mpsc::Sender<Request> {
        let mut running = self.running.write().unwrap_or_else(PoisonError::into_inner);
        // Those of runtimes that have ended go.
        running.retain(|(_, queue)| !queue.is_closed());
        if let Some((_, queue)) = running.iter().find(|(known, _)| *known == runtime.id()) {
            return queue.clone();
        }
        let (sender, queue) = mpsc::channel(QUEUE);
        let (shared, mut alive) = (self.shared.clone(), self.alive.subscribe());
        runtime.spawn(async move {
            tokio::select! {
                () = drive(&shared, queue) => {}
                _ = alive.changed() => {}
            }
        });
        running.push((runtime.id(), sender.clone()));
        sender
    }
}
