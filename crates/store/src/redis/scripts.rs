//! The scripts that run inside Redis, each in a file of its own.

use redis::{Cmd, Pipeline, Script};

pub(super) struct Scripts {
    pub(super) claim: Loaded,
    pub(super) reserve: Loaded,
    pub(super) spend: Loaded,
    pub(super) keep: Loaded,
}

/// A script that Redis knows by its hash.
pub(super) struct Loaded {
    text: &'static str,
    hash: String,
}

impl Scripts {
    pub(super) fn new() -> Self {
        Self {
            claim: Loaded::new(include_str!("scripts/claim.lua")),
            reserve: Loaded::new(include_str!("scripts/reserve.lua")),
            spend: Loaded::new(include_str!("scripts/spend.lua")),
            keep: Loaded::new(include_str!("scripts/keep.lua")),
        }
    }

    /// Makes Redis know all of them; gives back with how many commands.
    pub(super) fn load(&self, commands: &mut Pipeline) -> usize {
        let all = [&self.claim, &self.reserve, &self.spend, &self.keep];
        for script in all {
            commands.cmd("SCRIPT").arg("LOAD").arg(script.text);
        }
        all.len()
    }
}

impl Loaded {
    fn new(text: &'static str) -> Self {
        Self { text, hash: Script::new(text).get_hash().to_owned() }
    }

    /// A call of it with these keys; arguments follow.
    pub(super) fn call(&self, keys: &[&str]) -> Cmd {
        let bytes = 64 + keys.iter().map(|key| key.len()).sum::<usize>();
        let mut command = Cmd::with_capacity(12, 64 + bytes);
        command.arg("EVALSHA").arg(&self.hash).arg(keys.len()).arg(keys);
        command
    }
}

/// The script that replaces a keyring; so rare that it is sent as text.
pub(super) const SWAP: &str = include_str!("scripts/swap.lua");
