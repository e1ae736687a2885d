//! The CPU time of this thread: what other processes do on the same core does not count.

use std::time::Duration;

/// So much has it used so far.
#[cfg(unix)]
#[must_use]
pub fn now() -> Duration {
    use rustix::time::{ClockId, clock_gettime};

    let spent = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = u64::try_from(spent.tv_sec).unwrap_or_default();
    Duration::from_secs(seconds) + Duration::from_nanos(spent.tv_nsec.unsigned_abs())
}

/// Elsewhere the wall clock has to do.
#[cfg(not(unix))]
#[must_use]
pub fn now() -> Duration {
    use std::sync::OnceLock;
    use std::time::Instant;

    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed()
}
