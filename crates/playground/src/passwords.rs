//! Passwords, kept as argon2id hashes only.

use std::fmt;
use std::sync::Arc;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;

/// Memory in KiB, passes, lanes. Basic credentials are checked on every request that carries them, so
/// this is set for a few milliseconds, not for a vault: the users are demonstration users.
const COST: (u32, u32, u32) = (4 * 1024, 2, 1);

/// How many hashes may be computed at a time: a flood of log-ins takes its turn instead of taking all
/// the memory and every blocking thread.
const AT_A_TIME: usize = 4;

/// Hashes and checks passwords.
#[derive(Clone)]
pub(crate) struct Passwords {
    argon2: Argon2<'static>,
    gate: Arc<Semaphore>,
    /// What the password of a user who does not exist is checked against.
    nobody: Arc<str>,
}

/// Why a password could not be hashed.
#[derive(Debug, thiserror::Error)]
#[error("a password could not be hashed: {0}")]
pub(crate) struct PasswordError(String);

impl Passwords {
    /// Ready to hash. Makes one hash itself, so it takes as long as one check.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub(crate) fn new() -> Result<Self, PasswordError> {
        let (memory, passes, lanes) = COST;
        let params = Params::new(memory, passes, lanes, None).map_err(PasswordError::new)?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let nobody = hash(&argon2, "")?.into();
        Ok(Self { argon2, gate: Arc::new(Semaphore::new(AT_A_TIME)), nobody })
    }

    /// The hash to keep, in PHC form. Blocks for some milliseconds.
    ///
    /// # Errors
    /// When the password is longer than argon2 takes, or the system gives no random bytes.
    pub(crate) fn hash(&self, password: &str) -> Result<String, PasswordError> {
        hash(&self.argon2, password)
    }

    /// [`Passwords::hash`], away from the tasks that serve requests.
    ///
    /// # Errors
    /// As there.
    pub(crate) async fn hash_in_background(&self, password: &str) -> Result<String, PasswordError> {
        let (argon2, password) = (self.argon2.clone(), password.to_owned());
        self.run(move || hash(&argon2, &password)).await?
    }

    /// Whether `password` is the one that `hash` was made of. Without a hash the answer is no, after
    /// the same work: the time taken must not tell which users exist.
    ///
    /// # Errors
    /// When the stored hash is not one.
    pub(crate) async fn verify(
        &self,
        password: &str,
        hash: Option<String>,
    ) -> Result<bool, PasswordError> {
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| self.nobody.as_ref().to_owned());
        let (argon2, password) = (self.argon2.clone(), password.to_owned());
        let matches = self
            .run(move || {
                let hash = PasswordHash::new(&hash).map_err(PasswordError::new)?;
                Ok::<_, PasswordError>(argon2.verify_password(password.as_bytes(), &hash).is_ok())
            })
            .await??;
        Ok(matches && known)
    }

    async fn run<T, F>(&self, work: F) -> Result<T, PasswordError>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        let turn = Arc::clone(&self.gate).acquire_owned().await.map_err(PasswordError::new)?;
        // The turn goes along: a client that hangs up does not make room for a fifth hash.
        let task = tokio::task::spawn_blocking(move || {
            let done = work();
            drop(turn);
            done
        });
        task.await.map_err(PasswordError::new)
    }
}

impl PasswordError {
    fn new(cause: impl fmt::Display) -> Self {
        Self(cause.to_string())
    }
}

impl fmt::Debug for Passwords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passwords")
    }
}

fn hash(argon2: &Argon2<'_>, password: &str) -> Result<String, PasswordError> {
    let hash = argon2.hash_password(password.as_bytes()).map_err(PasswordError::new)?;
    Ok(hash.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_matches_its_own_hash_and_no_other() {
        let passwords = Passwords::new().unwrap();
        let hash = passwords.hash_in_background("bloggs").await.unwrap();
        assert!(hash.starts_with("$argon2id$"), "{hash}");
        for (row, password, hash, expected) in [
            ("the right password", "bloggs", Some(hash.clone()), true),
            ("a wrong password", "Bloggs", Some(hash.clone()), false),
            ("an empty password", "", Some(hash), false),
            ("no such user", "bloggs", None, false),
            ("no such user, empty password", "", None, false),
        ] {
            assert_eq!(passwords.verify(password, hash).await.unwrap(), expected, "{row}");
        }
    }

    #[tokio::test]
    async fn a_stored_hash_that_is_none_is_an_error() {
        let passwords = Passwords::new().unwrap();
        assert!(passwords.verify("bloggs", Some("bloggs".to_owned())).await.is_err());
    }
}
