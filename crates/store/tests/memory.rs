//! The memory store keeps the contract, and so does one that is shared.

use countersign_store::{MemoryLimits, MemoryStore};

countersign_store::contract_tests!(MemoryStore::new(7, MemoryLimits::default()));

mod shared {
    use std::sync::Arc;

    use super::{MemoryLimits, MemoryStore};

    countersign_store::contract_tests!(Arc::new(MemoryStore::new(7, MemoryLimits::default())));
}

mod sequences;

proptest::proptest! {
    #[test]
    fn any_sequence_ends_as_in_a_plain_model(steps in sequences::steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let store = MemoryStore::new(7, MemoryLimits::default());
        runtime.block_on(sequences::agree(&store, steps));
    }
}
