//! The built-in dialects and the schema that editors check a new one with.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test fails by panicking, its helpers too"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use countersign::{Dialect, builtin, builtin_names, builtin_source, dialect_schema};
use serde_json::Value;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../dialects")
}

#[test]
fn every_file_is_built_in_under_its_own_name() {
    let mut files = BTreeSet::new();
    for entry in fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|end| end == "toml") {
            let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let text = fs::read_to_string(&path).unwrap();
            assert_eq!(
                builtin_source(&stem),
                Some(text.as_str()),
                "{stem} is built in as it stands"
            );
            let dialect = Dialect::parse(&stem, &text).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(dialect.name, stem);
            assert_eq!(builtin(&stem).unwrap().name, stem);
            files.insert(stem);
        }
    }
    let names: BTreeSet<String> = builtin_names().map(str::to_owned).collect();
    assert_eq!(files, names);
    assert_eq!(builtin_names().next(), Some("standard"), "the default comes first");
    assert!(builtin("nonsense").is_none() && builtin_source("nonsense").is_none());
}

#[test]
fn every_dialect_says_what_it_is() {
    for name in builtin_names() {
        let dialect = builtin(name).unwrap();
        assert!(dialect.title.len() > 3, "{name}");
        assert!(dialect.summary.len() > 20 && dialect.summary.ends_with('.'), "{name}");
    }
}

#[test]
fn a_dialect_survives_being_written_down() {
    for name in builtin_names() {
        let dialect = builtin(name).unwrap();
        let written = toml::to_string(&dialect).unwrap();
        let again = Dialect::parse(name, &written)
            .unwrap_or_else(|error| panic!("{error}\nin what was written:\n{written}"));
        assert_eq!(format!("{again:?}"), format!("{dialect:?}"), "{name}");
        let json = serde_json::to_value(&dialect).unwrap();
        let again: Dialect = serde_json::from_value(json).unwrap();
        assert_eq!(format!("{again:?}"), format!("{dialect:?}"), "{name} as JSON");
    }
}

#[test]
fn the_schema_is_the_types_own() {
    let path = folder().join("schema.json");
    let text = fs::read_to_string(&path).unwrap();
    let written: Value = serde_json::from_str(&text).unwrap();
    assert!(
        written == dialect_schema(),
        "dialects/schema.json is out of date; run\n  \
         countersign dialects schema > dialects/schema.json"
    );
}

/// Not a validator: every key that a file has must be one that the schema names at that place.
#[test]
fn the_schema_knows_every_key_of_the_files() {
    let schema = dialect_schema();
    for name in builtin_names() {
        let file: Value = toml::from_str(builtin_source(name).unwrap()).unwrap();
        known(&schema, &schema, &file, name);
    }
}

#[test]
#[should_panic(expected = "test.token: the schema has no `heder`")]
fn the_schema_knows_no_other_key() {
    let schema = dialect_schema();
    let file = serde_json::json!({ "token": { "heder": "X-T" } });
    known(&schema, &schema, &file, "test");
}

fn known(root: &Value, schema: &Value, value: &Value, place: &str) {
    let schema = resolve(root, schema);
    match value {
        Value::Object(fields) => {
            let properties = schema["properties"].as_object();
            let names = |key: &str| properties.and_then(|own| own.get(key));
            for (key, field) in fields {
                // A table with free keys says what its values are, or that they may be anything.
                let rest = schema.get("additionalProperties").filter(|rest| **rest != false);
                let Some(own) = names(key).or(rest) else {
                    let one_of = schema["oneOf"].as_array().into_iter().flatten();
                    let variant =
                        one_of.map(|own| &own["properties"][key]).any(|own| !own.is_null());
                    assert!(variant, "{place}: the schema has no `{key}`");
                    continue;
                };
                known(root, own, field, &format!("{place}.{key}"));
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                known(root, &schema["items"], item, &format!("{place}.{index}"));
            }
        }
        _ => {}
    }
}

/// Follows references, and takes the part of an optional value that is not null.
fn resolve<'s>(root: &'s Value, schema: &'s Value) -> &'s Value {
    if let Some(reference) = schema["$ref"].as_str() {
        let pointer = reference.strip_prefix('#').unwrap();
        return resolve(root, root.pointer(pointer).unwrap());
    }
    let some = |parts: &'s Value| parts.as_array()?.iter().find(|part| part["type"] != "null");
    match some(&schema["anyOf"]) {
        Some(part) => resolve(root, part),
        None => schema,
    }
}
