//! For the tests of all services: a playground on free ports, with a clock that is moved by hand.

use std::sync::Arc;

use countersign::Timestamp;
use countersign_tower::ManualClock;

use crate::{Environment, Options, Playground, start};

pub(crate) async fn started(options: Options) -> (Playground, ManualClock) {
    let clock = ManualClock::at(Timestamp::from_secs(1_800_000_000));
    let environment = Environment { clock: Arc::new(clock.clone()) };
    (start(options, environment).await.unwrap(), clock)
}
