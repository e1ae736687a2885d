//! A store in one file, for one process that must not forget at a restart.
