//! The rules one by one, as tables. Each expected verdict is what the rule says, not what the
//! engine said.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, its helpers too"
)]

#[path = "../common/mod.rs"]
mod common;
#[path = "../common/text.rs"]
mod text;

mod access;
mod addressed;
mod credentials;
mod exemptions;
mod forms;
mod issuing;
mod keys;
mod methods;
mod overrides;
mod reports;
mod routes;
mod rules;
mod sessions;
mod tickets;
mod usual;
mod websockets;

use countersign::{Dialect, Engine, Facts, Holder, Issue, Keyring, Peer, Policy, Scheme, builtin};

use common::{MOMENT, Memory, Sequence, decide, say};
use text::request;

/// The victim's session.
const SESSION: &str = "5d1ccc96cbd7e7f290020aaedd64c1b3";
/// The attacker's own.
const OTHER: &str = "hac082exio454jcqk6ieqm4j";

fn keyring() -> Keyring {
    Keyring::from_random(&[7; 64])
}

/// A policy from a file's text.
fn policy(text: &str) -> Policy {
    let find = |name: &str| builtin(name).ok_or_else(|| format!("no dialect `{name}`"));
    Policy::from_toml("policy.toml", text, find).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// A policy of a dialect that only a test has: `protect` and whatever else its file says, beside a
/// session cookie `sid` and a token in `X-T`.
fn dialect(rest: &str) -> Policy {
    let text = format!(
        "name = \"test\"\ntitle = \"\"\nsummary = \"\"\nsession.cookie = \"sid\"\n\
         token = {{ pattern = \"synchronizer\", shape = \"uuid\", header = \"X-T\" }}\n{rest}"
    );
    Policy::new(Dialect::parse("test.toml", &text).unwrap_or_else(|error| panic!("{error}")))
}

/// A token for a session, as the engine gives it out.
fn token(engine: &Engine, session: &str) -> String {
    let holder = Holder::Session(session.into());
    match engine.issue(&holder, MOMENT, &mut Sequence::from(1)) {
        Issue::Token(text) => text,
        Issue::Tickets(_) => engine.tickets(&holder, 0..1, MOMENT).remove(0),
        Issue::Store(..) | Issue::None => panic!("no token to give"),
    }
}

/// The verdict on a request over https from nobody in particular.
fn judge(policy: &Policy, text: &str) -> String {
    judge_from(policy, text, Peer::new(None, Scheme::Https))
}

fn judge_from(policy: &Policy, text: &str, peer: Peer) -> String {
    judge_with(policy, text, peer, |facts| facts)
}

/// `{session}` and `{token}` are filled in; `adjust` adds what the app knows.
fn judge_with(
    policy: &Policy,
    text: &str,
    peer: Peer,
    adjust: impl for<'r> FnOnce(Facts<'r>) -> Facts<'r>,
) -> String {
    let engine = Engine::new(policy.clone(), keyring());
    let mut text = text.replace("{session}", SESSION);
    if text.contains("{token}") {
        text = text.replace("{token}", &token(&engine, SESSION));
    }
    if text.contains("{token:other}") {
        text = text.replace("{token:other}", &token(&engine, OTHER));
    }
    let request = request(&text);
    let facts = adjust(Facts::of(&request, peer));
    say(&decide(engine.judge(&facts, MOMENT), request.body(), &Memory::default()))
}

/// A request line, `Host: app.example`, and more lines.
fn ask(line: &str, headers: &[&str]) -> String {
    format!("{line} HTTP/1.1\nHost: app.example\n{}", headers.join("\n"))
}
