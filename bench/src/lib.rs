//! A harness that measures things side by side.
//!
//! Each round takes one sample of every case, so that whatever the machine does meanwhile meets all
//! of them alike; the order turns from round to round. Samples are CPU time of this thread. What is
//! reported are medians, and ratios taken within each round.
//!
//! Nothing here asserts a time: a slow machine is no failure. Run without `--bench`, as `cargo test`
//! does, every case is run once to see that it works.

mod clock;
mod group;
mod report;
pub mod requests;

pub use clock::now as cpu_time;
pub use group::{Case, Group, Handle, Ratio};
pub use report::Report;
