//! What about the settings of Redis does not fit the promise. Nothing of it can make a ticket count twice;
//! it can make tokens and keys disappear.

use redis::{Pipeline, Value};
use tokio::time::timeout;

use super::fault::Fault;
use super::find::{Finder, string};
use super::life::{field, text};
use super::link::Link;
use super::store::RedisStore;

/// GETEX, which renews a stored token as it is read, came with it.
const OLDEST: (u32, u32) = (6, 2);

impl RedisStore {
    /// What about the settings of Redis does not fit, each with the setting to change. Empty is good.
    pub async fn warnings(&self) -> Vec<String> {
        let patience = self.shared.config.patience();
        let settings = timeout(patience, self.settings()).await;
        match settings.unwrap_or(Err(Fault::Timeout(patience))) {
            Ok(settings) => settings.warnings(),
            Err(fault) => vec![format!("Redis cannot be asked about its settings: {fault}")],
        }
    }

    async fn settings(&self) -> Result<Settings, Fault> {
        let shared = &self.shared;
        let mut finder = Finder::new(&shared.opener, &shared.config.servers);
        let (_, mut link) = finder.find(&shared.keys.meta).await?;
        Settings::read(&mut link).await
    }
}

/// `None` where an ACL keeps it secret.
#[derive(Clone, Debug, Default)]
struct Settings {
    version: Option<(u32, u32)>,
    append_only: Option<bool>,
    fsync: Option<String>,
    snapshots: Option<bool>,
    max_memory: Option<u64>,
    policy: Option<String>,
}

impl Settings {
    async fn read(link: &mut Link) -> Result<Self, Fault> {
        let mut commands = Pipeline::new();
        for section in ["server", "persistence", "memory"] {
            commands.cmd("INFO").arg(section);
        }
        for name in ["appendfsync", "save"] {
            commands.cmd("CONFIG").arg("GET").arg(name);
        }
        let answers = link.ask(&commands).await?;
        let [server, persistence, memory, fsync, save] = answers.as_slice() else {
            return Err(Fault::unexpected("INFO"));
        };
        let (server, persistence, memory) = (text(server)?, text(persistence)?, text(memory)?);
        Ok(Self {
            version: field(server, "redis_version").and_then(version),
            append_only: field(persistence, "aof_enabled").map(|enabled| enabled == "1"),
            fsync: setting(fsync),
            snapshots: setting(save).map(|save| !save.is_empty()),
            max_memory: field(memory, "maxmemory").and_then(|bytes| bytes.parse().ok()),
            policy: field(memory, "maxmemory_policy").map(str::to_owned),
        })
    }

    fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if let Some((major, minor)) = self.version.filter(|version| *version < OLDEST) {
            warnings.push(format!("Redis {major}.{minor} is too old: 6.2 or later is needed"));
        }
        match (self.append_only, self.snapshots) {
            (Some(false), Some(false)) => warnings.push(
                "Redis forgets everything when it restarts, stored tokens and the keyring with it: set \
                 `appendonly yes`"
                    .to_owned(),
            ),
            (Some(false), _) => warnings.push(
                "a crash of Redis loses stored tokens and keys since its last snapshot: set `appendonly yes`"
                    .to_owned(),
            ),
            (Some(true), _) if self.fsync.as_deref() == Some("no") => warnings.push(
                "a crash of Redis' machine may lose half a minute of stored tokens and keys: set \
                 `appendfsync everysec`"
                    .to_owned(),
            ),
            _ => {}
        }
        let policy = self.policy.as_deref().unwrap_or_default();
        if self.max_memory.is_some_and(|bytes| bytes > 0) && policy.starts_with("allkeys-") {
            warnings.push(format!(
                "with `maxmemory-policy {policy}` Redis may drop the keyring, and what one-time tokens depend \
                 on: set `maxmemory-policy volatile-ttl`"
            ));
        }
        warnings
    }
}

/// The value in the answer to CONFIG GET; `None` where an ACL forbids to ask.
fn setting(answer: &Value) -> Option<String> {
    match answer {
        Value::Array(parts) => match parts.as_slice() {
            [_, value] => string(value).map(str::to_owned),
            _ => None,
        },
        _ => None,
    }
}

fn version(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.split('.').map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> Settings {
        Settings {
            version: Some((7, 0)),
            append_only: Some(true),
            fsync: Some("everysec".to_owned()),
            snapshots: Some(true),
            max_memory: Some(0),
            policy: Some("noeviction".to_owned()),
        }
    }

    #[test]
    fn each_setting_that_does_not_fit_is_named_with_what_would() {
        let allkeys = Settings { policy: Some("allkeys-lru".to_owned()), ..good() };
        for (name, settings, hint) in [
            ("good", good(), None),
            ("nothing known", Settings::default(), None),
            ("old", Settings { version: Some((6, 0)), ..good() }, Some("6.2")),
            ("as Debian", Settings { append_only: Some(false), ..good() }, Some("last snapshot")),
            (
                "as Debian, behind an ACL",
                Settings { append_only: Some(false), snapshots: None, ..good() },
                Some("`appendonly yes`"),
            ),
            (
                "a cache",
                Settings { append_only: Some(false), snapshots: Some(false), ..good() },
                Some("forgets everything"),
            ),
            (
                "lazy disk",
                Settings { fsync: Some("no".to_owned()), ..good() },
                Some("`appendfsync everysec`"),
            ),
            ("evicts, some day", allkeys.clone(), None),
            (
                "evicts",
                Settings { max_memory: Some(1 << 30), ..allkeys },
                Some("`maxmemory-policy volatile-ttl`"),
            ),
        ] {
            let warnings = settings.warnings();
            assert_eq!(warnings.len(), usize::from(hint.is_some()), "{name}: {warnings:?}");
            assert!(
                warnings.iter().all(|text| text.contains(hint.unwrap_or("-"))),
                "{name}: {warnings:?}"
            );
        }
    }
}
