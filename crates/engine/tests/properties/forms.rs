//! Forms and cookies, beside readers that were written apart from the engine's.

use countersign::{Engine, Facts, Field, Holder, Keyring, Peer, Policy, Scheme, urlencoded_field};
use http::{HeaderValue, Request};
use proptest::prelude::*;

fn form() -> impl Strategy<Value = Vec<u8>> {
    let part = prop_oneof![
        Just("t".to_owned()),
        Just("%74".to_owned()),
        Just("[".to_owned()),
        Just("=".to_owned()),
        Just("&".to_owned()),
        Just("+".to_owned()),
        Just("%".to_owned()),
        Just("%4".to_owned()),
        Just("%5B".to_owned()),
        Just(";".to_owned()),
        "\\PC{0,3}",
    ];
    prop_oneof![
        prop::collection::vec(part, 0..20).prop_map(|parts| parts.concat().into_bytes()),
        prop::collection::vec(any::<u8>(), 0..60),
    ]
}

/// The session's id, if the engine finds exactly one.
fn session(header: &[u8]) -> Option<Vec<u8>> {
    let request =
        Request::get("/").header("cookie", HeaderValue::from_bytes(header).ok()?).body(()).unwrap();
    let engine = Engine::new(Policy::standard(), Keyring::from_random(&[7; 64]));
    match engine.holder(&Facts::of(&request, Peer::new(None, Scheme::Https)))? {
        Holder::Session(id) => Some(id),
        Holder::User(_) => panic!("the standard dialect binds to sessions"),
    }
}

fn cookies() -> impl Strategy<Value = Vec<u8>> {
    let part = prop_oneof![
        Just("session"),
        Just("session=1"),
        Just("="),
        Just(";"),
        Just("; "),
        Just(" "),
        Just("\t"),
        Just("1"),
        Just("2"),
        Just("\""),
        Just("$Version=1"),
        Just("Session"),
        Just(","),
        Just("\u{2000}"),
        Just("\u{a0}"),
        Just("a=b"),
    ];
    prop::collection::vec(part, 0..12).prop_map(|parts| parts.concat().into_bytes())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn a_field_is_found_as_the_url_standard_reads_forms(body in form()) {
        let values: Vec<(String, String)> = form_urlencoded::parse(&body)
            .filter(|(key, _)| key == "t" || key.starts_with("t["))
            .map(|(key, value)| (key.into_owned(), value.into_owned()))
            .collect();
        match (urlencoded_field(&body, "t"), values.as_slice()) {
            (Field::Absent, []) => {}
            (Field::One(found), [(key, value)]) => {
                prop_assert_eq!(key, "t");
                prop_assert_eq!(&String::from_utf8_lossy(&found), value);
            }
            (Field::Repeated, [(key, _)]) => prop_assert!(key.starts_with("t[")),
            (Field::Repeated, [_, _, ..]) => {}
            (_, values) => prop_assert!(false, "the standard reads {:?}", values),
        }
    }

    #[test]
    fn a_cookie_is_found_by_its_bytes(header in cookies()) {
        let text = String::from_utf8(header.clone()).unwrap();
        let trim = |text: &str| text.trim_matches([' ', '\t']).to_owned();
        let mut values: Vec<String> = text
            .split(';')
            .filter_map(|pair| trim(pair).strip_prefix("session=").map(trim))
            .collect();
        values.dedup();
        let expected = match values.as_slice() {
            [one] if !one.is_empty() => Some(one.clone().into_bytes()),
            _ => None,
        };
        prop_assert_eq!(session(&header), expected, "{:?}", text);
    }

    #[test]
    fn reading_anything_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..80), name in any::<String>()) {
        let _ = urlencoded_field(&bytes, &name);
        let _ = session(&bytes);
    }
}
