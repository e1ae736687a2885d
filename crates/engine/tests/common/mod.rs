//! What the test binaries have in common: a store that answers from memory, random bytes that come
//! again, and verdicts as short words.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};

use countersign::{
    Field, Incarnation, Moment, Random, SessionKey, Spent, Step, StoredToken, Timestamp, Token,
    Verdict, urlencoded_field,
};
/// The time in all tests.
pub(crate) const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

/// The present life of the store in all tests.
pub(crate) const MOMENT: Moment =
    Moment { now: NOW, incarnation: Incarnation::from_random(0x0c07) };

/// A store without I/O.
#[derive(Default)]
pub(crate) struct Memory {
    pub(crate) down: bool,
    pub(crate) stored: HashMap<SessionKey, Box<Token>>,
    pub(crate) spent: RefCell<HashSet<u32>>,
}

/// Answers every step until the engine has decided.
pub(crate) fn decide(mut step: Step<'_>, body: &[u8], store: &Memory) -> Verdict {
    loop {
        step = match step {
            Step::Decided(verdict) => return verdict,
            Step::Form(need) => {
                let field = field(body, need.field(), need.limit());
                need.resume(field)
            }
            Step::Session(need) => {
                let answer = match store.stored.get(&need.session()) {
                    _ if store.down => StoredToken::Unavailable,
                    Some(token) => StoredToken::Found(token.clone()),
                    None => StoredToken::Missing,
                };
                need.resume(&answer)
            }
            Step::Spend(need) => {
                let spent = match store.spent.borrow_mut().insert(need.ticket().serial) {
                    _ if store.down => Spent::Unavailable,
                    true => Spent::First,
                    false => Spent::Already,
                };
                need.resume(spent)
            }
        };
    }
}

/// The field, as far as it is within the limit: of a form that was cut off, the last pair may be
/// incomplete and does not count.
fn field(body: &[u8], name: &str, limit: usize) -> Field {
    if body.len() <= limit {
        return urlencoded_field(body, name);
    }
    let part = &body[..limit];
    let complete = part.iter().rposition(|b| *b == b'&').unwrap_or(0);
    match urlencoded_field(&part[..complete], name) {
        Field::Absent => Field::TooLarge,
        found => found,
    }
}

/// `allow provenance`, `refuse origin_mismatch` or `report origin_mismatch`.
pub(crate) fn say(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Allow(allow) => format!("allow {}", allow.permit().code()),
        Verdict::Refuse(refusal) => format!("refuse {}", refusal.reason),
        Verdict::Report(refusal, _) => format!("report {}", refusal.reason),
    }
}

/// A generator that repeats itself from run to run, so that failures do too.
pub(crate) struct Sequence(u64);

impl Sequence {
    pub(crate) fn from(seed: u64) -> Self {
        Self(seed)
    }
}

impl Random for Sequence {
    /// SplitMix64.
    fn fill(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = self.0;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            let word = (z ^ (z >> 31)).to_le_bytes();
            chunk.copy_from_slice(&word[..chunk.len()]);
        }
    }
}
