//! What a dialect's keys must be to each other. A file that could not work is refused here, before
//! it protects nothing.

mod client;

use http::HeaderValue;
use http::header::SET_COOKIE;

use self::client::{obtain, session, source, values};
use super::{Bind, Deliver, DeliverOn, Dialect, Pattern, Require, Route, TokenRules, TokenSource};
use crate::misplaced::Misplaced;
use crate::token::{self, Shape};

fn flaw(place: &[&str], message: impl Into<String>) -> Result<(), Misplaced> {
    Err(Misplaced::at(place, message))
}

pub(super) fn check(dialect: &Dialect) -> Result<(), Misplaced> {
    name(&dialect.name)?;
    cookie(&["session", "cookie"], &dialect.session.cookie)?;
    match &dialect.token {
        Some(token) => self::token(dialect, token)?,
        None => no_token(dialect)?,
    }
    for (index, route) in dialect.route.iter().enumerate() {
        self::route(index, route)?;
    }
    if let Some(deliver) = &dialect.deliver {
        self::deliver(dialect, deliver)?;
    }
    obtain(dialect)?;
    session(dialect)?;
    refusal(dialect)
}

fn name(name: &str) -> Result<(), Misplaced> {
    let fits = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if name.is_empty() || !fits {
        return flaw(&["name"], format!("the name `{name}` must be of a-z, 0-9 and `-`"));
    }
    Ok(())
}

fn cookie(place: &[&str], name: &str) -> Result<(), Misplaced> {
    // RFC 6265, section 4.1.1: a cookie's name is a token, like a header's.
    if http::HeaderName::from_bytes(name.as_bytes()).is_err() {
        return flaw(place, format!("`{name}` is not a cookie name"));
    }
    Ok(())
}

fn no_token(dialect: &Dialect) -> Result<(), Misplaced> {
    let asks = |require: Require| require >= Require::Either;
    if asks(dialect.protect.require) {
        return flaw(
            &["protect", "require"],
            "this asks for a token, but there is no [token]; add one, or require \"provenance\"",
        );
    }
    if dialect.protect.unrestricted.is_some_and(asks) {
        return flaw(
            &["protect", "unrestricted"],
            "this asks for a token, but there is no [token]",
        );
    }
    for (index, route) in dialect.route.iter().enumerate() {
        if asks(route.require) {
            return flaw(
                &["route", &index.to_string(), "require"],
                "this asks for a token, but there is no [token]",
            );
        }
    }
    match (&dialect.deliver, dialect.obtain.as_slice(), &dialect.refusal.token) {
        (Some(_), _, _) => flaw(&["deliver"], "there is no [token] that could be delivered"),
        (_, [_, ..], _) => flaw(&["obtain", "0"], "there is no [token] that could be obtained"),
        (_, _, Some(_)) => flaw(&["refusal", "token"], "there is no [token] that could be there"),
        (None, [], None) => Ok(()),
    }
}

fn token(dialect: &Dialect, token: &TokenRules) -> Result<(), Misplaced> {
    shape(token)?;
    if let Err(error) = token.header.check_carrier() {
        return flaw(&["token", "header"], error.to_string());
    }
    if token.field.as_deref() == Some("") {
        return flaw(&["token", "field"], "a form field has a name; remove `field`");
    }
    match (&token.cookie, token.pattern) {
        (None, Pattern::SignedDoubleSubmit) => {
            return flaw(&["token"], "a double-submit token needs `cookie`, its second carrier");
        }
        (Some(_), pattern) if pattern != Pattern::SignedDoubleSubmit => {
            return flaw(
                &["token", "cookie"],
                "only the pattern \"signed-double-submit\" has a cookie; remove it",
            );
        }
        (Some(own), _) => {
            cookie(&["token", "cookie", "name"], &own.name)?;
            if own.name == dialect.session.cookie {
                return flaw(
                    &["token", "cookie", "name"],
                    "the token's cookie must not be the session's",
                );
            }
            let attributes = own.attributes.bytes().all(|b| (0x20..0x7f).contains(&b));
            if !attributes || own.attributes.contains(',') {
                return flaw(
                    &["token", "cookie", "attributes"],
                    "write attributes as in Set-Cookie: `SameSite=Lax; Path=/`",
                );
            }
        }
        (None, _) => {}
    }
    let timed = matches!(token.pattern, Pattern::Encrypted | Pattern::OneTime);
    match token.lifetime {
        None if timed => {
            return flaw(&["token"], "this pattern needs `lifetime`, for example \"3h\"");
        }
        Some(_) if !timed => {
            return flaw(
                &["token", "lifetime"],
                "this pattern's tokens live as long as their session; remove `lifetime`",
            );
        }
        _ => {}
    }
    match (token.pool, token.pattern) {
        (None | Some(0), Pattern::OneTime) => {
            return flaw(&["token"], "one-time tokens need `pool`, how many a client gets at once");
        }
        (Some(pool), Pattern::OneTime) if pool > 1000 => {
            return flaw(&["token", "pool"], "a pool has at most 1000 tickets");
        }
        (Some(_), pattern) if pattern != Pattern::OneTime => {
            return flaw(&["token", "pool"], "only one-time tokens come in a pool; remove it");
        }
        _ => {}
    }
    if dialect.session.bind == Bind::User && token.pattern != Pattern::Encrypted {
        return flaw(
            &["session", "bind"],
            "only encrypted tokens can belong to a user; write \"session\"",
        );
    }
    Ok(())
}

