//! The dialects that come with the crate.

use std::sync::OnceLock;

use super::Dialect;

const SOURCES: [(&str, &str); 18] = [
    ("standard", include_str!("../../dialects/standard.toml")),
    ("genesys", include_str!("../../dialects/genesys.toml")),
    ("voss", include_str!("../../dialects/voss.toml")),
    ("redback", include_str!("../../dialects/redback.toml")),
    ("vmanage", include_str!("../../dialects/vmanage.toml")),
    ("tao", include_str!("../../dialects/tao.toml")),
    ("aspnet", include_str!("../../dialects/aspnet.toml")),
    ("couchdb", include_str!("../../dialects/couchdb.toml")),
    ("django", include_str!("../../dialects/django.toml")),
    ("drupal", include_str!("../../dialects/drupal.toml")),
    ("jenkins", include_str!("../../dialects/jenkins.toml")),
    ("jupyter", include_str!("../../dialects/jupyter.toml")),
    ("laravel", include_str!("../../dialects/laravel.toml")),
    ("rails", include_str!("../../dialects/rails.toml")),
    ("sap-odata", include_str!("../../dialects/sap-odata.toml")),
    ("spring", include_str!("../../dialects/spring.toml")),
    ("transmission", include_str!("../../dialects/transmission.toml")),
    ("wordpress", include_str!("../../dialects/wordpress.toml")),
];

/// The names of all built-in dialects, the default first.
pub fn builtin_names() -> impl Iterator<Item = &'static str> {
    SOURCES.iter().map(|(name, _)| *name)
}

/// The file of a built-in dialect.
#[must_use]
pub fn builtin_source(name: &str) -> Option<&'static str> {
    SOURCES.iter().find(|(own, _)| *own == name).map(|(_, source)| *source)
}

/// A built-in dialect by its name.
#[must_use]
pub fn builtin(name: &str) -> Option<Dialect> {
    static PARSED: OnceLock<Vec<Dialect>> = OnceLock::new();
    let parsed = PARSED.get_or_init(|| {
        // A file that did not parse would be missing here; a test holds the two lists together.
        SOURCES.iter().filter_map(|(name, source)| Dialect::parse(name, source).ok()).collect()
    });
    parsed.iter().find(|dialect| dialect.name == name).cloned()
}
