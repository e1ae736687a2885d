//! Paths and patterns.

use countersign::{CanonicalPath, PathPattern};
use proptest::prelude::*;

fn pattern() -> impl Strategy<Value = PathPattern> {
    let segment = prop_oneof![Just("a"), Just("B"), Just("hook"), Just("*"), Just("a.b")];
    let segments = prop::collection::vec(segment, 0..4);
    (segments, any::<bool>(), any::<bool>()).prop_map(|(segments, deep, slash)| {
        let end = if deep {
            "/**"
        } else if slash {
            "/"
        } else {
            ""
        };
        let text = format!("/{}{end}", segments.join("/"));
        PathPattern::parse(&text.replace("//", "/")).unwrap()
    })
}

fn path() -> impl Strategy<Value = String> {
    let segment = prop_oneof![
        Just("a"),
        Just("A"),
        Just("B"),
        Just("hook"),
        Just("HOOK"),
        Just("h%6fok"),
        Just("a.b"),
        Just(""),
        Just("."),
        Just(".."),
        Just("%2e"),
        Just("a%2eb"),
        Just(".%2E"),
        Just("a%2fb"),
        Just("a;x"),
        Just("a\\b"),
        Just("%5c"),
        Just("%25"),
        Just("%00"),
        Just("%zz"),
        Just("%"),
        Just("%3f"),
    ];
    prop::collection::vec(segment, 0..5).prop_map(|segments| format!("/{}", segments.join("/")))
}

/// Anything in a path that servers read in different ways.
fn is_suspect(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    lower.contains("//")
        || lower.contains(['\\', ';'])
        || ["%2f", "%2e", "%25", "%5c", "%3b", "%3f", "%23", "%00"]
            .iter()
            .any(|code| lower.contains(code))
        || lower.split('/').any(|segment| matches!(segment, "." | ".."))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn what_loosens_tightens_as_well(pattern in pattern(), path in path()) {
        let path = CanonicalPath::of(&path);
        prop_assert!(!pattern.loosens(&path) || pattern.tightens(&path), "{} on {:?}", pattern, path);
    }

    #[test]
    fn nothing_suspect_loosens_and_all_of_it_tightens(pattern in pattern(), path in path()) {
        if is_suspect(&path) {
            prop_assert!(!pattern.loosens(&CanonicalPath::of(&path)), "{} on {}", pattern, path);
            prop_assert!(pattern.tightens(&CanonicalPath::of(&path)), "{} on {}", pattern, path);
        }
    }

    #[test]
    fn case_and_a_last_slash_do_not_matter_for_what_tightens(pattern in pattern(), path in path()) {
        if pattern.loosens(&CanonicalPath::of(&path)) {
            let capitals = path.to_ascii_uppercase();
            prop_assert!(pattern.tightens(&CanonicalPath::of(&capitals)), "{} on {}", pattern, capitals);
            let slash = format!("{path}/");
            prop_assert!(pattern.tightens(&CanonicalPath::of(&slash)), "{} on {}", pattern, slash);
            let bare = path.strip_suffix('/').filter(|bare| !bare.is_empty()).unwrap_or(&path);
            prop_assert!(pattern.tightens(&CanonicalPath::of(bare)), "{} on {}", pattern, bare);
        }
    }

    #[test]
    fn a_pattern_without_wildcards_loosens_itself_alone(path in path(), other in path()) {
        if let Ok(pattern) = PathPattern::parse(&path) {
            prop_assert_eq!(pattern.to_string(), path.clone());
            prop_assert!(pattern.loosens(&CanonicalPath::of(&path)), "{}", path);
            if pattern.loosens(&CanonicalPath::of(&other)) {
                let plain = other.replace("h%6fok", "hook");
                prop_assert_eq!(plain, path);
            }
        }
    }

    #[test]
    fn reading_anything_never_panics(text in any::<String>(), pattern in pattern()) {
        let path = CanonicalPath::of(&text);
        let _ = (pattern.loosens(&path), pattern.tightens(&path));
        if let Ok(own) = PathPattern::parse(&text) {
            prop_assert_eq!(own.to_string(), text);
        }
    }
}
