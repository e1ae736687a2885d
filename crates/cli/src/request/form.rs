//! What `--form` says.

use std::str::FromStr;

use countersign_client::reqwest::header::HeaderValue;

/// `NAME=VALUE` or `NAME=@FILE`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) value: Value,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Text(String),
    File(Attachment),
}

/// A file, and what the user says of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Attachment {
    /// `-` is standard input.
    pub(super) path: String,
    pub(super) kind: Option<String>,
    pub(super) name: Option<String>,
}

impl FromStr for Field {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, value) =
            text.split_once('=').ok_or("write it as `name=value`, or `name=@file` for a file")?;
        let value = match value.strip_prefix('@') {
            Some(literal) if literal.starts_with('@') => Value::Text(literal.to_owned()),
            Some(file) => Value::File(file.parse()?),
            None => Value::Text(value.to_owned()),
        };
        Ok(Self { name: name.to_owned(), value })
    }
}

const KIND: &str = ";type=";
const NAME: &str = ";filename=";

impl FromStr for Attachment {
    type Err = String;

    /// From the end, so that what stands before may hold a semicolon.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut file = Self { path: text.to_owned(), ..Self::default() };
        while let Some(at) = file.path.rfind(KIND).max(file.path.rfind(NAME)) {
            let option = file.path.split_off(at);
            let (flag, place, value) = match option.strip_prefix(KIND) {
                Some(kind) => (KIND, &mut file.kind, media_type(kind)?),
                None => (NAME, &mut file.name, option.replacen(NAME, "", 1)),
            };
            if place.replace(value).is_some() {
                return Err(format!("`{flag}` stands there twice; write it once"));
            }
        }
        if file.path.is_empty() {
            return Err(
                "name a file after the `@`, or write `@@` for a value that begins with one"
                    .to_owned(),
            );
        }
        Ok(file)
    }
}

fn media_type(text: &str) -> Result<String, String> {
    let fits = text.contains('/') && HeaderValue::from_str(text).is_ok();
    fits.then(|| text.to_owned())
        .ok_or_else(|| format!("`{text}` is no media type, such as `text/csv`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_begins_with_an_at_sign_only_if_it_is_written_twice() {
        for (text, expected) in [
            ("a=b", "b"),
            ("a=", ""),
            ("a=b=@c", "b=@c"),
            ("a=me@b", "me@b"),
            ("a=@@me", "@me"),
            ("a=@@@", "@@"),
        ] {
            let expected = Field { name: "a".to_owned(), value: Value::Text(expected.to_owned()) };
            assert_eq!(text.parse(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn a_file_is_followed_by_its_type_and_name() {
        for (text, path, kind, name) in [
            ("a=@b.csv", "b.csv", None, None),
            ("a=@-", "-", None, None),
            ("a=@./@b", "./@b", None, None),
            ("a=@b;type=text/csv", "b", Some("text/csv"), None),
            ("a=@b;type=text/csv;charset=utf-8", "b", Some("text/csv;charset=utf-8"), None),
            ("a=@b;filename=c;d.txt;type=x/y", "b", Some("x/y"), Some("c;d.txt")),
            ("a=@b;type=x/y;filename=", "b", Some("x/y"), Some("")),
            ("a=@b;c=d", "b;c=d", None, None),
        ] {
            let [kind, name] = [kind, name].map(|text| text.map(str::to_owned));
            let file = Attachment { path: path.to_owned(), kind, name };
            let expected = Field { name: "a".to_owned(), value: Value::File(file) };
            assert_eq!(text.parse(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_meant_says_what_can() {
        for (text, expected) in [
            ("a", "`name=value`, or `name=@file`"),
            ("a=@", "name a file after the `@`"),
            ("a=@;type=x/y", "name a file after the `@`"),
            ("a=@b;type=csv", "`csv` is no media type"),
            ("a=@b;type=x/y\r\nX-Other: z", "no media type"),
            ("a=@b;type=x/y;type=x/z", "`;type=` stands there twice"),
            ("a=@b;filename=x;filename=y", "`;filename=` stands there twice"),
        ] {
            let error = text.parse::<Field>().unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
