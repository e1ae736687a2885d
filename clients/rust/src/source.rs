//! Where in a response tokens are.

use countersign::{ClientDocument, TokenSource};
use html5gum::{DefaultEmitter, StartTag, Token as Html, Tokenizer};
use http::{HeaderMap, HeaderName};
use serde_json::Value;

use crate::answer::Answer;
use crate::token::Token;

/// Whether the body must be read for it.
pub(crate) const fn wants_body(source: &TokenSource) -> bool {
    !matches!(source, TokenSource::Header(_) | TokenSource::Cookie(_))
}

/// The names of cookies that hold a token.
pub(crate) fn token_cookies(document: &ClientDocument) -> impl Iterator<Item = &str> {
    document.obtain.iter().filter_map(|obtain| match &obtain.from {
        TokenSource::Cookie(name) => Some(name.as_str()),
        _ => None,
    })
}

/// The tokens there. That in a cookie is not for here: the jar has it.
pub(crate) fn tokens(source: &TokenSource, answer: &Answer<'_>) -> Vec<Token> {
    let one = |text: Option<&str>| text.and_then(Token::new).into_iter().collect();
    let body = || std::str::from_utf8(answer.body).unwrap_or_default();
    match source {
        TokenSource::Header(name) => one(single(answer.headers, name.name())),
        TokenSource::Text => one(Some(body().trim())),
        TokenSource::Json(pointer) => {
            let value: Value = serde_json::from_slice(answer.body).unwrap_or_default();
            value.pointer(pointer).map(texts).unwrap_or_default()
        }
        TokenSource::RequireConfig(pointer) => configured(body(), pointer),
        TokenSource::Cookie(_) => Vec::new(),
        TokenSource::Meta(name) => one(attribute(body(), "meta", name, "content").as_deref()),
        TokenSource::Input(name) => one(attribute(body(), "input", name, "value").as_deref()),
    }
}

/// The value of a header that is there once. Of two, nobody knows which one counts.
pub(crate) fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok(),
        _ => None,
    }
}

fn texts(value: &Value) -> Vec<Token> {
    let several = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
    several.iter().filter_map(Value::as_str).filter_map(Token::new).collect()
}

/// From the first `require.config({..})` whose argument is JSON and has something there.
fn configured(script: &str, pointer: &str) -> Vec<Token> {
    script
        .split("require.config")
        .skip(1)
        .filter_map(|call| {
            let argument = call.trim_start().strip_prefix('(')?;
            // Reads one value and leaves what follows it.
            let mut values = serde_json::Deserializer::from_str(argument).into_iter::<Value>();
            values.next()?.ok()?.pointer(pointer).map(texts)
        })
        .next()
        .unwrap_or_default()
}

/// An attribute of the first element of this kind and `name`.
fn attribute(page: &str, element: &str, name: &str, attribute: &str) -> Option<String> {
    let mut emitter = DefaultEmitter::<()>::default();
    // What looks like an element inside of a script or a comment is none.
    emitter.naively_switch_states(true);
    let text = |tag: &StartTag<()>, name: &str| {
        let value = tag.attributes.get(name.as_bytes())?;
        String::from_utf8(value.as_slice().to_vec()).ok()
    };
    Tokenizer::new_with_emitter(page, emitter)
        .filter_map(|token| match token {
            Ok(Html::StartTag(tag)) => Some(tag),
            _ => None,
        })
        .find(|tag| *tag.name == *element.as_bytes() && text(tag, "name").as_deref() == Some(name))
        .and_then(|tag| text(&tag, attribute))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(source: &str, body: &str) -> Vec<String> {
        let source: TokenSource = serde_json::from_str(source).unwrap();
        let answer = Answer { status: 200, headers: &HeaderMap::new(), body: body.as_bytes() };
        tokens(&source, &answer).iter().map(|token| token.as_str().to_owned()).collect()
    }

    #[test]
    fn in_a_page() {
        let (meta, input) = (r#"{"meta":"csrf-token"}"#, r#"{"input":"_token"}"#);
        for (source, page, expected) in [
            (meta, r#"<meta name="csrf-token" content="abc">"#, vec!["abc"]),
            (meta, r#"<META content='a&#43;b&amp;c' NAME=csrf-token />"#, vec!["a+b&c"]),
            (meta, r#"<meta name="other" content="abc">"#, vec![]),
            (meta, r#"<!-- <meta name="csrf-token" content="abc"> -->"#, vec![]),
            (meta, r#"<script>'<meta name="csrf-token" content="abc">'</script>"#, vec![]),
            (meta, r#"<meta name="csrf-token" content="">"#, vec![]),
            (meta, r#"<meta name="csrf-token">"#, vec![]),
            (meta, r#"<input name="csrf-token" content="abc">"#, vec![]),
            (
                input,
                r#"<form><input type=hidden name="_token" value="abc"><input name=_token value=x>"#,
                vec!["abc"],
            ),
            (input, r#"<textarea><input name="_token" value="abc"></textarea>"#, vec![]),
            (input, "", vec![]),
        ] {
            assert_eq!(found(source, page), expected, "{page}");
        }
    }

    #[test]
    fn in_json() {
        let source = r#"{"json":"/a~1b/0"}"#;
        for (body, expected) in [
            (r#"{"a/b":["x"]}"#, vec!["x"]),
            (r#"{"a/b":[{"x":1}]}"#, vec![]),
            (r#"{"a/b":"x"}"#, vec![]),
            ("not json", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(found(source, body), expected, "{body}");
        }
    }

    #[test]
    fn bytes_that_are_no_text_hold_nothing() {
        let answer = Answer { status: 200, headers: &HeaderMap::new(), body: b"\xff\xfe" };
        assert!(tokens(&TokenSource::Text, &answer).is_empty());
    }
}
