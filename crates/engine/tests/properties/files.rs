//! Files that people write by hand, and mistype.

use std::time::Duration;

use countersign::{Dialect, Keyring, Policy, Timestamp, builtin, builtin_names, builtin_source};
use proptest::prelude::*;

/// What happens to a file in an editor: letters dropped, doubled or replaced, lines swapped.
#[derive(Clone, Debug)]
enum Slip {
    Drop(prop::sample::Index),
    Put(prop::sample::Index, char),
    DropLine(prop::sample::Index),
    SwapLines(prop::sample::Index, prop::sample::Index),
}

fn slips() -> impl Strategy<Value = Vec<Slip>> {
    let index = || any::<prop::sample::Index>();
    let letter = prop_oneof![
        prop::char::range(' ', '~'),
        Just('\n'),
        Just('"'),
        Just('['),
        Just(']'),
        Just('='),
        Just('{'),
        any::<char>(),
    ];
    let slip = prop_oneof![
        index().prop_map(Slip::Drop),
        (index(), letter).prop_map(|(at, letter)| Slip::Put(at, letter)),
        index().prop_map(Slip::DropLine),
        (index(), index()).prop_map(|(one, other)| Slip::SwapLines(one, other)),
    ];
    prop::collection::vec(slip, 1..4)
}

fn slipped(text: &str, slips: &[Slip]) -> String {
    slips.iter().fold(text.to_owned(), |text, slip| {
        let mut letters: Vec<char> = text.chars().collect();
        let mut lines: Vec<&str> = text.split('\n').collect();
        match slip {
            Slip::Drop(at) if !letters.is_empty() => {
                letters.remove(at.index(letters.len()));
                letters.into_iter().collect()
            }
            Slip::Drop(_) => text,
            Slip::Put(at, letter) => {
                letters.insert(at.index(letters.len() + 1), *letter);
                letters.into_iter().collect()
            }
            Slip::DropLine(at) => {
                lines.remove(at.index(lines.len()));
                lines.join("\n")
            }
            Slip::SwapLines(one, other) => {
                let count = lines.len();
                lines.swap(one.index(count), other.index(count));
                lines.join("\n")
            }
        }
    })
}

const POLICY: &str = r#"dialect = "voss"
mode = "report"
public_origins = ["https://app.example"]
trusted_proxies = ["10.0.0.0/8"]
api_key_headers = ["X-API-Key"]
session_cookie = "sid"
form_limit = 1000

[[exempt]]
path = "/hook/**"
methods = ["POST"]
reason = "signed"
expires = 2027-01-31

[[route]]
path = "/admin/*"
methods = ["*"]
require = "both"
"#;

fn policy(text: &str) -> Result<Policy, countersign::PolicyError> {
    Policy::from_toml("p", text, |name| builtin(name).ok_or_else(|| format!("no `{name}`")))
}

fn keyring() -> Keyring {
    let at = Timestamp::from_secs(1_800_000_000);
    Keyring::from_random(&[0xab; 64])
        .with_grace(Duration::from_secs(3600))
        .rotated(&[0xcd; 32], at)
        .rotated(&[0xef; 32], at)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_mistyped_dialect_is_refused_in_words_or_still_works(
        which in any::<prop::sample::Index>(), slips in slips(),
    ) {
        let names: Vec<&str> = builtin_names().collect();
        let text = slipped(builtin_source(names[which.index(names.len())]).unwrap(), &slips);
        match Dialect::parse("d", &text) {
            Ok(dialect) => {
                let written = toml::to_string(&dialect).unwrap();
                let again = Dialect::parse("d", &written);
                prop_assert!(again.is_ok(), "{:?}\n{}", again, written);
            }
            Err(error) => {
                prop_assert!(!error.message.is_empty());
                let lines = text.split('\n').count();
                prop_assert!(error.line.is_none_or(|line| (1..=lines).contains(&line)), "{}", error);
            }
        }
    }

    #[test]
    fn a_mistyped_policy_is_refused_in_words_or_still_works(slips in slips()) {
        let text = slipped(POLICY, &slips);
        if let Err(error) = policy(&text) {
            prop_assert!(!error.message.is_empty());
            let lines = text.split('\n').count();
            prop_assert!(error.line.is_none_or(|line| (1..=lines).contains(&line)), "{}", error);
        }
    }

    #[test]
    fn a_mistyped_keyring_never_shows_its_secrets(slips in slips()) {
        let text = slipped(&keyring().to_toml(), &slips);
        match Keyring::from_toml(&text) {
            Ok(ring) => prop_assert_eq!(
                Keyring::from_toml(&ring.to_toml()).unwrap().to_toml(), ring.to_toml()
            ),
            Err(error) => {
                let shown = format!("{error} {error:?}");
                let part = ["abab", "cdcd", "efef"].iter().any(|part| shown.contains(part));
                prop_assert!(!part, "{}", shown);
            }
        }
    }

    #[test]
    fn any_text_is_read_without_a_panic(text in any::<String>()) {
        let _ = Dialect::parse("d", &text);
        let _ = policy(&text);
        let _ = Keyring::from_toml(&text);
        let _ = Policy::builtin("redback").unwrap().with_properties(&text);
    }
}
