//! What a dialect says to clients.

use std::collections::BTreeMap;

use http::HeaderValue;
use http::header::ACCEPT;

use super::{cookie, flaw};
use crate::dialect::{Dialect, FieldName, TokenSource};
use crate::misplaced::Misplaced;

pub(super) fn obtain(dialect: &Dialect) -> Result<(), Misplaced> {
    for (index, obtain) in dialect.obtain.iter().enumerate() {
        let index = index.to_string();
        request(&["obtain", &index, "request"], &obtain.request, true)?;
        // A page is asked for as one. Nothing secret is in these, so this meaning does no harm.
        let others = obtain.headers.iter().filter(|(name, _)| *name.name() != ACCEPT);
        let others = others.map(|(name, value)| (name.clone(), value.clone())).collect();
        values(&["obtain", &index, "headers"], &others)?;
        source(&["obtain", &index, "from"], &obtain.from)?;
        let holds_more =
            matches!(obtain.from, TokenSource::Json(_) | TokenSource::RequireConfig(_));
        if !holds_more && !obtain.beside.is_empty() {
            return flaw(
                &["obtain", &index, "beside"],
                "only a JSON object or a `require.config` holds more than the token; remove it",
            );
        }
    }
    Ok(())
}

fn request(place: &[&str], request: &str, any: bool) -> Result<(), Misplaced> {
    let (method, target) = request.split_once(' ').unwrap_or_default();
    // `//host` would be another site.
    let own = target.starts_with('/') && !target.starts_with("//");
    let clear = target.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
    let known = !method.is_empty() && method.bytes().all(|b| b.is_ascii_uppercase());
    if known && clear && (own || any && target == "*") {
        return Ok(());
    }
    flaw(place, "write method and target, for example \"GET /token\"")
}

pub(super) fn source(place: &[&str], source: &TokenSource) -> Result<(), Misplaced> {
    match source {
        TokenSource::Json(pointer) | TokenSource::RequireConfig(pointer)
            if !pointer.starts_with('/') =>
        {
            flaw(place, "a JSON pointer begins with `/`")
        }
        TokenSource::Cookie(name) => cookie(place, name),
        TokenSource::Meta(name) | TokenSource::Input(name) if name.is_empty() => {
            flaw(place, "an element is found by its name; write it")
        }
        _ => Ok(()),
    }
}

pub(super) fn values(
    place: &[&str],
    headers: &BTreeMap<FieldName, String>,
) -> Result<(), Misplaced> {
    for (name, value) in headers {
        let place = [place, &[name.as_str()]].concat();
        if let Err(error) = name.check_carrier() {
            return flaw(&place, error.to_string());
        }
        if HeaderValue::from_str(value).is_err() {
            return flaw(&place, "this is not a header value");
        }
    }
    Ok(())
}

pub(super) fn session(dialect: &Dialect) -> Result<(), Misplaced> {
    if let Some(login) = &dialect.login {
        request(&["login", "request"], &login.request, false)?;
        let ways = [!login.form.is_empty(), !login.json.is_empty(), login.basic];
        if ways.into_iter().filter(|way| *way).count() != 1 {
            return flaw(&["login"], "one of `form`, `json` and `basic` says how to log in");
        }
    }
    if let Some(logout) = &dialect.logout {
        request(&["logout", "request"], &logout.request, false)?;
    }
    match &dialect.websocket {
        Some(handshake) if handshake.query.is_empty() || dialect.token.is_none() => {
            flaw(&["websocket"], "a token and the name of a query parameter belong here")
        }
        _ => Ok(()),
    }
}
