//! The file store keeps the contract.

#![cfg(feature = "file")]

use countersign_store::file::{FileLimits, FileStore};

countersign_store::contract_tests!({
    let folder = tempfile::tempdir().unwrap();
    let store = FileStore::open(folder.path(), FileLimits::default()).unwrap();
    store.site("contract")
});
