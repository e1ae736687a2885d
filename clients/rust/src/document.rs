//! Reading a client document.

use countersign::{CLIENT_DOCUMENT_VERSION, ClientDocument};
use serde_json::Value;

/// Where a server says its document.
pub const WELL_KNOWN: &str = "/.well-known/csrf";

/// Why a text is not a client document.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DocumentError {
    /// It is not JSON, or a value in it cannot be.
    #[error("this is not a client document: {0}")]
    Malformed(#[from] serde_json::Error),
    /// It has no version, or one that this crate does not know.
    #[error(
        "the client document has the version `{0}`, and this client knows {CLIENT_DOCUMENT_VERSION}; \
         update the client, or name a dialect instead"
    )]
    Version(String),
}

/// Reads the document that a server says at [`WELL_KNOWN`], or that
/// `countersign dialects document` prints. Keys that this version does not know are ignored.
///
/// # Errors
/// Text that is no document, or one of another version.
///
/// ```
/// use countersign_client::parse_document;
///
/// let document = parse_document(
///     r#"{
///         "version": 1,
///         "dialect": "mine",
///         "protect": {"methods": "unsafe", "require": "token"},
///         "session_cookie": "sid",
///         "token": {"header": "X-CSRF-Token"},
///         "obtain": [{"request": "GET /token", "from": "text"}],
///         "refusal": {"status": 403}
///     }"#,
/// )?;
/// assert_eq!(document.dialect, "mine");
/// # Ok::<(), countersign_client::DocumentError>(())
/// ```
pub fn parse_document(text: &str) -> Result<ClientDocument, DocumentError> {
    let mut value: Value = serde_json::from_str(text)?;
    let version = value.get("version").cloned().unwrap_or(Value::Null);
    if version != CLIENT_DOCUMENT_VERSION {
        return Err(DocumentError::Version(version.to_string()));
    }
    // The types of these are strict, because dialect files are read with them too.
    for (key, known) in STRICT {
        match value.get_mut(*key) {
            Some(Value::Array(items)) => items.iter_mut().for_each(|item| keep(item, known)),
            Some(item) => keep(item, known),
            None => {}
        }
    }
    Ok(serde_json::from_value(value)?)
}

const STRICT: &[(&str, &[&str])] = &[
    ("obtain", &["request", "headers", "from"]),
    ("login", &["request", "form", "json", "basic", "failed"]),
    ("logout", &["request"]),
    ("websocket", &["query"]),
];

fn keep(item: &mut Value, known: &[&str]) {
    if let Value::Object(members) = item {
        members.retain(|key, _| known.contains(&key.as_str()));
    }
}

#[cfg(test)]
mod tests {
    use countersign::{builtin, builtin_names};

    use super::*;

    #[test]
    fn every_built_in_document_is_read_as_it_was_written() {
        for name in builtin_names() {
            let document = ClientDocument::of(&builtin(name).unwrap());
            let text = serde_json::to_string(&document).unwrap();
            assert_eq!(parse_document(&text).unwrap(), document, "{name}");
        }
    }

    #[test]
    fn keys_of_later_clients_are_ignored() {
        for name in builtin_names() {
            let document = ClientDocument::of(&builtin(name).unwrap());
            let mut value = serde_json::to_value(&document).unwrap();
            sprinkle(&mut value);
            assert_eq!(parse_document(&value.to_string()).unwrap(), document, "{name}");
        }
    }

    /// A key that nobody knows, in every object but those whose keys are names themselves, and
    /// sources of tokens.
    fn sprinkle(value: &mut Value) {
        const NAMES: [&str; 5] = ["deliver", "headers", "form", "json", "from"];
        match value {
            Value::Object(members) => {
                let in_refusal = members.contains_key("status");
                for (key, member) in members.iter_mut() {
                    if in_refusal && key == "token" {
                        continue;
                    }
                    if !NAMES.contains(&key.as_str()) {
                        sprinkle(member);
                    }
                }
                members.insert("of a later client".to_owned(), Value::from(7));
            }
            Value::Array(items) => items.iter_mut().for_each(sprinkle),
            _ => {}
        }
    }

    #[test]
    fn another_version_is_an_error_that_helps() {
        for text in ["{}", r#"{"version":2}"#, r#"{"version":"1"}"#] {
            let error = parse_document(text).unwrap_err().to_string();
            assert!(error.contains("update the client"), "{text}: {error}");
        }
        assert!(matches!(parse_document("<html>"), Err(DocumentError::Malformed(_))));
    }
}
