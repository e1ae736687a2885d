//! Rule 2: methods, and what may stand in their place.

use super::{ask, dialect, judge, policy};

const FOREIGN: &str = "Origin: https://evil.example";

#[test]
fn which_methods_change_something() {
    let (unsafe_ones, all) =
        (policy(""), dialect("protect = { methods = \"all\", require = \"provenance\" }"));
    for (method, under_unsafe, under_all) in [
        // RFC 9110, section 9.2.1
        ("GET", false, true),
        ("HEAD", false, true),
        ("TRACE", false, true),
        ("OPTIONS", false, false),
        ("POST", true, true),
        ("PUT", true, true),
        ("PATCH", true, true),
        ("DELETE", true, true),
        // Safe by its draft, but frameworks and apps do not agree on it yet.
        ("QUERY", true, true),
        ("PROPFIND", true, true),
        ("FROBNICATE", true, true),
        // Methods differ by case (RFC 9110, section 9.1).
        ("get", true, true),
        ("Get", true, true),
        ("options", true, true),
    ] {
        let text = ask(&format!("{method} /x"), &[FOREIGN]);
        let expected = |judged| if judged { "refuse origin_mismatch" } else { "allow safe_method" };
        assert_eq!(judge(&unsafe_ones, &text), expected(under_unsafe), "{method}, unsafe");
        assert_eq!(judge(&all, &text), expected(under_all), "{method}, all");
    }
}
