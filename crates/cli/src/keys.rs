//! `countersign keys`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::SystemTime;

use clap::{Args, Subcommand};
use countersign::{KeyId, KeyState, Keyring, RotationError, Span, Timestamp};
use countersign_gateway::{KeyringError, KeyringPlace};
use countersign_store::StoreUrl;
use countersign_tower::{fresh_key, fresh_keyring};
use serde_json::json;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::failure::Failure;
use crate::output::{self, DIM, GOOD, NAME, UNSURE};
use crate::serve;

/// Make, rotate and retire the keys that tokens are made with
///
/// Instances read a changed keyring by themselves, within some seconds. So a key is made first, and
/// rotated to once every instance accepts it; then no token is refused on the way:
///
///   countersign keys new --config gateway.toml
///   countersign keys rotate --config gateway.toml      # ten seconds later, or a day
///
/// Tokens of the key before are accepted for the keyring's grace.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Keys {
    #[command(subcommand)]
    act: Act,
}

const EXAMPLES: &str = "\
Examples:
  countersign keys list --keyring keyring.toml
  countersign keys new --config gateway.toml
  countersign keys rotate --config gateway.toml
  countersign keys rotate --now --keyring keyring.toml
  countersign keys retire 3 --store redis://127.0.0.1:6379";

#[derive(Debug, Subcommand)]
enum Act {
    /// Make a key that is accepted from now on and used after the next `rotate`; without a keyring,
    /// make one
    New {
        #[command(flatten)]
        place: Place,
        /// How long tokens of a retired key are accepted from now on; a day unless ever given
        #[arg(long, value_name = "SPAN")]
        grace: Option<Span>,
    },
    /// Make tokens with the key that has been accepted longest without being used
    Rotate {
        #[command(flatten)]
        place: Place,
        /// Make a key if none is pending: right where there is one instance
        #[arg(long)]
        now: bool,
    },
    /// Drop a key: its tokens are refused from now on
    Retire {
        /// Its number, as `list` shows it
        id: u8,
        #[command(flatten)]
        place: Place,
    },
    /// Show which keys there are, never their secrets
    List {
        #[command(flatten)]
        place: Place,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

/// Where the keys are.
#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
struct Place {
    /// A file, or `env:NAME`; a changed one is printed then, since nobody else's can be set
    #[arg(long, value_name = "PLACE")]
    keyring: Option<String>,
    /// The place that a gateway's configuration names
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The store that keeps them: `file:FOLDER` or `redis://HOST:PORT`
    #[arg(long, value_name = "URL")]
    store: Option<StoreUrl>,
}

impl Place {
    fn find(&self) -> Result<KeyringPlace, Failure> {
        let place = match self {
            Self { keyring: Some(text), .. } => {
                return KeyringPlace::parse(text, Path::new(""), &StoreUrl::Memory)
                    .map_err(Failure::input);
            }
            Self { config: Some(file), .. } => serve::read(file)?.keyring,
            Self { store, .. } => store.as_ref().and_then(KeyringPlace::beside),
        };
        let none =
            "there is no keyring to change: keys are made at each start; set `keyring` or `store`";
        place.ok_or_else(|| Failure::input(none))
    }
}

impl Keys {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let now = Timestamp::from(SystemTime::now());
        match self.act {
            Act::List { place, json } => list(&place.find()?, json, now),
            Act::New { place, grace } => change(&place.find()?, now, |ring| {
                let ring = match ring {
                    None => fresh_keyring().map_err(KeyringError::from)?,
                    Some(ring) => {
                        let key = fresh_key().map_err(KeyringError::from)?;
                        ring.with_pending(&key, now)?
                    }
                };
                Ok(match grace {
                    Some(grace) => ring.with_grace(grace.get()),
                    None => ring,
                })
            }),
            Act::Rotate { place, now: at_once } => {
                let place = place.find()?;
                change(&place, now, |ring| {
                    let ring = ring.ok_or_else(|| missing(&place))?;
                    let is_pending = ring.keys(now).any(|key| key.state == KeyState::Pending);
                    if is_pending || !at_once {
                        return ring.promoted(now).map_err(|error| match error {
                            RotationError::NonePending => Failure::input(
                                "no key is pending: `countersign keys new` makes one; rotate once every \
                                 instance has read it, or give `--now` if there is only one",
                            ),
                            other => other.into(),
                        });
                    }
                    let key = fresh_key().map_err(KeyringError::from)?;
                    Ok(ring.rotated(&key, now))
                })
            }
            Act::Retire { id, place } => {
                let place = place.find()?;
                change(&place, now, |ring| {
                    let ring = ring.ok_or_else(|| missing(&place))?;
                    let id = KeyId::new(id).ok_or(RotationError::Unknown(id))?;
                    Ok(ring.without(id)?)
                })
            }
        }
    }
}

fn missing(place: &KeyringPlace) -> Failure {
    Failure::input(format!("there are no keys in {place}; `countersign keys new` makes some"))
}

fn change(
    place: &KeyringPlace,
    now: Timestamp,
    mut change: impl FnMut(Option<Keyring>) -> Result<Keyring, Failure>,
) -> Result<ExitCode, Failure> {
    if let KeyringPlace::Variable(name) = place {
        let ring = change(place.load()?)?;
        output::hint(&format!("set `{name}` to this, and keep it secret"));
        return output::print_raw(ring.to_toml().as_bytes()).map(|()| ExitCode::SUCCESS);
    }
    let ring = place.change(change)?;
    output::print(&table(&ring, now))?;
    Ok(ExitCode::SUCCESS)
}

fn list(place: &KeyringPlace, as_json: bool, now: Timestamp) -> Result<ExitCode, Failure> {
    let ring = place.load()?.ok_or_else(|| missing(place))?;
    let text = if as_json { in_json(&ring, now) } else { table(&ring, now) };
    output::print(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn in_json(ring: &Keyring, now: Timestamp) -> String {
    let keys = ring.keys(now).map(|key| {
        let (state, until) = words(key.state);
        json!({
            "id": key.id.get(),
            "state": state,
            "made": key.made.map(date),
            "accepted_until": until.map(date),
        })
    });
    let keys: Vec<_> = keys.collect();
    format!("{:#}\n", json!({ "grace_seconds": ring.grace().as_secs(), "keys": keys }))
}

fn table(ring: &Keyring, now: Timestamp) -> String {
    let mut text =
        format!("{DIM}{:<4}{:<10}{:<22}{}{DIM:#}\n", "key", "state", "made", "accepted until");
    for key in ring.keys(now) {
        let (state, until) = words(key.state);
        let colour = match key.state {
            KeyState::Current => GOOD,
            KeyState::Pending => UNSURE,
            KeyState::Retired { .. } => DIM,
        };
        let made = key.made.map_or_else(|| "-".to_owned(), date);
        let until = until.map_or_else(|| "-".to_owned(), date);
        let id = key.id.get();
        let _ =
            writeln!(text, "{NAME}{id:<4}{NAME:#}{colour}{state:<10}{colour:#}{made:<22}{until}");
    }
    let grace = format!("{}s", ring.grace().as_secs());
    let grace = grace.parse().map_or(grace, |span: Span| span.to_string());
    let _ = writeln!(text, "{DIM}grace: {grace}{DIM:#}");
    text
}

const fn words(state: KeyState) -> (&'static str, Option<Timestamp>) {
    match state {
        KeyState::Pending => ("pending", None),
        KeyState::Current => ("current", None),
        KeyState::Retired { until } => ("retired", Some(until)),
    }
}

fn date(at: Timestamp) -> String {
    let seconds = i64::try_from(at.as_secs()).unwrap_or(i64::MAX);
    let date = OffsetDateTime::from_unix_timestamp(seconds).ok();
    date.and_then(|date| date.format(&Rfc3339).ok()).unwrap_or_else(|| at.as_secs().to_string())
}

impl From<KeyringError> for Failure {
    fn from(error: KeyringError) -> Self {
        Self::world(error.to_string())
    }
}

impl From<RotationError> for Failure {
    fn from(error: RotationError) -> Self {
        Self::input(error.to_string())
    }
}
