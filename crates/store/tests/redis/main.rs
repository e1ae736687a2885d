//! The Redis store against real servers, which the tests start and end.
#![cfg(feature = "redis")]

#[cfg(test)]
mod access;
#[cfg(test)]
mod contract;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod lives;
#[cfg(test)]
#[path = "../servers/mod.rs"]
mod servers;
