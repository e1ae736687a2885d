//! The file store keeps the contract.

#![cfg(feature = "file")]

use countersign_store::file::{FileLimits, FileStore};

countersign_store::contract_tests!({
    let folder = tempfile::tempdir().unwrap();
    let store = FileStore::open(folder.path(), FileLimits::default()).unwrap();
    store.site("contract")
});

mod sequences;

proptest::proptest! {
    // Each step waits for the disk.
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(24))]
    #[test]
    fn any_sequence_ends_as_in_a_plain_model(steps in sequences::steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let store = FileStore::open(folder.path(), FileLimits::default()).unwrap();
        runtime.block_on(sequences::agree(&store.site("sequences"), steps));
    }
}
