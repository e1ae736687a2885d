//! Where in a file a mistake is, so that a person can go there.

use toml::de::{DeTable, DeValue};

/// What is wrong with one key of a file, before anybody knows in which line it stands. A file that
/// nests the table puts its own keys before `place`, and [`line_of`] finds the line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Misplaced {
    /// The path of the key to blame: `token`, `shape`; of an array's entries, the index.
    pub place: Vec<String>,
    /// What is wrong and how to mend it.
    pub message: String,
}

impl Misplaced {
    pub(crate) fn at(place: &[&str], message: impl Into<String>) -> Self {
        let place = place.iter().map(|key| (*key).to_owned()).collect();
        Self { place, message: message.into() }
    }
}

/// Line and message of what the TOML reader says about `text`.
#[must_use]
pub fn toml_syntax(text: &str, error: &toml::de::Error) -> (Option<usize>, String) {
    (error.span().map(|span| line_at(text, span.start)), error.message().to_owned())
}

/// The line of a key of a TOML file, counted from 1: `["token", "shape"]`, or
/// `["route", "2", "path"]` for the third route. Where the key is missing, the line of the table
/// that should hold it.
#[must_use]
pub fn line_of(text: &str, place: &[String]) -> Option<usize> {
    let table = DeTable::parse(text).ok()?;
    let mut span = None;
    let mut here = place.first().and_then(|key| table.get_ref().get(key.as_str()));
    for key in place.iter().skip(1).map(Some).chain([None]) {
        let Some(value) = here else { break };
        span = Some(value.span());
        here = key.and_then(|key| match value.get_ref() {
            DeValue::Table(table) => table.get(key.as_str()),
            DeValue::Array(array) => key.parse().ok().and_then(|at: usize| array.get(at)),
            _ => None,
        });
    }
    span.map(|span| line_at(text, span.start))
}

fn line_at(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|b| *b == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_found_wherever_the_file_nests_it() {
        let text = "a = 1\n[[site]]\nname = \"x\"\n[[site]]\nname = \"y\"\n[site.policy]\n\
                    mode = \"report\"\nroute = [\n  { path = \"/a\" },\n  { path = \"/b\" },\n]\n";
        for (place, line) in [
            (vec!["a"], Some(1)),
            (vec!["site", "0", "name"], Some(3)),
            (vec!["site", "1", "name"], Some(5)),
            (vec!["site", "1", "policy", "mode"], Some(7)),
            (vec!["site", "1", "policy", "route", "1", "path"], Some(10)),
            // What is missing is looked for where it should be.
            (vec!["site", "1", "policy", "rollout"], Some(6)),
            (vec!["site", "1", "policy", "route", "1", "require"], Some(10)),
            (vec!["site", "0", "policy", "mode"], Some(2)),
            (vec!["site", "7", "name"], Some(2)),
            (vec!["b"], None),
            (vec![], None),
        ] {
            let place: Vec<String> = place.into_iter().map(str::to_owned).collect();
            assert_eq!(line_of(text, &place), line, "{place:?}");
        }
        assert_eq!(line_of("no toml", &["no".to_owned()]), None);
    }
}
