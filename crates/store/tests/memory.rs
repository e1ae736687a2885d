//! The memory store keeps the contract.

use countersign_store::{Limits, MemoryStore};

countersign_store::contract_tests!(MemoryStore::new(7, Limits::default()));
