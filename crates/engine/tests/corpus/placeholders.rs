//! What stands for the texts that a runner must make itself: sessions and tokens.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use countersign::{Bind, Engine, Holder, Incarnation, Issue, Keyring, Moment, Policy, Timestamp};

use crate::common::{MOMENT, NOW, Sequence};

const VICTIM: &str = "5d1ccc96cbd7e7f290020aaedd64c1b3";
const ATTACKER: &str = "hac082exio454jcqk6ieqm4j";

const HOUR: u64 = 3600;
const GRACE: Duration = Duration::from_secs(24 * HOUR);

fn hours_ago(hours: u64) -> Timestamp {
    Timestamp::from_secs(NOW.as_secs() - hours * HOUR)
}

/// The deployment's keyring, as it was before the `rotations`-th rotation: of its three keys the
/// first is past its grace and the second within.
pub(crate) fn keyring(rotations: usize) -> Keyring {
    let first = Keyring::from_random(&[1; 64]).with_grace(GRACE);
    [([2; 32], hours_ago(30)), ([3; 32], hours_ago(10))]
        .iter()
        .take(rotations)
        .fold(first, |ring, (bytes, at)| ring.rotated(bytes, *at))
}

/// One with a key whose id the deployment never had.
fn foreign_keyring() -> Keyring {
    (0..7).fold(Keyring::from_random(&[9; 64]), |ring, _| ring.rotated(&[9; 32], NOW))
}

/// The engine that judges.
pub(crate) fn engine(policy: Policy) -> Engine {
    Engine::new(policy, keyring(2))
}

struct Made {
    text: String,
    serial: u32,
}

/// Makes texts for one case, each once.
pub(crate) struct Placeholders<'p> {
    policy: &'p Policy,
    user: String,
    made: HashMap<BTreeSet<String>, Made>,
    /// Serial numbers of tickets that were used before.
    pub(crate) spent: Vec<u32>,
}

impl<'p> Placeholders<'p> {
    pub(crate) fn of(policy: &'p Policy, user: Option<&str>) -> Self {
        let user = user.unwrap_or("admin").to_owned();
        Self { policy, user, made: HashMap::new(), spent: Vec::new() }
    }

    /// Puts all of them in.
    pub(crate) fn fill(&mut self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find('{') {
            let (before, from) = rest.split_at(at);
            out.push_str(before);
            let (name, after) = from[1..].split_once('}').unwrap_or((from, ""));
            match self.text(name) {
                Some(value) => {
                    out.push_str(&value);
                    rest = after;
                }
                // A brace of the body's own, such as JSON's.
                None => {
                    out.push('{');
                    rest = &from[1..];
                }
            }
        }
        out + rest
    }

    /// Everything that must never be logged.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = &str> {
        [VICTIM, ATTACKER].into_iter().chain(self.made.values().map(|made| made.text.as_str()))
    }

    fn text(&mut self, name: &str) -> Option<String> {
        match name {
            "session" => Some(VICTIM.to_owned()),
            "session:other" => Some(ATTACKER.to_owned()),
            "token" => Some(self.token("")),
            _ => name.strip_prefix("token:").map(|kinds| self.token(kinds)),
        }
    }

    fn token(&mut self, kinds: &str) -> String {
        let kinds: BTreeSet<&str> = kinds.split('+').filter(|kind| !kind.is_empty()).collect();
        let after = ["masked", "changed", "cut", "lower", "spent"];
        let base: BTreeSet<String> =
            kinds.iter().filter(|kind| !after.contains(kind)).map(ToString::to_string).collect();
        if !self.made.contains_key(&base) {
            let serial = self.made.len() as u32;
            let text = self.make(&base, serial);
            self.made.insert(base.clone(), Made { text, serial });
        }
        let Made { text, serial } = &self.made[&base];
        let (mut text, serial) = (text.clone(), *serial);
        if kinds.contains("masked") {
            text = engine(self.policy.clone()).masked(&text, &mut Sequence::from(2));
        }
        if kinds.contains("changed") {
            let last = text.pop().unwrap();
            text.push(if last == '0' { '1' } else { '0' });
        }
        if kinds.contains("cut") {
            text.pop();
        }
        if kinds.contains("lower") {
            text.make_ascii_lowercase();
        }
        if kinds.contains("spent") {
            self.spent.push(serial);
        }
        text
    }

    fn make(&self, kinds: &BTreeSet<String>, serial: u32) -> String {
        let is = |kind: &str| kinds.contains(kind);
        for kind in kinds {
            let known = [
                "other-session",
                "other-user",
                "other-site",
                "late",
                "earlier-store",
                "key-in-grace",
                "key-past-grace",
                "key-unknown",
            ];
            assert!(known.contains(&kind.as_str()), "`{kind}` is no kind of token");
        }
        let keyring = match () {
            () if is("key-unknown") => foreign_keyring(),
            () if is("key-past-grace") => keyring(0),
            () if is("key-in-grace") => keyring(1),
            () => keyring(2),
        };
        let policy = self.policy.clone();
        let policy = if is("other-site") { policy.with_scope("another site") } else { policy };
        let holder = match policy.dialect().session.bind {
            Bind::User if is("other-user") => Holder::User("guest-user".into()),
            Bind::User => Holder::User(self.user.clone()),
            Bind::Session if is("other-session") => Holder::Session(ATTACKER.into()),
            Bind::Session => Holder::Session(VICTIM.into()),
        };
        let moment = Moment {
            now: if is("late") { hours_ago(25) } else { MOMENT.now },
            incarnation: if is("earlier-store") {
                Incarnation::from_random(0x0c06)
            } else {
                MOMENT.incarnation
            },
        };
        let engine = Engine::new(policy, keyring);
        match engine.issue(&holder, moment, &mut Sequence::from(1)) {
            Issue::Token(text) => text,
            Issue::Tickets(_) => engine.tickets(&holder, serial..serial + 1, moment).remove(0),
            Issue::Store(..) | Issue::None => panic!("this policy has no token to give"),
        }
    }
}
