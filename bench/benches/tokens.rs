//! Token verdicts beside what no token check can do without: keyed hashes and one decoding.

mod subject;
mod verdict;

use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use countersign::{SessionKey, Spent, Ticket, Timestamp};
use countersign_bench::{Case, Group, Ratio, Report};
use countersign_store::{MemoryLimits, MemoryStore, Store};
use countersign_tower::ThreadRandom;
use data_encoding::BASE64URL_NOPAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use subject::Subject;

const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

/// A hundred hex digits are more than one hash has; and a ticket comes with the name that the store has
/// for its session, which is a hash of its own.
const HASHED_TWICE: [&str; 2] = ["vmanage", "tao"];

fn main() {
    let mut report = Report::from_args();
    let dialects = Subject::all();
    verdicts(&dialects, &mut report);
    mints(&dialects, &mut report);
    spends(&mut report);
    report.finish();
}

fn verdicts(dialects: &[Subject], report: &mut Report) {
    let key = key();
    let (message, text) = ([0x5a; 48], BASE64URL_NOPAD.encode(&[0xa5; 48]));
    let mut group = Group::new("token verdict");
    let decode = || {
        let mut decoded = [0; 48];
        let length = BASE64URL_NOPAD.decode_mut(black_box(text.as_bytes()), &mut decoded);
        (length.is_ok(), decoded)
    };
    let hashed = || hash(&key, black_box(&message));
    let one = "bare: HMAC-SHA-256 of 48 bytes, base64url decoding";
    let one = group.add(Case::repeated(one, || (decode(), hashed())));
    let two = "bare: the hash twice, decoding once";
    let two = group.add(Case::repeated(two, || (decode(), hashed(), hashed())));
    for subject in dialects {
        assert!(subject.holds(), "{}: the token must hold", subject.title);
        let twice = HASHED_TWICE.iter().any(|name| subject.title.starts_with(name));
        let bare = if twice { two } else { one };
        let whole = group.add(Case::repeated(&subject.title, || subject.holds()));
        let rest = format!("{}, token believed", subject.title);
        let rest = group.add(Case::repeated(rest, || subject.believed()));
        // Decoding, hashing and comparing; the rest of the verdict costs the same without a token.
        group.compare(Ratio::new(whole, bare).less(rest).at_most(1.5));
        group.compare(Ratio::new(whole, bare));
    }
    group.run(report);
}

fn mints(dialects: &[Subject], report: &mut Report) {
    let key = key();
    let message = [0x5a; 48];
    let mut group = Group::new("making a token");
    let bare = group.add(Case::repeated("bare HMAC-SHA-256 of 48 bytes and base64url", || {
        BASE64URL_NOPAD.encode(&hash(&key, black_box(&message)))
    }));
    for subject in dialects {
        let mut random = ThreadRandom::default();
        let handle = group.add(Case::repeated(&subject.title, move || subject.mint(&mut random)));
        group.compare(Ratio::new(handle, bare));
    }
    group.run(report);
}

/// One task, no contention: what the store's own bookkeeping costs.
fn spends(report: &mut Report) {
    let store = MemoryStore::new(1, MemoryLimits::default());
    let until = NOW.plus(std::time::Duration::from_secs(1440));
    let mut next = 0..0;
    let mut session = 0u128;
    let ticket = || {
        // A pool of ten, as the tao dialect gives out, and then the next session.
        let serial = next.next().unwrap_or_else(|| {
            session += 1;
            next = at_once(store.reserve(session_key(session), 10, until, NOW))
                .map(|reserved| reserved.serials)
                .unwrap_or_default();
            next.next().unwrap_or_default()
        });
        Ticket {
            session: session_key(session),
            serial,
            incarnation: store.incarnation(),
            expires: until,
        }
    };
    let mut group = Group::new("spending a one-time token");
    group.add(Case::fed("memory store, each ticket once", ticket, |ticket| {
        let answer = at_once(store.spend(ticket, 0, until, NOW));
        assert_eq!(answer.spent, Spent::First, "each ticket is new");
    }));
    group.run(report);
}

fn session_key(number: u128) -> SessionKey {
    // Spread as the keyed hashes are that these keys really are.
    SessionKey::from_bytes(
        number.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835).to_le_bytes(),
    )
}

fn at_once<O>(future: impl Future<Output = O>) -> O {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => unreachable!("the memory store answers at once"),
    }
}

fn key() -> Hmac<Sha256> {
    Hmac::<Sha256>::new(&[7; 64].into())
}

/// Pre-keyed: the two blocks of the key are worked in already.
fn hash(key: &Hmac<Sha256>, message: &[u8; 48]) -> [u8; 32] {
    let mut mac = key.clone();
    mac.update(message);
    mac.finalize().into_bytes().into()
}
