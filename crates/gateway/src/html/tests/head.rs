//! Where the metas and the script go.

use super::*;

const HEAD: &str = concat!(
    r#"<meta name="csrf-token" content="tok3n">"#,
    r#"<meta name="csrf-header" content="X-Csrf">"#,
    r#"<meta name="csrf-param" content="csrf">"#,
    r#"<script src="/.countersign/csrf.js" defer></script>"#,
);

fn check(kind: Rewritable, rows: &[(&str, &str)]) {
    for (name, text) in rows {
        let page = text.replace("{head}", "").replace("{field}", "");
        let expected = text.replace("{head}", HEAD).replace("{field}", FIELD);
        let out = rewrite_pieces(all(), kind, &[page.as_bytes()]);
        assert_eq!(String::from_utf8(out).unwrap(), expected, "{name}");
    }
}

#[test]
fn once_in_the_head() {
    check(
        html(),
        &[
            ("at its beginning", "<!doctype html><html><head>{head}<title>x</title></head><body>"),
            ("only the first", "<head>{head}</head><head></head><body><script></script>"),
            ("upper case", "<HTML><HEAD lang=x>{head}</HEAD>"),
            ("no head", "<!doctype html><html>{head}<body class=x><script></script>"),
            ("only a script", "<!doctype html><title>x</title>{head}<script>x</script><p>"),
            ("only a form", "<p>x</p>{head}<form method=post>{field}</form>"),
            ("nothing that needs it", "<!doctype html><p>x"),
            ("not in a template", "<template><script></script></template>{head}<script></script>"),
            ("not in svg", "<svg><script></script></svg>{head}<body>"),
            ("not in a comment", "<!-- <head></head> -->{head}<body>"),
            ("not in a title", "<title><head></title>{head}<body>"),
            ("not in a textarea", "<textarea><body></textarea>"),
            ("not in a noscript", "<noscript><script></script></noscript>{head}<body>"),
            ("a name that begins alike", "<header><header-x>{head}<body>"),
        ],
    );
}

#[test]
fn after_what_names_the_encoding() {
    check(
        kind("text/html", LIMIT),
        &[
            ("at its end", "<html><head><meta charset=utf-8><title>x</title>{head}</head><body>"),
            ("head left open", "<head><meta charset=utf-8><title>x</title>{head}<body><p></body>"),
            ("before a script", "<head><meta charset=utf-8>{head}<script></script></head>"),
        ],
    );
}

#[test]
fn only_what_is_switched_on() {
    let page = Page { script: None, fields: false, ..all() };
    let metas =
        r#"<meta name="csrf-token" content="tok3n"><meta name="csrf-header" content="X-Csrf">"#;
    assert_eq!(rewrite(page, "<head></head>"), format!("<head>{metas}</head>"));

    let page = Page { meta: false, fields: false, ..all() };
    let script = r#"<script src="/.countersign/csrf.js" defer></script>"#;
    assert_eq!(rewrite(page, "<head></head>"), format!("<head>{script}</head>"));
}

#[test]
fn the_script_tag_carries_the_nonce_of_the_policy() {
    let mut headers = HeaderMap::new();
    headers.insert(
        "content-security-policy",
        HeaderValue::from_static("script-src 'nonce-r4nd' 'strict-dynamic'"),
    );
    let script = ScriptTag::permitted("/s.js", &fields().url, &headers);
    let out = rewrite(Page { script, ..fields() }, "<head></head>");
    assert_eq!(out, r#"<head><script src="/s.js" defer nonce="r4nd"></script></head>"#);
    // A script of another origin is not what a page is given.
    assert_eq!(ScriptTag::permitted("//cdn.example/s.js", &fields().url, &HeaderMap::new()), None);
}

#[test]
fn a_ticket_in_the_head_is_marked() {
    let tokens = Tokens::OneTime(["t1".to_owned()].into());
    let out = rewrite(Page { tokens, ..all() }, "<head></head><form method=post></form>");
    assert!(out.contains(r#"<meta name="csrf-token" content="t1" data-once>"#), "{out}");
    assert!(out.ends_with("<form method=post></form>"), "{out}");
}

#[test]
fn what_is_asked_for_is_a_url_of_the_web() {
    assert!(page_url("https", "app.example", "/a?b").is_some());
    assert!(page_url("ftp", "app.example", "/").is_none());
    assert!(page_url("https", "", "/").is_none());
}
