//! Secrets in headers, made unreadable.

use std::borrow::Cow;

use countersign::ClientDocument;
use countersign_client::reqwest::header::{
    AUTHORIZATION, COOKIE, HeaderMap, HeaderName, PROXY_AUTHORIZATION, SET_COOKIE,
};

/// So many characters are shown, to tell one from another.
const SHOWN: usize = 4;

/// Of a value shorter than this, none is shown: too little would be left to guess.
const SHORT: usize = 16;

/// In the names of headers that hold secrets, whatever the dialect.
const SUSPICIOUS: [&str; 9] =
    ["auth", "cookie", "csrf", "key", "nonce", "secret", "session", "token", "xsrf"];

/// Which headers hold secrets.
#[derive(Debug, Default)]
pub(super) struct Mask {
    tokens: Vec<HeaderName>,
    /// Headers that hold the name of one.
    names: Vec<HeaderName>,
}

impl Mask {
    pub(super) fn of(document: &ClientDocument) -> Self {
        let carrier = document.token.as_ref().map(|token| token.header.name().clone());
        let delivered = |wanted: &'static str| {
            document
                .deliver
                .iter()
                .filter(move |(_, template)| template.as_str() == wanted)
                .map(|(name, _)| name.name().clone())
        };
        Self {
            tokens: carrier.into_iter().chain(delivered("{token}")).collect(),
            names: delivered("{header}").collect(),
        }
    }

    /// Learns which header a response names for tokens.
    pub(super) fn note(&mut self, headers: &HeaderMap) {
        let named =
            self.names.iter().filter_map(|name| headers.get(name)?.to_str().ok()?.parse().ok());
        let named: Vec<HeaderName> = named.collect();
        self.tokens.extend(named);
    }

    /// The value as it may be shown.
    pub(super) fn apply<'v>(&self, name: &HeaderName, value: &'v str) -> Cow<'v, str> {
        if *name == COOKIE {
            let pairs: Vec<String> = value.split("; ").map(cookie).collect();
            return pairs.join("; ").into();
        }
        if *name == SET_COOKIE {
            let (pair, attributes) = value.split_at(value.find(';').unwrap_or(value.len()));
            return (cookie(pair) + attributes).into();
        }
        if *name == AUTHORIZATION || *name == PROXY_AUTHORIZATION {
            // Of Basic even the first characters are those of a name and a password.
            let scheme = value.split(' ').next().unwrap_or_default();
            return format!("{scheme} ****").into();
        }
        let suspicious = SUSPICIOUS.iter().any(|part| name.as_str().contains(part));
        if self.tokens.contains(name) || suspicious && !self.names.contains(name) {
            return secret(value).into();
        }
        value.into()
    }
}

fn cookie(pair: &str) -> String {
    match pair.split_once('=') {
        Some((name, value)) => format!("{name}={}", secret(value)),
        None => secret(pair),
    }
}

fn secret(value: &str) -> String {
    match value.get(..SHOWN) {
        _ if value.is_empty() => String::new(),
        Some(begin) if value.len() >= SHORT => format!("{begin}****"),
        _ => "****".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use countersign::builtin;

    use super::*;

    #[test]
    fn secrets_are_masked_and_nothing_else() {
        let mut mask = Mask::of(&ClientDocument::of(&builtin("genesys").unwrap()));
        let renamed = HeaderMap::from_iter([(
            HeaderName::from_static("x-csrf-header"),
            "X-Renamed".parse().unwrap(),
        )]);
        mask.note(&renamed);
        for (name, value, expected) in [
            ("cookie", "JSESSIONID=0123456789abcdef; b=short", "JSESSIONID=0123****; b=****"),
            ("set-cookie", "a=0123456789abcdef; Path=/; HttpOnly", "a=0123****; Path=/; HttpOnly"),
            ("set-cookie", "a=; Max-Age=0", "a=; Max-Age=0"),
            ("authorization", "Basic YWRtaW46YWRtaW4=", "Basic ****"),
            ("x-csrf-token", "f81d4fae-7dec-11d0", "f81d****"),
            ("x-csrf-header", "X-Renamed", "X-Renamed"),
            ("x-renamed", "f81d4fae-7dec-11d0", "f81d****"),
            ("x-api-key", "f81d4fae-7dec-11d0", "f81d****"),
            ("x-csrf-token", "0123456789abcde", "****"),
            ("content-type", "application/json; charset=utf-8", "application/json; charset=utf-8"),
        ] {
            let name = HeaderName::from_static(name);
            assert_eq!(mask.apply(&name, value), expected, "{name}: {value}");
        }
    }
}