fn shape(token: &TokenRules) -> Result<(), Misplaced> {
    let shape = match (token.shape, token.pattern) {
        (None, Pattern::Encrypted) => return Ok(()),
        (Some(_), Pattern::Encrypted) => {
            return flaw(
                &["token", "shape"],
                "an encrypted token is base64url of its own length; remove `shape`",
            );
        }
        (None, _) => return flaw(&["token"], "`shape` is missing, for example \"uuid\""),
        (Some(shape), _) => shape,
    };
    if shape.symbols() > token::MAX_SYMBOLS {
        return flaw(
            &["token", "shape"],
            format!("a token has at most {} symbols", token::MAX_SYMBOLS),
        );
    }
    let (bits, least) = match token.pattern {
        Pattern::OneTime => (token::ticket_mac_bits(shape), token::MIN_TICKET_MAC_BITS),
        pattern => {
            let nonce = pattern == Pattern::SignedDoubleSubmit;
            (token::mac_bits(shape, nonce), token::MIN_MAC_BITS)
        }
    };
    if bits < least {
        return flaw(
            &["token", "shape"],
            format!(
                "this shape leaves {bits} bits that cannot be guessed, the pattern needs {least}; \
                 take a longer one{}",
                if shape == Shape::Uuid { ", such as { lower-hex = 40 }" } else { "" }
            ),
        );
    }
    Ok(())
}

fn route(index: usize, route: &Route) -> Result<(), Misplaced> {
    let index = index.to_string();
    let said = route.reason.as_ref().is_some_and(|reason| !reason.trim().is_empty());
    if route.require == Require::Nothing && !said {
        return flaw(&["route", &index], "a route that is exempt must say why: add `reason`");
    }
    match &route.methods {
        Some(methods) if methods.is_empty() => {
            flaw(&["route", &index, "methods"], "an empty list matches no request; remove it")
        }
        _ => Ok(()),
    }
}

fn deliver(dialect: &Dialect, deliver: &Deliver) -> Result<(), Misplaced> {
    for (name, template) in &deliver.headers {
        // A cookie that a script reads is a way to deliver; no other standard header is.
        if *name.name() != SET_COOKIE
            && let Err(error) = name.check_carrier()
        {
            return flaw(&["deliver", "headers", name.as_str()], error.to_string());
        }
        if HeaderValue::from_str(template).is_err() {
            return flaw(&["deliver", "headers", name.as_str()], "this is not a header value");
        }
        let known = template.replace("{token}", "").replace("{header}", "");
        if known.contains(['{', '}']) {
            return flaw(
                &["deliver", "headers", name.as_str()],
                "only `{token}` and `{header}` are replaced",
            );
        }
    }
    let Some(token) = &dialect.token else { return Ok(()) };
    if token.pattern == Pattern::Encrypted {
        return flaw(&["deliver"], "encrypted tokens are handed out by the app; remove [deliver]");
    }
    if (deliver.on == DeliverOn::Spent) != (token.pattern == Pattern::OneTime) {
        return flaw(
            &["deliver", "on"],
            "\"spent\" goes with the pattern \"one-time\", and only with it",
        );
    }
    values(&["deliver", "when"], &deliver.when)?;
    Ok(())
}

/// A refusal goes out at once, without a word of the store, and one header is what it has room for.
fn said_token(dialect: &Dialect, source: &TokenSource) -> Result<(), Misplaced> {
    let pattern = dialect.token.as_ref().map(|token| token.pattern);
    let place = ["refusal", "token"];
    match source {
        _ if dialect.clients_only.is_some() => Ok(()),
        TokenSource::Header(_)
            if !matches!(pattern, Some(Pattern::Synchronizer | Pattern::Encrypted)) =>
        {
            flaw(
                &place,
                "only tokens of the patterns \"synchronizer\" and \"encrypted\" can be in it",
            )
        }
        TokenSource::Header(name) => match name.check_carrier() {
            Ok(()) => Ok(()),
            Err(error) => flaw(&place, error.to_string()),
        },
        _ => flaw(
            &place,
            "a server puts it into a header, such as { header = \"X-CSRF-Token\" }; for another place, \
             say why the dialect is `clients_only`",
        ),
    }
}

fn refusal(dialect: &Dialect) -> Result<(), Misplaced> {
    let reply = &dialect.refusal;
    if !(400..=499).contains(&reply.status) {
        return flaw(&["refusal", "status"], "a refusal is the client's matter: use 400 to 499");
    }
    if let Some(phrase) = &reply.reason_phrase
        && !phrase.bytes().all(|b| (0x20..0x7f).contains(&b))
    {
        return flaw(&["refusal", "reason_phrase"], "use printable ASCII");
    }
    values(&["refusal", "headers"], &reply.headers)?;
    if let Some(token) = &reply.token {
        source(&["refusal", "token"], token)?;
        self::said_token(dialect, token)?;
    }
    if let Some(mark) = &reply.contains
        && let Some(index) = reply.body.iter().position(|body| !body.text.contains(mark))
    {
        return flaw(
            &["refusal", "body", &index.to_string()],
            format!("clients look for `{mark}` in a refusal, and this body has none"),
        );
    }
    for (index, body) in reply.body.iter().enumerate() {
        if HeaderValue::from_str(&body.content_type).is_err() {
            return flaw(
                &["refusal", "body", &index.to_string(), "content_type"],
                "this is not a header value",
            );
        }
        if body.accept.is_none() && index + 1 < reply.body.len() {
            return flaw(
                &["refusal", "body", &index.to_string()],
                "bodies after this one are never used: it suits everybody; move it to the end",
            );
        }
    }
    Ok(())
}
