//! Origins.

use countersign::{Origin, OriginRef};
use proptest::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq)]
struct Triple {
    scheme: &'static str,
    host: String,
    port: u16,
}

fn triple() -> impl Strategy<Value = Triple> {
    let host = prop_oneof![
        Just("app.example".to_owned()),
        Just("app.example.".to_owned()),
        Just("[::1]".to_owned()),
        Just("127.0.0.1".to_owned()),
        "[a-z]{1,3}(\\.[a-z]{1,3}){0,2}",
    ];
    let scheme = prop_oneof![Just("http"), Just("https")];
    let port = prop_oneof![Just(80), Just(443), Just(8443), any::<u16>()];
    (scheme, host, port).prop_map(|(scheme, host, port)| Triple { scheme, host, port })
}

/// One of the ways to write an origin: other letter case, the default port or not, user
/// information.
fn written(of: &Triple, capitals: bool, short: bool, user: bool) -> String {
    let default = if of.scheme == "https" { 443 } else { 80 };
    let port = if of.port == default && short { String::new() } else { format!(":{}", of.port) };
    let text = format!("{}://{}{}", of.scheme, of.host, port);
    let text = if capitals { text.to_uppercase() } else { text };
    if user { text.replacen("://", "://app.example@", 1) } else { text }
}

proptest! {
    #[test]
    fn equal_if_and_only_if_scheme_host_and_port_are(
        one in triple(), other in triple(), same: bool,
        capitals: [bool; 2], short: [bool; 2], user: [bool; 2],
    ) {
        let other = if same { one.clone() } else { other };
        let texts = [
            written(&one, capitals[0], short[0], user[0]),
            written(&other, capitals[1], short[1], user[1]),
        ];
        let [left, right] = [OriginRef::parse(&texts[0]), OriginRef::parse(&texts[1])];
        prop_assert!(left.is_some() && right.is_some(), "{texts:?}");
        prop_assert_eq!(left == right, one == other, "{:?}", texts);
    }

    #[test]
    fn what_is_shown_is_read_as_the_same(text in "\\PC{0,40}") {
        if let Some(origin) = OriginRef::parse(&text) {
            let shown = origin.to_string();
            prop_assert_eq!(OriginRef::parse(&shown), Some(origin));
            let kept = Origin::parse(&shown).unwrap();
            prop_assert_eq!(Origin::parse(&kept.to_string()), Ok(kept));
        }
    }

    #[test]
    fn nothing_else_equals_an_origin(text in "(https?://)?[apx./:@\\[\\]0-9?#%A-Z -]{0,16}(app\\.example)?[:/@.?#\\\\a-z0-9]{0,6}") {
        let own = OriginRef::parse("https://app.example").unwrap();
        if OriginRef::parse(&text) == Some(own) {
            let rest = text.to_ascii_lowercase();
            let rest = rest.strip_prefix("https://").unwrap();
            let host_port = rest.rsplit('@').next().unwrap();
            prop_assert!(matches!(host_port, "app.example" | "app.example:443" | "app.example:"), "{}", text);
        }
    }

    #[test]
    fn a_referers_origin_is_what_stands_before_its_path(of in triple(), tail in "[/?#\\\\]\\PC{0,20}") {
        let text = written(&of, false, true, false);
        let url = format!("{text}{tail}");
        prop_assert_eq!(OriginRef::of_url(&url), OriginRef::parse(&text), "{}", url);
    }

    #[test]
    fn reading_anything_never_panics(text in any::<String>()) {
        let _ = OriginRef::parse(&text);
        let _ = OriginRef::of_url(&text);
        let _ = OriginRef::of_authority("https", &text);
        let _ = Origin::parse(&text);
    }
}
