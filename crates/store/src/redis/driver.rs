//! Keeps one connection to the primary for one Tokio runtime, and does all that waits in one write.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep};

use super::fault::Fault;
use super::find::Finder;
use super::jobs::Job;
use super::primary::Primary;
use super::shared::Shared;

/// What may wait for a connection; whoever comes after that is refused at once.
pub(super) const QUEUE: usize = 4096;
/// Jobs in one write. More would keep the first of them waiting for the last.
const BATCH: usize = 256;
/// How often an idle connection is looked after.
const BEAT: Duration = Duration::from_millis(500);

/// Something that waits for Redis.
pub(super) enum Request {
    Job(Job),
    /// Only that there is a primary.
    Ready(tokio::sync::oneshot::Sender<()>),
}

/// Serves the queue for ever.
pub(super) async fn drive(shared: &Shared, mut queue: mpsc::Receiver<Request>) {
    let mut finder = Finder::new(&shared.opener, &shared.config.servers);
    let mut pause = Pause::new();
    loop {
        let claimed =
            tokio::time::timeout(shared.config.patience(), Primary::claim(&mut finder, shared));
        let fault = match claimed.await {
            Ok(Ok(primary)) => serve(primary, &mut finder, &mut queue, shared, &mut pause).await,
            Ok(Err(fault)) => fault,
            Err(_) => Fault::Timeout(shared.config.patience()),
        };
        shared.lost(&fault);
        sleep(pause.next()).await;
    }
}

/// Works until the connection is of no more use. What was under way is dropped then, and so refused.
async fn serve(
    mut primary: Primary,
    finder: &mut Finder<'_>,
    queue: &mut mpsc::Receiver<Request>,
    shared: &Shared,
    pause: &mut Pause,
) -> Fault {
    let mut beat = interval_at(Instant::now() + BEAT, BEAT);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let server = primary.server.clone();
    let mut moved = std::pin::pin!(finder.moved(&server));
    let (mut requests, mut jobs) = (Vec::with_capacity(BATCH), Vec::with_capacity(BATCH));
    loop {
        let done = tokio::select! {
            biased;
            _ = beat.tick() => primary.check(shared).await,
            server = &mut moved => return Fault::Moved(server),
            count = queue.recv_many(&mut requests, BATCH), if !queue.is_closed() => {
                if count == 0 {
                    return Fault::Closed;
                }
                jobs.extend(requests.drain(..).filter_map(Request::into_job));
                primary.serve(&mut jobs, shared).await
            }
            () = primary.closed() => return Fault::Closed,
        };
        match done {
            Ok(()) => {
                shared.found();
                pause.reset();
            }
            Err(fault) => return fault,
        }
    }
}

impl Request {
    fn into_job(self) -> Option<Job> {
        match self {
            Self::Job(job) => Some(job),
            Self::Ready(reply) => {
                // Nobody waits any more, then.
                let _ = reply.send(());
                None
            }
        }
    }
}

/// Doubling pauses between attempts, with jitter so that many instances do not come back at once.
struct Pause(Duration);

impl Pause {
    const FIRST: Duration = Duration::from_millis(10);
    const LONGEST: Duration = Duration::from_millis(500);

    const fn new() -> Self {
        Self(Self::FIRST)
    }

    fn reset(&mut self) {
        *self = Self::new();
    }

    fn next(&mut self) -> Duration {
        let pause = self.0;
        self.0 = (pause * 2).min(Self::LONGEST);
        pause.mul_f64(0.5 + rand::random::<f64>() / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_half_a_second_and_begin_anew() {
        let mut pause = Pause::new();
        let mut most = Duration::from_millis(10);
        for _ in 0..12 {
            let next = pause.next();
            assert!(next >= most / 2 && next <= most, "{next:?} of {most:?}");
            most = (most * 2).min(Duration::from_millis(500));
        }
        pause.reset();
        assert!(pause.next() <= Duration::from_millis(10));
    }
}
