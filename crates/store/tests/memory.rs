//! The memory store keeps the contract, and so does one that is shared.

use countersign_store::{Limits, MemoryStore};

countersign_store::contract_tests!(MemoryStore::new(7, Limits::default()));

mod shared {
    use std::sync::Arc;

    use super::{Limits, MemoryStore};

    countersign_store::contract_tests!(Arc::new(MemoryStore::new(7, Limits::default())));
}
