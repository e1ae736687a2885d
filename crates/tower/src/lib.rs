//! tower

mod clock;

pub use clock::{Clock, ManualClock, SystemClock};
