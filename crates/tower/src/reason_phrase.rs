//! The status text of a refusal. HTTP/2 has none, and only hyper's types can carry one, so it is
//! behind a feature.

/// Puts `phrase` where hyper's HTTP/1.1 server finds it.
#[cfg(feature = "reason-phrase")]
pub(crate) fn set(extensions: &mut http::Extensions, phrase: String) {
    if let Ok(phrase) = hyper::ext::ReasonPhrase::try_from(phrase) {
        extensions.insert(phrase);
    }
}

/// Without the feature the standard text stands.
#[cfg(not(feature = "reason-phrase"))]
pub(crate) fn set(_: &mut http::Extensions, phrase: String) {
    drop(phrase);
}
