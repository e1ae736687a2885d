//! Tokens: nothing but what was issued passes.

use countersign::{Dialect, Engine, Facts, Holder, Issue, Keyring, Peer, Policy, Scheme};
use http::{HeaderValue, Request};
use proptest::prelude::*;

use crate::common::{MOMENT, Memory, Sequence, decide, say};

const PATTERNS: [(&str, &str); 9] = [
    ("synchronizer", "shape = \"uuid\""),
    ("synchronizer", "shape = { upper-hex = 100 }"),
    ("synchronizer", "shape = { base64url = 32 }"),
    ("stored-synchronizer", "shape = { base64url = 43 }"),
    ("stored-synchronizer", "shape = { lower-hex = 32 }"),
    (
        "signed-double-submit",
        "shape = { alphanumeric = 32 }\ncookie = { name = \"tok\", attributes = \"\" }",
    ),
    ("one-time", "shape = { lower-hex = 40 }\nlifetime = \"24m\"\npool = 10"),
    ("one-time", "shape = { alphanumeric = 40 }\nlifetime = \"24m\"\npool = 10"),
    ("encrypted", "lifetime = \"3h\""),
];

/// An engine, what its store holds for `session`, and the session's token.
fn issued(pattern: usize, session: &str) -> (Engine, Memory, String) {
    let (name, lines) = PATTERNS[pattern];
    let text = format!(
        "name = \"t\"\ntitle = \"\"\nsummary = \"\"\n\
         protect = {{ methods = \"unsafe\", require = \"token\" }}\nsession.cookie = \"sid\"\n\
         [token]\npattern = \"{name}\"\nheader = \"X-T\"\n{lines}\n"
    );
    let policy = Policy::new(Dialect::parse("t", &text).unwrap());
    let engine = Engine::new(policy, Keyring::from_random(&[7; 64]));
    let mut memory = Memory::default();
    let holder = Holder::Session(session.into());
    let text = match engine.issue(&holder, MOMENT, &mut Sequence::from(3)) {
        Issue::Token(text) => text,
        Issue::Tickets(_) => engine.tickets(&holder, 7..8, MOMENT).remove(0),
        Issue::Store(key, token) => {
            let text = token.as_str().to_owned();
            memory.stored.insert(key, token);
            text
        }
        Issue::None => panic!("{name} has tokens"),
    };
    (engine, memory, text)
}

/// The verdict on a request of `mine` with this token, as a pair where the pattern has pairs.
fn present(engine: &Engine, memory: &Memory, text: &[u8]) -> Option<String> {
    let value = HeaderValue::from_bytes(text).ok()?;
    let cookie = [b"sid=mine; tok=", text].concat();
    let request = Request::post("/x")
        .header("host", "app.example")
        .header("cookie", HeaderValue::from_bytes(&cookie).ok()?)
        .header("x-t", value)
        .body(())
        .unwrap();
    let facts = Facts::of(&request, Peer::new(None, Scheme::Https));
    Some(say(&decide(engine.judge(&facts, MOMENT), &[], memory)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn the_token_itself_passes(pattern in 0..PATTERNS.len()) {
        let (engine, memory, token) = issued(pattern, "mine");
        let verdict = present(&engine, &memory, token.as_bytes()).unwrap();
        prop_assert!(matches!(verdict.as_str(), "allow token" | "allow ticket"), "{}", verdict);
        let masked = engine.masked(&token, &mut Sequence::from(8));
        let again = present(&engine, &Memory { stored: memory.stored, ..Memory::default() }, masked.as_bytes());
        prop_assert_eq!(again.unwrap(), verdict);
    }

    #[test]
    fn no_symbol_of_it_can_be_another(
        pattern in 0..PATTERNS.len(), at in any::<prop::sample::Index>(), byte in 0x21..0x7fu8, masked: bool,
    ) {
        let (engine, memory, token) = issued(pattern, "mine");
        let text = if masked { engine.masked(&token, &mut Sequence::from(8)) } else { token };
        let mut bytes = text.clone().into_bytes();
        let at = at.index(bytes.len());
        if bytes[at] != byte && byte != b';' && byte != b',' {
            bytes[at] = byte;
            let verdict = present(&engine, &memory, &bytes).unwrap();
            prop_assert!(verdict.starts_with("refuse token_"), "{} at {} of {}: {}", byte, at, text, verdict);
        }
    }

    #[test]
    fn no_other_sessions_token_passes(pattern in 0..PATTERNS.len(), session in "[a-z0-9]{1,40}") {
        prop_assume!(session != "mine");
        let (engine, memory, token) = issued(pattern, &session);
        let verdict = present(&engine, &memory, token.as_bytes()).unwrap();
        prop_assert_eq!(verdict, "refuse token_invalid");
    }

    #[test]
    fn nothing_invented_passes(
        pattern in 0..PATTERNS.len(),
        bytes in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..300),
            "[0-9a-f]{32,40}".prop_map(String::into_bytes),
            "0[0-9a-f]{39}".prop_map(String::into_bytes),
            "[0-9A-F]{100}|[0-9A-F]{200}".prop_map(String::into_bytes),
            "[A-Za-z0-9]{32}|[A-Za-z0-9]{64}|[A-Za-z0-9]{40}|A[A-Za-z0-9_-]{31}".prop_map(String::into_bytes),
            "00[0-9a-f]{6}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}".prop_map(String::into_bytes),
        ],
    ) {
        let (engine, memory, _) = issued(pattern, "mine");
        if let Some(verdict) = present(&engine, &memory, &bytes) {
            prop_assert!(verdict.starts_with("refuse "), "{:?}: {}", bytes, verdict);
        }
    }
}
